import type { SystemDescription } from '../connectors/connector.ts';
import type { ShownTicket } from '../store/links.ts';
import type { FieldChange } from '../sync/command.ts';
import type { FieldValue, FieldValues, Snapshot } from '../sync/record.ts';

/** What the panel shows of a ticket, from what was read. */
export const shownTicket = (snapshot: Snapshot): ShownTicket => ({
  number: snapshot.ref.key,
  title: snapshot.title,
  url: snapshot.ref.url,
  status: { name: snapshot.status.name, category: snapshot.status.category },
  priority: snapshot.priority,
  assignee: snapshot.assignee?.name ?? snapshot.assignee?.email,
  dueAt: snapshot.dueAt,
});

/** The same after our own write: the echo of it is not read again, so what was written is shown from here. */
export function shownAfterWrite(
  shown: ShownTicket,
  description: SystemDescription,
  changes: readonly FieldChange[],
  observed: FieldValues | undefined,
): ShownTicket {
  const next = { ...shown };
  const { roles } = description;
  for (const change of changes) {
    const value = observed?.[change.field] ?? change.value;
    if (change.field === roles.title && typeof value === 'string') next.title = value;
    if (change.field === roles.status) next.status = statusOf(value, description) ?? next.status;
    if (change.field === roles.priority) next.priority = wordsOf(value, description, change.field);
    if (change.field === roles.assignee) next.assignee = wordsOf(value, description, change.field);
  }
  return next;
}

function statusOf(value: FieldValue, description: SystemDescription): ShownTicket['status'] | undefined {
  if (value === null || typeof value !== 'object' || value.kind !== 'choice') return undefined;
  const known = description.statuses.find((status) => status.id === value.id);
  return { name: known?.name ?? value.name ?? value.id, category: known?.category ?? 'unknown' };
}

/** A value in words for people. */
export function wordsOf(
  value: FieldValue,
  description: SystemDescription,
  field: string,
): string | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'object') return String(value);
  switch (value.kind) {
    case 'choice': {
      const choices = description.fields.find((known) => known.id === field)?.choices;
      return choices?.find((choice) => choice.id === value.id)?.name ?? value.name ?? value.id;
    }
    case 'principal':
      return value.name ?? value.email ?? value.id;
    case 'rich':
      return value.text;
    case 'instant':
      return value.at;
    case 'day':
      return value.on;
    case 'words':
      return value.words.join(', ');
  }
}
