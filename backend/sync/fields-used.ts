import type { MappingSettings } from '../contract/mapping.ts';
import { fieldsOfRule } from './criteria.ts';
import type { Side } from './record.ts';
import { fieldOf, flowsFrom, sides, transformFrom } from './row-keys.ts';
import { fieldsOfTemplate } from './templates.ts';

/** Ids of the fields that have to be read on each side for a mapping to be planned. */
export function fieldsUsed(
  mapping: MappingSettings,
  statusField: Readonly<Record<Side, string>>,
): Readonly<Record<Side, readonly string[]>> {
  const used: Record<Side, Set<string>> = {
    workItem: new Set([statusField.workItem]),
    ticket: new Set([statusField.ticket]),
  };
  for (const row of mapping.fields) {
    for (const side of sides) {
      used[side].add(fieldOf(row, side));
      const transform = transformFrom(row, side);
      if (!flowsFrom(row, side) || transform.kind !== 'template') continue;
      const named = fieldsOfTemplate(transform.template, side);
      for (const other of sides) for (const field of named[other]) used[other].add(field);
    }
  }
  for (const field of fieldsOfRule(mapping.createTicket.rule)) used.workItem.add(field);
  for (const rule of [mapping.createWorkItem.rule, mapping.ticketScope]) {
    for (const field of fieldsOfRule(rule)) used.ticket.add(field);
  }
  for (const side of sides) {
    for (const field of fieldsOfRule(mapping.updateWhen[side])) used[side].add(field);
  }
  if (mapping.referenceField) used.workItem.add(mapping.referenceField);
  for (const side of sides) for (const row of mapping.response[side]) used[side].add(row.field);
  return { workItem: [...used.workItem], ticket: [...used.ticket] };
}
