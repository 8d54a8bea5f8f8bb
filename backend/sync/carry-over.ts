import type { Draft } from './draft.ts';
import { findMarks, markFor, removeMarks, writeMark } from './mark.ts';
import { escapeText, toHtml, toText } from './markup/index.ts';
import { type Comment, otherSide, type RichText, type Side } from './record.ts';

/** What comments and attachments share: sets with pairs and marks. */
export type Carried = 'comment' | 'attachment';

export const markOf = (linkId: string, kind: Carried, side: Side, sourceId: string): string =>
  markFor(linkId, kind, `${side}:${sourceId}`);

const idOf = (pair: { workItemSideId: string; ticketSideId: string }, side: Side): string =>
  side === 'workItem' ? pair.workItemSideId : pair.ticketSideId;

export interface Recognition {
  /** Ids of this side that are paired already. */
  paired: ReadonlySet<string>;
  /** Marks that this link would use for what lies on the other side, with the id there and its pair here. */
  marks: ReadonlyMap<string, { sourceId: string; pairedId?: string }>;
}

/** What on `side` is known to come from, or to correspond to, something on the other side. */
export function recognise(draft: Draft, kind: Carried, side: Side, otherIds: readonly string[]): Recognition {
  const { link } = draft.input;
  const other = otherSide(side);
  const marks = new Map<string, { sourceId: string; pairedId?: string }>();
  for (const sourceId of otherIds) marks.set(markOf(link.id, kind, other, sourceId), { sourceId });
  const paired = new Set<string>();
  for (const pair of link.pairs) {
    if (pair.kind !== kind) continue;
    const [sourceId, pairedId] = [idOf(pair, other), idOf(pair, side)];
    paired.add(pairedId);
    marks.set(markOf(link.id, kind, other, sourceId), { sourceId, pairedId });
  }
  return { paired, marks };
}

/** The last word of the text is a mark: the whole was written by Tandem, not quoted by a person. */
export function endsWithMark(comment: Comment): boolean {
  const last = comment.marks.at(-1);
  if (last === undefined) return false;
  return toText(comment.body).text.trimEnd().endsWith(writeMark(last));
}

export const withoutMarks = (rich: RichText): string =>
  toHtml({ ...rich, text: removeMarks(rich.text) }).text;

/** `2026-05-01 10:00 UTC`. */
function stamp(at: string): string {
  const ms = Date.parse(at);
  return Number.isNaN(ms) ? at : `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function attribution(comment: Comment, system: string): string {
  const who = comment.author?.name ?? comment.author?.email ?? (comment.system ? 'The system' : 'Somebody');
  return `${who} wrote in ${system}, ${stamp(comment.at)}:`;
}

/**
 * The footer that tells Tandem's own writing: a line of its own at the very end. Its tag may be lost on the way, the
 * words stay, in HTML, Markdown and plain text.
 */
export const footer = (mark: string): string => `<p><small>${writeMark(mark)}</small></p>`;

export interface CarriedBody {
  body: RichText;
  losses: readonly string[];
}

/** A comment as it is written to the other side. */
export function carriedBody(
  comment: Comment,
  options: { mark: string; attributionFrom?: string },
): CarriedBody {
  const { losses } = toHtml(comment.body);
  const line =
    options.attributionFrom === undefined
      ? ''
      : `<p><em>${escapeText(attribution(comment, options.attributionFrom))}</em></p>`;
  const text = `${line}${withoutMarks(comment.body)}${footer(options.mark)}`;
  return { body: { kind: 'rich', format: 'html', text }, losses };
}

/** The body of a comment that Tandem itself writes, from plain words. */
export const ownBody = (words: string, mark: string): RichText => ({
  kind: 'rich',
  format: 'html',
  text: `<p>${escapeText(words)}</p>${footer(mark)}`,
});

/** Marks of a body, for connectors that fill `Comment.marks`. */
export const marksOfBody = (body: RichText): readonly string[] => findMarks(toText(body).text);

export const pairOf = (kind: Carried, side: Side, id: string, otherId: string) =>
  side === 'workItem'
    ? { kind, workItemSideId: id, ticketSideId: otherId }
    : { kind, workItemSideId: otherId, ticketSideId: id };

/** Anything before the link is history; without a time for the link all that was not read before is. */
export function isHistory(at: string | undefined, since: string | undefined): boolean {
  if (since === undefined || at === undefined) return true;
  const [then, start] = [Date.parse(at), Date.parse(since)];
  return Number.isNaN(then) || Number.isNaN(start) || then < start;
}

/** Oldest first; equal or unreadable times keep the order of the reading. */
export const byTime = <T extends { at?: string }>(entries: readonly T[]): T[] =>
  entries.toSorted((a, b) => (Date.parse(a.at ?? '') || 0) - (Date.parse(b.at ?? '') || 0));
