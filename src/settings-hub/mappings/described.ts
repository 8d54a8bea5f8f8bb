import type { ConnectionDescription } from '../../../backend/contract/connections.ts';
import type { MappingSettings } from '../../../backend/contract/mapping.ts';

/** What both systems say of themselves, as far as it is known yet. */
export type Described = Record<'workItem' | 'ticket', { data: ConnectionDescription | undefined }>;

export const fieldOf = (described: Described, side: keyof Described, id: string) =>
  described[side].data?.fields.find((field) => field.id === id);

/** A template counts when tickets are created: where none are, it keeps nothing from being written. */
export function barredFor(
  { createTicket: { mode } }: Pick<MappingSettings, 'createTicket'>,
  description: ConnectionDescription,
): ConnectionDescription {
  if (mode === 'automatic' || mode === 'manual') return description;
  const free = ({ barredBy, ...field }: ConnectionDescription['fields'][number]) =>
    barredBy === 'type' ? { ...field, barredBy } : field;
  return { ...description, fields: description.fields.map(free) };
}
