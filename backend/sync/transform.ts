import type { Transform } from '../contract/mapping.ts';
import { canonical } from './canonical.ts';
import type { FieldChange } from './command.ts';
import { convert, type DayRule, type Made, plainText, toDay, toInstant } from './convert.ts';
import type { FieldDescription, FieldValue } from './record.ts';
import { renderTemplate, type TemplateScope } from './templates.ts';

/** Values that do not come from one field of the source: their base is kept per row, not per field. */
export const isComposed = (transform: Transform): boolean =>
  transform.kind === 'constant' || transform.kind === 'template';

export type Transformed =
  | {
      ok: FieldValue;
      losses?: readonly string[];
      cut?: boolean;
      unknownVariables?: readonly string[];
      onUnknownPerson?: FieldChange['onUnknownPerson'];
    }
  | { unmappable: string; unknownField?: string };

interface TransformInput {
  transform: Transform;
  /** Of the source field; ignored by composed transforms. */
  value: FieldValue;
  /** Describes the source field. */
  from?: FieldDescription;
  /** Describes the receiving field. */
  to?: FieldDescription;
  scope: TemplateScope;
}

function throughTable(input: TransformInput, table: Extract<Transform, { kind: 'table' }>): Transformed {
  const { value, from, to } = input;
  const id = canonical(value, from).toLowerCase();
  const name = plainText(value).toLowerCase();
  const row = table.rows.find((candidate) => {
    const wanted = candidate.from.trim().toLowerCase();
    return wanted === id || wanted === name;
  });
  if (row !== undefined) return convert(row.to === '' ? null : row.to, to);
  if (value === null || table.otherwise === 'copy') return convert(value, to);
  if (table.otherwise === 'leave')
    return { unmappable: `The table has no row for "${plainText(value).slice(0, 60)}"` };
  return convert(table.otherwise.value === '' ? null : table.otherwise.value, to);
}

function throughTemplate(
  input: TransformInput,
  template: Extract<Transform, { kind: 'template' }>,
): Transformed {
  const rendered = renderTemplate(template.template, template.rich, input.scope);
  if ('unknownField' in rendered) {
    return { unmappable: `${rendered.unknownField} was not read`, unknownField: rendered.unknownField };
  }
  if ('failed' in rendered) return { unmappable: rendered.failed };
  const value: FieldValue = template.rich
    ? { kind: 'rich', format: 'html', text: rendered.ok }
    : rendered.ok.trim() === ''
      ? null
      : rendered.ok;
  const made = convert(value, input.to);
  return 'ok' in made ? { ...made, unknownVariables: rendered.unknownVariables } : made;
}

function throughDate(input: TransformInput, rule: DayRule): Transformed {
  const { value, to } = input;
  if (value === null) return { ok: null };
  if (to?.type === 'instant') return toInstant(value, rule);
  if (to?.type === 'day') return toDay(value, rule);
  if (to !== undefined) return convert(value, to, rule);
  // Nothing is known about the field: a day becomes a time and a time a day, as the row was made for that.
  return typeof value === 'object' && value.kind === 'day' ? toInstant(value, rule) : toDay(value, rule);
}

function throughIdentity(
  input: TransformInput,
  identity: Extract<Transform, { kind: 'identity' }>,
): Transformed {
  const { value, to } = input;
  const onUnknownPerson: FieldChange['onUnknownPerson'] =
    typeof identity.onUnknown === 'string'
      ? identity.onUnknown
      : { kind: 'principal', id: identity.onUnknown.person };
  if (value === null) return { ok: null };
  const person =
    typeof value === 'object' && value.kind === 'principal'
      ? value
      : { kind: 'principal' as const, id: plainText(value), name: plainText(value) };
  const keys = [person.id, person.email, person.login].map((key) => key?.trim().toLowerCase());
  const row = identity.table.find((candidate) => keys.includes(candidate.from.trim().toLowerCase()));
  const isPerson = to === undefined || to.type === 'principal';
  if (row === undefined) return isPerson ? { ok: person, onUnknownPerson } : convert(value, to);
  const email = row.to.includes('@') ? row.to : undefined;
  const mapped = { kind: 'principal' as const, id: row.to, ...(email === undefined ? {} : { email }) };
  return isPerson ? { ok: mapped, onUnknownPerson } : convert(row.to, to);
}

/** The value that the other side should get. Never throws; what has no counterpart is `unmappable`. */
export function applyTransform(input: TransformInput): Transformed {
  const { transform, value, to } = input;
  switch (transform.kind) {
    case 'copy':
      return withPersonRule(convert(value, to), to);
    case 'constant':
      return convert(transform.value, to);
    case 'table':
      return throughTable(input, transform);
    case 'template':
      return throughTemplate(input, transform);
    case 'date':
      return throughDate(input, { zone: transform.zone, timeOfDay: transform.timeOfDay });
    case 'identity':
      return throughIdentity(input, transform);
    case 'rich':
      return convert(value, to ?? { id: '', name: '', type: 'rich', required: false, readOnly: false });
  }
}

/** A copied person that the other side does not know must not fail the whole write. */
const withPersonRule = (made: Made, to: FieldDescription | undefined): Transformed =>
  'ok' in made && made.ok !== null && to?.type === 'principal' ? { ...made, onUnknownPerson: 'leave' } : made;
