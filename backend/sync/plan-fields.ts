import type { FieldMapping } from '../contract/mapping.ts';
import { agree, canonical } from './canonical.ts';
import type { Note } from './command.ts';
import { type Draft, describeField, readField, templateScope } from './draft.ts';
import { type Row, reconcileRow, type Wanted } from './reconcile-row.ts';
import { type FieldValue, otherSide, type Side } from './record.ts';
import {
  baseKey,
  fieldOf,
  flowsFrom,
  isComposedFrom,
  rowsInOrder,
  sides,
  transformFrom,
} from './row-keys.ts';
import { applyTransform, type Transformed } from './transform.ts';

/** What the row makes of a side's value for the other side; undefined when its field was not read. */
function transformed(draft: Draft, row: FieldMapping, from: Side): Transformed | undefined {
  // A composed value shows what the plan changes elsewhere; a plain one is compared with what was read.
  const composed = isComposedFrom(row, from);
  const value = readField(composed ? draft.fields[from] : draft.snapshot[from].fields, fieldOf(row, from));
  if (value === undefined && !composed) return undefined;
  const to = otherSide(from);
  return applyTransform({
    transform: transformFrom(row, from),
    value: value ?? null,
    from: describeField(draft.input, from, fieldOf(row, from)),
    to: describeField(draft.input, to, fieldOf(row, to)),
    scope: templateScope(draft, from),
  });
}

function lossNotes(row: FieldMapping, side: Side, made: Transformed): Note[] {
  if (!('ok' in made)) return [];
  const note = (reason: string): Note => ({
    code: 'markupLost',
    side,
    row: row.id,
    field: fieldOf(row, side),
    reason,
  });
  const notes: Note[] = [];
  if (made.cut) notes.push(note('Shortened to fit the field'));
  if (made.losses !== undefined && made.losses.length > 0) notes.push(note(made.losses.join(', ')));
  if (made.unknownVariables !== undefined && made.unknownVariables.length > 0) {
    notes.push(note(`The template names what does not exist: ${made.unknownVariables.join(', ')}`));
  }
  return notes;
}

function judge(draft: Draft, row: FieldMapping, from: Side, made: Transformed | undefined): Wanted {
  const to = otherSide(from);
  const target = describeField(draft.input, to, fieldOf(row, to));
  if (made === undefined) return { kind: 'unmappable', reason: 'The field was not read' };
  if (!('ok' in made)) return { kind: 'unmappable', reason: made.unmappable };
  const wanted = canonical(made.ok, target);
  const present = readField(draft.snapshot[to].fields, fieldOf(row, to));
  if (present !== undefined && agree(wanted, canonical(present, target))) return { kind: 'agrees' };
  if (target?.readOnly) return { kind: 'unmappable', reason: `${target.name} cannot be written` };
  if (target?.required && wanted === '')
    return { kind: 'unmappable', reason: `${target.name} must not be empty` };
  return { kind: 'write', value: made.ok, canonical: wanted, onUnknownPerson: made.onUnknownPerson };
}

function planRow(draft: Draft, mapping: FieldMapping): void {
  const { input, snapshot } = draft;
  const cache: Partial<Record<Side, Transformed | undefined>> = {};
  const transform = (from: Side) => {
    if (!(from in cache)) cache[from] = transformed(draft, mapping, from);
    return cache[from];
  };
  const value = (side: Side): FieldValue | undefined =>
    readField(snapshot[side].fields, fieldOf(mapping, side));
  const now = (side: Side) => {
    if (isComposedFrom(mapping, side)) {
      const made = transform(side);
      if (made !== undefined && 'ok' in made) {
        return canonical(made.ok, describeField(input, otherSide(side), fieldOf(mapping, otherSide(side))));
      }
      return undefined;
    }
    const read = value(side);
    return read === undefined
      ? undefined
      : canonical(read, describeField(input, side, fieldOf(mapping, side)));
  };
  for (const side of sides) {
    const composed = isComposedFrom(mapping, side) ? transform(side) : undefined;
    if (composed === undefined || 'ok' in composed) continue;
    const [field, reason] = [fieldOf(mapping, side), composed.unmappable];
    draft.notes.push({ code: 'fieldUnmappable', side, row: mapping.id, field, reason });
    return;
  }
  const row: Row = {
    id: mapping.id,
    field: { workItem: mapping.workItemField, ticket: mapping.ticketField },
    key: { workItem: baseKey(mapping, 'workItem'), ticket: baseKey(mapping, 'ticket') },
    flows: { workItem: flowsFrom(mapping, 'workItem'), ticket: flowsFrom(mapping, 'ticket') },
    policy: mapping.conflict ?? input.mapping.conflict,
    now: { workItem: now('workItem'), ticket: now('ticket') },
    value: { workItem: value('workItem'), ticket: value('ticket') },
    make: (from) => {
      const result = transform(from);
      const notes = result === undefined ? [] : lossNotes(mapping, otherSide(from), result);
      return { wanted: judge(draft, mapping, from, result), notes };
    },
    unmappableCode: 'fieldUnmappable',
  };
  reconcileRow(draft, row);
}

/** Field mappings that are kept in agreement. */
export function planFields(draft: Draft): void {
  for (const row of rowsInOrder(draft.input.mapping)) planRow(draft, row);
}
