import type { RecordSystem } from '../connectors/connector.ts';
import type { LaneRunner } from '../lanes/lane.ts';
import type { BackfillRow } from '../store/backfills.ts';
import { azureDevOps } from '../store/connections.ts';
import { linksOfTickets, linksOfWorkItems } from '../store/links.ts';
import { type MappingRow, toMapping } from '../store/mappings.ts';
import { isFailure } from '../sync/failure.ts';
import { markFor } from '../sync/mark.ts';
import { matchRecord } from '../sync/match.ts';
import { otherSide, type Side, type Snapshot } from '../sync/record.ts';
import { createCounterpart } from './create-counterpart.ts';
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

/** Would this mapping want a counterpart for the record? A backfill overrides the trigger's mode, not its rule. */
export async function wantsCounterpart(
  context: EngineContext,
  tenant: number,
  system: RecordSystem,
  side: Side,
  mapping: MappingRow,
  id: string,
) {
  const fields = fieldsOf(side, mapping.settings);
  const { snapshot } = await onSide(side, () =>
    system.read(id, { comments: false, attachments: false, fields }),
  );
  const links = await context.store.asTenant(tenant, (sql) =>
    side === 'workItem' ? linksOfWorkItems(sql, [id]) : linksOfTickets(sql, mapping.connection, [id]),
  );
  return {
    snapshot,
    linked: links.some((link) => link.mapping === mapping.id),
    wanted: isWanted(mapping, snapshot),
  };
}

/** A backfill overrides the mode of the trigger, not its rule: a mapping used by hand can be backfilled too. */
export function isWanted(mapping: MappingRow, snapshot: Snapshot): boolean {
  if (snapshot.deleted) return false;
  const trigger = snapshot.side === 'workItem' ? 'createTicket' : 'createWorkItem';
  const settings = {
    ...mapping.settings,
    enabled: true,
    [trigger]: { ...mapping.settings[trigger], mode: 'automatic' as const },
  };
  return matchRecord(snapshot, [toMapping({ ...mapping, settings })]) !== undefined;
}

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
        await context.store.asTenant(lane.tenant, (sql) =>
          sql.rows(
            `update backfill set remaining = $2, total = $3, updated_at = clock_timestamp() where id = $1`,
            [backfillId, JSON.stringify(ids), ids.length],
          ),
        );
        return { verdict: 'done', recurMs: 0 };
      }
      const bite = backfill.remaining.slice(0, recordsPerRun);
      for (const id of bite) {
        const counted = await one(context, lane.tenant, system, side, mapping, id);
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
      const failed = await settleFailure(context, lane, error, settings.connections.get(mapping.connection));
      return failed.verdict === 'park' ? { ...failed, verdict: 'wait', delayMs: 30_000 } : failed;
    }
  };
}

/** What concerns one record only is counted and told; what concerns the system is thrown, and the bite waits. */
async function one(
  context: EngineContext,
  tenant: number,
  system: RecordSystem,
  side: Side,
  mapping: MappingRow,
  id: string,
): Promise<{ created: number; reason?: string }> {
  try {
    const found = await wantsCounterpart(context, tenant, system, side, mapping, id);
    if (!found.wanted || found.linked) return { created: 0 };
    const created = await createCounterpart(context, {
      tenant,
      side: otherSide(side),
      source: found.snapshot,
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
