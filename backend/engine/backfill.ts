import type { RecordSystem } from '../connectors/connector.ts';
import type { LaneRunner } from '../lanes/lane.ts';
import type { BackfillRow } from '../store/backfills.ts';
import { azureDevOps } from '../store/connections.ts';
import { linksOfTickets, linksOfWorkItems } from '../store/links.ts';
import { type MappingRow, toMapping } from '../store/mappings.ts';
import { isFailure } from '../sync/failure.ts';
import { markFor } from '../sync/mark.ts';
import { asActingByItself, matchRecord, triggerOf } from '../sync/match.ts';
import type { MatchResult } from '../sync/plan-input.ts';
import { otherSide, type Side, type Snapshot } from '../sync/record.ts';
import { createCounterpart } from './create-counterpart.ts';
import { linkByKey } from './link-by-key.ts';
import { settleFailure } from './on-failure.ts';
import { isRival } from './once-only.ts';
import { type EngineContext, onSide, SidedFailure } from './ports.ts';
import { fieldsOf } from './reading.ts';
import { automaticKey, personGoesFirst } from './record-lane.ts';

const recordsPerRun = 20;

/** Ids of all records that a mapping could want a counterpart for, oldest change first. */
export async function listRecords(system: RecordSystem, side: Side, mapping: MappingRow): Promise<string[]> {
  const ids = new Set<string>();
  let cursor: string | undefined;
  for (;;) {
    const page = await onSide(side, () =>
      system.changes(cursor, {
        fromBeginning: true,
        project: side === 'workItem' ? mapping.settings.project : undefined,
      }),
    );
    for (const hint of page.hints) {
      if (hint.what === 'deleted') ids.delete(hint.recordId);
      else ids.add(hint.recordId);
    }
    cursor = page.cursor;
    if (!page.more) return [...ids];
  }
}

interface Backfilled {
  tenant: number;
  system: RecordSystem;
  side: Side;
  mapping: MappingRow;
  /** All of the tenant, in order. */
  mappings: readonly MappingRow[];
}

/** Reads a record and asks whether the mapping wants a counterpart for it. */
async function wantsCounterpart(context: EngineContext, of: Backfilled, id: string) {
  const { tenant, system, side, mapping, mappings } = of;
  const asked = rivalsOf(side, mapping, mappings);
  const fields = [...new Set(asked.flatMap((one) => fieldsOf(side, one.settings)))];
  const { snapshot } = await onSide(side, () =>
    system.read(id, { comments: false, attachments: false, fields }),
  );
  const links = await context.store.asTenant(tenant, (sql) =>
    side === 'workItem' ? linksOfWorkItems(sql, [id]) : linksOfTickets(sql, mapping.connection, [id]),
  );
  return {
    snapshot,
    isLinked: links.length > 0,
    match: wantedMatch(mapping, mappings, snapshot),
  };
}

/**
 * What the mapping would make of the record, or undefined when it would not or another one would. A backfill overrides
 * the mode of the trigger, not its rule, nor the order: a mapping used by hand can be backfilled too, and a default one
 * takes what no other one takes.
 */
export function wantedMatch(
  mapping: MappingRow,
  mappings: readonly MappingRow[],
  snapshot: Snapshot,
): MatchResult | undefined {
  if (snapshot.deleted) return undefined;
  const settings = asActingByItself(mapping.settings, snapshot.side);
  const asked = rivalsOf(snapshot.side, mapping, mappings);
  const found = matchRecord(
    snapshot,
    asked.map((one) => toMapping(one.id === mapping.id ? { ...mapping, settings } : one)),
  );
  return found?.mappingId === mapping.id ? found : undefined;
}

/** The mapping among those that are asked about the same records: a ticket belongs to one connection. */
export const rivalsOf = (
  side: Side,
  mapping: MappingRow,
  mappings: readonly MappingRow[],
): readonly MappingRow[] => {
  const rivals = mappings.filter((one) => side === 'workItem' || one.connection === mapping.connection);
  return rivals.some((one) => one.id === mapping.id) ? rivals : [...rivals, mapping];
};

/** `backfill:<id>`: a bite of records per run, so that pausing works at once and a crash repeats at most one bite. */
export function backfillLane(context: EngineContext): LaneRunner {
  return async (lane) => {
    const { backfillId } = lane.facts as { backfillId: number };
    const backfill = await readBackfill(context, lane.tenant, backfillId);
    if (backfill === undefined || backfill.status !== 'running') return { verdict: 'done' };
    const settings = await context.settings.of(lane.tenant);
    const mapping = settings.mappings.find((row) => row.id === backfill.mapping);
    if (mapping === undefined) return { verdict: 'done' };
    const { side } = backfill;
    const system = await context.systems.open(
      lane.tenant,
      side === 'workItem' ? azureDevOps : mapping.connection,
    );
    try {
      if (backfill.total === 0 && backfill.handled === 0) {
        const ids = await listRecords(system, side, mapping);
        // With nothing to do it ends here: listed again, an empty list would look like one that is yet to come.
        await context.store.asTenant(lane.tenant, (sql) =>
          sql.rows(
            `update backfill set remaining = $2, total = $3, status = case when $3 = 0 then 'done' else status end,
               updated_at = clock_timestamp() where id = $1`,
            [backfillId, JSON.stringify(ids), ids.length],
          ),
        );
        return ids.length === 0 ? { verdict: 'done' } : { verdict: 'done', recurMs: 0 };
      }
      const bite = backfill.remaining.slice(0, recordsPerRun);
      for (const id of bite) {
        const of = { tenant: lane.tenant, system, side, mapping, mappings: settings.mappings };
        const counted = await one(context, of, id);
        await context.store.asTenant(lane.tenant, (sql) =>
          sql.rows(
            `update backfill set remaining = remaining - 0, handled = handled + 1, created = created + $2, failed = failed + $3,
               reason = coalesce($4, reason), updated_at = clock_timestamp() where id = $1`,
            [backfillId, counted.created, counted.reason === undefined ? 0 : 1, counted.reason ?? null],
          ),
        );
      }
      const finished = backfill.remaining.length <= bite.length;
      if (finished) {
        await context.store.asTenant(lane.tenant, (sql) =>
          sql.rows(`update backfill set status = 'done', updated_at = clock_timestamp() where id = $1`, [
            backfillId,
          ]),
        );
      }
      return finished ? { verdict: 'done' } : { verdict: 'done', recurMs: 0 };
    } catch (error) {
      const failed = await settleFailure(context, lane, error);
      return failed.verdict === 'park' ? { ...failed, verdict: 'wait', delayMs: 30_000 } : failed;
    }
  };
}

/** What concerns one record only is counted and told; what concerns the system is thrown, and the bite waits. */
async function one(
  context: EngineContext,
  of: Backfilled,
  id: string,
): Promise<{ created: number; reason?: string }> {
  const { tenant, side, mapping } = of;
  try {
    const { match, isLinked, snapshot } = await wantsCounterpart(context, of, id);
    if (match === undefined || isLinked) return { created: 0 };
    const { existingKey } = match;
    if (
      existingKey !== undefined &&
      (await linkByKey(context, { tenant, side, snapshot, mapping, key: existingKey })) !== undefined
    )
      return { created: 0 };
    if (triggerOf(mapping.settings, side).mode === 'linkOnly') return { created: 0 };
    const created = await createCounterpart(context, {
      tenant,
      side: otherSide(side),
      source: snapshot,
      mapping,
      intentKey: automaticKey(mapping.id, side, id),
      mark: markFor(`${tenant}:${mapping.id}`, 'create', `${side}:${id}`),
      goesFirst: personGoesFirst(context),
    });
    return { created: created.fresh ? 1 : 0 };
  } catch (error) {
    // A person is creating the counterpart at this moment.
    if (isRival(error)) return { created: 0 };
    const cause = error instanceof SidedFailure ? error.cause : undefined;
    if (
      isFailure(cause) &&
      (cause.kind === 'rejected' || cause.kind === 'notFound' || cause.kind === 'forbidden')
    ) {
      return { created: 0, reason: `${id}: ${cause.message}` };
    }
    throw error;
  }
}

export const readBackfill = (
  context: Pick<EngineContext, 'store'>,
  tenant: number,
  id: number,
): Promise<BackfillRow | undefined> =>
  context.store.asTenant(tenant, (sql) => sql.one<BackfillRow>('select * from backfill where id = $1', [id]));
