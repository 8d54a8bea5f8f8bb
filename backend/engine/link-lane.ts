import type { RecordSystem, SystemDescription } from '../connectors/connector.ts';
import { newRequestTrace } from '../connectors/request-trace.ts';
import type { ClaimedLane, LaneRunner, LinkChange, Settlement } from '../lanes/lane.ts';
import { batcher } from '../store/batcher.ts';
import { azureDevOps, type ConnectionRow } from '../store/connections.ts';
import { declareIntent, type IntentRow, markDone } from '../store/intents.ts';
import { type LinkRow, type LoadedLink, loadLinks, type ShownTicket } from '../store/links.ts';
import type { MappingRow } from '../store/mappings.ts';
import type { Conflict } from '../sync/command.ts';
import type { Pair } from '../sync/link-state.ts';
import { plan as planLink } from '../sync/plan.ts';
import type { Plan, PlanInput } from '../sync/plan-input.ts';
import type { Reading, Side } from '../sync/record.ts';
import { settle } from '../sync/settle.ts';
import { type CarriedOut, carryOut } from './carry-out.ts';
import { causeOf } from './cause.ts';
import { sendEntered } from './entered.ts';
import { type FailureSettlement, noteSuccess, settleFailure } from './on-failure.ts';
import { type Descriptions, describeSides, planInput } from './plan-input.ts';
import type { EngineContext } from './ports.ts';
import { readSide, type SideReading, wantsOf } from './reading.ts';
import { shownAfterWrite, shownTicket, wordsOf } from './shown.ts';

/** Everything one run of a link's lane works with. */
interface LinkRun {
  context: EngineContext;
  lane: ClaimedLane;
  link: LinkRow;
  intents: readonly IntentRow[];
  mapping: MappingRow;
  connection: ConnectionRow;
  systems: Readonly<Record<Side, RecordSystem>>;
}

const maxPlansPerRun = 4;

/** `link:<id>`: read both sides, plan, carry out, settle. */
export function linkLane(context: EngineContext): LaneRunner {
  const load = batcher<{ tenant: number; id: string }, LoadedLink | undefined>(
    (wanted) => loadLinks(context.store, wanted),
    { maxItems: 100, concurrent: 2 },
  );
  return async (lane) => {
    const startedAt = performance.now();
    const settings = await context.settings.of(lane.tenant);
    const loaded = await load({ tenant: lane.tenant, id: lane.link as string });
    if (loaded === undefined || loaded.link.ended_at !== null) {
      return { verdict: 'done', inboxReason: 'The link has ended.' };
    }
    const mapping = settings.mappings.find((row) => row.id === loaded.link.mapping);
    const connection = settings.connections.get(loaded.link.connection);
    if (mapping === undefined || connection === undefined || !mapping.settings.enabled) {
      return { verdict: 'done', inboxReason: 'The mapping of this link is switched off.' };
    }
    let run: LinkRun | undefined;
    const trace = newRequestTrace();
    return context.trace(trace, async () => {
      let plan: Plan | undefined;
      let carried: CarriedOut | undefined;
      try {
        run = {
          context,
          lane,
          link: loaded.link,
          intents: loaded.intents,
          mapping,
          connection,
          systems: {
            workItem: await context.systems.open(lane.tenant, azureDevOps),
            ticket: await context.systems.open(lane.tenant, connection.id),
          },
        };
        if (isKnown(run))
          return { verdict: 'done', inboxReason: 'Already known: this is what Tandem wrote or read itself.' };
        const outcome = await agree(run, (step) => {
          plan = step.plan;
          carried = step.carried;
        });
        await noteSuccess(context, lane.tenant, [azureDevOps, connection.id]);
        await askOtherMappings(run, settings.mappings);
        return finish(run, outcome, startedAt, trace.requests);
      } catch (error) {
        const partial = error instanceof PartialRun ? error : undefined;
        const failed = await settleFailure(context, lane, partial?.cause ?? error, connection);
        const so = { plan, carried, change: partial?.change };
        return failedRun({ lane, link: loaded.link }, failed, so, startedAt, trace.requests);
      }
    });
  };
}

/** Another mapping may want a counterpart of its own for the same record; its trigger is asked in a lane of its own. */
async function askOtherMappings(run: LinkRun, mappings: readonly MappingRow[]): Promise<void> {
  const { context, lane, link } = run;
  const entries = (['workItem', 'ticket'] as const).flatMap((side) => {
    const trigger = side === 'workItem' ? 'createTicket' : 'createWorkItem';
    const others = mappings.filter(
      (row) =>
        row.id !== link.mapping &&
        row.settings.enabled &&
        row.settings[trigger].mode === 'automatic' &&
        (side === 'workItem' || row.connection === link.connection),
    );
    const hints = lane.hints
      .filter((hint) => hint.side === side)
      .map((hint) => ({ ...hint, cause: 'follow-up' as const }));
    if (others.length === 0 || hints.length === 0) return [];
    const connection = side === 'workItem' ? azureDevOps : link.connection;
    const recordId = side === 'workItem' ? link.work_item_id : link.ticket_id;
    const key = `record:${side}:${connection}:${recordId}`;
    return [{ tenant: lane.tenant, key, kind: 'record', connection, hints, facts: { side, recordId } }];
  });
  if (entries.length > 0) await context.queue.enqueue(entries);
}

/** Deleting and restoring need not move the revision. */
const alwaysNews: ReadonlySet<string> = new Set(['unknown', 'deleted', 'restored']);

/** Every hint speaks of a revision that the base already includes: the echo of our own write, or an old delivery. */
function isKnown(run: LinkRun): boolean {
  const { base } = run.link;
  if (base === null || run.lane.hints.length === 0 || !run.link.responded) return false;
  if (run.link.condition === 'parked' || run.lane.attempts > 1) return false;
  return run.lane.hints.every((hint) => {
    if (hint.side === undefined || hint.revision === undefined || alwaysNews.has(hint.what)) return false;
    const known = base[hint.side];
    return known.missing !== true && run.systems[hint.side].isKnownRevision(hint.revision, known.revision);
  });
}

interface Agreement {
  input: PlanInput;
  plan: Plan;
  carried: CarriedOut;
  change: LinkChange;
  bookmarks: Partial<Record<Side, string>>;
  entered: number;
}

/** Reads, plans and carries out until nothing is stale any more (at most four times). */
async function agree(
  run: LinkRun,
  progress: (step: { plan: Plan; carried: CarriedOut }) => void,
): Promise<Agreement> {
  const { context, lane, link } = run;
  const descriptions = await describeSides(context.systems, lane.tenant, run.mapping.settings);
  for (let round = 1; ; round += 1) {
    const sides = await readBoth(run);
    const input = planInput({
      link: run.link,
      intents: run.intents,
      mapping: run.mapping.settings,
      connection: run.connection,
      connector: context.systems.connectorOf(run.connection.kind),
      readings: { workItem: sides.workItem.reading, ticket: sides.ticket.reading },
      descriptions,
    });
    const plan = planLink(input);
    const carried = await carryOut({
      context,
      tenant: lane.tenant,
      link,
      systems: run.systems,
      readings: { workItem: input.workItem, ticket: input.ticket },
      plan,
    });
    if (plan.pairs.length > 0) await keepPairs(run, plan.pairs);
    progress({ plan, carried });
    const entered =
      carried.failure === undefined ? await sendEntered(context, run.systems, link, run.intents) : 0;
    const bookmarks = { workItem: sides.workItem.bookmark, ticket: sides.ticket.bookmark };
    const change = linkChange(run, input, plan, carried, bookmarks, descriptions);
    if (carried.failure === undefined) return { input, plan, carried, change, bookmarks, entered };
    const cause = carried.failure.cause;
    const stale =
      cause instanceof Error && 'kind' in cause && (cause.kind === 'stale' || cause.kind === 'notFound');
    if (stale && round < maxPlansPerRun) {
      // What was done counts: the next plan starts from the base that it left.
      if (change.base !== undefined) run.link = { ...run.link, base: change.base as LinkRow['base'] };
      if (change.responded === true) run.link = { ...run.link, responded: true };
      await new Promise((resolve) => setTimeout(resolve, 20 + context.random() * 80 * round));
      continue;
    }
    throw new PartialRun(carried.failure, change);
  }
}

/** Comments and attachments that carry our marks although their answer was lost: known as pairs from now on. */
const keepPairs = (run: LinkRun, pairs: readonly Pair[]): Promise<void> =>
  run.context.store.asTenant(run.lane.tenant, async (sql) => {
    for (const pair of pairs) {
      const key = `pair:${run.link.id}:${pair.kind}:${pair.workItemSideId}:${pair.ticketSideId}`;
      await declareIntent(sql, run.lane.tenant, {
        key,
        kind: pair.kind,
        link: String(run.link.id),
        side: 'ticket',
        sourceId: pair.workItemSideId,
        mark: '',
      });
      await markDone(sql, key, pair.ticketSideId);
    }
  });

/** A run that stopped half way; `change` is what it did achieve. */
class PartialRun extends Error {
  override readonly cause: unknown;
  readonly change: LinkChange;
  constructor(cause: unknown, change: LinkChange) {
    super('The run stopped half way', { cause });
    this.cause = cause;
    this.change = change;
  }
}

async function readBoth(run: LinkRun): Promise<Record<Side, SideReading>> {
  const { link, mapping, lane } = run;
  const base = link.base ?? undefined;
  const [workItem, ticket] = await Promise.all([
    readSide(
      'workItem',
      run.systems.workItem,
      link.work_item_id,
      wantsOf('workItem', mapping.settings, base?.workItem, lane.hints),
    ),
    readSide(
      'ticket',
      run.systems.ticket,
      link.ticket_id,
      wantsOf('ticket', mapping.settings, base?.ticket, lane.hints),
    ),
  ]);
  return { workItem, ticket };
}

function linkChange(
  run: LinkRun,
  input: PlanInput,
  plan: Plan,
  carried: CarriedOut,
  bookmarks: Partial<Record<Side, string>>,
  descriptions: Descriptions,
): LinkChange {
  const settled = settle({ input, plan, outcomes: carried.outcomes, bookmarks });
  const ended = carried.outcomes.find((one) => one.command.kind === 'endLink' && one.outcome === 'done');
  const change: LinkChange = {
    base: settled.base,
    responded: settled.responded,
    usedResolutions: settled.usedResolutions,
    conflicts: plan.conflicts.map((conflict) => conflictCard(conflict, descriptions)),
    shown: shownNow(run.link, input.ticket, carried, descriptions.ticket),
  };
  if (input.ticket.state === 'present') {
    change.ticketKey = input.ticket.snapshot.ref.key;
    change.ticketUrl = input.ticket.snapshot.ref.url;
  }
  if (ended?.command.kind === 'endLink')
    change.endReason = `The other record is gone (${ended.command.reason}).`;
  return change;
}

function shownNow(
  link: LinkRow,
  ticket: Reading,
  carried: CarriedOut,
  description: SystemDescription,
): Partial<ShownTicket> {
  if (ticket.state !== 'present') return link.shown;
  let shown = shownTicket(ticket.snapshot);
  for (const written of carried.written) {
    if (written.side === 'ticket')
      shown = shownAfterWrite(shown, description, written.changes, written.observed);
  }
  return shown;
}

const conflictCard = (conflict: Conflict, descriptions: Descriptions) => ({
  row: conflict.row,
  label:
    descriptions.workItem.fields.find((field) => field.id === conflict.workItem.field)?.name ??
    conflict.workItem.field,
  workItem: {
    ...conflict.workItem,
    value: wordsOf(conflict.workItem.value, descriptions.workItem, conflict.workItem.field) ?? '',
  },
  ticket: {
    ...conflict.ticket,
    value: wordsOf(conflict.ticket.value, descriptions.ticket, conflict.ticket.field) ?? '',
  },
});

function finish(
  run: LinkRun,
  agreement: Agreement,
  startedAt: number,
  requests: readonly unknown[],
): Settlement {
  const { plan, carried, change, input } = agreement;
  const missing =
    input.workItem.state === 'missing'
      ? 'work item'
      : input.ticket.state === 'missing'
        ? 'ticket'
        : undefined;
  const refusal = carried.refusals[0];
  const condition =
    refusal !== undefined
      ? 'parked'
      : plan.conflicts.length > 0
        ? 'conflict'
        : missing !== undefined
          ? 'missing'
          : 'inAgreement';
  const reason =
    refusal !== undefined
      ? `${refusal.field}: ${refusal.problem}`
      : condition === 'conflict'
        ? 'Both sides changed the same field.'
        : missing !== undefined
          ? `The ${missing} is gone or no longer visible.`
          : undefined;
  const wrote = carried.wrote + agreement.entered;
  const summary = summaryOf(wrote, condition, reason);
  return {
    verdict: refusal !== undefined ? 'park' : 'done',
    failure:
      refusal === undefined
        ? undefined
        : {
            kind: 'rejected',
            message: reason as string,
            side: refusal.side,
            fields: carried.refusals.map(({ field, problem }) => ({ field, problem })),
          },
    link: {
      ...change,
      condition,
      reason,
      remedy:
        condition === 'conflict'
          ? 'resolveConflict'
          : condition === 'parked'
            ? 'explain'
            : missing
              ? 'unlink'
              : undefined,
      agreed: condition === 'inAgreement',
      fullLook: run.lane.hints.some((hint) => hint.what === 'unknown' && hint.side === undefined),
    },
    inboxReason: summary,
    attempt: {
      cause: causeOf(run.lane.hints),
      outcome: refusal !== undefined ? 'failure' : wrote > 0 || condition === 'inAgreement' ? 'done' : 'halt',
      summary,
      failure: refusal === undefined ? undefined : 'rejected',
      workItemId: run.link.work_item_id,
      ticketKey: run.link.ticket_key,
      durationMs: performance.now() - startedAt,
      attempts: run.lane.attempts,
      wrote,
      detail: detailOf(plan, carried, requests),
    },
  };
}

const summaryOf = (wrote: number, condition: string, reason: string | undefined): string => {
  if (reason !== undefined)
    return wrote > 0 ? `${reason} ${wrote} other change(s) were carried over.` : reason;
  if (wrote === 0) return condition === 'inAgreement' ? 'Both sides agree; nothing to write.' : condition;
  return wrote === 1 ? 'One change was carried over.' : `${wrote} changes were carried over.`;
};

export const detailOf = (
  plan: Plan | undefined,
  carried: CarriedOut | undefined,
  requests: readonly unknown[],
) => ({
  commands: (carried?.outcomes ?? []).map(({ command, outcome }) => ({
    side: 'side' in command ? command.side : 'workItem',
    action: command.kind,
    outcome,
    detail: command.kind === 'update' ? command.changes.map((change) => change.field).join(', ') : undefined,
  })),
  notes: plan?.notes ?? [],
  requests,
  fields: carried?.refusals ?? [],
});

function failedRun(
  run: Pick<LinkRun, 'lane' | 'link'>,
  failed: FailureSettlement,
  so: { plan?: Plan; carried?: CarriedOut; change?: LinkChange },
  startedAt: number,
  requests: readonly unknown[],
): Settlement {
  const { condition, reason, remedy, retryAt, planAgain: _, ...settlement } = failed;
  return {
    ...settlement,
    link: { ...so.change, condition, reason, remedy, retryAt },
    attempt: {
      cause: causeOf(run.lane.hints),
      outcome: 'failure',
      summary: reason,
      failure: settlement.failure?.kind,
      workItemId: run.link.work_item_id,
      ticketKey: run.link.ticket_key,
      durationMs: performance.now() - startedAt,
      attempts: run.lane.attempts,
      wrote: so.carried?.wrote ?? 0,
      detail: { ...detailOf(so.plan, so.carried, requests), requestId: settlement.failure?.requestId },
    },
  };
}
