import { canonical } from './canonical.ts';
import { ownBody } from './carry-over.ts';
import type { Command, Note } from './command.ts';
import { describeField, emptyPlan } from './draft.ts';
import { neverSeen } from './link-state.ts';
import { markFor } from './mark.ts';
import type { Plan, PlanInput, RowSettlement } from './plan-input.ts';
import { type FieldValue, otherSide, type Reading, type Side, type Snapshot } from './record.ts';
import { sides, stateKey, stateRowId } from './row-keys.ts';

export type Presence =
  | { state: 'present'; snapshot: Snapshot }
  | { state: 'missing'; how: 'deleted' | 'notVisible' }
  | { state: 'unknown' };

/** A record in a recycle bin is missing, whatever else can be read of it. */
export const presenceOf = (reading: Reading): Presence =>
  reading.state === 'present' && reading.snapshot.deleted ? { state: 'missing', how: 'deleted' } : reading;

const noun: Readonly<Record<Side, string>> = { workItem: 'work item', ticket: 'ticket' };

/** One comment on the present side. The same mark each time it is planned, another one after the next deletion. */
function tell(input: PlanInput, to: Side, present: Snapshot, occasion: string, words: string): Command[] {
  if (to === 'ticket' && !input.can.ticketComments) return [];
  const about = otherSide(to);
  const sourceId = `${occasion}:${about}:${input.link.base?.[about].revision ?? ''}`;
  const mark = markFor(input.link.id, 'comment', sourceId);
  if (present.comments?.some((comment) => comment.marks.includes(mark))) return [];
  return [
    { kind: 'addComment', side: to, body: ownBody(words, mark), visibility: 'internal', sourceId, mark },
  ];
}

type Closing = Pick<Plan, 'commands' | 'notes' | 'settlements'>;
const nothing: Closing = { commands: [], notes: [], settlements: [] };

function close(input: PlanInput, to: Side, present: Snapshot): Closing {
  const { category } = present.status;
  if (category === 'completed' || category === 'removed') return nothing;
  const field = input.statusField[to];
  const choices = describeField(input, to, field)?.choices;
  const wanted =
    input.mapping.closeStates[to] ?? choices?.find((choice) => choice.category === 'completed')?.id;
  if (wanted === undefined) {
    const reason = 'No state to close with is known';
    return { ...nothing, notes: [{ code: 'stateUnmapped', side: to, row: stateRowId, field, reason }] };
  }
  if (wanted === present.status.id) return nothing;
  const name = choices?.find((choice) => choice.id === wanted)?.name;
  const value = { kind: 'choice' as const, id: wanted, ...(name ? { name } : {}) };
  const changes = [{ field, value, row: stateRowId }];
  return {
    commands: [{ kind: 'update', side: to, revision: present.revision, changes }],
    notes: [
      { code: 'fieldSent', side: to, row: stateRowId, field, from: present.status.name, to: name ?? wanted },
    ],
    settlements: input.mapping.states.enabled ? [closed(input, to, value)] : [],
  };
}

/**
 * The state that closing wrote is agreed upon, and the one of the missing record is not: when it is back, its state goes
 * over and opens the other record again. Without this the closed state would come back as an edit and close both.
 */
function closed(input: PlanInput, to: Side, value: FieldValue): RowSettlement {
  const { statusField } = input;
  const about = otherSide(to);
  const field = statusField[to];
  return {
    row: stateRowId,
    writes: to,
    field,
    base: {
      [to]: { [stateKey(field)]: canonical(value, describeField(input, to, field)) },
      [about]: { [stateKey(statusField[about])]: neverSeen },
    },
  };
}

const wordsFor = (input: PlanInput, missing: Side, how: 'deleted' | 'notVisible'): string => {
  const what = `The linked ${noun[missing]} in ${input.systemName[missing]}`;
  return how === 'deleted' ? `${what} was deleted.` : `${what} is no longer visible to Tandem.`;
};

function applyPolicy(input: PlanInput, side: Side, how: 'deleted' | 'notVisible', present: Snapshot): Plan {
  const policy = input.mapping.onDeleted[side];
  const to = otherSide(side);
  const note: Note = { code: 'recordMissing', side, reason: how };
  switch (policy) {
    case 'ignore':
      return { ...emptyPlan, commands: [{ kind: 'ignoreMissing', side }], notes: [note] };
    case 'unlink':
      return { ...emptyPlan, commands: [{ kind: 'endLink', reason: how }], notes: [note] };
    case 'close':
      // A lost permission looks like this too; closing a ticket for it would be wrong, so it is only told.
      if (how === 'deleted') {
        const closing = close(input, to, present);
        return { ...emptyPlan, ...closing, notes: [note, ...closing.notes] };
      }
      break;
    case 'note':
      break;
  }
  return {
    ...emptyPlan,
    commands: tell(input, to, present, 'missing', wordsFor(input, side, how)),
    notes: [note],
  };
}

/** Nothing is compared with a missing record, and nothing is deleted for it: its policy is applied, once. */
export function planMissing(input: PlanInput, presence: Readonly<Record<Side, Presence>>): Plan {
  const plans = sides.map((side) => {
    const [mine, other] = [presence[side], presence[otherSide(side)]];
    if (mine.state !== 'missing' || input.link.base?.[side].missing) return emptyPlan;
    if (other.state === 'present') return applyPolicy(input, side, mine.how, other.snapshot);
    if (other.state === 'unknown') return emptyPlan;
    const ends = input.mapping.onDeleted[side] === 'unlink';
    const commands: Command[] = ends ? [{ kind: 'endLink', reason: mine.how }] : [];
    return { ...emptyPlan, commands, notes: [{ code: 'recordMissing' as const, side, reason: mine.how }] };
  });
  const commands = plans.flatMap((plan) => plan.commands);
  const isTwice = commands.length === 2 && commands.every((command) => command.kind === 'endLink');
  return {
    ...emptyPlan,
    commands: isTwice ? commands.slice(0, 1) : commands,
    notes: plans.flatMap((plan) => plan.notes),
    settlements: plans.flatMap((plan) => plan.settlements),
  };
}

/** A record that was missing is back. */
export function planRestored(
  input: PlanInput,
  side: Side,
  present: Snapshot,
): { commands: Command[]; notes: Note[] } {
  const told = input.mapping.onDeleted[side] === 'note';
  const words = `The linked ${noun[side]} in ${input.systemName[side]} is back.`;
  return {
    commands: told ? tell(input, otherSide(side), present, 'restored', words) : [],
    notes: [{ code: 'recordRestored', side }],
  };
}
