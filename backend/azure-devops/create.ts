import type { CreateInput, WriteResult } from '../connectors/connector.ts';
import { Failure, isFailure } from '../sync/failure.ts';
import { addRelation, markWord, type PatchOperation, patchContentType, setField } from './patch.ts';
import { nameFields, updateWorkItem, writtenResult } from './update.ts';
import { workItem } from './wire.ts';
import type { Workshop } from './workshop.ts';

const stateField = 'System.State';

/**
 * See `RecordSystem.create`. The mark lies in the comment of a hyperlink to the counterpart, which travels in the
 * same request. A state in which nothing may be created is reached by an update afterwards.
 */
export const createWorkItem = async (workshop: Workshop, input: CreateInput): Promise<WriteResult> => {
  const { type, project } = input;
  if (!type || !project) {
    const message = `A work item needs ${type ? 'a project' : 'a type'}`;
    throw new Failure({ kind: 'rejected', message });
  }
  const kindOf = await workshop.kinds({ project, type, markdown: new Set() });
  const operations = (without?: string): PatchOperation[] =>
    Object.entries(input.fields)
      .filter(([field, value]) => value !== null && field !== without)
      .flatMap(([field, value]) => setField(field, value, kindOf(field)));
  const backlink = markRelation(workshop, input);
  const send = (fields: readonly PatchOperation[]) =>
    workshop.client
      .json(
        {
          method: 'POST',
          project,
          path: `wit/workitems/$${encodeURIComponent(type)}`,
          resource: 'workItems',
          route: 'workItem.create',
          query: { $expand: 'relations' },
          body: [...fields, backlink],
          contentType: patchContentType,
          repeat: 'unsafe',
        },
        workItem,
      )
      .catch((error) => nameFields(workshop, error));
  const changes = Object.entries(input.fields).map(([field, value]) => ({ field, value }));
  try {
    const created = await send(operations());
    workshop.reader.remember(created);
    return await writtenResult(workshop, created, changes, undefined);
  } catch (error) {
    if (!isStateRefused(error) || !(stateField in input.fields)) throw error;
  }
  const created = await send(operations(stateField));
  workshop.reader.remember(created);
  const others = changes.filter((change) => change.field !== stateField);
  return reachState(workshop, input, await writtenResult(workshop, created, others, undefined));
};

/** A create that was refused did nothing, so it may be sent again without what was refused. */
const isStateRefused = (error: unknown): boolean =>
  isFailure(error) &&
  error.kind === 'rejected' &&
  (error.details.fields ?? []).some((problem) => problem.field === stateField);

/** The work item is there; that its state could not be reached is told and loses nothing. */
const reachState = async (
  workshop: Workshop,
  input: CreateInput,
  created: WriteResult,
): Promise<WriteResult> => {
  const value = input.fields[stateField] ?? null;
  try {
    const moved = await updateWorkItem(
      workshop,
      created.ref.id,
      [{ field: stateField, value, row: 'state' }],
      { revision: created.revision ?? '1' },
    );
    const refused = [...(created.refused ?? []), ...(moved.refused ?? [])];
    return {
      ...moved,
      observed: { ...created.observed, ...moved.observed },
      ...(refused.length > 0 && { refused }),
    };
  } catch (error) {
    if (!isFailure(error)) throw error;
    const problem = { field: stateField, problem: error.message };
    return { ...created, refused: [...(created.refused ?? []), problem] };
  }
};

const markRelation = (workshop: Workshop, input: CreateInput): PatchOperation => {
  const word = markWord(input.mark);
  const { counterpart } = input;
  // Without a counterpart the mark still needs an address that leads nowhere else.
  return counterpart
    ? addRelation('Hyperlink', counterpart.url, { comment: `${counterpart.key} (${word})`.slice(-255) })
    : addRelation('Hyperlink', `${workshop.client.organizationUrl}#${word}`, { comment: word });
};
