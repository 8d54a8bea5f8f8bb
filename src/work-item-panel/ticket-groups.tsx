import type { ConnectionCard, Panel, TicketCard } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { RelativeTime } from '../components/time.tsx';
import type { OpenWorkItem } from '../host/form.ts';
import type { HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { TicketCardView } from './ticket-card.tsx';
import type { TicketAction } from './tickets.tsx';

interface GroupsProps {
  host: HostContext;
  workItem: OpenWorkItem;
  client: Client | undefined;
  panel: Panel;
  mayChange: boolean;
  act(action: TicketAction, ticket: TicketCard): void;
  refresh(): void;
}

/** Cards by connection, with the health of each connection below its cards. */
export function TicketGroups({ panel, ...rest }: GroupsProps) {
  const known = new Set(panel.connections.map(({ id }) => id));
  const strays = panel.tickets.filter((ticket) => !known.has(ticket.connectionId));
  const cards = (tickets: TicketCard[], connection?: ConnectionCard) =>
    tickets.map((ticket) => (
      <TicketCardView key={ticket.linkId} ticket={ticket} connection={connection} panel={panel} {...rest} />
    ));
  return (
    <>
      {panel.connections.map((connection) => {
        const tickets = panel.tickets.filter((ticket) => ticket.connectionId === connection.id);
        if (tickets.length === 0 && connection.status === 'live' && panel.tickets.length > 0) return null;
        return (
          <section className="stack tight" key={connection.id} aria-label={connection.name}>
            {cards(tickets, connection)}
            <ConnectionLine connection={connection} />
          </section>
        );
      })}
      {cards(strays)}
    </>
  );
}

function ConnectionLine({ connection }: { connection: ConnectionCard }) {
  const tone = { live: 'good', delayed: 'warn', paused: 'warn', unreachable: 'bad' }[connection.status];
  return (
    <p className="small-text quiet any-wrap">
      {connection.name} · <span className={tone}>{text.panel.connectionStatus[connection.status]}</span>
      {connection.status !== 'live' && connection.since && (
        <>
          {' '}
          <RelativeTime at={connection.since} />
        </>
      )}
      {connection.reason && `: ${connection.reason}`}
    </p>
  );
}
