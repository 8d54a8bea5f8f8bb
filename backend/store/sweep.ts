import type { SidedHint } from '../lanes/lane.ts';
import type { Side } from '../sync/record.ts';
import type { LinkRow } from './links.ts';
import type { Sql } from './pool.ts';

/**
 * A link as a sweep sees it: with the hints in its lane (of what waits to be looked at, waits for a person, or was given
 * up by one), read in the same moment as its base.
 */
export type SweptLink = Pick<LinkRow, 'id' | 'connection' | 'work_item_id' | 'ticket_id' | 'base'> & {
  hints: readonly SidedHint[];
};

export const linksToSweep = (
  sql: Sql,
  of: { side: Side; connection: string; recordIds: readonly string[] },
): Promise<SweptLink[]> =>
  sql.rows<SweptLink>(
    `select k.id, k.connection, k.work_item_id, k.ticket_id, k.base, coalesce(l.hints, '[]') as hints
     from link k left join lane l on l.tenant = k.tenant and l.key = 'link:' || k.id
     where k.ended_at is null and ${
       of.side === 'workItem' ? 'k.work_item_id = any($1)' : 'k.ticket_id = any($1) and k.connection = $2'
     }`,
    of.side === 'workItem' ? [of.recordIds] : [of.recordIds, of.connection],
  );

/** The hints in the lanes with these keys, as in `SweptLink`; a lane that is not there has none. */
export async function hintsOfLanes(
  sql: Sql,
  keys: readonly string[],
): Promise<ReadonlyMap<string, readonly SidedHint[]>> {
  const rows = await sql.rows<{ key: string; hints: SidedHint[] }>(
    'select key, hints from lane where key = any($1)',
    [keys],
  );
  return new Map(rows.map(({ key, hints }) => [key, hints]));
}
