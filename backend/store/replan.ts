import type { Sql } from './pool.ts';

const linksPerBatch = 10_000;
/** Between two lanes: live changes, due at once, go before the rest of a large batch. */
const apartMs = 20;

/**
 * Has every link of the mapping read and planned anew, in the caller's transaction. Spread over time (50 a second), so
 * that 10,000 links take about three minutes and hold up nobody. Returns how many.
 */
export async function replanLinks(sql: Sql, mapping: string): Promise<number> {
  let after = 0;
  let count = 0;
  for (;;) {
    const batch = await sql.one<{ last: number | null; found: number }>(
      `with due as (
         select id, connection, row_number() over (order by id) + $3::bigint as place
         from link where mapping = $1 and ended_at is null and id > $2 order by id limit $4
       ), sent as (
         select enqueue_lanes(coalesce(jsonb_agg(jsonb_build_object('tenant', current_tenant(), 'key', 'link:' || id,
           'kind', 'link', 'connection', connection, 'link', id, 'queued', 1, 'delay_ms', place * $5::int,
           'hints', jsonb_build_array(jsonb_build_object('what', 'unknown', 'cause', 'person')))), '[]')) as done
         from due
       ) select max(id) as last, count(*) as found from due, sent`,
      [mapping, after, count, linksPerBatch, apartMs],
    );
    count += batch?.found ?? 0;
    if (batch === undefined || batch.last === null || batch.found < linksPerBatch) break;
    after = batch.last;
  }
  if (count > 0) await sql.rows(`select pg_notify('lane', '')`);
  return count;
}
