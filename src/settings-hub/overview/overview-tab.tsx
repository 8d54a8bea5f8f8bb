import { useEffect } from 'react';
import type { Overview } from '../../../backend/contract/overview.ts';
import { Action } from '../../components/action.tsx';
import { Notice, ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useLoad } from '../../components/use-load.ts';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { CredentialStanding } from '../connections/credential-standing.tsx';
import { useHub } from '../hub.tsx';
import { Audit } from './audit.tsx';
import { StartSteps } from './start-steps.tsx';
import { TenantSwitch } from './tenant-switch.tsx';
import { Tiles } from './tiles.tsx';

const w = words.overview;
/** Somebody who has just mended something waits for the page to turn green. */
const refreshMs = 10_000;

/** Is anything wrong, since when, and what to press. Green is quiet. */
export function OverviewTab() {
  const { api, projectId } = useHub();
  const { data, problem, loading, reload } = useLoad(
    (signal) => api.readOverview({ projectId }, { signal }),
    [api, projectId],
  );
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) reload();
    }, refreshMs);
    return () => clearInterval(timer);
  }, [reload]);
  if (!data) {
    if (problem) return <ProblemNotice problem={problem} onRetry={reload} />;
    return <div className="skeleton" style={{ height: 260 }} />;
  }
  // Before there is a mapping every number is zero and says nothing.
  const isSetUp = data.next !== 'addConnection' && data.next !== 'addMapping';
  return (
    <div className="stack" style={{ gap: 20 }}>
      {problem && <ProblemNotice problem={problem} onRetry={reload} />}
      <Verdict overview={data} />
      {data.next !== 'none' && <StartSteps next={data.next} />}
      {isSetUp && <Tiles overview={data} />}
      <TenantSwitch enabled={data.enabled} onChange={reload} />
      <Audit />
      <div>
        <Action label={words.refresh} icon="Sync" disabled={loading} onClick={reload} />
      </div>
    </div>
  );
}

function Verdict({ overview }: { overview: Overview }) {
  const { go } = useHub();
  const credentials = overview.endingCredentials;
  const hasEnded = credentials.some(({ ends }) => ends.standing === 'ended');
  if (!overview.enabled) return <Notice tone="warn">{w.switchedOff}</Notice>;
  const troubled = overview.connections.filter(({ status }) => status !== 'live');
  const waiting = overview.parked + overview.links.conflict;
  const brokenHooks = overview.hooks.expected > overview.hooks.healthy;
  const count =
    troubled.length +
    credentials.length +
    (waiting > 0 ? 1 : 0) +
    (brokenHooks ? 1 : 0) +
    (overview.books.balanced ? 0 : 1);
  if (count === 0) {
    const ready = overview.links.total > 0;
    return <Notice tone={ready ? 'good' : 'calm'}>{ready ? w.allWell : w.nothingYet}</Notice>;
  }
  const isBad = troubled.some(({ status }) => status === 'unreachable') || waiting > 0 || hasEnded;
  return (
    <Notice tone={isBad ? 'bad' : 'warn'}>
      <span className="strong">{w.attention(count)}</span>
      {troubled.map((connection) => (
        <span key={connection.id}>
          {connection.name}: {text.panel.connectionStatus[connection.status]}
          {connection.reason && `. ${connection.reason}`}{' '}
          {connection.since && <RelativeTime at={connection.since} />}
        </span>
      ))}
      <EndingCredentials credentials={credentials} />
      {brokenHooks && (
        <span>
          {w.hooks}: {w.hooksHealthy(overview.hooks.healthy, overview.hooks.expected)}.{' '}
          {overview.hooks.reason}
        </span>
      )}
      {!overview.books.balanced && <span>{w.unbalanced}</span>}
      <span className="row wrap">
        {waiting > 0 && <Action label={w.openParked} onClick={() => go('activity', 'parked')} />}
        {brokenHooks && <Action label={words.hooks.ensure} onClick={() => go('hooks')} />}
        {renewable(credentials).map(({ connectionId, connection }) => (
          <Action
            key={connectionId}
            label={w.renew(connection)}
            onClick={() => go('connections', connectionId)}
          />
        ))}
        {troubled.length > 0 && <Action label={words.tabs.connections} onClick={() => go('connections')} />}
      </span>
    </Notice>
  );
}

type Ending = Overview['endingCredentials'];

/** The connections whose forms mend it, each once. */
const renewable = (credentials: Ending): Ending =>
  credentials.filter(
    (one, index) => index === credentials.findIndex((it) => it.connectionId === one.connectionId),
  );

function EndingCredentials({ credentials }: { credentials: Ending }) {
  return credentials.map(({ connectionId, connection, label, origin, ends }) => (
    <span key={`${connectionId} ${label}`}>
      {w.credential(connection, label)} <CredentialStanding ends={ends} />. {w.credentialRemedy[origin]}
    </span>
  ));
}
