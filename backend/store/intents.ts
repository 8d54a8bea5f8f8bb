import type { Side } from '../sync/record.ts';
import type { Sql } from './pool.ts';

/** A write that must happen once. `sent` without `done` means: look for the mark before sending again. */
export interface IntentRow {
  tenant: number;
  key: string;
  kind: 'create' | 'comment' | 'attachment';
  link: number | null;
  side: Side;
  mapping: string | null;
  source_id: string;
  mark: string;
  state: 'planned' | 'sent' | 'done' | 'abandoned';
  target_id: string | null;
  entered: Record<string, unknown> | null;
  requested_by: string | null;
  created_at: string | Date;
  sent_at: string | Date | null;
  done_at: string | Date | null;
}

export interface NewIntent {
  key: string;
  kind: IntentRow['kind'];
  link?: string;
  side: Side;
  mapping?: string;
  sourceId: string;
  mark: string;
  entered?: Record<string, unknown>;
  requestedBy?: string;
}

/** Stores the intent unless it is there; returns it as stored, so that a caller sees what came of an earlier try. */
export async function declareIntent(sql: Sql, tenant: number, intent: NewIntent): Promise<IntentRow> {
  const row = await sql.one<IntentRow>(
    `insert into intent as i (tenant, key, kind, link, side, mapping, source_id, mark, entered, requested_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (tenant, key) do update set key = i.key returning *`,
    [
      tenant,
      intent.key,
      intent.kind,
      intent.link ?? null,
      intent.side,
      intent.mapping ?? null,
      intent.sourceId,
      intent.mark,
      intent.entered === undefined ? null : JSON.stringify(intent.entered),
      intent.requestedBy ?? null,
    ],
  );
  return row as IntentRow;
}

/**
 * Takes up an intent that was given up after a refusal, with what the person has corrected. One that was sent is looked
 * for by its mark before it is sent again.
 */
export async function reviveIntent(sql: Sql, key: string, entered: NewIntent['entered']): Promise<void> {
  await sql.rows(
    `update intent set state = case when sent_at is null then 'planned' else 'sent' end, entered = $2
      where key = $1 and state = 'abandoned'`,
    [key, entered === undefined ? null : JSON.stringify(entered)],
  );
}

export const findIntent = (sql: Sql, key: string): Promise<IntentRow | undefined> =>
  sql.one<IntentRow>('select * from intent where key = $1', [key]);

export const findIntentsByMark = (sql: Sql, marks: readonly string[]): Promise<IntentRow[]> =>
  sql.rows<IntentRow>('select * from intent where mark = any($1)', [marks]);

/** Creates for one record by one mapping that are not given up: ordered by a person or wanted by the mapping. */
export const findCreates = (sql: Sql, mapping: string, sourceId: string): Promise<IntentRow[]> =>
  sql.rows<IntentRow>(
    `select * from intent where kind = 'create' and mapping = $1 and source_id = $2 and state <> 'abandoned'`,
    [mapping, sourceId],
  );

/**
 * Makes those who want to create a counterpart of one record by one mapping go one after the other, until the
 * transaction ends: of a person's order and the mapping's own trigger, the second one sees what the first decided.
 */
export const holdCreates = (sql: Sql, tenant: number, mapping: string, sourceId: string): Promise<unknown> =>
  sql.rows('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `create:${tenant}:${mapping}:${sourceId}`,
  ]);

/** Ids, on both sides, of a link's attachments that are known to be copies or to have one. */
export async function pairedAttachments(sql: Sql, link: string): Promise<ReadonlySet<string>> {
  const rows = await sql.rows<{ source_id: string; target_id: string }>(
    `select source_id, target_id from intent where link = $1 and kind = 'attachment' and state = 'done'`,
    [link],
  );
  return new Set(rows.flatMap((row) => [row.source_id, row.target_id]));
}

export async function markSent(sql: Sql, key: string): Promise<void> {
  await sql.rows(
    `update intent set state = 'sent', sent_at = coalesce(sent_at, clock_timestamp()) where key = $1 and state <> 'done'`,
    [key],
  );
}

export async function markDone(sql: Sql, key: string, targetId: string, link?: string): Promise<void> {
  await sql.rows(
    `update intent set state = 'done', done_at = clock_timestamp(), target_id = $2, link = coalesce($3, link) where key = $1`,
    [key, targetId, link ?? null],
  );
}

/** Ends an intent whose answer was lost and whose record was recognised otherwise. False: there is none to end. */
export const endSent = async (sql: Sql, key: string, targetId: string): Promise<boolean> =>
  (
    await sql.rows(
      `update intent set state = 'done', done_at = clock_timestamp(), target_id = $2
       where key = $1 and state in ('planned', 'sent') returning key`,
      [key, targetId],
    )
  ).length > 0;

/** The system surely did not do it (refused, stale): the next try need not search first. */
export async function markUnsent(sql: Sql, key: string): Promise<void> {
  await sql.rows(`update intent set state = 'planned', sent_at = null where key = $1 and state = 'sent'`, [
    key,
  ]);
}

export async function abandonIntent(sql: Sql, key: string): Promise<void> {
  await sql.rows(`update intent set state = 'abandoned' where key = $1 and state <> 'done'`, [key]);
}
