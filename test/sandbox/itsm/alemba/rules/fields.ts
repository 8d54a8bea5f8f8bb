import { type FieldErrors, invalidFields } from '../errors.ts';
import type { Row, Scalar } from '../model.ts';
import { readDate } from '../query/filter.ts';
import { callEntity, type PropertyType } from '../schema.ts';
import type { AlembaStore } from '../store.ts';

/** Collects everything that is wrong with a body, so that one answer names all fields. */
export class FieldCheck {
  readonly errors: FieldErrors = {};

  add(field: string, message: string): void {
    this.errors[field] = [...(this.errors[field] ?? []), message];
  }

  /** @throws AlembaError 400 FieldValidationException. */
  finish(): void {
    if (Object.keys(this.errors).length > 0) throw invalidFields(this.errors);
  }
}

/** Call properties of a body in stored form. `writable` are read-only properties that this request may write. */
export function readFields(
  store: AlembaStore,
  body: Record<string, unknown>,
  check: FieldCheck,
  writable: readonly string[] = [],
): Record<string, Scalar> {
  const fields: Record<string, Scalar> = {};
  for (const [name, value] of Object.entries(body)) {
    if (name.startsWith('_') || name.startsWith('$')) continue;
    const property = callEntity.properties.get(name);
    if (property === undefined) check.add(name, `Unknown: ${name} is not a property of call`);
    else if (property.readOnly === true && !writable.includes(name))
      check.add(name, `ReadOnly: ${name} cannot be set`);
    else {
      const stored = readValue(store, property, value);
      if ('error' in stored) check.add(name, stored.error);
      else fields[name] = stored.value;
    }
  }
  checkRichText(body, check);
  return fields;
}

function readValue(
  store: AlembaStore,
  property: PropertyType,
  value: unknown,
): { value: Scalar } | { error: string } {
  if (value === null) return { value: null };
  switch (property.kind) {
    case 'string':
      if (typeof value !== 'string') return { error: `Invalid: ${property.name} must be a string` };
      if (property.maxLength !== undefined && value.length > property.maxLength) {
        return { error: `MaxLength: ${property.name} must not exceed ${property.maxLength} characters` };
      }
      return { value };
    case 'boolean':
      return typeof value === 'boolean'
        ? { value }
        : { error: `Invalid: ${property.name} must be true or false` };
    case 'date':
      return readDateValue(store, property.name, value);
    default:
      return readReference(store, property, value);
  }
}

function readDateValue(
  store: AlembaStore,
  name: string,
  value: unknown,
): { value: Scalar } | { error: string } {
  if (typeof value === 'string') {
    try {
      return { value: readDate(value, store.settings.serverOffsetMinutes) };
    } catch (error) {
      return { error: `Invalid: ${name} must be a date and time (${(error as Error).message})` };
    }
  }
  return { error: `Invalid: ${name} must be a date and time` };
}

function readReference(
  store: AlembaStore,
  property: PropertyType,
  value: unknown,
): { value: Scalar } | { error: string } {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    return { error: `Invalid: ${property.name} must be a whole number` };
  }
  if (property.relation !== undefined && store.lookup(property.relation, value) === undefined) {
    return { error: `LinkedRecordNotFound: ${property.relation} ${value} does not exist` };
  }
  return { value };
}

/** The server fills neither half from the other. */
function checkRichText(body: Record<string, unknown>, check: FieldCheck): void {
  for (const [name, property] of callEntity.properties) {
    const pair = property.richTextPair;
    if (pair === undefined || !(name in body) || pair in body) continue;
    check.add(pair, `Required: ${pair} must be set when ${name} is set`);
  }
}

/** Impact 1 to 3 (high to low) by Urgency 1 to 4: Priority 1 to 5. */
const matrix: readonly (readonly number[])[] = [
  [1, 1, 2, 3],
  [1, 2, 3, 4],
  [2, 3, 4, 5],
];

export function priorityOf(values: Row): number | null {
  const { Impact: impact, Urgency: urgency } = values;
  if (typeof impact !== 'number' || typeof urgency !== 'number') return null;
  return matrix[impact - 1]?.[urgency - 1] ?? null;
}
