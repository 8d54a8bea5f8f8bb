import type { Panel } from '../../backend/contract/links.ts';

type Way = Panel['createWith'][number];

/** What the mapping's system calls a ticket ("call"); "ticket" when several systems are meant. */
export function nounOf(panel: Panel, ways: readonly Way[], mappingId?: string): string {
  const connectionIds = new Set(
    ways.filter((way) => !mappingId || way.mappingId === mappingId).map((way) => way.connectionId),
  );
  const nouns = new Set(
    panel.connections.filter(({ id }) => connectionIds.has(id)).map(({ ticketNoun }) => ticketNoun),
  );
  return nouns.size === 1 ? ([...nouns][0] ?? 'ticket') : 'ticket';
}
