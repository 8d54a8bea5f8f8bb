import type { MappingSettings } from '../contract/mapping.ts';
import { type Draft, describeField } from './draft.ts';
import { reconcileRow, type Wanted } from './reconcile-row.ts';
import { otherSide, type Side } from './record.ts';
import { stateKey, stateRowId } from './row-keys.ts';
import { wantedState } from './state-map.ts';

/** Sides whose states the map sends on. */
export function statesFlow({ states }: Pick<MappingSettings, 'states'>): Record<Side, boolean> {
  const byCategory = states.unmapped === 'byCategory';
  const has = (direction: 'out' | 'in') =>
    byCategory || states.rows.some((row) => row.direction === 'both' || row.direction === direction);
  return { workItem: has('out'), ticket: has('in') };
}

/** The state map as one row. */
export function planState(draft: Draft): void {
  const { input, snapshot } = draft;
  const { mapping, statusField } = input;
  const flows = statesFlow(mapping);
  if (!mapping.states.enabled || !(flows.workItem || flows.ticket)) return;
  const choices = {
    workItem: describeField(input, 'workItem', statusField.workItem)?.choices,
    ticket: describeField(input, 'ticket', statusField.ticket)?.choices,
  };
  const make = (from: Side): Wanted => {
    const to = otherSide(from);
    const [mine, other] = [snapshot[from].status, snapshot[to].status];
    const wanted = wantedState({ map: mapping.states, from, mine, other, choices });
    if (wanted.kind === 'leave') return { kind: 'agrees' };
    if (wanted.kind === 'write') {
      const { id, name } = wanted;
      return { kind: 'write', value: { kind: 'choice', id, ...(name ? { name } : {}) }, canonical: id };
    }
    return { kind: 'unmappable', reason: `No row for "${mine.name}"`, noOpinion: true };
  };
  const state = (side: Side) => {
    const { id, name } = snapshot[side].status;
    return { kind: 'choice' as const, id, name };
  };
  reconcileRow(draft, {
    id: stateRowId,
    field: statusField,
    key: { workItem: stateKey(statusField.workItem), ticket: stateKey(statusField.ticket) },
    flows,
    policy: mapping.states.conflict ?? mapping.conflict,
    now: { workItem: snapshot.workItem.status.id, ticket: snapshot.ticket.status.id },
    value: { workItem: state('workItem'), ticket: state('ticket') },
    make: (from) => ({ wanted: make(from), notes: [] }),
    unmappableCode: 'stateUnmapped',
  });
}
