import type { RecordSystem } from '../connectors/connector.ts';
import type { FieldChange } from '../sync/command.ts';
import type { CreatePlan } from '../sync/plan-input.ts';
import type { FieldValues, Principal, Side } from '../sync/record.ts';
import { onSide } from './ports.ts';

export interface ResolvedChanges {
  changes: FieldChange[];
  /** Rows whose person is not known over there and that are left as they are. */
  left: FieldChange[];
}

/**
 * Turns a person of one system into the person of the other (by e-mail, exactly one match). Someone unknown never
 * fails the rest of the write: the mapping says whether the field is left, cleared or given to somebody else.
 */
export async function resolvePeople(
  side: Side,
  system: RecordSystem,
  changes: readonly FieldChange[],
): Promise<ResolvedChanges> {
  const resolved: ResolvedChanges = { changes: [], left: [] };
  for (const change of changes) {
    const { value } = change;
    if (value === null || typeof value !== 'object' || value.kind !== 'principal') {
      resolved.changes.push(change);
      continue;
    }
    const person = await onSide(side, () => system.findPerson(value));
    if (person !== undefined) resolved.changes.push({ ...change, value: person });
    else if (change.onUnknownPerson === 'clear') resolved.changes.push({ ...change, value: null });
    else if (change.onUnknownPerson !== undefined && change.onUnknownPerson !== 'leave') {
      const stand: Principal = change.onUnknownPerson;
      const known = await onSide(side, () => system.findPerson(stand));
      if (known === undefined) resolved.left.push(change);
      else resolved.changes.push({ ...change, value: known });
    } else resolved.left.push(change);
  }
  return resolved;
}

/** The same for the fields of a new record; people who are not known there are left out. */
export async function resolvePeopleOf(
  side: Side,
  system: RecordSystem,
  plan: Pick<CreatePlan, 'fields' | 'onUnknownPerson'>,
): Promise<FieldValues> {
  const changes = Object.entries(plan.fields).map(
    ([field, value]): FieldChange => ({
      field,
      value,
      row: field,
      onUnknownPerson: plan.onUnknownPerson?.[field],
    }),
  );
  const { changes: known } = await resolvePeople(side, system, changes);
  return Object.fromEntries(known.map((change) => [change.field, change.value]));
}
