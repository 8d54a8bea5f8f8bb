import type { CommentInput, WriteResult } from '../connectors/connector.ts';
import type { FieldChange } from '../sync/command.ts';
import { Failure, isFailure } from '../sync/failure.ts';
import { findMarks } from '../sync/mark.ts';
import { toHtml } from '../sync/markup/index.ts';
import type { FieldValue, FieldValues } from '../sync/record.ts';
import { hasCommentsApi } from './api-versions.ts';
import type { ApiRequest } from './client.ts';
import {
  markWord,
  onRevision,
  type PatchOperation,
  patchContentType,
  setField,
  setHistory,
} from './patch.ts';
import { numberOf, type Remembered } from './reader.ts';
import { withReferenceNames } from './refusal.ts';
import { findStatePath } from './state-path.ts';
import { bookmarkOf, fieldValuesOf, refOf, writeBookmark } from './translate.ts';
import * as wire from './wire.ts';
import type { Workshop } from './workshop.ts';

const stateField = 'System.State';

/** One PATCH. Safe to repeat when guarded by a revision and free of anything that must arrive once. */
export const sendPatch = (
  workshop: Workshop,
  id: string,
  operations: readonly PatchOperation[],
  options: { repeat: 'safe' | 'unsafe'; route: string; query?: ApiRequest['query'] },
): Promise<wire.WireWorkItem> =>
  workshop.client.json(
    {
      method: 'PATCH',
      path: `wit/workitems/${numberOf(id)}`,
      resource: 'workItems',
      route: options.route,
      query: { $expand: 'relations', ...options.query },
      body: operations,
      contentType: patchContentType,
      repeat: options.repeat,
    },
    wire.workItem,
  );

/** Field changes, and a comment with them, in one revision. See `RecordSystem.update`. */
export const updateWorkItem = async (
  workshop: Workshop,
  id: string,
  changes: readonly FieldChange[],
  options: { revision: string; comment?: CommentInput },
): Promise<WriteResult & { commentId?: string }> => {
  const known = await recall(workshop, id);
  const { comment } = options;
  const operations = await fieldOperations(workshop, known, changes);
  const history = comment ? [setHistory(historyOf(comment))] : [];
  // A comment must not come twice: without an answer nobody knows, although the revision guards the patch, because
  // a repeat after a new reading would be planned on the newer revision.
  const repeat = comment ? 'unsafe' : 'safe';
  const send = (revision: string | number, some: readonly PatchOperation[]) =>
    sendPatch(workshop, id, [onRevision(revision), ...some], { repeat, route: 'workItem.update' }).catch(
      (error) => nameFields(workshop, error),
    );
  const written = await send(options.revision, [...operations, ...history]).catch((error) =>
    overOtherStates(error, { workshop, id, known, changes, operations, history, send, ...options }),
  );
  workshop.reader.remember(written);
  return writtenResult(workshop, written, changes, comment);
};

/** Throws the failure with the fields named as mappings name them. */
export const nameFields = async (workshop: Workshop, error: unknown): Promise<never> => {
  if (!isFailure(error) || !error.details.fields) throw error;
  throw withReferenceNames(error, await workshop.metadata.fields());
};

export const recall = async (workshop: Workshop, id: string): Promise<Remembered> => {
  const known = workshop.reader.recall(id);
  if (known) return known;
  await workshop.reader.read(id);
  const found = workshop.reader.recall(id);
  if (found) return found;
  throw new Failure({ kind: 'notFound', message: `Work item ${id} does not exist or is not visible` });
};

/** Comments travel as HTML here: the field for them has no Markdown of its own. */
export const historyOf = (comment: CommentInput): string => {
  const html = toHtml(comment.body).text;
  const isMarked = findMarks(html).some((mark) => markWord(mark) === markWord(comment.mark));
  return isMarked ? html : `${html}<p>${markWord(comment.mark)}</p>`;
};

const fieldOperations = async (
  workshop: Workshop,
  known: Remembered,
  changes: readonly FieldChange[],
): Promise<PatchOperation[]> => {
  const kindOf = await workshop.kinds(known);
  return changes.flatMap((change) => setField(change.field, change.value, kindOf(change.field)));
};

interface Detour {
  workshop: Workshop;
  id: string;
  known: Remembered;
  changes: readonly FieldChange[];
  operations: readonly PatchOperation[];
  history: readonly PatchOperation[];
  revision: string;
  send(revision: string | number, operations: readonly PatchOperation[]): Promise<wire.WireWorkItem>;
}

/** The state cannot be reached in one step: goes over others where the admin allows it, everything else at the end. */
const overOtherStates = async (error: unknown, detour: Detour): Promise<wire.WireWorkItem> => {
  const { workshop, id, known, changes } = detour;
  const wanted = changes.find((change) => change.field === stateField)?.value;
  const to = stateName(wanted);
  const isRefused =
    isFailure(error) &&
    error.kind === 'rejected' &&
    (error.details.fields ?? []).length > 0 &&
    (error.details.fields ?? []).every((problem) => problem.field === stateField);
  if (!isRefused || to === undefined || !workshop.context.allowStatePath) throw error;
  const current = await workshop.reader.read(id);
  if (current === undefined) throw error;
  if (String(current.rev) !== detour.revision) {
    throw new Failure({ kind: 'stale', message: `Work item ${id} was changed meanwhile` });
  }
  const { transitions } = await workshop.metadata.type(known.project, known.type);
  const path = transitions && findStatePath(transitions, String(current.fields[stateField] ?? ''), to);
  if (!path) throw error;
  const kindOf = await workshop.kinds(known);
  let { rev } = current;
  for (const step of path.slice(0, -1)) {
    const passed = await detour.send(rev, setField(stateField, step, kindOf(stateField)));
    ({ rev } = passed);
  }
  return detour.send(rev, [...detour.operations, ...detour.history]);
};

const stateName = (value: FieldValue | undefined): string | undefined => {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value?.kind === 'choice' ? value.id : undefined;
};

export const writtenResult = async (
  workshop: Workshop,
  written: wire.WireWorkItem,
  changes: readonly { field: string; value: FieldValue }[],
  comment: CommentInput | undefined,
): Promise<WriteResult & { commentId?: string }> => {
  const around = await workshop.surroundings(written);
  const all = fieldValuesOf(written, around);
  const observed: Record<string, FieldValue> = {};
  for (const { field } of changes) if (field in all) observed[field] = all[field] ?? null;
  const refused = refusals(changes, observed);
  const commentId = comment && (await commentIdOf(workshop, written, comment));
  return {
    ref: refOf(written, workshop.client.organizationUrl),
    revision: String(written.rev),
    observed,
    bookmark: writeBookmark(bookmarkOf(written)),
    ...(refused.length > 0 && { refused }),
    ...(commentId && { commentId }),
  };
};

/** Rules of a process may put back what was written; told for values that have only one way to be written. */
const refusals = (changes: readonly { field: string; value: FieldValue }[], observed: FieldValues) =>
  changes.flatMap(({ field, value }) => {
    const shown = observed[field];
    const [wanted, got] = [plain(value), plain(shown)];
    if (wanted === undefined || (got === undefined && shown !== null)) return [];
    if (wanted === got) return [];
    const problem =
      shown === null ? 'A rule of the process emptied the field' : `A rule of the process keeps "${got}"`;
    return [{ field, problem }];
  });

const plain = (value: FieldValue | undefined): string | undefined => {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'object' && value?.kind === 'choice' ? value.id.toLowerCase() : undefined;
};

/** Newer servers name the comment that a revision brought; older ones are asked for the mark. */
const commentIdOf = async (
  workshop: Workshop,
  written: wire.WireWorkItem,
  comment: CommentInput,
): Promise<string | undefined> => {
  if (!hasCommentsApi(await workshop.client.version())) return `r${written.rev}`;
  const named = written.commentVersionRef?.commentId;
  if (named !== undefined) return String(named);
  const word = markWord(comment.mark);
  const comments = await workshop.comments.list(String(written.id));
  return comments.find((found) => found.marks.some((mark) => markWord(mark) === word))?.id;
};
