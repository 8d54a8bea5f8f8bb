import { hash128 } from './hash.ts';

/**
 * A mark is a short word that Tandem leaves inside what it creates (a ticket's correlation field, a comment's
 * footer, an attachment's comment), so that after a lost answer it can find out whether the create happened.
 * 12 characters of Crockford's base 32 are 60 bits: no collision within one record, and none expected (p < 1e-6)
 * among a million marks of one tenant.
 */
export const markPattern = /\btandem-([0-9a-hjkmnp-tv-z]{12})\b/g;

export const writeMark = (mark: string): string => `tandem-${mark}`;

/** All marks in a text (HTML or plain), without the prefix, in order of appearance. */
export function findMarks(text: string): string[] {
  return [...text.matchAll(markPattern)].map((match) => match[1] as string);
}

/** Crockford's base 32 in lower case: no i, l, o, u, which people misread. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * The mark of one write, the same whenever it is planned again: `linkId` is any id that is unique in the tenant,
 * `sourceId` names what is carried over (with its side, as both sides may number from 1).
 */
export function markFor(linkId: string, kind: 'create' | 'comment' | 'attachment', sourceId: string): string {
  // Lengths first, so that no two triples make one text.
  const [a, b] = hash128(`${linkId.length}:${linkId}:${kind}:${sourceId}`);
  let mark = '';
  for (let shift = 0; shift < 30; shift += 5) mark += alphabet[(a >>> shift) & 31];
  for (let shift = 0; shift < 30; shift += 5) mark += alphabet[(b >>> shift) & 31];
  return mark;
}

/** Takes marks out of a text, so that a quotation of a carried-over comment is not taken for one. */
export const removeMarks = (text: string): string => text.replace(markPattern, '');
