import type { LinkCondition } from '../../backend/contract/links.ts';
import { Action } from '../components/action.tsx';
import { Icon } from '../components/icon.tsx';
import { RelativeTime } from '../components/time.tsx';
import type { Doing } from '../components/use-load.ts';
import { text } from '../text.ts';
import { SettingsAction } from '../ticket/not-set-up.tsx';
import type { CardProps } from './ticket-card.tsx';

const looks: Record<LinkCondition, { icon: string; tone: string }> = {
  inAgreement: { icon: 'CheckMark', tone: 'good' },
  pending: { icon: 'Sync', tone: 'calm' },
  delayed: { icon: 'Clock', tone: 'warn' },
  paused: { icon: 'Pause', tone: 'warn' },
  parked: { icon: 'Warning', tone: 'bad' },
  conflict: { icon: 'Conflict', tone: 'bad' },
  missing: { icon: 'Unlink', tone: 'bad' },
  resting: { icon: 'Pause', tone: 'calm' },
};

/** Why the two sides do not agree, in one sentence, with the one action that helps. */
export function ConditionLine({
  syncing,
  onSync,
  ...card
}: CardProps & {
  syncing: Doing;
  onSync(): void;
}) {
  const { ticket } = card;
  const { icon, tone } = looks[ticket.condition];
  return (
    <div className="condition">
      <div className="row condition-reason">
        <span className={`${tone} ${ticket.condition === 'pending' ? 'turning' : ''}`}>
          <Icon iconName={icon} />
        </span>
        <span className="any-wrap">
          {ticket.reason ?? text.condition[ticket.condition]}{' '}
          {ticket.retryAt && (
            <span className="quiet">
              {text.condition.nextTry} <RelativeTime at={ticket.retryAt} />.{' '}
            </span>
          )}
          <span className="quiet small-text">
            {ticket.agreedAt ? (
              <>
                {text.card.lastAgreed} <RelativeTime at={ticket.agreedAt} />
              </>
            ) : (
              text.card.neverAgreed
            )}
          </span>
        </span>
      </div>
      <Remedy {...card} syncing={syncing} onSync={onSync} />
    </div>
  );
}

function Remedy({
  host,
  workItem,
  ticket,
  mayChange,
  panel,
  act,
  syncing,
  onSync,
}: CardProps & { syncing: Doing; onSync(): void }) {
  const { remedy } = ticket;
  const explain = (
    <Action label={text.remedy.explain} icon="Help" subtle onClick={() => act('explain', ticket)} />
  );
  const help = () => {
    if (remedy === 'renewCredentials') {
      // Somebody without the right would find a page that turns them away.
      if (!panel.may.administer) return <span>{text.panel.ask(panel.askFor, text.panel.toMend)}</span>;
      return <SettingsAction host={host} project={workItem.project} label={text.remedy.renewCredentials} />;
    }
    if (!mayChange || !remedy || remedy === 'explain') return null;
    const label = text.remedy[remedy];
    if (remedy === 'retry') return <Action label={label} icon="Sync" busy={syncing.busy} onClick={onSync} />;
    if (remedy === 'resolveConflict') {
      return <Action label={label} icon="Conflict" primary onClick={() => act('resolve', ticket)} />;
    }
    return <Action label={label} icon="Unlink" onClick={() => act('unlink', ticket)} />;
  };
  if (ticket.condition === 'pending') return null;
  return (
    <div className="row wrap">
      {help()}
      {explain}
    </div>
  );
}
