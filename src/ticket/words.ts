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

/** The panel with the mappings that are for work items of a type; all of them when the form does not say its type. */
export function forType(panel: Panel, type: string): Panel {
  const fits = ({ workItemTypes = [] }: Partial<Way>) =>
    !type || workItemTypes.length === 0 || workItemTypes.includes(type);
  return { ...panel, createWith: panel.createWith.filter(fits), linkWith: panel.linkWith.filter(fits) };
}
