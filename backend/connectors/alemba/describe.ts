import { isFailure } from '../../sync/failure.ts';
import type { FieldDescription } from '../../sync/record.ts';
import type { SystemDescription } from '../connector.ts';
import type { Alemba } from './alemba.ts';
import { chosenOf, limitsOf, type Scope } from './described-scope.ts';
import type { Property, PropertyKind } from './properties.ts';
import type { CallStatus } from './status.ts';

const fieldTypes: Readonly<Record<PropertyKind, FieldDescription['type']>> = {
  string: 'string',
  rich: 'rich',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  instant: 'instant',
  choice: 'choice',
  principal: 'principal',
};

/** Persons and assets are looked up one by one, not listed. */
const neverListed = new Set(['person', 'configuration-item', 'call', 'organization', 'location']);

/** What a mapping can be made of. Statuses are the only part that it cannot do without. */
export async function describeSystem(alemba: Alemba, scope: Scope): Promise<SystemDescription> {
  const { schema, statuses, settings } = alemba;
  const [list, properties, relations, present, types, templates, partitions] = await Promise.all([
    statuses.list(),
    schema.properties(),
    schema.relations(),
    alemba.entityProperties.of(chosenOf(settings, scope)),
    tolerantLookup(alemba, 'type'),
    tolerantLookup(alemba, 'call-template'),
    tolerantLookup(alemba, 'partition'),
  ]);
  const fields: FieldDescription[] = [];
  const limits = limitsOf(settings, scope, { relations, present });
  for (const property of properties.values()) {
    fields.push({ ...(await describeField(alemba, property, list)), ...limits(property) });
  }
  const has = (name: string) => properties.has(name);
  return {
    types,
    templates,
    ...(partitions.length > 0 && { projects: partitions }),
    fields,
    statuses: list.map(({ id, name, category }) => ({ id, name, category })),
    roles: {
      status: 'CallStatus',
      title: settings.titleField,
      description: 'Description',
      ...(has('Priority') && { priority: 'Priority' }),
      ...(has('AssignedOfficer') && { assignee: 'AssignedOfficer' }),
    },
  };
}

async function describeField(
  alemba: Alemba,
  property: Property,
  statuses: readonly CallStatus[],
): Promise<FieldDescription> {
  const { settings } = alemba;
  const { name, title, kind, required, maxLength } = property;
  const isStatus = name === 'CallStatus';
  const choices = isStatus
    ? statuses.map(({ id, name, category }) => ({ id, name, category }))
    : (property.choices ?? (await choicesOf(alemba, property)));
  return {
    id: name,
    name: title,
    type: isStatus ? 'status' : fieldTypes[kind],
    required,
    // Read-only for an update, but the forward action writes them.
    readOnly: property.readOnly && !settings.assignmentFields.includes(name),
    ...(maxLength !== undefined && { maxLength }),
    ...(choices !== undefined && { choices }),
    ...(name === settings.correlationField && { help: 'Tandem keeps its own mark here; do not map it.' }),
  };
}

async function choicesOf(alemba: Alemba, { kind, entity }: Property) {
  if (kind !== 'choice' || entity === undefined || neverListed.has(entity)) return undefined;
  const choices = await tolerantLookup(alemba, entity);
  return choices.length > 0 ? choices : undefined;
}

/** Which lookups an installation offers differs; one that is refused only means a field without a picker. */
async function tolerantLookup(alemba: Alemba, entity: string) {
  try {
    return await alemba.schema.lookup(entity);
  } catch (error) {
    const isMissing =
      isFailure(error) && ['rejected', 'forbidden', 'notFound', 'unavailable'].includes(error.kind);
    if (!isMissing) throw error;
    alemba.context.log('alemba.lookup_missing', { entity, reason: error.message });
    return [];
  }
}
