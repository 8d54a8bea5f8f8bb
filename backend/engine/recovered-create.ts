import type { RecordSystem, WriteResult } from '../connectors/connector.ts';
import { canonical } from '../sync/canonical.ts';
import { isFailure } from '../sync/failure.ts';
import type { FieldDescription, FieldValues } from '../sync/record.ts';

/** What is known of a record that was found by its mark, instead of the answer to its create. */
export interface Recovered {
  answer: Partial<WriteResult>;
  /** False: of what was sent, nobody knows what has arrived, and the first plan sends it again. */
  isComplete: boolean;
}

/**
 * Writes what was to be in a new record and is not: some systems take several requests to create one (Alemba: create,
 * submit, forward), and the process may have died between them. As long as nobody else was there; then whose value
 * holds is for the plan. Throws Failure.
 */
export async function completeCreated(
  system: RecordSystem,
  id: string,
  fields: FieldValues,
  descriptions: Readonly<Record<string, FieldDescription>>,
): Promise<Recovered> {
  const { snapshot } = await system.read(id, {
    comments: false,
    attachments: false,
    fields: Object.keys(fields),
  });
  if (!snapshot.own) return { answer: {}, isComplete: false };
  const changes = Object.entries(fields)
    .filter(([field, value]) => {
      const now = snapshot.fields[field];
      const description = descriptions[field];
      return now !== undefined && canonical(now, description) !== canonical(value, description);
    })
    .map(([field, value]) => ({ field, value, row: field }));
  // What was not read may be missing as well: not known is not there.
  const isComplete = Object.keys(fields).every((field) => snapshot.fields[field] !== undefined);
  if (changes.length === 0) return { answer: {}, isComplete };
  try {
    return {
      answer: await system.update(id, changes, { revision: snapshot.revision }),
      isComplete,
    };
  } catch (error) {
    // As when the create itself is answered so: the record stands, and the plan tells which field is refused.
    if (isFailure(error) && error.kind === 'rejected') return { answer: {}, isComplete: false };
    throw error;
  }
}
