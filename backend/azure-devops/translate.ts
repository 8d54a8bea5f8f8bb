import { findMarks } from '../sync/mark.ts';
import type {
  Attachment,
  Comment,
  FieldValue,
  Principal,
  RecordRef,
  RichText,
  Snapshot,
} from '../sync/record.ts';
import { workItemPage } from './addresses.ts';
import type { TypeFacts } from './metadata.ts';
import { instantOf, leftOut, principalInText, principalOf, readValue } from './values.ts';
import type { WireComment, WireField, WireIdentity, WireRelation, WireWorkItem } from './wire.ts';

/** What a translation needs to know beside the work item itself. */
export interface Surroundings {
  organizationUrl: string;
  fields: ReadonlyMap<string, WireField>;
  /** Undefined when the type is no longer there. */
  type: TypeFacts | undefined;
  me: Principal;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const projectOf = (item: WireWorkItem): string | undefined => text(item.fields['System.TeamProject']);
export const typeOf = (item: WireWorkItem): string | undefined => text(item.fields['System.WorkItemType']);

export const refOf = (item: WireWorkItem, organizationUrl: string): RecordRef => {
  const id = String(item.id);
  const project = projectOf(item);
  const type = typeOf(item);
  return {
    id,
    key: id,
    url: workItemPage(organizationUrl, project, id),
    ...(type && { type }),
    ...(project && { project }),
  };
};

/** A work item as it was read, without its comments. */
export const snapshotOf = (
  item: WireWorkItem,
  around: Surroundings,
  options: { deleted?: boolean } = {},
): Snapshot => {
  const { fields } = item;
  const stateName = text(fields['System.State']) ?? '';
  const category = around.type?.states.find((state) => state.name === stateName)?.category ?? 'unknown';
  const updatedBy = personIn(fields['System.ChangedBy']);
  const priority = fields['Microsoft.VSTS.Common.Priority'];
  const createdAt = instantOf(fields['System.CreatedDate'])?.at;
  const dueAt = (
    instantOf(fields['Microsoft.VSTS.Scheduling.DueDate']) ??
    instantOf(fields['Microsoft.VSTS.Scheduling.TargetDate'])
  )?.at;
  return {
    side: 'workItem',
    ref: refOf(item, around.organizationUrl),
    revision: String(item.rev),
    title: text(fields['System.Title']) ?? '',
    status: { id: stateName, name: stateName, category },
    ...(priority !== undefined && { priority: String(priority) }),
    assignee: personIn(fields['System.AssignedTo']) ?? null,
    ...(createdAt && { createdAt }),
    updatedAt: instantOf(fields['System.ChangedDate'])?.at ?? new Date(0).toISOString(),
    ...(updatedBy && { updatedBy }),
    own: updatedBy !== undefined && isSamePerson(updatedBy, around.me),
    fields: fieldValuesOf(item, around),
    attachments: attachmentsOf(item.relations),
    hyperlinks: hyperlinksOf(item.relations),
    marks: (item.relations ?? []).filter(isHyperlink).flatMap(marksOf),
    ...(dueAt && { dueAt }),
    deleted: options.deleted ?? false,
  };
};

export const fieldValuesOf = (item: WireWorkItem, around: Surroundings): Record<string, FieldValue> => {
  const values: Record<string, FieldValue> = {};
  const read = (id: string, raw: unknown) => {
    if (leftOut.has(id)) return;
    values[id] = readValue(id, raw, {
      field: around.fields.get(id),
      typeField: around.type?.fields.get(id),
      isMarkdown: isMarkdown(item, id),
    });
  };
  // The server leaves out what is empty, so a field of the type that is not there is known to be empty.
  for (const id of around.type?.fields.keys() ?? []) if (!(id in item.fields)) read(id, undefined);
  for (const [id, raw] of Object.entries(item.fields)) read(id, raw);
  return values;
};

export const isMarkdown = (item: WireWorkItem, field: string): boolean =>
  item.multilineFieldsFormat?.[field]?.toLowerCase() === 'markdown';

export const personIn = (raw: unknown): Principal | undefined => {
  if (typeof raw === 'string') return raw === '' ? undefined : principalInText(raw);
  return typeof raw === 'object' && raw !== null ? principalOf(raw as WireIdentity) : undefined;
};

/** By id; by account where one side has none (old Servers write people as text). */
export const isSamePerson = (a: Principal, b: Principal): boolean => {
  if (a.id.toLowerCase() === b.id.toLowerCase()) return true;
  const [one, other] = [a.login?.toLowerCase(), b.login?.toLowerCase()];
  return one !== undefined && one === other;
};

const attachmentId = /\/attachments\/([0-9a-f-]{36})/i;

const attribute = (relation: WireRelation, name: string): unknown => relation.attributes?.[name];

export const isAttachment = (relation: WireRelation): boolean => relation.rel === 'AttachedFile';
export const isHyperlink = (relation: WireRelation): boolean => relation.rel === 'Hyperlink';

export const marksOf = (relation: WireRelation): string[] => {
  const comment = text(attribute(relation, 'comment'));
  return comment ? findMarks(comment) : [];
};

export const attachmentsOf = (relations: WireWorkItem['relations']): Attachment[] =>
  (relations ?? []).filter(isAttachment).flatMap((relation) => {
    const id = attachmentId.exec(relation.url)?.[1]?.toLowerCase();
    if (id === undefined) return [];
    const sizeBytes = attribute(relation, 'resourceSize');
    const at = instantOf(
      attribute(relation, 'resourceCreatedDate') ?? attribute(relation, 'authorizedDate'),
    )?.at;
    return [
      {
        id,
        name: text(attribute(relation, 'name')) ?? id,
        ...(typeof sizeBytes === 'number' && { sizeBytes }),
        ...(at && { at }),
        marks: marksOf(relation),
      },
    ];
  });

export const hyperlinksOf = (relations: WireWorkItem['relations']): string[] =>
  (relations ?? []).filter(isHyperlink).map((relation) => relation.url);

/**
 * Rendered HTML where the server gives it: there mentions carry names instead of ids. Marks are looked for in both
 * texts, because rendering may wrap what it shows.
 */
export const commentOf = (comment: WireComment): Comment => {
  const author = comment.createdBy ? principalOf(comment.createdBy) : undefined;
  return {
    id: String(comment.id),
    at: instantOf(comment.createdDate)?.at ?? comment.createdDate,
    ...(author && { author }),
    body: commentBody(comment),
    visibility: 'public',
    system: false,
    marks: [...new Set([...findMarks(comment.text), ...findMarks(comment.renderedText ?? '')])],
  };
};

const commentBody = (comment: WireComment): RichText => {
  if (comment.renderedText) return { kind: 'rich', format: 'html', text: comment.renderedText };
  // The enumeration's number is sent to clients that ask for numbers: 0 is Markdown.
  const isMarkdownText = /^(markdown|0)$/i.test(String(comment.format ?? 'html'));
  return { kind: 'rich', format: isMarkdownText ? 'markdown' : 'html', text: comment.text };
};

/** What tells a later read whether comments have to be read again. */
export interface Bookmark {
  comments: number;
  /** Newest version of a comment that a revision carried, which also moves when one is edited. */
  version?: string;
}

export const bookmarkOf = (item: WireWorkItem): Bookmark => {
  const count = item.fields['System.CommentCount'];
  const ref = item.commentVersionRef;
  return {
    comments: typeof count === 'number' ? count : 0,
    ...(ref && { version: `${ref.commentId}.${ref.version ?? 0}` }),
  };
};

export const writeBookmark = (bookmark: Bookmark): string => JSON.stringify(bookmark);

/** True unless the bookmark shows that no comment came since. A bookmark that cannot be read proves nothing. */
export const commentsMoved = (bookmark: string | undefined, now: Bookmark): boolean => {
  if (bookmark === undefined) return true;
  const before = readBookmark(bookmark);
  if (!before) return true;
  if (before.comments !== now.comments) return true;
  return now.version !== undefined && now.version !== before.version;
};

const readBookmark = (bookmark: string): Bookmark | undefined => {
  try {
    const value = JSON.parse(bookmark) as Partial<Bookmark> | null;
    return typeof value?.comments === 'number' ? (value as Bookmark) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
