import type { Sql } from './pool.ts';

/** Tables whose ids rise with their time. */
const timeOf = { inbox: 'received_at', attempt: 'at' } as const;

/**
 * Ids are drawn before their row's time is taken, and transactions overtake each other: rows of one moment lie at most
 * this far from where their id says.
 */
const overlapMs = 10_000;

/**
 * First id that is not older than `at`, give or take `overlapMs`. Found by halving along the primary key, some 20
 * look-ups for a million rows, so that no table needs an index of times that each accepted hook would pay for.
 */
async function idAt(sql: Sql, table: keyof typeof timeOf, atMs: number): Promise<number> {
  const ends = await sql.one<{ low: number | null; high: number | null }>(
    `select (select id from ${table} order by tenant, id limit 1) as low,
       (select id from ${table} order by tenant desc, id desc limit 1) as high`,
  );
  let low = ends?.low ?? 0;
  let high = (ends?.high ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = await sql.one<{ id: number; at: Date }>(
      `select id, ${timeOf[table]} as at from ${table} where id >= $1 order by tenant, id limit 1`,
      [middle],
    );
    if (row === undefined || row.at.getTime() >= atMs) high = middle;
    else low = row.id + 1;
  }
  return low;
}

export interface TimeWindow {
  /** ISO time, inclusive. */
  since?: string;
  /** ISO time, exclusive. */
  until?: string;
}

/** Bounds of ids that hold all rows of the window, and some more: the rows' own times decide. Null: no bound. */
export async function idsWithin(
  sql: Sql,
  table: keyof typeof timeOf,
  { since, until }: TimeWindow,
): Promise<{ from: number | null; to: number | null }> {
  return {
    from: since === undefined ? null : await idAt(sql, table, Date.parse(since) - overlapMs),
    to: until === undefined ? null : await idAt(sql, table, Date.parse(until) + overlapMs),
  };
}
