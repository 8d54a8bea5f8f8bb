import type { StateMap } from '../contract/mapping.ts';
import type { FieldDescription, Side, StatusCategory } from './record.ts';

export interface StateNow {
  id: string;
  name?: string;
  category?: StatusCategory;
}

export type WantedState =
  /** The other side's present state already means the same. */
  { kind: 'leave' } | { kind: 'write'; id: string; name?: string } | { kind: 'unmapped' };

const named = (wanted: string, state: StateNow): boolean => {
  const lower = wanted.trim().toLowerCase();
  return lower === state.id.toLowerCase() || lower === state.name?.toLowerCase();
};

type Choices = NonNullable<FieldDescription['choices']>;

const describe = (id: string, choices: Choices | undefined): { id: string; name?: string } => {
  const lower = id.trim().toLowerCase();
  const found =
    choices?.find((choice) => choice.id === id) ??
    choices?.find((choice) => choice.name.toLowerCase() === lower);
  return found === undefined ? { id } : { id: found.id, name: found.name };
};

const categoryOf = (state: StateNow, choices: Choices | undefined): StatusCategory =>
  state.category !== undefined && state.category !== 'unknown'
    ? state.category
    : (choices?.find((choice) => named(choice.id, state))?.category ?? 'unknown');

export interface StateQuestion {
  map: StateMap;
  /** The side whose state speaks. */
  from: Side;
  mine: StateNow;
  /** The other side's state now; absent before it exists. */
  other?: StateNow;
  /** What the status fields can hold. */
  choices?: Readonly<Partial<Record<Side, Choices>>>;
}

/**
 * What the other side should be, given the state of one side. When several rows fit, the other side's present state
 * is left alone if any of them leads to it, so that many-to-one rows do not swing; else the first row wins.
 */
export function wantedState({ map, from, mine, other, choices }: StateQuestion): WantedState {
  const to: Side = from === 'workItem' ? 'ticket' : 'workItem';
  const direction = from === 'workItem' ? 'out' : 'in';
  const targets = map.rows
    .filter((row) => row.direction === 'both' || row.direction === direction)
    .filter((row) => named(from === 'workItem' ? row.workItemState : row.ticketStatus, mine))
    .map((row) => (from === 'workItem' ? row.ticketStatus : row.workItemState));
  const [first] = targets;
  if (first !== undefined) {
    if (other !== undefined && targets.some((target) => named(target, other))) return { kind: 'leave' };
    return { kind: 'write', ...describe(first, choices?.[to]) };
  }
  if (map.unmapped === 'leave') return { kind: 'unmapped' };
  const category = categoryOf(mine, choices?.[from]);
  if (category === 'unknown') return { kind: 'unmapped' };
  if (other !== undefined && categoryOf(other, choices?.[to]) === category) return { kind: 'leave' };
  const found = choices?.[to]?.find((choice) => choice.category === category);
  return found === undefined ? { kind: 'unmapped' } : { kind: 'write', id: found.id, name: found.name };
}
