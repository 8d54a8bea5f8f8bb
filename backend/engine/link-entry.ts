import type { LaneEntry } from '../lanes/queue.ts';
import type { LinkRow } from '../store/links.ts';
import type { EngineContext } from './ports.ts';

/** The lane of a link, as it is enqueued. */
export const linkEntry = (
  tenant: number,
  link: Pick<LinkRow, 'id' | 'connection'>,
  hints: LaneEntry['hints'],
): LaneEntry => ({
  tenant,
  key: `link:${link.id}`,
  kind: 'link',
  connection: link.connection,
  link: String(link.id),
  hints,
});

/** A link that has just come into being is looked at once: what its create or its linking left out goes over then. */
export const enqueueNewLink = (
  context: Pick<EngineContext, 'queue'>,
  tenant: number,
  link: Pick<LinkRow, 'id' | 'connection'>,
): Promise<void> =>
  context.queue.enqueue([linkEntry(tenant, link, [{ what: 'unknown', cause: 'follow-up' }])]);
