import type { TimelineEntry } from '../../contract/links.ts';
import type { AttemptRow } from '../../store/attempts.ts';
import type { LinkRow } from '../../store/links.ts';
import type { Note } from '../../sync/command.ts';

/** What one attempt did and left undone, as entries of the explain timeline. */
export function timelineOf(row: AttemptRow, link: LinkRow): TimelineEntry[] {
  const at = new Date(row.at).toISOString();
  const notes = (row.detail.notes ?? []) as Note[];
  const entries = notes.map(
    (note, index): TimelineEntry => ({
      id: `${row.id}.${index + 1}`,
      at,
      code: note.code,
      side: note.side,
      field: note.field,
      from: note.from,
      to: note.to,
      reason: note.reason,
      outcome: outcomeOf(note),
      durationMs: row.duration_ms,
    }),
  );
  if (row.outcome === 'failure' || entries.length === 0) {
    entries.unshift({
      id: `${row.id}.0`,
      at,
      code: row.outcome === 'failure' ? (row.failure ?? 'failure') : 'agreed',
      reason: row.summary,
      outcome: row.outcome,
      durationMs: row.duration_ms,
      nextAttemptAt:
        row.outcome === 'failure' && link.retry_at !== null
          ? new Date(link.retry_at).toISOString()
          : undefined,
    });
  }
  return entries;
}

const outcomeOf = (note: Note): TimelineEntry['outcome'] => {
  if (note.code === 'fieldSent' || note.code === 'commentSent' || note.code === 'attachmentSent')
    return 'done';
  if (note.code === 'recordRestored' || note.code === 'fieldKept') return 'info';
  return 'halt';
};
