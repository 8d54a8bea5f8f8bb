import type { Connector } from '../../connectors/connector.ts';
import type { ConnectionCard, TicketCard } from '../../contract/links.ts';
import type { ConnectionRow } from '../../store/connections.ts';
import type { LinkRow } from '../../store/links.ts';

/** A link as the panel's card shows it. A connection that stands still explains more than the link's own state. */
export function ticketCard(
  link: LinkRow,
  connection: ConnectionRow | undefined,
  azure: ConnectionRow | undefined,
): TicketCard {
  const { shown } = link;
  const stands = [connection, azure].find(
    (one) => one !== undefined && (one.status === 'paused' || one.status === 'unreachable'),
  );
  const own = ownState(link);
  const state =
    stands !== undefined && own.condition !== 'conflict' && own.condition !== 'parked'
      ? {
          condition: stands.status === 'paused' ? ('paused' as const) : ('delayed' as const),
          reason: stands.reason ?? `${stands.name} is not reachable.`,
          remedy: stands.status === 'paused' ? ('renewCredentials' as const) : ('retry' as const),
        }
      : own;
  return {
    linkId: String(link.id),
    connectionId: link.connection,
    mappingId: link.mapping,
    ticketId: link.ticket_id,
    number: shown.number ?? link.ticket_key,
    title: shown.title ?? '',
    url: safeUrl(shown.url ?? link.ticket_url),
    status: { name: shown.status?.name ?? '', category: shown.status?.category ?? 'unknown' },
    priority: shown.priority,
    assignee:
      shown.assignee === undefined
        ? undefined
        : { name: shown.assignee, initials: initialsOf(shown.assignee) },
    dueAt: shown.dueAt,
    agreedAt: isoOf(link.agreed_at),
    retryAt: isoOf(link.retry_at),
    conflicts: link.conflicts,
    ...state,
  };
}

const ownState = (link: LinkRow): Pick<TicketCard, 'condition' | 'reason' | 'remedy'> => ({
  condition: link.condition,
  reason: link.reason ?? undefined,
  remedy: (link.remedy ?? undefined) as TicketCard['remedy'],
});

export const connectionCard = (
  connection: ConnectionRow,
  connector: Pick<Connector, 'manifest'> | undefined,
): ConnectionCard => {
  const capabilities = connector?.manifest.capabilities;
  return {
    id: connection.id,
    name: connection.name,
    kind: connection.kind,
    ticketNoun: connector?.manifest.ticketNoun ?? 'ticket',
    status: connection.status,
    reason: connection.reason ?? undefined,
    since: isoOf(connection.since),
    can: {
      create: capabilities?.create ?? false,
      comment: capabilities?.commentsWrite ?? false,
      publicComments: capabilities?.commentVisibility !== 'internalOnly',
      internalComments: capabilities?.commentVisibility !== 'publicOnly',
    },
  };
};

/** Two letters at most; names in any script. */
export const initialsOf = (name: string): string =>
  name
    .split(/[\s,.@_-]+/)
    .filter((part) => part !== '')
    .slice(0, 2)
    .map((part) => [...part][0] ?? '')
    .join('')
    .toUpperCase();

/** Addresses come from the ticket system: anything but http(s) is not a link. */
export const safeUrl = (url: string): string => (/^https?:\/\//i.test(url) ? url : '');

export const isoOf = (at: string | Date | null | undefined): string | undefined =>
  at === null || at === undefined ? undefined : new Date(at).toISOString();
