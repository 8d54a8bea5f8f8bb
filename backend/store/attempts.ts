import type { Sql } from './pool.ts';
import { idsWithin, type TimeWindow } from './time-window.ts';

export interface AttemptRow {
  id: number;
  at: Date;
  lane_key: string;
  link: number | null;
  connection: string;
  work_item_id: string | null;
  ticket_key: string | null;
  cause: string;
  outcome: 'done' | 'halt' | 'failure';
  summary: string;
  failure: string | null;
  duration_ms: number;
  attempts: number;
  wrote: number;
  detail: Record<string, unknown>;
}

export interface AttemptFilter extends TimeWindow {
  before?: string;
  limit: number;
  outcome?: string;
  connection?: string;
  workItemId?: string;
  link?: string;
  /** Number of a work item or of a ticket. */
  record?: string;
}

/** Newest first, by key: quick at any depth. */
export async function listAttempts(sql: Sql, filter: AttemptFilter): Promise<AttemptRow[]> {
  const ids = await idsWithin(sql, 'attempt', filter);
  const where = `($1::bigint is null or id < $1)
       and ($2::text is null or outcome = $2) and ($3::text is null or connection = $3)
       and ($4::text is null or work_item_id = $4) and ($5::bigint is null or link = $5)
       and ($7::bigint is null or id >= $7) and ($8::bigint is null or id < $8)
       and ($9::timestamptz is null or at >= $9) and ($10::timestamptz is null or at < $10)`;
  const newest = 'order by tenant desc, id desc limit $6';
  // Two walks along two indexes instead of one "or", for which the planner may read the whole table.
  const text =
    filter.record === undefined
      ? `select * from attempt where ${where} ${newest}`
      : `select * from (
           (select * from attempt where work_item_id = $11 and ${where} ${newest})
           union
           (select * from attempt where ticket_key = $11 and ${where} ${newest})
         ) found ${newest}`;
  return sql.rows<AttemptRow>(text, [
    filter.before ?? null,
    filter.outcome ?? null,
    filter.connection ?? null,
    filter.workItemId ?? null,
    filter.link ?? null,
    filter.limit,
    ids.from,
    ids.to,
    filter.since ?? null,
    filter.until ?? null,
    ...(filter.record === undefined ? [] : [filter.record]),
  ]);
}

export const findAttempt = (sql: Sql, id: string): Promise<AttemptRow | undefined> =>
  sql.one<AttemptRow>('select * from attempt where id = $1', [id]);

/** Attempts of the last 24 hours by the hour, oldest first; read once (80,000 attempts: 30 ms), not once an hour. */
export const trafficByHour = (sql: Sql): Promise<{ hour: Date; done: number; failed: number }[]> =>
  sql.rows(
    `with hours as (
       select generate_series(date_trunc('hour', now()) - interval '23 hours', date_trunc('hour', now()), interval '1 hour') as hour
     ), counted as (
       select date_trunc('hour', at) as hour, count(*) filter (where outcome <> 'failure')::int as done,
         count(*) filter (where outcome = 'failure')::int as failed
       from attempt where at >= date_trunc('hour', now()) - interval '23 hours' group by 1
     )
     select h.hour, coalesce(c.done, 0) as done, coalesce(c.failed, 0) as failed
     from hours h left join counted c using (hour) order by h.hour`,
  );
