import type { ApiVersion } from './links.ts';
import { relationsOf } from './rules/relations.ts';
import { callEntity, type EntityType, type PropertyType } from './schema.ts';
import type { AlembaStore } from './store.ts';

/** `GET /{entity}/$metadata`: what the entity is made of. */
export function describeEntity(entity: EntityType, version: ApiVersion) {
  return {
    _context: `api:${version}/$metadata`,
    _self: `api:${version}/${entity.name}/$metadata`,
    name: entity.name,
    properties: [...entity.properties.values()].map(describeProperty),
  };
}

/** Calls of one IPK status under the name of their own entity. */
export function describeIpkEntity(store: AlembaStore, name: string, version: ApiVersion) {
  const absent = store.settings.absentProperties[name] ?? [];
  const properties = [...callEntity.properties].filter(([property]) => !absent.includes(property));
  return describeEntity({ name, properties: new Map(properties) }, version);
}

/** `GET /{entity}?$options`: the same with required flags and choices. */
export function describeOptions(store: AlembaStore, entity: EntityType, version: ApiVersion, self: string) {
  const required = requiredInputs(store, entity);
  return {
    _context: `api:${version}/${entity.name}/$metadata`,
    _self: self,
    href: `api:${version}/${entity.name}`,
    methods: ['GET', 'POST'],
    properties: [...entity.properties.values()].map((property) => ({
      ...describeProperty(property),
      required: required.has(property.name),
      ...choicesOf(store, property),
    })),
    status: 'GA',
  };
}

const notes = [
  { property: '$action.Description.Title', required: false, type: 'string', displayType: 'Text' },
  { property: '$action.Description.Description', required: false, type: 'string', displayType: 'TextArea' },
  {
    property: '$action.Description.DescriptionHtml',
    required: false,
    type: 'string',
    displayType: 'RichText',
  },
];

const assignment = ['AssignedGroup', 'AssignedOfficer'];

export const actionNames = [
  'Create',
  'Submit',
  'Update',
  'Lock',
  'Unlock',
  'Defer',
  'Forward',
  'Close',
  'Reopen',
  'Note',
];

/** `GET /call/$Action`: inputs of one action, in the guide's shape. */
export function describeAction(
  store: AlembaStore,
  call: EntityType,
  action: string,
  version: ApiVersion,
  self = `api:${version}/call/$${action}`,
) {
  const path = action === 'Update' ? '' : `/${action.toLowerCase()}`;
  return {
    _context: `api:${version}/$metadata`,
    _self: self,
    href: action === 'Create' ? `api:${version}/call` : `api:${version}/call/{ref}${path}`,
    methods: [action === 'Create' ? 'POST' : 'PUT'],
    inputs: actionInputs(store, call, action),
    status: 'GA',
  };
}

function actionInputs(store: AlembaStore, call: EntityType, action: string): unknown[] {
  if (['Submit', 'Lock', 'Unlock'].includes(action)) return [];
  const input = (name: string, required: boolean) => {
    const property = call.properties.get(name) as PropertyType;
    const pair = property.richTextPair;
    const relations = [
      ...relationsOf(store).filter((one) => one.target === name),
      ...(pair !== undefined ? [{ source: pair, target: name, behaviors: [{ type: 14, scope: 2 }] }] : []),
    ];
    return {
      property: name,
      title: property.title,
      type: property.kind,
      displayType: property.displayType,
      required,
      ...(property.maxLength !== undefined && { maxLength: property.maxLength }),
      ...choicesOf(store, property),
      ...(relations.length > 0 && { relations }),
    };
  };
  if (action === 'Create' || action === 'Update') {
    // What depends on another property is told by a relation.
    const dependent = new Set(relationsOf(store).map(({ target }) => target));
    const required = [...requiredInputs(store, call)].filter((name) => !dependent.has(name));
    const writable = [...call.properties.values()].filter((property) => property.readOnly !== true);
    return writable.map((property) =>
      input(property.name, action === 'Create' && required.includes(property.name)),
    );
  }
  const { visibilityField, closure } = store.settings;
  const visibility = {
    property: `$action.${visibilityField}`,
    required: false,
    type: 'boolean',
    displayType: 'Checkbox',
  };
  const described = notes.map((note) => ({
    ...note,
    required: action === 'Note' || (action === 'Close' && closure.requireComment),
  }));
  if (action === 'Close') return [input('ClosureReason', closure.requireReason), ...described, visibility];
  const fields =
    action === 'Defer' || action === 'Forward' ? assignment.map((name) => input(name, false)) : [];
  return [...fields, ...described, visibility];
}

function requiredInputs(store: AlembaStore, entity: EntityType): Set<string> {
  if (entity.name !== 'call') return new Set(['Name']);
  const partition = store.settings.partitioning ? ['Partition'] : [];
  return new Set(['IpkStatus', 'IpkStream', ...partition, ...store.settings.requiredFields]);
}

function describeProperty(property: PropertyType) {
  return {
    name: property.name,
    title: property.title,
    type: property.kind,
    displayType: property.displayType,
    readonly: property.readOnly ?? false,
    ...(property.maxLength !== undefined && { maxLength: property.maxLength }),
    ...(property.relation !== undefined && { entity: property.relation }),
  };
}

/** Lists are spelled out for selections; lookups (persons, groups) are searched by the client instead. */
function choicesOf(store: AlembaStore, property: PropertyType) {
  const listed = property.displayType === 'Select' || property.displayType === 'TieredSelect';
  if (!listed || property.relation === undefined) return {};
  const rows = store.table(property.relation).values();
  return { choices: [...rows].map(({ Ref, Name, FullName }) => ({ Ref, Name: FullName ?? Name })) };
}
