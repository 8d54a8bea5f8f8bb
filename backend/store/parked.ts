import type { FailureDetails } from '../sync/failure.ts';
import type { Sql } from './pool.ts';

export interface ParkedLane {
  key: string;
  kind: string;
  connection: string;
  link: number | null;
  parked_at: Date | null;
  failure: FailureDetails | null;
  attempts: number;
  facts: Record<string, unknown>;
  work_item_id: string | null;
  ticket_key: string | null;
  /** Of a create that a person asked for. */
  source_id: string | null;
}

const parkedLanes = `
  select l.key, l.kind, l.connection, l.link, l.parked_at, l.failure, l.attempts, l.facts,
    k.work_item_id, k.ticket_key, i.source_id
  from lane l
  left join link k on k.tenant = l.tenant and k.id = l.link
  left join intent i on i.tenant = l.tenant and i.key = l.facts->>'intentKey'
  where l.parked`;

export const listParkedLanes = (sql: Sql, limit: number): Promise<ParkedLane[]> =>
  sql.rows(`${parkedLanes} order by l.parked_at desc, l.key limit $1`, [limit]);

/** Locked, in key order. */
export const holdParkedLanes = (sql: Sql, keys: readonly string[]): Promise<ParkedLane[]> =>
  sql.rows(`${parkedLanes} and l.key = any($1) order by l.key for update of l`, [keys]);

export interface ParkedDelivery {
  id: number;
  connection: string;
  received_at: Date;
  reason: string | null;
}

/** Deliveries that no lane will take up: they could not be read. */
const unreadable = `outcome = 'parked'
  and not exists (select from inbox_lane w where w.tenant = inbox.tenant and w.inbox = inbox.id)`;

export const listParkedDeliveries = (sql: Sql, limit: number): Promise<ParkedDelivery[]> =>
  sql.rows(
    `select id, connection, received_at, reason from inbox where ${unreadable} order by id desc limit $1`,
    [limit],
  );

export const discardDeliveries = async (sql: Sql, ids: readonly string[], reason: string): Promise<number> =>
  (
    await sql.rows(
      `update inbox set outcome = 'discarded', reason = $2, handled_at = clock_timestamp()
       where id = any($1::bigint[]) and ${unreadable} returning id`,
      [ids, reason],
    )
  ).length;

export const countUnreadable = async (sql: Sql, ids: readonly string[]): Promise<number> =>
  (
    await sql.one<{ count: number }>(
      `select count(*) as count from inbox where id = any($1::bigint[]) and ${unreadable}`,
      [ids],
    )
  )?.count ?? 0;

/** Lanes that stand still, and deliveries that nobody can read. */
export const countParked = async (sql: Sql): Promise<number> =>
  (
    await sql.one<{ count: number }>(
      `select (select count(*) from lane where parked) + (select count(*) from inbox where ${unreadable}) as count`,
    )
  )?.count ?? 0;
