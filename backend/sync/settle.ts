import { canonical } from './canonical.ts';
import type { Command } from './command.ts';
import { describeField, readField } from './draft.ts';
import type { Base, Canonical, SideBase } from './link-state.ts';
import { presenceOf } from './missing.ts';
import type { CommandOutcome, PlanInput, RowSettlement, Settled, SettleInput } from './plan-input.ts';
import { type FieldValues, otherSide, type Side } from './record.ts';
import { baseKeys, responseRowId, sides } from './row-keys.ts';

type Update = Extract<Command, { kind: 'update' }>;

const updateOf = (outcomes: readonly CommandOutcome[], side: Side) =>
  outcomes.find(
    (entry): entry is CommandOutcome & { command: Update } =>
      entry.command.kind === 'update' && entry.command.side === side,
  );

/** Whether the row's write, if it needs one, took. */
function took(settlement: RowSettlement, outcomes: readonly CommandOutcome[]): boolean {
  if (settlement.writes === undefined) return true;
  const update = updateOf(outcomes, settlement.writes);
  return update?.outcome === 'done' && !update.refusedRows?.includes(settlement.row);
}

const isAllDone = (outcomes: readonly CommandOutcome[]): boolean =>
  outcomes.every(
    ({ outcome, refusedRows = [] }) =>
      outcome === 'heldBack' || (outcome === 'done' && refusedRows.length === 0),
  );

interface Values {
  values: Record<string, Canonical>;
  unconfirmed: Set<string>;
}

/** The value that a side is taken to show for a written key: as it was observed, else as it was written. */
function writtenValue(
  input: PlanInput,
  settlement: RowSettlement,
  observed: FieldValues | undefined,
  written: Canonical,
  isComposed: boolean,
): { value: Canonical; confirmed: boolean } {
  const { writes, field } = settlement;
  const shown =
    writes === undefined || field === undefined || isComposed ? undefined : readField(observed ?? {}, field);
  if (shown === undefined) return { value: written, confirmed: false };
  return { value: canonical(shown, describeField(input, writes as Side, field as string)), confirmed: true };
}

function settleRow(
  target: Record<Side, Values>,
  settlement: RowSettlement,
  { input, outcomes }: SettleInput,
): void {
  for (const side of sides) {
    for (const [key, value] of Object.entries(settlement.base[side] ?? {})) {
      const { values, unconfirmed } = target[side];
      if (settlement.writes !== side) {
        values[key] = value;
        unconfirmed.delete(key);
        continue;
      }
      const observed = updateOf(outcomes, side)?.observed;
      const made = writtenValue(input, settlement, observed, value, key.startsWith('='));
      values[key] = made.value;
      if (made.confirmed) unconfirmed.delete(key);
      else unconfirmed.add(key);
    }
  }
}

/** Prior values of the keys that the mapping still has; rows that did not settle keep them. */
function priorValues(input: PlanInput, side: Side): Values {
  const prior = input.link.base?.[side];
  const keys = new Set(baseKeys(input.mapping, input.statusField, side));
  const values: Record<string, Canonical> = {};
  for (const [key, value] of Object.entries(prior?.values ?? {})) if (keys.has(key)) values[key] = value;
  return { values, unconfirmed: new Set((prior?.unconfirmed ?? []).filter((key) => keys.has(key))) };
}

/** Ids of `side` that need no more attention, or undefined when they were never read. */
function handledIds(
  settle: SettleInput,
  side: Side,
  kind: 'comments' | 'attachments',
): readonly string[] | undefined {
  const { input, plan, outcomes } = settle;
  const reading = input[side];
  const prior = input.link.base?.[side][kind];
  const ids = new Set([...(prior ?? []), ...plan.seen[side][kind]]);
  const command = kind === 'comments' ? 'addComment' : 'addAttachment';
  for (const { command: carried, outcome, createdId } of outcomes) {
    if (carried.kind !== command || (outcome !== 'done' && outcome !== 'heldBack')) continue;
    if (carried.side === otherSide(side)) ids.add(carried.sourceId);
    else if (createdId !== undefined) ids.add(createdId);
  }
  const wasRead = reading.state === 'present' && reading.snapshot[kind] !== undefined;
  return prior === undefined && !wasRead ? undefined : [...ids];
}

/**
 * The revision that the base stands for. Only an update moves it, because it was guarded by the revision it was
 * planned on; after an unguarded comment the revision may hide an edit that nobody has read yet. The price is one
 * more read for the echo of our own comment, the gain that no edit is taken for known.
 */
function revisionOf(settle: SettleInput, side: Side): string {
  const reading = settle.input[side];
  const prior = settle.input.link.base?.[side].revision ?? '';
  const read = reading.state === 'present' ? reading.snapshot.revision : prior;
  const update = updateOf(settle.outcomes, side);
  return update?.outcome === 'done' ? (update.revision ?? read) : read;
}

/** Revision after the last of our writes to the side; undefined when one of them was not answered with it. */
function ownRevisionOf(settle: SettleInput, side: Side): string | undefined {
  const writes = settle.outcomes.filter(
    ({ command, outcome }) =>
      'side' in command &&
      command.kind !== 'ignoreMissing' &&
      command.side === side &&
      outcome !== 'notTried' &&
      outcome !== 'heldBack',
  );
  if (writes.length === 0) return settle.input.link.base?.[side].ownRevision;
  // A write that failed may have moved the revision all the same.
  const isTold = writes.every((write) => write.outcome === 'failed' || write.revision !== undefined);
  return isTold ? writes.findLast((write) => write.outcome === 'done')?.revision : undefined;
}

function settleSide(settle: SettleInput, side: Side, { values, unconfirmed }: Values): SideBase {
  const prior = settle.input.link.base?.[side];
  const presence = presenceOf(settle.input[side]);
  const applied = presence.state === 'missing' && (prior?.missing === true || isAllDone(settle.outcomes));
  const dormant =
    presence.state === 'present' && prior?.missing && settle.input.mapping.onRestored === 'ignore';
  const bookmark = settle.bookmarks[side] ?? prior?.bookmark;
  const ownRevision = ownRevisionOf(settle, side);
  const comments = handledIds(settle, side, 'comments');
  const attachments = handledIds(settle, side, 'attachments');
  const unread = presence.state === 'unknown' && prior?.missing;
  return {
    revision: revisionOf(settle, side),
    values,
    ...(unconfirmed.size > 0 ? { unconfirmed: [...unconfirmed] } : {}),
    ...(unconfirmed.size > 0 && ownRevision !== undefined ? { ownRevision } : {}),
    ...(comments === undefined ? {} : { comments }),
    ...(attachments === undefined ? {} : { attachments }),
    ...(bookmark === undefined ? {} : { bookmark }),
    ...(applied || dormant || unread ? { missing: true } : {}),
  };
}

/** Response values and hyperlink are done with when nothing of them failed while both sides were there. */
function hasResponded({ input, outcomes }: SettleInput): boolean {
  if (input.link.responded) return true;
  const both = sides.every((side) => presenceOf(input[side]).state === 'present');
  if (
    !both ||
    sides.some((side) => input.link.base?.[side].missing && input.mapping.onRestored === 'ignore')
  ) {
    return false;
  }
  return outcomes.every(({ command, outcome, refusedRows }) => {
    const answers =
      command.kind === 'addHyperlink' ||
      (command.kind === 'update' && command.changes.some((change) => change.row === responseRowId));
    return !answers || (outcome === 'done' && !refusedRows?.includes(responseRowId));
  });
}

/** Choices of people that were carried out, or that have nothing to decide any more. */
function usedResolutions({ input, plan, outcomes }: SettleInput): readonly string[] {
  const both = sides.every((side) => presenceOf(input[side]).state === 'present');
  if (!both) return [];
  const failed = new Set(plan.settlements.filter((row) => !took(row, outcomes)).map((row) => row.row));
  const settled = new Set(plan.settlements.filter((row) => !row.confirms).map((row) => row.row));
  return Object.keys(input.link.resolutions).filter((row) => settled.has(row) && !failed.has(row));
}

/**
 * The base after a plan was carried out, as far as it was. Rows whose write failed or was refused keep the base that
 * they had, so that the next plan asks for them again; everything else is taken as it was read or observed.
 */
export function settle(settle: SettleInput): Settled {
  const { input, plan, outcomes } = settle;
  const presence = sides.map((side) => presenceOf(input[side]).state);
  // A base without having seen both would make the next reading look like an edit.
  if (input.link.base === undefined && presence.includes('unknown')) {
    return { base: undefined, responded: input.link.responded, usedResolutions: [] };
  }
  const target = { workItem: priorValues(input, 'workItem'), ticket: priorValues(input, 'ticket') };
  for (const settlement of plan.settlements) {
    if (took(settlement, outcomes)) settleRow(target, settlement, settle);
  }
  const base: Base = {
    workItem: settleSide(settle, 'workItem', target.workItem),
    ticket: settleSide(settle, 'ticket', target.ticket),
  };
  return { base, responded: hasResponded(settle), usedResolutions: usedResolutions(settle) };
}
