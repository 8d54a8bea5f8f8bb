import { marked } from 'marked';
import { requireWrite } from './permissions.ts';
import { AzureDevOpsProblem } from './problem.ts';
import type { CallContext, Route } from './router.ts';
import { isServices, type Simulator } from './simulator.ts';
import { type CommentRecord, type CommentVersionRecord, latest, type WorkItemRecord } from './store.ts';
import type { SandboxUser } from './users.ts';
import { readableWorkItem } from './work-item-routes.ts';
import { workItemUrl } from './work-item-view.ts';
import { addRevision, announce } from './work-item-write.ts';

type CommentFormat = 'html' | 'markdown';
const maxCommentCharacters = 1_048_576;

function current(comment: CommentRecord): CommentVersionRecord {
  const version = comment.versions.at(-1);
  if (version === undefined) throw new Error(`comment ${comment.id} has no version`);
  return version;
}

const rendered = (version: CommentVersionRecord): string =>
  version.format === 'markdown' ? marked.parse(version.text, { async: false }) : version.text;

/** `version:2.0,{guid}` in HTML, `@<guid>` in Markdown. */
function mentions(simulator: Simulator, comment: CommentRecord, version: CommentVersionRecord): object[] {
  const found = [...version.text.matchAll(/version:2\.0,\{?([0-9a-f-]{36})\}?|@<([0-9a-f-]{36})>/gi)];
  const ids = new Set(found.map((match) => (match[1] ?? match[2] ?? '').toLowerCase()));
  return [...ids]
    .filter((id) => simulator.users.byId(id) !== undefined)
    .map((id) => ({
      artifactId: String(comment.id),
      artifactType: 'Person',
      commentId: comment.id,
      targetId: id,
    }));
}

function versionView(
  simulator: Simulator,
  workItem: WorkItemRecord,
  comment: CommentRecord,
  version: CommentVersionRecord,
  options: { withRendered: boolean; withFormat: boolean },
): Record<string, unknown> {
  return {
    id: comment.id,
    version: version.version,
    text: version.text,
    ...(options.withRendered ? { renderedText: rendered(version) } : {}),
    ...(options.withFormat ? { format: version.format } : {}),
    createdBy: simulator.users.ref(comment.createdBy),
    createdDate: comment.createdDate,
    modifiedBy: simulator.users.ref(version.modifiedBy),
    modifiedDate: version.modifiedDate,
    ...(version.isDeleted ? { isDeleted: true } : {}),
    url: `${workItemUrl(simulator, workItem)}/comments/${comment.id}/versions/${version.version}`,
  };
}

/** `format` is part of the answer since preview.4 (Services); earlier versions know HTML alone. */
function commentView(
  context: CallContext,
  workItem: WorkItemRecord,
  comment: CommentRecord,
): Record<string, unknown> {
  const expand = (context.query.get('$expand') ?? '').toLowerCase();
  const withRendered = /renderedtext/.test(expand) || expand === 'all' || context.request.method !== 'GET';
  const withFormat = isServices(context.simulator) && (context.version.revision ?? 4) >= 4;
  const version = current(comment);
  const { simulator } = context;
  const url = `${workItemUrl(simulator, workItem)}/comments/${comment.id}`;
  return {
    mentions: mentions(simulator, comment, version),
    workItemId: workItem.id,
    ...versionView(simulator, workItem, comment, version, { withRendered, withFormat }),
    ...(comment.isDeleted ? { isDeleted: true } : {}),
    url,
  };
}

function checkText(value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '')
    throw new AzureDevOpsProblem(
      400,
      'ArgumentNullException',
      'Value cannot be null. Parameter name: request.Text',
      { namespace: 'System' },
    );
  if (value.length > maxCommentCharacters)
    throw new AzureDevOpsProblem(
      400,
      'CommentUpdateException',
      `TF401320: The comment is longer than ${maxCommentCharacters} characters.`,
    );
  return value;
}

/** The query parameter the vendor's own tools use; `0` and `1` are its numbers for Markdown and HTML. */
function readFormat(context: CallContext): CommentFormat {
  const text = context.query.get('format')?.toLowerCase();
  if (text === undefined || text === 'html' || text === '1') return 'html';
  if (
    (text === 'markdown' || text === '0') &&
    isServices(context.simulator) &&
    (context.version.revision ?? 4) >= 4
  )
    return 'markdown';
  throw new AzureDevOpsProblem(400, 'ArgumentException', `The value '${text}' is not valid for format.`, {
    namespace: 'System',
  });
}

/** A new revision that carries the comment: what makes the updated event of a comment look as it does. */
function bumpRevision(
  simulator: Simulator,
  workItem: WorkItemRecord,
  user: SandboxUser,
  commentVersion: { commentId: number; version: number },
  options: { history?: string; countChange: number },
) {
  const before = latest(workItem);
  const { 'System.History': _history, ...fields } = before.fields;
  fields['System.CommentCount'] = Number(fields['System.CommentCount'] ?? 0) + options.countChange;
  if (options.history !== undefined) fields['System.History'] = options.history;
  return addRevision(simulator, workItem, {
    ...before,
    rev: before.rev + 1,
    fields,
    changedBy: user.id,
    changedDate: simulator.clock.iso(),
    commentVersion,
  });
}

export function addComment(
  simulator: Simulator,
  workItem: WorkItemRecord,
  user: SandboxUser,
  text: string,
  format: CommentFormat = 'html',
): CommentRecord {
  const at = simulator.clock.iso();
  const id = simulator.store.takeCommentId();
  const version: CommentVersionRecord = {
    version: 1,
    text,
    format,
    modifiedBy: user.id,
    modifiedDate: at,
    createdInRevision: latest(workItem).rev + 1,
    isDeleted: false,
  };
  const comment: CommentRecord = {
    id,
    createdBy: user.id,
    createdDate: at,
    isDeleted: false,
    versions: [version],
  };
  workItem.comments.push(comment);
  const history = rendered(version);
  const update = bumpRevision(
    simulator,
    workItem,
    user,
    { commentId: id, version: 1 },
    { history, countChange: 1 },
  );
  simulator.ledger.record({
    kind: 'effect',
    at,
    effect: 'comment.added',
    recordId: String(workItem.id),
    actor: user.key,
    detail: { commentId: id, text, format },
  });
  announce(simulator, workItem, update, user, history);
  return comment;
}

export function changeComment(
  simulator: Simulator,
  workItem: WorkItemRecord,
  comment: CommentRecord,
  user: SandboxUser,
  change: { text: string; format: CommentFormat } | 'delete',
): void {
  const at = simulator.clock.iso();
  const last = current(comment);
  const version: CommentVersionRecord = {
    ...last,
    version: last.version + 1,
    ...(change === 'delete' ? { isDeleted: true } : change),
    modifiedBy: user.id,
    modifiedDate: at,
    createdInRevision: latest(workItem).rev + 1,
  };
  comment.versions.push(version);
  comment.isDeleted = version.isDeleted;
  const countChange = change === 'delete' ? -1 : 0;
  const update = bumpRevision(
    simulator,
    workItem,
    user,
    { commentId: comment.id, version: version.version },
    { countChange },
  );
  const effect = change === 'delete' ? 'comment.deleted' : 'comment.updated';
  simulator.ledger.record({
    kind: 'effect',
    at,
    effect,
    recordId: String(workItem.id),
    actor: user.key,
    detail: { commentId: comment.id },
  });
  announce(simulator, workItem, update, user);
}

function commentOf(context: CallContext, workItem: WorkItemRecord, includeDeleted: boolean): CommentRecord {
  const comment = workItem.comments.find((candidate) => candidate.id === Number(context.params.commentId));
  if (comment === undefined || (comment.isDeleted && !includeDeleted))
    throw new AzureDevOpsProblem(
      404,
      'CommentNotFoundException',
      `TF402327: Comment ${context.params.commentId} of work item ${workItem.id} does not exist.`,
    );
  return comment;
}

/** Only the author, or an administrator, may change a comment. */
function requireAuthor(context: CallContext, workItem: WorkItemRecord, comment: CommentRecord): void {
  requireWrite(context.user, workItem.projectId);
  if (comment.createdBy === context.user.id || context.user.roles.get(workItem.projectId) === 'administrator')
    return;
  throw new AzureDevOpsProblem(
    403,
    'PermissionDeniedException',
    'VS403697: You can only change your own comments.',
  );
}

function listComments(context: CallContext): object {
  const workItem = readableWorkItem(context, context.params.workItemId);
  if (context.version.number < 5.1) return legacyComments(context, workItem);
  const includeDeleted = context.query.get('includeDeleted') === 'true';
  const ids = context.query.get('ids')?.split(',').map(Number);
  const ascending = (context.query.get('order') ?? 'desc').toLowerCase() === 'asc';
  const all = workItem.comments
    .filter((comment) => (includeDeleted || !comment.isDeleted) && (ids?.includes(comment.id) ?? true))
    .sort((a, b) => (ascending ? a.id - b.id : b.id - a.id));
  const top = Math.min(Number(context.query.get('$top') ?? 200), 200);
  const start = Number(context.query.get('continuationToken') ?? 0);
  const page = all.slice(start, start + top);
  const next = start + top < all.length ? String(start + top) : undefined;
  const url = `${workItemUrl(context.simulator, workItem)}/comments`;
  return {
    totalCount: all.length,
    count: page.length,
    comments: page.map((comment) => commentView(context, workItem, comment)),
    ...(next === undefined ? {} : { continuationToken: next, nextPage: `${url}?continuationToken=${next}` }),
    url,
  };
}

/** 5.0-preview.2: comments by the revision that brought them, read only. */
function legacyComments(context: CallContext, workItem: WorkItemRecord): object {
  const value = workItem.revisions
    .filter((revision) => revision.fields['System.History'] !== undefined)
    .map((revision) => ({
      revision: revision.rev,
      text: revision.fields['System.History'],
      revisedBy: context.simulator.users.ref(revision.changedBy),
      revisedDate: revision.changedDate,
      url: `${workItemUrl(context.simulator, workItem)}/comments/${revision.rev}`,
    }));
  return { totalCount: value.length, fromRevisionCount: value.length, count: value.length, comments: value };
}

const version = { since: 5.1, revision: 4, isPreviewOnly: true };

export const commentRoutes: Route[] = [
  {
    id: 'comment.add',
    method: 'POST',
    path: 'wit/workitems/{workItemId}/comments',
    level: 'project',
    version,
    scope: 'vso.work_write',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.workItemId);
      requireWrite(context.user, workItem.projectId);
      const text = checkText((context.body as { text?: unknown } | null)?.text);
      return commentView(
        context,
        workItem,
        addComment(context.simulator, workItem, context.user, text, readFormat(context)),
      );
    },
  },
  {
    id: 'comment.list',
    method: 'GET',
    path: 'wit/workitems/{workItemId}/comments',
    level: 'project',
    version: { ...version, since: 4.1 },
    scope: 'vso.work',
    handle: listComments,
  },
  {
    id: 'comment.read',
    method: 'GET',
    path: 'wit/workitems/{workItemId}/comments/{commentId}',
    level: 'project',
    version,
    scope: 'vso.work',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.workItemId);
      return commentView(
        context,
        workItem,
        commentOf(context, workItem, context.query.get('includeDeleted') === 'true'),
      );
    },
  },
  {
    id: 'comment.update',
    method: 'PATCH',
    path: 'wit/workitems/{workItemId}/comments/{commentId}',
    level: 'project',
    version,
    scope: 'vso.work_write',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.workItemId);
      const comment = commentOf(context, workItem, false);
      requireAuthor(context, workItem, comment);
      const text = checkText((context.body as { text?: unknown } | null)?.text);
      const format = context.query.has('format') ? readFormat(context) : current(comment).format;
      if (text !== current(comment).text || format !== current(comment).format)
        changeComment(context.simulator, workItem, comment, context.user, { text, format });
      return commentView(context, workItem, comment);
    },
  },
  {
    id: 'comment.delete',
    method: 'DELETE',
    path: 'wit/workitems/{workItemId}/comments/{commentId}',
    level: 'project',
    version,
    scope: 'vso.work_write',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.workItemId);
      const comment = commentOf(context, workItem, false);
      requireAuthor(context, workItem, comment);
      changeComment(context.simulator, workItem, comment, context.user, 'delete');
      return context.reply.code(204).send();
    },
  },
  {
    id: 'comment.versions',
    method: 'GET',
    path: 'wit/workitems/{workItemId}/comments/{commentId}/versions',
    level: 'project',
    version: { ...version, revision: 1 },
    scope: 'vso.work',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.workItemId);
      const comment = commentOf(context, workItem, true);
      return {
        count: comment.versions.length,
        value: comment.versions.map((entry) =>
          versionView(context.simulator, workItem, comment, entry, { withRendered: true, withFormat: false }),
        ),
      };
    },
  },
];
