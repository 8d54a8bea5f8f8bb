import type { TimelineEntry } from '../backend/contract/links.ts';

type Telling = Pick<TimelineEntry, 'code' | 'side' | 'field' | 'from' | 'to' | 'reason'>;

const quoted = (value: string | undefined) => (value === undefined || value === '' ? 'empty' : `“${value}”`);
const here = (entry: Telling) => (entry.side === 'ticket' ? 'the ticket' : 'the work item');
const there = (entry: Telling) => (entry.side === 'ticket' ? 'the work item' : 'the ticket');
const change = (entry: Telling) =>
  entry.from === undefined && entry.to === undefined
    ? ''
    : ` ${entry.from === undefined ? '' : `${quoted(entry.from)} `}→ ${quoted(entry.to)}`;
const named = (entry: Telling, fallback: string) => entry.field ?? fallback;

/** A sentence for each code of the planner's notes and of the link's own history. `side` is the side written to. */
const sentences: Record<string, (entry: Telling) => string> = {
  fieldSent: (entry) => `${named(entry, 'A field')}${change(entry)}, written to ${here(entry)}.`,
  fieldOverruled: (entry) =>
    `${named(entry, 'A field')} changed in ${here(entry)} and was not taken over: the mapping says that ${there(entry)} wins.`,
  fieldUnmappable: (entry) =>
    `${named(entry, 'A field')} ${quoted(entry.from)} has no counterpart in ${here(entry)} and was left alone.`,
  fieldUnknown: (entry) => `${named(entry, 'A field')} could not be read and was left alone.`,
  fieldKept: (entry) =>
    `${named(entry, 'A field')} differed when the two were linked; both values were kept.`,
  stateUnmapped: (entry) =>
    `State ${quoted(entry.from)} has no row in the mapping, so the state of ${here(entry)} was left alone.`,
  conflict: (entry) => `${named(entry, 'A field')} changed on both sides. A person must decide.`,
  commentSent: (entry) => `A comment was carried over to ${here(entry)}.`,
  // For what is held back, `side` is where it was written.
  commentHeldBack: (entry) => `A comment was not carried over from ${here(entry)}.`,
  attachmentSent: (entry) =>
    `${entry.to ?? entry.from ?? 'An attachment'} was carried over to ${here(entry)}.`,
  attachmentHeldBack: (entry) =>
    `${entry.from ?? entry.to ?? 'An attachment'} was not carried over from ${here(entry)}.`,
  recordMissing: (entry) => `${capital(here(entry))} is gone, or Tandem may no longer see it.`,
  recordRestored: (entry) => `${capital(here(entry))} is back.`,
  markupLost: (entry) => `Some formatting of ${named(entry, 'a text')} does not exist in ${here(entry)}.`,
  created: (entry) => `${capital(here(entry))} was created.`,
  linked: () => 'The work item and the ticket were linked.',
  unlinked: () => 'The link was ended.',
  agreed: () => 'Both sides were read and found in agreement.',
  unauthorized: () => 'The credentials were refused. The connection waits for new ones.',
  forbidden: () => 'The other system did not allow it.',
  notFound: () => 'A record was not found, or is no longer visible.',
  rejected: () => 'The other system refused a value.',
  stale: () => 'The record changed meanwhile; it was read again.',
  throttled: () => 'The other system asked to wait.',
  unavailable: () => 'The other system did not answer.',
  ambiguous: () => 'The answer was lost; Tandem looks whether it was done before it tries again.',
  malformed: () => 'The answer of the other system could not be read.',
  conflictResolved: (entry) => `${named(entry, 'A conflict')} was decided${change(entry)}.`,
};

const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

/** "someNewCode" as "Some new code": a backend that is newer than the extension stays readable. */
const spelledOut = (code: string) =>
  capital(
    code.replace(/([a-z])([A-Z])/g, (_, end: string, start: string) => `${end} ${start.toLowerCase()}`),
  );

/** Reasons that the backend gives as a word of its own. */
const reasons: Record<string, string> = {
  systemEntry: 'The service desk’s system wrote it, not a person.',
  notPublic: 'It is internal, and the mapping carries over public comments only.',
  writtenByTandem: 'Tandem wrote it for another link.',
  type: 'The mapping leaves out files of this type.',
  name: 'The mapping leaves out files of this name.',
  tooLarge: 'It is larger than the mapping allows or the other side takes.',
  deleted: 'It was deleted.',
  notVisible: 'It is no longer visible to Tandem.',
};

/** What happened, in one or two plain sentences. */
export function tellTimeline(entry: Telling): string {
  const sentence =
    sentences[entry.code]?.(entry) ??
    `${spelledOut(entry.code)}${entry.field ? `: ${entry.field}` : ''}${change(entry)}.`;
  if (!entry.reason) return sentence;
  return `${sentence} ${reasons[entry.reason] ?? entry.reason.replace(/[.\s]*$/, '.')}`;
}
