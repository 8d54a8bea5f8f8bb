import {
  newRequestTrace,
  type RequestTrace,
  showUnreadable,
  tracedRequests,
} from '../connectors/request-trace.ts';
import type { ClaimedLane, LaneRunner, Settlement } from '../lanes/lane.ts';
import { azureDevOps } from '../store/connections.ts';
import { findCreates, findIntent, findIntentsByMark, type IntentRow } from '../store/intents.ts';
import { type MappingRow, toMapping } from '../store/mappings.ts';
import { isFailure } from '../sync/failure.ts';
import { markFor } from '../sync/mark.ts';
import { actsByItself, matchRecord, triggerOf } from '../sync/match.ts';
import { otherSide, type Side, type Snapshot } from '../sync/record.ts';
import { causeOf } from './cause.ts';
import { createCounterpart, linksOf } from './create-counterpart.ts';
import { linkByKey } from './link-by-key.ts';
import { linkEntry } from './link-entry.ts';
import { noteSuccess, settleFailure } from './on-failure.ts';
import { isRival } from './once-only.ts';
import { type EngineContext, onSide, SidedFailure } from './ports.ts';
import { fieldsOf } from './reading.ts';
import type { TenantSettings } from './settings.ts';

/** `record:<side>:<connection>:<id>`: a record without a link. Does a mapping want a counterpart for it? */
export function recordLane(context: EngineContext): LaneRunner {
  return async (lane) => {
    const startedAt = performance.now();
    const { side, recordId } = lane.facts as { side: Side; recordId: string };
    const settings = await context.settings.of(lane.tenant);
    const candidates = candidatesOf(settings, side, lane);
    if (candidates.length === 0)
      return { verdict: 'done', inboxReason: 'No mapping creates anything from this record.' };
    const trace = newRequestTrace();
    return context.trace(trace, async () => {
      try {
        const settlement = await consider(context, lane, settings, side, recordId, candidates);
        await noteSuccess(context, lane.tenant, settlement.answered ?? []);
        return withAttempt(lane, settlement, side, recordId, startedAt, trace);
      } catch (error) {
        if (isRival(error)) return personIsCreating;
        const gone =
          error instanceof SidedFailure && isFailure(error.cause) && error.cause.kind === 'notFound';
        if (gone) return { verdict: 'done', inboxReason: 'The record is gone or not visible.' };
        showUnreadable(error);
        const failed = await settleFailure(context, lane, error);
        return withAttempt(lane, { ...failed, summary: failed.reason }, side, recordId, startedAt, trace);
      }
    });
  };
}

interface Considered extends Settlement {
  /** Connections that did what was asked of them. */
  answered?: readonly string[];
  summary?: string;
  wrote?: number;
  ticketKey?: string;
}

const candidatesOf = (settings: TenantSettings, side: Side, lane: ClaimedLane): MappingRow[] =>
  settings.mappings.filter((mapping) => {
    if (!mapping.settings.enabled) return false;
    if (side === 'ticket' && mapping.connection !== lane.connection) return false;
    return actsByItself(triggerOf(mapping.settings, side));
  });

async function consider(
  context: EngineContext,
  lane: ClaimedLane,
  settings: TenantSettings,
  side: Side,
  recordId: string,
  candidates: readonly MappingRow[],
): Promise<Considered> {
  const { tenant, connection } = lane;
  const existing = await linksOf(context, tenant, side, connection, recordId);
  if (existing.length > 0) {
    // One counterpart by itself, whichever mapping made it; another only when a person asks. The link came into being
    // after the hook: its lane takes the hint over.
    await context.queue.enqueue(existing.map((link) => linkEntry(tenant, link, lane.hints)));
    return { verdict: 'done', inboxReason: 'The record is linked.' };
  }
  const standstills = candidates.map((mapping) => standstillOf(context, settings, lane, mapping));
  // Not even read: whoever is chosen, nothing could be created.
  const [standstill] = standstills;
  if (standstill !== undefined && !standstills.includes(undefined)) return standstill;
  const system = await context.systems.open(tenant, connection);
  const fields = [...new Set(candidates.flatMap((mapping) => fieldsOf(side, mapping.settings)))];
  const { snapshot, bookmark } = await onSide(side, () =>
    system.read(recordId, { comments: false, attachments: false, fields }),
  );
  const answered = [connection];
  if (snapshot.deleted) return { verdict: 'done', answered, inboxReason: 'The record is deleted.' };

  const ours = await createdByUs(context, tenant, snapshot);
  if (ours !== undefined) return { ...waitForOurs(context, ours), answered };

  const found = matchRecord(snapshot, candidates.map(toMapping));
  if (found === undefined)
    return { verdict: 'done', answered, inboxReason: 'No mapping wants a counterpart for this record.' };
  const mapping = candidates.find((one) => one.id === found.mappingId) as MappingRow;
  const waits = standstillOf(context, settings, lane, mapping);
  if (waits !== undefined) return { ...waits, answered };
  const both = [connection, side === 'workItem' ? mapping.connection : azureDevOps];
  if (found.existingKey !== undefined) {
    const linked = await linkByKey(context, { tenant, side, snapshot, mapping, key: found.existingKey });
    if (linked !== undefined) {
      return {
        verdict: 'done',
        answered: both,
        wrote: 1,
        ticketKey: linked,
        summary: `Linked with ${linked}, named in the reference field.`,
      };
    }
  }
  if (triggerOf(mapping.settings, side).mode === 'linkOnly') {
    const inboxReason = `There is no counterpart with the number ${found.existingKey}, which it names.`;
    return { verdict: 'done', answered: both, inboxReason };
  }
  // A person ordered the same a moment ago: theirs is the counterpart. One that hangs for longer holds up nothing.
  const goesFirst = personGoesFirst(context);
  const creates = await context.store.asTenant(tenant, (sql) => findCreates(sql, mapping.id, recordId));
  if (creates.some((other) => other.state !== 'done' && goesFirst(other)))
    return { ...personIsCreating, answered };
  const intentKey = automaticKey(mapping.id, side, recordId);
  const earlier = await context.store.asTenant(tenant, (sql) => findIntent(sql, intentKey));
  // Done without a link: the process died between the two, and the call below finds the record and links it.
  if (earlier?.state === 'done' && earlier.link !== null) {
    return {
      verdict: 'done',
      answered,
      inboxReason: 'A counterpart was created before and the link was ended since.',
    };
  }
  const created = await createCounterpart(context, {
    tenant,
    side: otherSide(side),
    source: snapshot,
    sourceBookmark: bookmark,
    mapping,
    intentKey,
    mark: markFor(`${tenant}:${mapping.id}`, 'create', `${side}:${recordId}`),
    goesFirst,
  });
  const what =
    side === 'workItem'
      ? `Created ${created.link.ticket_key}.`
      : `Created work item ${created.link.work_item_id}.`;
  return {
    verdict: 'done',
    answered: both,
    wrote: 1,
    ticketKey: created.link.ticket_key,
    summary: what,
    inboxReason: what,
  };
}

/** Looked at anew now and then; resuming the connection wakes the lane before (`setPaused`). */
const whilePausedMs = 300_000;
/** So that what waits for the same moment does not come all at once. */
const spreadMs = 5000;

/** A ticket system that stands still holds up what would be created in it: lanes of other connections are claimed all the same. */
function standstillOf(
  context: EngineContext,
  settings: TenantSettings,
  lane: ClaimedLane,
  mapping: MappingRow,
): Considered | undefined {
  const connection = settings.connections.get(mapping.connection);
  if (connection === undefined || mapping.connection === lane.connection) return undefined;
  const isPaused = connection.status === 'paused' || !connection.enabled;
  const resumeInMs = Number(connection.resume_at) - context.now().getTime();
  if (!isPaused && !(resumeInMs > 0)) return undefined;
  const why = connection.reason ?? 'It stands still.';
  return {
    verdict: 'wait',
    delayMs: (isPaused ? whilePausedMs : resumeInMs) + context.random() * spreadMs,
    keepAttempts: true,
    failure: {
      kind: 'unavailable',
      message: `${connection.name} is ${isPaused ? 'paused' : 'not reachable'}: ${why}`,
      side: 'ticket',
      connection: connection.id,
    },
  };
}

/** Done ones too: this run may have looked for links before that one made its own. The next run finds it. */
export const personGoesFirst =
  (context: EngineContext) =>
  (other: IntentRow): boolean =>
    other.key.startsWith('create:person:') && isRecent(context, other.created_at);

const personIsCreating: Considered = {
  verdict: 'wait',
  delayMs: 500,
  keepAttempts: true,
  inboxReason: 'A person is creating the counterpart.',
};

const sameMomentMs = 60_000;

const isRecent = (context: EngineContext, at: string | Date): boolean =>
  context.now().getTime() - new Date(at).getTime() < sameMomentMs;

export const automaticKey = (mapping: string, side: Side, recordId: string): string =>
  `create:${mapping}:${side}:${recordId}`;

/** A record that carries a mark of ours was created by us: its link is there, or about to be. */
async function createdByUs(
  context: EngineContext,
  tenant: number,
  snapshot: Snapshot,
): Promise<IntentRow | undefined> {
  const marks = snapshot.marks ?? [];
  if (marks.length === 0) return undefined;
  const intents = await context.store.asTenant(tenant, (sql) => findIntentsByMark(sql, marks));
  const intent = intents.find((one) => one.kind === 'create' && one.side === snapshot.side);
  return intent?.state === 'abandoned' ? undefined : intent;
}

const oursSoonMs = 500;
const oursAtMostMs = 900_000;
const oursGivenUpMs = 24 * 3_600_000;

/** Until the create is done, which also links the record. One that waits for a person is asked for less and less often. */
function waitForOurs(context: EngineContext, intent: IntentRow): Settlement {
  if (intent.state === 'done') return { verdict: 'done', inboxReason: 'Tandem created this record.' };
  const ageMs = context.now().getTime() - new Date(intent.created_at).getTime();
  if (ageMs > oursGivenUpMs) {
    const inboxReason = 'Tandem began to create this record over a day ago and did not get to the end.';
    return { verdict: 'done', inboxReason };
  }
  return {
    verdict: 'wait',
    delayMs: Math.min(oursAtMostMs, Math.max(oursSoonMs, ageMs / 4)),
    keepAttempts: true,
    inboxReason: 'Tandem is creating this record.',
  };
}

function withAttempt(
  lane: ClaimedLane,
  considered: Considered,
  side: Side,
  recordId: string,
  startedAt: number,
  trace: RequestTrace,
): Settlement {
  const { summary, wrote, ticketKey, answered: _, ...settlement } = considered;
  if (summary === undefined) return settlement;
  return {
    ...settlement,
    inboxReason: settlement.inboxReason ?? summary,
    attempt: {
      cause: causeOf(lane.hints),
      outcome: settlement.failure === undefined ? 'done' : 'failure',
      summary,
      failure: settlement.failure?.kind,
      workItemId: side === 'workItem' ? recordId : undefined,
      ticketKey: ticketKey ?? (side === 'ticket' ? recordId : undefined),
      durationMs: performance.now() - startedAt,
      attempts: lane.attempts,
      wrote: wrote ?? 0,
      detail: {
        ...tracedRequests(trace),
        fields: settlement.failure?.fields ?? [],
        requestId: settlement.failure?.requestId,
      },
    },
  };
}
