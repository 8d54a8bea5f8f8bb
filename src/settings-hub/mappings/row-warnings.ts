import type { FieldMapping, MappingSettings } from '../../../backend/contract/mapping.ts';
import { words } from '../../text-settings.ts';
import { type Described, fieldOf } from './described.ts';

const w = words.fields.warnings;
type Towards = 'out' | 'in';

/** What cannot fit from one field into the other, said while the row is made; the backend's check has the last word. */
export function rowWarnings(row: FieldMapping, towards: Towards, descriptions: Described): string[] {
  const workItem = fieldOf(descriptions, 'workItem', row.workItemField);
  const ticket = fieldOf(descriptions, 'ticket', row.ticketField);
  const [from, to] = towards === 'out' ? [workItem, ticket] : [ticket, workItem];
  if (!to) return [];
  const found: string[] = [];
  const kind = row[towards].kind;
  if (to.readOnly) found.push(w.readOnly(to.name));
  else if (to.barredBy) found.push(w.barred[to.barredBy](to.name));
  if (to.maxLength !== undefined && ['copy', 'template', 'rich'].includes(kind)) {
    const longest = kind === 'copy' ? from?.maxLength : undefined;
    if (longest === undefined) found.push(w.unbounded(to.maxLength));
    else if (longest > to.maxLength) found.push(w.longer(longest, to.maxLength));
  }
  if (kind === 'copy' && from && from.type !== to.type) {
    if (to.type === 'choice' && to.choices) found.push(w.choices);
    else if (to.type === 'principal') found.push(w.person);
    else if (to.type === 'instant' || to.type === 'day') found.push(w.time);
    else if (to.type === 'number' || to.type === 'integer') found.push(w.number);
  }
  return found;
}

/** Required fields of the side that is created which no row fills. The state is set by the system itself. */
export function unfilled(settings: MappingSettings, towards: Towards, descriptions: Described) {
  const side = towards === 'out' ? 'ticket' : 'workItem';
  const description = descriptions[side].data;
  if (!description) return [];
  const { roles, fields } = description;
  const filled = new Set(
    settings.fields
      .filter(({ direction }) => direction === towards || direction === 'both')
      .map((row) => (side === 'ticket' ? row.ticketField : row.workItemField)),
  );
  return fields.filter(
    ({ id, required, readOnly }) =>
      required && !readOnly && id !== roles.status && id !== roles.title && !filled.has(id),
  );
}
