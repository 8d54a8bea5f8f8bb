import { fieldsById } from '../../engine/plan-input.ts';
import { fieldsOf } from '../../engine/reading.ts';
import { wordsOf } from '../../engine/shown.ts';
import { azureDevOps } from '../../store/connections.ts';
import type { MappingRow } from '../../store/mappings.ts';
import { planCreate } from '../../sync/create.ts';
import type { FieldDescription, FieldValue } from '../../sync/record.ts';
import type { HandlerAnswer } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import type { Services } from './services.ts';

/** The form of a new ticket, filled as the mapping would fill it from the work item as it is now. */
export async function ticketFormOf(
  services: Services,
  tenant: number,
  mapping: MappingRow,
  workItemId: string,
): Promise<HandlerAnswer<'readTicketForm'>> {
  const { systems } = services;
  const { settings } = mapping;
  const workItems = await systems.open(tenant, azureDevOps);
  const [{ snapshot }, workItem, ticket] = await Promise.all([
    workItems.read(workItemId, {
      comments: false,
      attachments: false,
      fields: fieldsOf('workItem', settings),
    }),
    systems.describe(tenant, azureDevOps, { project: settings.project, type: settings.workItemTypes[0] }),
    systems.describe(tenant, mapping.connection, {
      type: settings.ticketType,
      template: settings.ticketTemplate,
    }),
  ]);
  const kind = (await services.engine.settings.of(tenant)).connections.get(mapping.connection)?.kind ?? '';
  const manifest = systems.connectorOf(kind)?.manifest;
  const planned = planCreate({
    source: snapshot,
    mapping: settings,
    fields: { workItem: fieldsById(workItem), ticket: fieldsById(ticket) },
    statusField: { workItem: workItem.roles.status, ticket: ticket.roles.status },
    systemName: { workItem: 'Azure DevOps', ticket: manifest?.name ?? 'ITSM' },
    titleField: ticket.roles.title,
  });
  const shown = ticket.fields.filter((field) => field.required || planned.fields[field.id] !== undefined);
  return {
    mappingId: mapping.id,
    ticketNoun: manifest?.ticketNoun ?? 'ticket',
    fields: shown
      .filter((field) => !field.readOnly)
      .map((field) => {
        const value = planned.fields[field.id];
        return {
          id: field.id,
          name: field.name,
          type: field.type,
          required: field.required,
          readOnly: field.readOnly,
          maxLength: field.maxLength,
          choices: field.choices?.map(({ id, name }) => ({ id, name })),
          value: value === undefined ? undefined : wordsOf(value, ticket, field.id),
          raw: value === undefined ? undefined : rawOf(value),
          filledByMapping: value !== undefined && value !== null,
        };
      }),
    missing: [...planned.missing],
  };
}

const rawOf = (value: FieldValue): string | number | boolean | null => {
  if (value === null || typeof value !== 'object') return value;
  switch (value.kind) {
    case 'choice':
    case 'principal':
      return value.id;
    case 'rich':
      return value.text;
    case 'instant':
      return value.at;
    case 'day':
      return value.on;
    case 'words':
      return value.words.join('; ');
  }
};

/** What a person entered, as values of the ticket's fields. Throws invalidRequest naming each field that does not fit. */
export async function enteredValues(
  services: Services,
  tenant: number,
  mapping: MappingRow,
  values: Readonly<Record<string, string | number | boolean | null>>,
): Promise<Record<string, FieldValue>> {
  if (Object.keys(values).length === 0) return {};
  const { ticketType: type, ticketTemplate: template } = mapping.settings;
  const description = await services.systems.describe(tenant, mapping.connection, { type, template });
  const fields = fieldsById(description);
  const entered: Record<string, FieldValue> = {};
  const problems: { field: string; problem: string; remedy: string }[] = [];
  for (const [id, raw] of Object.entries(values)) {
    const field = Object.hasOwn(fields, id) ? fields[id] : undefined;
    if (field === undefined || field.readOnly) {
      problems.push({
        field: id,
        problem: 'The ticket has no such field that can be written',
        remedy: 'Leave it out.',
      });
      continue;
    }
    const value = typedValue(field, raw);
    if (value === undefined)
      problems.push({
        field: id,
        problem: `This is no ${field.type} for ${field.name}`,
        remedy: remedyOf(field),
      });
    else entered[id] = value;
  }
  if (problems.length > 0) throw new ProblemError('invalidRequest', { fields: problems });
  return entered;
}

const remedyOf = (field: FieldDescription): string =>
  field.choices === undefined
    ? `Enter a ${field.type}.`
    : `Choose one of ${field.choices
        .map((choice) => choice.name)
        .slice(0, 10)
        .join(', ')}.`;

function typedValue(field: FieldDescription, raw: string | number | boolean | null): FieldValue | undefined {
  if (raw === null || raw === '') return null;
  const text = String(raw);
  switch (field.type) {
    case 'choice':
    case 'status': {
      const choice = field.choices?.find((one) => one.id === text || one.name === text);
      if (field.choices !== undefined && choice === undefined) return undefined;
      return { kind: 'choice', id: choice?.id ?? text, name: choice?.name };
    }
    case 'principal':
      return { kind: 'principal', id: text, email: text.includes('@') ? text : undefined };
    case 'rich':
      return { kind: 'rich', format: /<[a-z][^>]*>/i.test(text) ? 'html' : 'text', text };
    case 'integer':
    case 'number': {
      const number = Number(text);
      return Number.isFinite(number) && (field.type === 'number' || Number.isInteger(number))
        ? number
        : undefined;
    }
    case 'boolean':
      return typeof raw === 'boolean' ? raw : text === 'true' ? true : text === 'false' ? false : undefined;
    case 'instant':
      return Number.isNaN(Date.parse(text))
        ? undefined
        : { kind: 'instant', at: new Date(text).toISOString() };
    case 'day':
      return /^\d{4}-\d\d-\d\d$/.test(text) ? { kind: 'day', on: text } : undefined;
    case 'words':
      return {
        kind: 'words',
        words: text
          .split(/[;,]/)
          .map((word) => word.trim())
          .filter((word) => word !== ''),
      };
    case 'string':
    case 'tree':
    case 'url':
      return field.maxLength !== undefined && text.length > field.maxLength ? undefined : text;
  }
}
