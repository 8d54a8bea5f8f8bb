import type { TimelineEntry } from '../../contract/links.ts';
import { describeSides } from '../../engine/plan-input.ts';
import type { AttemptRow } from '../../store/attempts.ts';
import type { LinkRow } from '../../store/links.ts';
import type { Note } from '../../sync/command.ts';
import { isFailure } from '../../sync/failure.ts';
import type { Side } from '../../sync/record.ts';
import type { Services } from './services.ts';

/** What people call a field of one side. */
export type NameOf = (side: Side, field: string) => string;

/** Names of both systems' fields. A system that does not answer costs the names, not the timeline. */
export async function fieldNames(services: Services, link: LinkRow): Promise<NameOf> {
  const { mappings } = await services.engine.settings.of(link.tenant);
  const mapping = mappings.find(({ id }) => id === link.mapping);
  if (mapping === undefined) return (_side, field) => field;
  const input = { ...mapping.settings, connectionId: mapping.connection };
  try {
    const descriptions = await describeSides(services.systems, link.tenant, input);
    return (side, field) => descriptions[side].fields.find(({ id }) => id === field)?.name ?? field;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return (_side, field) => field;
  }
}

/** What one attempt did and left undone, as entries of the explain timeline. */
export function timelineOf(row: AttemptRow, link: LinkRow, nameOf: NameOf): TimelineEntry[] {
  const at = new Date(row.at).toISOString();
  const notes = (row.detail.notes ?? []) as Note[];
  const entries = notes.map(
    (note, index): TimelineEntry => ({
      id: `${row.id}.${index + 1}`,
      at,
      code: note.code,
      side: note.side,
      field: note.field === undefined ? undefined : nameOf(note.side, note.field),
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
