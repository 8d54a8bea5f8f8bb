import type { ConnectionCard, Panel, TicketCard } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { Icon } from '../components/icon.tsx';
import { MenuButton, type MenuEntry } from '../components/menu.tsx';
import { ProblemNotice } from '../components/notice.tsx';
import { StatusMark } from '../components/status.tsx';
import { RelativeTime } from '../components/time.tsx';
import { type Doing, useDoing } from '../components/use-load.ts';
import { useTime } from '../components/viewer.tsx';
import type { OpenWorkItem } from '../host/form.ts';
import { openInNewWindow } from '../host/page.ts';
import type { HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { ConditionLine } from './condition-line.tsx';
import type { TicketAction } from './tickets.tsx';

export interface CardProps {
  host: HostContext;
  workItem: OpenWorkItem;
  client: Client | undefined;
  panel: Panel;
  ticket: TicketCard;
  connection: ConnectionCard | undefined;
  mayChange: boolean;
  act(action: TicketAction, ticket: TicketCard): void;
  refresh(): void;
}

/** One ticket: what it is, how it stands, who has it, and whether the two sides agree. */
export function TicketCardView(props: CardProps) {
  const { ticket, client, workItem, refresh } = props;
  const syncing = useDoing();
  const sync = () => {
    if (!client) return;
    syncing.run(async () => {
      await client.api.syncLink({ workItemId: workItem.id, linkId: ticket.linkId }, { timeoutMs: 60_000 });
      refresh();
    });
  };
  return (
    <article className={`card ticket ${ticket.condition}`} aria-label={`${ticket.number} ${ticket.title}`}>
      <div className="row">
        <StatusMark status={ticket.status} />
        <span className="quiet one-line ticket-number">{ticket.number}</span>
        {ticket.priority && <span className="chip">{ticket.priority}</span>}
        <span className="push" />
        <MenuButton label={text.card.actionsFor(ticket.number)} entries={menuEntries(props, syncing, sync)} />
      </div>
      <a
        className="ticket-title any-wrap"
        href={safeLink(ticket.url)}
        target="_blank"
        rel="noopener noreferrer"
        title={`${ticket.number}: ${text.card.opensNew}`}
      >
        {ticket.title}
      </a>
      <div className="row wrap small-text quiet">
        {ticket.assignee ? (
          <span className="initials" title={text.card.assignee(ticket.assignee.name)}>
            <span aria-hidden="true">{ticket.assignee.initials}</span>
            <span className="visually-hidden">{text.card.assignee(ticket.assignee.name)}</span>
          </span>
        ) : null}
        {ticket.assignee ? <span className="one-line">{ticket.assignee.name}</span> : text.card.unassigned}
        {ticket.dueAt && <Due at={ticket.dueAt} category={ticket.status.category} />}
        {ticket.condition === 'inAgreement' && <Agreement ticket={ticket} busy={syncing.busy} />}
      </div>
      {ticket.sharedWith && ticket.sharedWith.length > 0 && (
        <span className="small-text quiet any-wrap">
          {text.card.sharedWith(ticket.sharedWith.join(', '))}
        </span>
      )}
      {ticket.condition !== 'inAgreement' && <ConditionLine {...props} syncing={syncing} onSync={sync} />}
      {syncing.problem && <ProblemNotice problem={syncing.problem} />}
    </article>
  );
}

function menuEntries(
  { ticket, connection, mayChange, act }: CardProps,
  syncing: Doing,
  sync: () => void,
): MenuEntry[] {
  const entries: MenuEntry[] = [
    {
      label: text.card.open,
      icon: 'OpenInNewWindow',
      onSelect: () => void openInNewWindow(safeLink(ticket.url) ?? ''),
      disabled: !safeLink(ticket.url),
    },
  ];
  const explain = { label: text.card.explain, icon: 'Help', onSelect: () => act('explain', ticket) };
  // Who may only read sees no entries that would refuse.
  if (!mayChange) return [...entries, explain];
  if (connection?.can.comment !== false) {
    entries.push({ label: text.card.comment, icon: 'Comment', onSelect: () => act('comment', ticket) });
  }
  entries.push({ label: text.card.syncNow, icon: 'Sync', onSelect: sync, disabled: syncing.busy }, explain, {
    label: text.card.unlink,
    icon: 'Unlink',
    onSelect: () => act('unlink', ticket),
  });
  return entries;
}

/** Addresses come from the other system: only web addresses are followed, never scripts. */
const safeLink = (url: string) => (/^https?:\/\//i.test(url) ? url : undefined);

function Agreement({ ticket, busy }: { ticket: TicketCard; busy: boolean }) {
  return (
    <span className="row push agreement" style={{ gap: 4 }}>
      <span className={busy ? 'turning' : 'good'}>
        <Icon iconName={busy ? 'Sync' : 'CheckMark'} />
      </span>
      {text.card.inAgreement} {ticket.agreedAt && <RelativeTime at={ticket.agreedAt} />}
    </span>
  );
}

/** Overdue is said with a sign and a word, not by colour alone; a finished ticket is never overdue. */
function Due({ at, category }: { at: string; category: TicketCard['status']['category'] }) {
  const overdue = useTime((nowMs) => Date.parse(at) < nowMs);
  const finished = category === 'completed' || category === 'resolved' || category === 'removed';
  if (finished) return null;
  return (
    <span className={`row ${overdue ? 'bad strong' : ''}`} style={{ gap: 4 }}>
      <Icon iconName={overdue ? 'Warning' : 'Clock'} />
      {overdue ? text.card.overdue : text.card.due} <RelativeTime at={at} />
    </span>
  );
}
