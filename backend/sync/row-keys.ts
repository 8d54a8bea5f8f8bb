import type { FieldMapping, MappingSettings } from '../contract/mapping.ts';
import { otherSide, type Side } from './record.ts';
import { isComposed } from './transform.ts';

export const stateRowId = 'state';
export const responseRowId = 'response';

export const sides: readonly Side[] = ['workItem', 'ticket'];

export const fieldOf = (row: FieldMapping, side: Side): string =>
  side === 'workItem' ? row.workItemField : row.ticketField;

/** Whether changes of this side are sent to the other. */
export const flowsFrom = (row: { direction: 'out' | 'in' | 'both' }, side: Side): boolean =>
  row.direction === 'both' || row.direction === (side === 'workItem' ? 'out' : 'in');

/** How a value of this side is made for the other. */
export const transformFrom = (row: FieldMapping, side: Side) => (side === 'workItem' ? row.out : row.in);

export const isComposedFrom = (row: FieldMapping, side: Side): boolean =>
  flowsFrom(row, side) && isComposed(transformFrom(row, side));

/** Key of the row's base value on a side. */
export const baseKey = (row: FieldMapping, side: Side): string =>
  isComposedFrom(row, side) ? `=${row.id}` : `${row.id}:${fieldOf(row, side)}`;

export const stateKey = (statusField: string): string => `${stateRowId}:${statusField}`;

/**
 * Rows that are kept in agreement. An `out` row and an `in` row over the same two fields are one row that flows both
 * ways (vendors with separate outgoing and incoming tables are set up like that): apart they would take each other's
 * writes for edits, and swap the values when both sides change.
 */
export function effectiveRows(mapping: MappingSettings): readonly FieldMapping[] {
  const rows: FieldMapping[] = [];
  for (const row of mapping.fields) {
    if (row.when !== 'always') continue;
    const index = rows.findIndex(
      (other) =>
        other.workItemField === row.workItemField &&
        other.ticketField === row.ticketField &&
        other.direction !== 'both' &&
        row.direction !== 'both' &&
        other.direction !== row.direction &&
        !isComposed(transformFrom(other, other.direction === 'out' ? 'workItem' : 'ticket')) &&
        !isComposed(transformFrom(row, row.direction === 'out' ? 'workItem' : 'ticket')),
    );
    const other = rows[index];
    if (other === undefined) rows.push(row);
    else rows[index] = joinRows(other, row);
  }
  return rows;
}

const joinRows = (first: FieldMapping, second: FieldMapping): FieldMapping => ({
  ...first,
  direction: 'both',
  out: first.direction === 'out' ? first.out : second.out,
  in: first.direction === 'in' ? first.in : second.in,
  conflict: first.conflict ?? second.conflict,
});

/** All keys that a mapping can have on a side; what is not among them is forgotten. */
export function baseKeys(
  mapping: MappingSettings,
  statusField: Readonly<Record<Side, string>>,
  side: Side,
): readonly string[] {
  const keys = effectiveRows(mapping).map((row) => baseKey(row, side));
  return mapping.states.enabled ? [...keys, stateKey(statusField[side])] : keys;
}

/** Composed rows last: they may show what the other rows change in the same plan. */
export function rowsInOrder(mapping: MappingSettings): readonly FieldMapping[] {
  const composed = (row: FieldMapping) => isComposedFrom(row, 'workItem') || isComposedFrom(row, 'ticket');
  const kept = effectiveRows(mapping);
  return [...kept.filter((row) => !composed(row)), ...kept.filter(composed)];
}

export const writesTo = (row: FieldMapping, side: Side): boolean => flowsFrom(row, otherSide(side));
