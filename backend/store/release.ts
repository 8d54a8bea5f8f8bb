import type { Sql } from './pool.ts';

/**
 * Takes lanes away for good: the deliveries that waited for nothing else become discarded, with the reason. Without
 * this they would stay pending for ever, and nobody could tell them from lost ones. Locks lanes first, then
 * deliveries, both in key order, as settle_lanes does. Returns the number of deliveries.
 */
export async function releaseLanes(sql: Sql, keys: readonly string[], reason: string): Promise<number> {
  if (keys.length === 0) return 0;
  await sql.rows('select key from lane where key = any($1) order by key for update', [keys]);
  const freed = await sql.rows<{ inbox: number }>(
    'delete from inbox_lane where lane_key = any($1) returning inbox',
    [keys],
  );
  if (freed.length === 0) return 0;
  const ids = [...new Set(freed.map((row) => row.inbox))];
  // Statements of their own, as in settle_lanes: of two that free the same delivery at the same moment the second one
  // waits here and then sees what the first one took away.
  await sql.rows('select id from inbox where id = any($1) order by id for update', [ids]);
  const discarded = await sql.rows(
    `update inbox i set outcome = 'discarded', reason = $2, handled_at = clock_timestamp()
     where id = any($1) and outcome in ('pending', 'parked')
       and not exists (select from inbox_lane w where w.tenant = i.tenant and w.inbox = i.id)
     returning id`,
    [ids, reason.slice(0, 500)],
  );
  return discarded.length;
}

export const laneKeysOfConnection = (sql: Sql, connection: string): Promise<string[]> =>
  keysOf(sql, 'select key from lane where connection = $1', connection);

export const laneKeysOfMapping = (sql: Sql, mapping: string): Promise<string[]> =>
  keysOf(
    sql,
    `select key from lane where link in (select id from link where mapping = $1)
     union select 'backfill:' || id from backfill where mapping = $1`,
    mapping,
  );

const keysOf = async (sql: Sql, text: string, value: string): Promise<string[]> =>
  (await sql.rows<{ key: string }>(text, [value])).map((row) => row.key);
