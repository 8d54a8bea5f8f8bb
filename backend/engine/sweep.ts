import type { Hint } from '../connectors/connector.ts';
import type { ClaimedLane, LaneRunner, SidedHint } from '../lanes/lane.ts';
import { azureDevOps } from '../store/connections.ts';
import { hintsOfLanes, linksToSweep, type SweptLink } from '../store/sweep.ts';
import { actsByItself, triggerOf } from '../sync/match.ts';
import type { Side } from '../sync/record.ts';
import { linkEntry } from './link-entry.ts';
import { noteSuccess, settleFailure } from './on-failure.ts';
import { type EngineContext, onSide } from './ports.ts';

export interface SweepOptions {
  /** Time between two sweeps of one connection. */
  everyMs: number;
  /** Pages per run; the rest follows at once in the next, so that a long catch-up never outlasts a lease. */
  maxPages: number;
}

/**
 * `sweep:<connection>`: reads what changed since the cursor and hints at every record whose revision its link does not
 * know. Finds what hooks lost; while hooks work it finds nothing and costs one request.
 */
export function sweepLane(context: EngineContext, options: SweepOptions): LaneRunner {
  return async (lane) => {
    const settings = await context.settings.of(lane.tenant);
    const connection = settings.connections.get(lane.connection);
    if (connection === undefined) return { verdict: 'done' };
    const side: Side = lane.connection === azureDevOps ? 'workItem' : 'ticket';
    try {
      const system = await context.systems.open(lane.tenant, lane.connection);
      let cursor = connection.cursor ?? undefined;
      let more = true;
      let seen = 0;
      for (let page = 0; more && page < options.maxPages; page += 1) {
        const changes = await onSide(side, () => system.changes(cursor, {}));
        seen += changes.hints.length;
        await announce(context, lane, side, changes.hints);
        cursor = changes.cursor;
        more = changes.more;
        await keepCursor(context, lane, cursor, seen, !more);
      }
      await noteSuccess(context, lane.tenant, [lane.connection]);
      return { verdict: 'done', recurMs: more ? 0 : options.everyMs * (0.9 + context.random() * 0.2) };
    } catch (error) {
      const failed = await settleFailure(context, lane, error);
      // A sweep is never parked: it is what finds the way back.
      return {
        verdict: 'wait',
        delayMs: Math.min(failed.delayMs ?? options.everyMs, options.everyMs),
        keepAttempts: true,
        failure: failed.failure,
      };
    }
  };
}

async function announce(
  context: EngineContext,
  lane: ClaimedLane,
  side: Side,
  hints: readonly Hint[],
): Promise<void> {
  if (hints.length === 0) return;
  const { tenant, connection } = lane;
  const newest = new Map<string, Hint>();
  for (const hint of hints) newest.set(hint.recordId, hint);
  const ids = [...newest.keys()];
  const laneOf = (id: string) => `record:${side}:${connection}:${id}`;
  const { links, told } = await context.store.asTenant(tenant, async (sql) => ({
    links: await linksToSweep(sql, { side, connection, recordIds: ids }),
    told: await hintsOfLanes(sql, ids.map(laneOf)),
  }));
  const system = await context.systems.open(tenant, connection);
  const includes: Includes = (hinted, known) => system.isKnownRevision(hinted, known);
  const settings = await context.settings.of(tenant);
  const entries = [];
  const linked = new Set<string>();
  for (const link of links) {
    const id = side === 'workItem' ? link.work_item_id : link.ticket_id;
    linked.add(id);
    const hint = newest.get(id) as Hint;
    if (knows(link, side, hint, includes)) continue;
    // A full look: the sweep does not know what changed, and attachments are found by it alone in some systems.
    entries.push(linkEntry(tenant, link, [{ what: 'unknown', side, cause: 'sweep' }]));
  }
  const creates = settings.mappings.some(
    ({ settings: mapping }) => mapping.enabled && actsByItself(triggerOf(mapping, side)),
  );
  if (creates) {
    for (const [id, hint] of newest) {
      if (linked.has(id) || hint.what === 'deleted') continue;
      if (wasTold(told.get(laneOf(id)) ?? [], hint, includes)) continue;
      entries.push({
        tenant,
        key: laneOf(id),
        kind: 'record',
        connection,
        hints: [{ ...hint, side, cause: 'sweep' as const }],
        facts: { side, recordId: id },
      });
    }
  }
  if (entries.length > 0) await context.queue.enqueue(entries);
}

type Includes = (hinted: string, known: string) => boolean;

/** True where the base includes the change, or a hook told of it. */
function knows(link: SweptLink, side: Side, hint: Hint, includes: Includes): boolean {
  const { what, revision } = hint;
  const base = link.base?.[side];
  const told = link.hints.filter((one) => one.side === side);
  if (wasTold(told, hint, includes)) return true;
  if (what === 'deleted') return base?.missing === true;
  return (
    revision !== undefined && base !== undefined && base.missing !== true && includes(revision, base.revision)
  );
}

/**
 * True where the lane of a record was told of the change and is not done with it. While thousands wait, a sweep would
 * otherwise have each read once more in full (a fifth of all changes at 400 a second); and what waits for a person, or
 * was given up by one, would be tried again by the next sweep, for no new reason.
 */
function wasTold(told: readonly SidedHint[], hint: Hint, includes: Includes): boolean {
  const { what, revision } = hint;
  if (what === 'deleted') return told.some((one) => one.what === what);
  return (
    revision !== undefined &&
    told.some((one) => one.revision !== undefined && includes(revision, one.revision))
  );
}

const keepCursor = (
  context: EngineContext,
  lane: ClaimedLane,
  cursor: string,
  seen: number,
  whole: boolean,
): Promise<void> =>
  context.store.asTenant(lane.tenant, async (sql) => {
    await sql.rows(
      `update connection set cursor = $2, swept_at = case when $3 then clock_timestamp() else swept_at end where id = $1`,
      [lane.connection, cursor, whole],
    );
    if (whole) {
      await sql.rows('insert into sweep_run (tenant, connection, seen) values ($1, $2, $3)', [
        lane.tenant,
        lane.connection,
        seen,
      ]);
    }
    context.settings.forget(lane.tenant);
  });
