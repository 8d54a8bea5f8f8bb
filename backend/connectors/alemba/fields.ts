import type { FieldChange } from '../../sync/command.ts';
import { Failure, type FieldProblem } from '../../sync/failure.ts';
import type { FieldValue, FieldValues } from '../../sync/record.ts';
import type { Alemba } from './alemba.ts';
import type { Row } from './client.ts';
import { refOf } from './people.ts';
import type { PropertyKind } from './properties.ts';
import { readValue, UnfitValue, writeValue } from './translate.ts';

/** Values in the system's own form, sorted by the request that can write them. */
export interface WriteBody {
  /** For `PUT /call/{ref}` and `POST /call`. */
  properties: Record<string, unknown>;
  /** For the close action only. */
  closure: Record<string, unknown>;
  /** For the forward action only: officer and group cannot be given otherwise (Programmers' Guide, create). */
  assignment: Record<string, unknown>;
  status: string | undefined;
  /** Left out, with the reason. */
  refused: { field: string; problem: string }[];
  kinds: ReadonlyMap<string, PropertyKind>;
}

type Change = Pick<FieldChange, 'field' | 'value' | 'onUnknownPerson'>;

/** Throws `Failure` rejected, naming every field whose value does not fit. */
export async function toBody(alemba: Alemba, changes: readonly Change[]): Promise<WriteBody> {
  const { settings, schema } = alemba;
  const kinds = await schema.kinds(changes.map((change) => change.field));
  const body: WriteBody = {
    properties: {},
    closure: {},
    assignment: {},
    status: undefined,
    refused: [],
    kinds,
  };
  const problems: FieldProblem[] = [];
  for (const change of changes) {
    const { field, value } = change;
    const kind = kinds.get(field);
    if (kind === undefined) {
      problems.push({ field, problem: 'This property does not exist in the Alemba system' });
      continue;
    }
    if (field === 'CallStatus') {
      body.status = statusId(value, problems);
      continue;
    }
    const known = kind === 'principal' ? await resolvePerson(alemba, change, body) : value;
    if (known === undefined) continue;
    const target = settings.closeFields.includes(field)
      ? body.closure
      : settings.assignmentFields.includes(field)
        ? body.assignment
        : body.properties;
    try {
      Object.assign(target, writeValue(field, kind, known));
    } catch (error) {
      if (!(error instanceof UnfitValue)) throw error;
      problems.push({ field, problem: error.message });
    }
  }
  if (problems.length > 0) {
    const named = problems.map(({ field, problem }) => `${field}: ${problem}`).join('; ');
    throw new Failure({ kind: 'rejected', message: named.slice(0, 1000), fields: problems });
  }
  return body;
}

function statusId(value: FieldValue, problems: FieldProblem[]): string | undefined {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : value;
  if ((typeof id === 'string' || typeof id === 'number') && /^\d+$/.test(String(id))) return String(id);
  problems.push({ field: 'CallStatus', problem: 'This is not the number of a call status' });
  return undefined;
}

/** Undefined when the field is to be left alone. */
async function resolvePerson(
  alemba: Alemba,
  change: Change,
  body: WriteBody,
): Promise<FieldValue | undefined> {
  const { field, value, onUnknownPerson = 'leave' } = change;
  if (typeof value !== 'object' || value === null || value.kind !== 'principal') return value;
  const ref = await refOf(alemba.people, value);
  if (ref !== undefined) return ref;
  if (onUnknownPerson === 'clear') return null;
  if (onUnknownPerson !== 'leave') return onUnknownPerson.id;
  const who = value.email ?? value.name ?? value.id;
  body.refused.push({ field, problem: `Nobody in the Alemba system has the address ${who}` });
  return undefined;
}

export const changesOf = (fields: FieldValues): Change[] =>
  Object.entries(fields).map(([field, value]) => ({ field, value }));

/** Values of the changed fields as the answer shows them; an answer is a delta, so not all need be there. */
export function readObserved(rows: readonly Row[], kinds: ReadonlyMap<string, PropertyKind>): FieldValues {
  const observed: Record<string, FieldValue> = {};
  for (const row of rows) {
    for (const [field, kind] of kinds) {
      const value = readValue(row, field, kind);
      if (value !== undefined) observed[field] = value;
    }
  }
  return observed;
}
