import type { CommentInput } from '../connectors/connector.ts';
import { Failure, isFailure } from '../sync/failure.ts';
import { findMarks } from '../sync/mark.ts';
import { convertRich } from '../sync/markup/index.ts';
import type { Comment } from '../sync/record.ts';
import { hasCommentsApi } from './api-versions.ts';
import type { Client } from './client.ts';
import { markWord, patchContentType, setHistory } from './patch.ts';
import { numberOf, type Reader } from './reader.ts';
import { commentOf, personIn, projectOf } from './translate.ts';
import * as wire from './wire.ts';

const pageSize = 200;
/** A work item with more comments than this is not read to its end; Azure DevOps allows 10,000 revisions at all. */
const maxPages = 60;

export interface Comments {
  list(id: string): Promise<readonly Comment[]>;
  add(id: string, comment: CommentInput): Promise<{ id: string }>;
}

export const createComments = (
  client: Client,
  reader: Reader,
  isServices: () => Promise<boolean>,
): Comments => {
  // The comments API, unlike all others for work items, has no route without a project.
  const projectFor = async (id: string): Promise<string> => {
    const known = reader.recall(id)?.project;
    if (known) return known;
    const item = await reader.read(id);
    const project = item && projectOf(item);
    if (project) return project;
    throw new Failure({ kind: 'notFound', message: `Work item ${id} does not exist or is not visible` });
  };

  const list = async (id: string): Promise<readonly Comment[]> => {
    numberOf(id);
    if (!hasCommentsApi(await client.version())) return listFromUpdates(client, id);
    return listComments(client, await projectFor(id), id);
  };

  const add: Comments['add'] = async (id, comment) => {
    numberOf(id);
    if (!hasCommentsApi(await client.version())) return addToHistory(client, id, comment);
    const project = await projectFor(id);
    const wantsMarkdown = comment.body.format === 'markdown' && (await isServices());
    if (!wantsMarkdown) return post(client, { project, id, comment, format: 'html' });
    try {
      return await post(client, { project, id, comment, format: 'markdown' });
    } catch (error) {
      // The parameter is not part of the published interface; a server that does not take it did nothing.
      if (!isFailure(error) || error.kind !== 'rejected') throw error;
      return post(client, { project, id, comment, format: 'html' });
    }
  };

  return { list, add };
};

const listComments = async (client: Client, project: string, id: string): Promise<Comment[]> => {
  const found: Comment[] = [];
  let continuationToken: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const list = await client.json(
      {
        method: 'GET',
        project,
        path: `wit/workItems/${numberOf(id)}/comments`,
        resource: 'comments',
        route: 'comments.list',
        query: { $top: pageSize, $expand: 'renderedText', order: 'asc', continuationToken },
      },
      wire.commentList,
    );
    found.push(...list.comments.filter((comment) => !comment.isDeleted).map(commentOf));
    continuationToken = list.continuationToken ?? undefined;
    if (!continuationToken || list.comments.length === 0) break;
  }
  return found;
};

/** Server 2019 has comments only as the history of each update; the revision stands for the missing id. */
const listFromUpdates = async (client: Client, id: string): Promise<Comment[]> => {
  const found: Comment[] = [];
  for (let page = 0; page < maxPages; page++) {
    const { value } = await client.json(
      {
        method: 'GET',
        path: `wit/workItems/${numberOf(id)}/updates`,
        resource: 'workItems',
        route: 'updates.list',
        query: { $top: pageSize, $skip: page * pageSize },
      },
      wire.updateList,
    );
    for (const update of value) {
      const text = update.fields?.['System.History']?.newValue;
      if (typeof text === 'string' && text !== '') found.push(commentInUpdate(update, text));
    }
    if (value.length < pageSize) break;
  }
  return found;
};

type WireUpdate = (typeof wire.updateList)['_output']['value'][number];

const commentInUpdate = (update: WireUpdate, text: string): Comment => {
  const author = personIn(update.revisedBy);
  // The date of the newest update lies in the year 9999; the change itself is told among the fields.
  const changed = update.fields?.['System.ChangedDate']?.newValue ?? update.revisedDate;
  return {
    id: `r${update.rev}`,
    at: new Date(String(changed)).toISOString(),
    ...(author && { author }),
    body: { kind: 'rich', format: 'html', text },
    visibility: 'public',
    system: false,
    marks: [...new Set(findMarks(text))],
  };
};

const post = async (
  client: Client,
  input: { project: string; id: string; comment: CommentInput; format: 'html' | 'markdown' },
) => {
  const { project, id, comment, format } = input;
  const added = await client.json(
    {
      method: 'POST',
      project,
      path: `wit/workItems/${numberOf(id)}/comments`,
      resource: 'comments',
      route: 'comment.add',
      query: { format: format === 'markdown' ? 'markdown' : undefined },
      body: { text: marked(comment, format) },
      repeat: 'unsafe',
    },
    wire.comment,
  );
  return { id: String(added.id) };
};

const addToHistory = async (client: Client, id: string, comment: CommentInput) => {
  const written = await client.json(
    {
      method: 'PATCH',
      path: `wit/workitems/${numberOf(id)}`,
      resource: 'workItems',
      route: 'comment.add',
      contentType: patchContentType,
      body: [setHistory(marked(comment, 'html'))],
      repeat: 'unsafe',
    },
    wire.workItem,
  );
  return { id: `r${written.rev}` };
};

/** The text in the format that is sent, with the mark if the caller did not put it in. */
export const marked = (comment: CommentInput, format: 'html' | 'markdown'): string => {
  const { text } = convertRich(comment.body, format).value;
  const word = markWord(comment.mark);
  if (findMarks(text).some((mark) => markWord(mark) === word)) return text;
  return format === 'html' ? `${text}<p>${word}</p>` : `${text}\n\n${word}`;
};
