import { isFailure } from '../../sync/failure.ts';
import type { Comment } from '../../sync/record.ts';
import type { CommentInput } from '../connector.ts';
import { type Alemba, fillRoute } from './alemba.ts';
import type { Row } from './client.ts';
import { malformed, subStatusOf } from './failures.ts';
import { readComments, readHistory } from './history.ts';
import { fillBody } from './settings.ts';
import { writeRich } from './translate.ts';

/** The `$action` body of a comment, with the visibility flag where the installation has one. */
export function commentBody({ settings }: Alemba, comment: CommentInput): Record<string, unknown> {
  const { text, html } = writeRich(comment.body);
  const body = fillBody(settings.bodies.addComment, 'bodies.addComment', {
    title: settings.commentTitle,
    text,
    html,
  });
  if (settings.visibilityField === '') return body;
  const action = typeof body.$action === 'object' && body.$action !== null ? body.$action : {};
  return { ...body, $action: { ...action, [settings.visibilityField]: comment.visibility === 'public' } };
}

/**
 * Writes a comment as a history entry. No lock is needed.
 * Where the first route is not allowed in the call's state (a closed call cannot be deferred) the second is tried;
 * both refusals happen before any effect, so nothing is written twice.
 */
export async function addComment(
  alemba: Alemba,
  id: string,
  comment: CommentInput,
): Promise<{ id: string; answer: Row }> {
  const answer = await putComment(alemba, id, commentBody(alemba, comment));
  return { id: await entryId(alemba, id, comment.mark, answer), answer };
}

async function putComment(alemba: Alemba, id: string, body: Record<string, unknown>): Promise<Row> {
  const { client, settings } = alemba;
  const put = (route: string) =>
    client.put('call.comment', fillRoute(route, { ref: id }), body, { repeat: 'unsafe' });
  try {
    return await put(settings.addCommentRoute);
  } catch (error) {
    const isRefused = isFailure(error) && (error.kind === 'forbidden' || error.kind === 'rejected');
    const mayTry = isRefused && subStatusOf(error) === 'NotAllowed' && settings.addCommentFallback !== '';
    if (!mayTry || settings.addCommentFallback === settings.addCommentRoute) throw error;
    return put(settings.addCommentFallback).catch((second: unknown) => {
      // A system without the second route: what the first one said is the reason.
      throw subStatusOf(second) === 'ResourceNotFound' ? error : second;
    });
  }
}

/** The answer's last order is the new entry, unless a rule of the system added one behind it; then the mark tells. */
async function entryId(alemba: Alemba, id: string, mark: string, answer: Row): Promise<string> {
  if (typeof answer.LastHistoryOrder === 'number') return String(answer.LastHistoryOrder);
  const own = (await listComments(alemba, id)).findLast((comment) => comment.marks.includes(mark));
  if (own === undefined) throw malformed('The comment was accepted but does not stand in the history');
  return own.id;
}

export async function listComments(alemba: Alemba, id: string): Promise<readonly Comment[]> {
  return readComments(await readHistory(alemba, id, 0), alemba.settings);
}
