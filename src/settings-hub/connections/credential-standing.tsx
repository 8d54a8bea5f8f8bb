import type { Connection } from '../../../backend/contract/connections.ts';
import type { ConnectorManifest } from '../../../backend/contract/connector-manifest.ts';
import type { CredentialEnd } from '../../../backend/contract/credential-days.ts';
import { Icon } from '../../components/icon.tsx';
import { useViewer } from '../../components/viewer.tsx';
import { words } from '../../text-settings.ts';
import { dayWords, endWords } from './credential-words.ts';

const w = words.connections.ends;

const looks = {
  valid: { tone: '', icon: undefined },
  ending: { tone: 'warn', icon: 'Warning' },
  ended: { tone: 'bad', icon: 'ErrorBadge' },
} as const;

/** How a credential stands: in words, with a sign where something must be done, the exact day on hover. */
export function CredentialStanding({ ends }: { ends: CredentialEnd | undefined }) {
  const { locale } = useViewer();
  const said = endWords(ends, locale);
  // What is not known is neither good nor bad.
  if (ends === undefined) return <span className="quiet">{said}</span>;
  const { tone, icon } = looks[ends.standing];
  return (
    <span className={tone} title={w.exact(dayWords(ends.on, locale))}>
      {icon && (
        <>
          <Icon iconName={icon} size="small" />{' '}
        </>
      )}
      {said}
    </span>
  );
}

/** One line for each credential that is set. What Tandem made itself is named only when it has a day. */
export function CredentialLines({
  connection,
  manifest,
}: {
  connection: Connection;
  manifest: ConnectorManifest;
}) {
  return manifest.secrets.map(({ name, label, origin }) => {
    const stored = connection.secrets[name];
    if (!stored || (origin === 'generated' && !stored.ends)) return null;
    return (
      <span className="small-text" key={name}>
        {label}: <CredentialStanding ends={stored.ends} />
      </span>
    );
  });
}
