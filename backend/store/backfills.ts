import type { Side } from '../sync/record.ts';
import type { Sql } from './pool.ts';

export interface BackfillRow {
  id: number;
  mapping: string;
  side: Side;
  status: 'running' | 'paused' | 'done' | 'failed';
  remaining: string[];
  total: number;
  handled: number;
  created: number;
  failed: number;
  reason: string | null;
  started_at: Date;
  updated_at: Date;
}

/** All but the ids that are still to be looked at: those can be a hundred thousand. */
const columns = 'id, mapping, side, status, total, handled, created, failed, reason, started_at, updated_at';

export type BackfillSummary = Omit<BackfillRow, 'remaining'>;

export const listBackfills = (sql: Sql, mappings: readonly string[]): Promise<BackfillSummary[]> =>
  sql.rows(`select ${columns} from backfill where mapping = any($1) order by id desc limit 200`, [mappings]);

export const findBackfill = (sql: Sql, id: string): Promise<BackfillSummary | undefined> =>
  sql.one(`select ${columns} from backfill where id = $1`, [id]);

/** Undefined when one of the same mapping and direction is under way or paused. */
export async function insertBackfill(
  sql: Sql,
  tenant: number,
  mapping: string,
  side: Side,
): Promise<BackfillSummary | undefined> {
  // Two people press the button at the same time: the second waits here and then sees the first one's row.
  await sql.rows('select from mapping where id = $1 for update', [mapping]);
  const open = await sql.one(
    `select from backfill where mapping = $1 and side = $2 and status in ('running', 'paused')`,
    [mapping, side],
  );
  if (open !== undefined) return undefined;
  return sql.one(
    `insert into backfill (tenant, mapping, side, status) values ($1, $2, $3, 'running') returning ${columns}`,
    [tenant, mapping, side],
  );
}

/** Undefined when its status is none of `from`. */
export const moveBackfill = (
  sql: Sql,
  id: string,
  from: readonly BackfillRow['status'][],
  to: BackfillRow['status'],
): Promise<BackfillSummary | undefined> =>
  sql.one(
    `update backfill set status = $3, updated_at = clock_timestamp() where id = $1 and status = any($2) returning ${columns}`,
    [id, from, to],
  );
