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
