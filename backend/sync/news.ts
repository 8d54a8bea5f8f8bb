import { agree, canonical } from './canonical.ts';
import { describeField, readField } from './draft.ts';
import type { SideBase } from './link-state.ts';
import type { PlanInput } from './plan-input.ts';
import { statesFlow } from './plan-state.ts';
import type { Side, Snapshot } from './record.ts';
import { baseKey, effectiveRows, fieldOf, flowsFrom, isComposedFrom, stateKey } from './row-keys.ts';

/**
 * Whether what `side` shows now would most likely be written to the other side: a value that flows from it is not the
 * one of the base. For choosing how to read the other side, nothing more: composed values are left out, and what the
 * other side shows is not known yet.
 */
export function hasNews(
  side: Side,
  snapshot: Snapshot,
  base: SideBase,
  input: Pick<PlanInput, 'mapping' | 'fields' | 'statusField'>,
): boolean {
  const { mapping, statusField } = input;
  if (snapshot.revision === base.revision) return false;
  const state = base.values[stateKey(statusField[side])];
  const statesGo = mapping.states.enabled && statesFlow(mapping)[side];
  if (statesGo && state !== undefined && state !== snapshot.status.id) return true;
  return effectiveRows(mapping).some((row) => {
    if (!flowsFrom(row, side) || isComposedFrom(row, side)) return false;
    const value = readField(snapshot.fields, fieldOf(row, side));
    const before = base.values[baseKey(row, side)];
    if (value === undefined || before === undefined) return false;
    return !agree(canonical(value, describeField(input, side, fieldOf(row, side))), before);
  });
}
