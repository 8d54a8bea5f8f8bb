import type { SystemDescription } from '../connectors/connector.ts';
import type { FieldDescription } from '../sync/record.ts';
import type { Metadata, TypeFacts, TypeField } from './metadata.ts';
import { isChoice, leftOut } from './values.ts';
import type { WireField } from './wire.ts';

const priorityField = 'Microsoft.VSTS.Common.Priority';
const maxTextLength = 255;
const maxLongTextLength = 1_048_576;

const typeNames: Readonly<Record<string, FieldDescription['type']>> = {
  string: 'string',
  integer: 'integer',
  double: 'number',
  boolean: 'boolean',
  dateTime: 'instant',
  html: 'rich',
  plainText: 'rich',
  treePath: 'tree',
  guid: 'string',
  identity: 'principal',
  picklistString: 'choice',
  picklistInteger: 'integer',
  picklistDouble: 'number',
};

/** See `RecordSystem.describe`. Without a type there are no states and the fields are those of the organisation. */
export const describe = async (
  metadata: Metadata,
  scope: { type?: string; project?: string },
): Promise<SystemDescription> => {
  const { project, type } = scope;
  const [projects, fields, types, facts] = await Promise.all([
    metadata.projects(),
    metadata.fields(),
    project === undefined ? [] : metadata.types(project),
    project !== undefined && type !== undefined ? metadata.type(project, type) : undefined,
  ]);
  const shown = describeFields(fields, facts, types);
  return {
    types: types.map((name) => ({ id: name, name })),
    projects,
    fields: shown,
    statuses: (facts?.states ?? []).map(({ name, category }) => ({ id: name, name, category })),
    roles: {
      status: 'System.State',
      title: 'System.Title',
      description: 'System.Description',
      ...(shown.some((field) => field.id === priorityField) && { priority: priorityField }),
      assignee: 'System.AssignedTo',
    },
  };
};

const describeFields = (
  fields: ReadonlyMap<string, WireField>,
  facts: TypeFacts | undefined,
  types: readonly string[],
): FieldDescription[] => {
  const shown = facts
    ? [...facts.fields.keys()].flatMap((id) => fields.get(id) ?? [])
    : [...fields.values()].filter((field) => field.usage !== 'workItemLink');
  return shown
    .filter((field) => !leftOut.has(field.referenceName))
    .map((field) => describeField(field, facts, types))
    .sort((a, b) => a.name.localeCompare(b.name));
};

const describeField = (
  field: WireField,
  facts: TypeFacts | undefined,
  types: readonly string[],
): FieldDescription => {
  const id = field.referenceName;
  const typeField = facts?.fields.get(id);
  const type = typeOfField(field, typeField);
  const choices = choicesOf(id, typeField, facts, types);
  const help = typeField?.help ?? field.description;
  return {
    id,
    name: typeField?.name ?? field.name,
    type,
    required: typeField?.required ?? false,
    readOnly: field.readOnly,
    ...maxLengthOf(field),
    ...(choices && { choices }),
    ...(help && { help }),
  };
};

const typeOfField = (field: WireField, typeField: TypeField | undefined): FieldDescription['type'] => {
  const id = field.referenceName;
  if (id === 'System.State') return 'status';
  if (id === 'System.Tags') return 'words';
  if (field.isIdentity) return 'principal';
  if (isChoice(id, { field, typeField })) return 'choice';
  return typeNames[field.type] ?? 'string';
};

const maxLengthOf = (field: WireField): { maxLength?: number } => {
  if (field.isIdentity || field.referenceName === 'System.Tags') return {};
  if (field.type === 'string') return { maxLength: maxTextLength };
  return field.type === 'html' || field.type === 'plainText' ? { maxLength: maxLongTextLength } : {};
};

const choicesOf = (
  id: string,
  typeField: TypeField | undefined,
  facts: TypeFacts | undefined,
  types: readonly string[],
): FieldDescription['choices'] => {
  if (id === 'System.State') return facts?.states.map(({ name, category }) => ({ id: name, name, category }));
  // The system names no allowed values for the type itself: they are the types of the project.
  const values = id === 'System.WorkItemType' ? types : (typeField?.allowedValues ?? []);
  if (values.length === 0) return undefined;
  return values.map((value) => ({ id: String(value), name: String(value) }));
};
