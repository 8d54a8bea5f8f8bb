import {
  byTime,
  carriedBody,
  endsWithMark,
  isHistory,
  markOf,
  pairOf,
  type Recognition,
  recognise,
} from './carry-over.ts';
import type { Draft } from './draft.ts';
import { type Comment, otherSide, type Side } from './record.ts';

const allows = (draft: Draft, from: Side): boolean => {
  const { mapping, can } = draft.input;
  return from === 'workItem' ? mapping.comments.out && can.ticketComments : mapping.comments.in;
};

/** The reason for which policy keeps a comment on its side, if there is one. */
function heldBack(draft: Draft, side: Side, comment: Comment): string | undefined {
  const { comments } = draft.input.mapping;
  if (comment.system && !comments.includeSystem) return 'systemEntry';
  // Work items know no visibility: every comment is for whoever may read the work item.
  if (side === 'ticket' && comments.onlyPublic && comment.visibility !== 'public') return 'notPublic';
  return undefined;
}

/** Pairs what is ours; true when the comment must not be carried back. */
function isOurs(draft: Draft, side: Side, comment: Comment, { paired, marks }: Recognition): boolean {
  if (paired.has(comment.id)) return true;
  for (const mark of comment.marks) {
    const source = marks.get(mark);
    if (source === undefined) continue;
    // The copy is known and is another comment: this one quotes it.
    if (source.pairedId !== undefined) continue;
    draft.pairs.push(pairOf('comment', side, comment.id, source.sourceId));
    return true;
  }
  const last = comment.marks.at(-1);
  if (last === undefined || marks.get(last)?.pairedId !== undefined) return false;
  if (!endsWithMark(comment)) return false;
  // Written by Tandem for another link, or about this one: what came from one customer stays off another's record.
  draft.notes.push({ code: 'commentHeldBack', side, reason: 'writtenByTandem', from: comment.id });
  return true;
}

function carry(draft: Draft, from: Side, comment: Comment): void {
  const { link, mapping, systemName } = draft.input;
  const to = otherSide(from);
  const mark = markOf(link.id, 'comment', from, comment.id);
  const attributionFrom = mapping.comments.attribution ? systemName[from] : undefined;
  const { body, losses } = carriedBody(comment, { mark, attributionFrom });
  const visibility = to === 'ticket' ? mapping.comments.outVisibility : 'internal';
  draft.later.push({ kind: 'addComment', side: to, body, visibility, sourceId: comment.id, mark });
  draft.notes.push({ code: 'commentSent', side: to, from: comment.id });
  if (losses.length > 0) draft.notes.push({ code: 'markupLost', side: to, reason: losses.join(', ') });
}

function planFrom(draft: Draft, from: Side): void {
  const { link, mapping } = draft.input;
  const comments = draft.snapshot[from].comments;
  if (comments === undefined) return;
  const to = otherSide(from);
  const before = link.base?.[from].comments;
  const handled = new Set(before);
  const otherIds = (side: Side) => [
    ...(draft.snapshot[side].comments ?? []).map((comment) => comment.id),
    ...(link.base?.[side].comments ?? []),
  ];
  const fresh = byTime(comments.filter((comment) => !handled.has(comment.id)));
  if (fresh.length === 0) return;
  const here = recognise(
    draft,
    'comment',
    from,
    fresh.some((comment) => comment.marks.length > 0) ? otherIds(to) : [],
  );
  // What a lost answer left on the other side: our mark for one of these comments.
  const arrived = new Map(
    (draft.snapshot[to].comments ?? []).flatMap((comment) => comment.marks.map((mark) => [mark, comment.id])),
  );
  const seen = draft.seen[from].comments;
  const isFirstReading = before === undefined;
  for (const comment of fresh) {
    if (isOurs(draft, from, comment, here)) {
      seen.push(comment.id);
      continue;
    }
    const copy = arrived.get(markOf(link.id, 'comment', from, comment.id));
    if (copy !== undefined) {
      draft.pairs.push(pairOf('comment', from, comment.id, copy));
      seen.push(comment.id);
      continue;
    }
    const old = isFirstReading && mapping.comments.history === 'none' && isHistory(comment.at, link.since);
    const reason = !allows(draft, from) ? 'direction' : old ? 'beforeLink' : heldBack(draft, from, comment);
    if (reason === undefined) carry(draft, from, comment);
    else {
      seen.push(comment.id);
      if (reason !== 'direction' && !old) {
        draft.notes.push({ code: 'commentHeldBack', side: from, reason, from: comment.id });
      }
    }
  }
}

/**
 * Comments are sets: each is carried over once and never changed or deleted on the other side. A comment that policy
 * holds back is done with: it is not sent later when the policy or its visibility changes.
 */
export function planComments(draft: Draft): void {
  planFrom(draft, 'workItem');
  planFrom(draft, 'ticket');
}
