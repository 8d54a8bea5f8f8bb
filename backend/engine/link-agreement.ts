import type { LockedRead, SystemDescription } from '../connectors/connector.ts';
import type { LinkChange } from '../lanes/lane.ts';
import { declareIntent, endSent, markDone } from '../store/intents.ts';
import type { LinkRow, ShownTicket } from '../store/links.ts';
import type { Conflict } from '../sync/command.ts';
import { emptyPlan } from '../sync/draft.ts';
import type { Pair } from '../sync/link-state.ts';
import { hasNews } from '../sync/news.ts';
import { plan as planLink } from '../sync/plan.ts';
import type { Plan, PlanInput } from '../sync/plan-input.ts';
import type { Reading, Side } from '../sync/record.ts';
import { restingSide } from '../sync/resting.ts';
import { settle } from '../sync/settle.ts';
import { type CarriedOut, carryOut } from './carry-out.ts';
import { sendEntered } from './entered.ts';
import { linkIntentKey } from './link-keys.ts';
import type { LinkRun } from './link-run.ts';
import { type Descriptions, describeSides, type PlanFacts, planInput } from './plan-input.ts';
import { SidedFailure } from './ports.ts';
import { readSide, readSideLocked, type SideReading, wantsOf } from './reading.ts';
import { shownAfterWrite, shownTicket, wordsOf } from './shown.ts';

const maxPlansPerRun = 4;

export interface Agreement {
  input: PlanInput;
  plan: Plan;
  carried: CarriedOut;
  change: LinkChange;
  bookmarks: Partial<Record<Side, string>>;
  entered: number;
  descriptions: Descriptions;
  /** Its record does not meet the mapping's condition for updates. */
  resting: Side | undefined;
}

/** How far a run has come. */
export type Step = Pick<Agreement, 'plan' | 'carried' | 'descriptions'>;

/** Reads, plans and carries out until nothing is stale any more (at most four times). */
export async function agree(run: LinkRun, progress: (step: Step) => void): Promise<Agreement> {
  const { context, lane, link } = run;
  const descriptions = await describeSides(context.systems, lane.tenant, run.mapping.settings);
  for (let round = 1; ; round += 1) {
    const sides = await readBoth(run, descriptions, round === 1);
    const { locked } = sides;
    const input = inputOf(run, descriptions, {
      workItem: sides.workItem.reading,
      ticket: sides.ticket.reading,
    });
    const resting = restingSide(input);
    const { plan, carried } = await withRelease(locked, async () => {
      const plan = resting === undefined ? planLink(input) : emptyPlan;
      const updates = plan.commands.some((one) => one.kind === 'update' && one.side === 'ticket');
      // Nothing to write after all: agents must not wait for what else the plan does. Nor for a run before this one that
      // was cut off between its write and its unlock.
      if (!updates && locked !== undefined) await locked.release();
      else if (!updates && lane.attempts > 1) await run.systems.ticket.giveUpLock?.(link.ticket_id);
      const readings = { workItem: input.workItem, ticket: input.ticket };
      const { systems } = run;
      const carried = await carryOut({ context, tenant: lane.tenant, link, systems, readings, plan, locked });
      return { plan, carried };
    });
    if (plan.pairs.length > 0) await keepPairs(run, plan.pairs);
    progress({ plan, carried, descriptions });
    let entered = 0;
    if (carried.failure === undefined) {
      try {
        entered = await sendEntered(context, run.systems, link, run.intents);
      } catch (error) {
        // What the plan did is kept all the same.
        if (!(error instanceof SidedFailure)) throw error;
        carried.failure = error;
      }
    }
    const bookmarks = { workItem: sides.workItem.bookmark, ticket: sides.ticket.bookmark };
    const change =
      resting === undefined
        ? linkChange(run, input, plan, carried, bookmarks, descriptions)
        : { shown: shownNow(link, input.ticket, carried, descriptions.ticket) };
    if (carried.failure === undefined)
      return { input, plan, carried, change, bookmarks, entered, descriptions, resting };
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
      // Usually there is an intent that waits for just this; left alone it would look for ever like a write on its way.
      const { kind, workItemSideId, ticketSideId } = pair;
      const toWorkItem = linkIntentKey(run.link, kind, 'workItem', ticketSideId);
      const toTicket = linkIntentKey(run.link, kind, 'ticket', workItemSideId);
      const ended =
        (await endSent(sql, toWorkItem, workItemSideId)) || (await endSent(sql, toTicket, ticketSideId));
      if (ended) continue;
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
export class PartialRun extends Error {
  override readonly cause: unknown;
  readonly change: LinkChange;
  constructor(cause: unknown, change: LinkChange) {
    super('The run stopped half way', { cause });
    this.cause = cause;
    this.change = change;
  }
}

const inputOf = (run: LinkRun, descriptions: Descriptions, readings: PlanFacts['readings']): PlanInput =>
  planInput({
    link: run.link,
    intents: run.intents,
    mapping: run.mapping.settings,
    connection: run.connection,
    connector: run.context.systems.connectorOf(run.connection.kind),
    readings,
    descriptions,
  });

async function withRelease<T>(locked: LockedRead | undefined, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    await locked?.release();
  }
}

interface BothSides extends Record<Side, SideReading> {
  locked?: LockedRead;
}

/**
 * Both sides at once, as a rule. When only the work item has changed, and so that the ticket will be written, the
 * ticket is read under the lock of that write: one reading and a round trip less than reading, locking, reading again.
 */
async function readBoth(run: LinkRun, descriptions: Descriptions, first: boolean): Promise<BothSides> {
  const { link, mapping, lane } = run;
  const base = link.base ?? undefined;
  const wants = (side: Side) => wantsOf(side, mapping.settings, base?.[side], lane.hints);
  const readWorkItem = () => readSide('workItem', run.systems.workItem, link.work_item_id, wants('workItem'));
  const readTicket = () => readSide('ticket', run.systems.ticket, link.ticket_id, wants('ticket'));
  const onlyWorkItem = lane.hints.length > 0 && lane.hints.every((hint) => hint.side === 'workItem');
  if (!first || base === undefined || !onlyWorkItem || run.systems.ticket.readLocked === undefined) {
    const [workItem, ticket] = await Promise.all([readWorkItem(), readTicket()]);
    return { workItem, ticket };
  }
  const workItem = await readWorkItem();
  const { reading } = workItem;
  if (reading.state === 'present' && !base.ticket.missing) {
    const input = inputOf(run, descriptions, { workItem: reading, ticket: { state: 'unknown' } });
    if (restingSide(input) === undefined && hasNews('workItem', reading.snapshot, base.workItem, input)) {
      const locked = await readSideLocked('ticket', run.systems.ticket, link.ticket_id, wants('ticket'));
      if (locked !== undefined) return { workItem, ticket: locked, locked: locked.locked };
    }
  }
  return { workItem, ticket: await readTicket() };
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
    base: carried.failure === undefined ? settled.base : unreadAgain(settled.base, run.link.base),
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

/**
 * The base of a run that broke off speaks of the revisions of the one before it. With the present ones the next run
 * would take both records for unchanged, be spared their comments and attachments by the connectors, and never carry
 * over what had failed.
 */
function unreadAgain(base: LinkRow['base'] | undefined, prior: LinkRow['base']): LinkRow['base'] | undefined {
  if (!base) return base;
  const asBefore = (side: Side) => {
    const { bookmark: _, ...rest } = base[side];
    const { revision = '', bookmark } = prior?.[side] ?? {};
    return { ...rest, revision, ...(bookmark === undefined ? {} : { bookmark }) };
  };
  return { workItem: asBefore('workItem'), ticket: asBefore('ticket') };
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
