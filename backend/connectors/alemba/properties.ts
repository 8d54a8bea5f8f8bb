import type { Row } from './client.ts';

export type PropertyKind =
  | 'string'
  | 'rich'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'instant'
  | 'choice'
  | 'principal';

export interface Property {
  name: string;
  title: string;
  kind: PropertyKind;
  required: boolean;
  readOnly: boolean;
  maxLength?: number;
  /** The entity that a reference points to, in lower case with hyphens: `call-status`. */
  entity?: string;
  choices?: readonly { id: string; name: string }[];
}

/**
 * Kinds of the properties that every system has, so that an ordinary read needs no metadata
 * (Alemba API Programmers' Guide and "Entity Details").
 */
const wellKnown: Readonly<Record<string, PropertyKind>> = {
  Ref: 'integer',
  Subject: 'string',
  Description: 'rich',
  Solution: 'rich',
  CallStatus: 'choice',
  CallState: 'choice',
  PhysicalStatus: 'choice',
  IpkStatus: 'choice',
  IpkStream: 'choice',
  Type: 'choice',
  Impact: 'choice',
  Urgency: 'choice',
  Priority: 'choice',
  ReceivingGroup: 'choice',
  AssignedGroup: 'choice',
  Partition: 'choice',
  Template: 'choice',
  ClosureReason: 'choice',
  Organization: 'choice',
  Location: 'choice',
  ConfigurationItemId: 'choice',
  AssignedOfficer: 'principal',
  User: 'principal',
  LoggedBy: 'principal',
  LastActionedBy: 'principal',
  ActualLogDate: 'instant',
  ClosedDate: 'instant',
  DueDate: 'instant',
  LastActionDate: 'instant',
  LastHistoryOrder: 'integer',
};

const custom: readonly [RegExp, PropertyKind][] = [
  [/^CustomString\d+$/, 'string'],
  [/^CustomInteger\d+$/, 'integer'],
  [/^CustomDate\d+$/, 'instant'],
  [/^CustomBoolean\d+$/, 'boolean'],
];

/** Undefined for a property that only the metadata knows. */
export function kindByName(name: string): PropertyKind | undefined {
  return Object.hasOwn(wellKnown, name)
    ? wellKnown[name]
    : custom.find(([pattern]) => pattern.test(name))?.[1];
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/**
 * Properties from `$metadata` or `$options`: a list under `properties` or `inputs`, each with `name` or `property`.
 * The twin of a rich text (`DescriptionHtml`) is folded into it. Unreadable entries are left out.
 */
export function readMetadata(answer: Row): Property[] {
  const list = [answer.properties, answer.inputs].find(Array.isArray) ?? [];
  const rows = (list as unknown[]).filter(
    (entry): entry is Row =>
      typeof entry === 'object' && entry !== null && propertyName(entry as Row) !== undefined,
  );
  const names = new Set(rows.map(propertyName));
  return rows
    .filter((entry) => !isHtmlTwin(propertyName(entry) as string, names))
    .map((entry) => readProperty(entry, names));
}

const propertyName = (entry: Row): string | undefined => text(entry.name) ?? text(entry.property);

const isHtmlTwin = (name: string, names: ReadonlySet<string | undefined>) =>
  name.endsWith('Html') && names.has(name.slice(0, -4));

function readProperty(entry: Row, names: ReadonlySet<string | undefined>): Property {
  const name = propertyName(entry) as string;
  const entity = text(entry.entity) ?? text(entry.relation);
  const choices = readChoices(entry.choices ?? entry.options);
  const { maxLength } = entry;
  return {
    name,
    title: text(entry.title) ?? text(entry.label) ?? name,
    kind: names.has(`${name}Html`) ? 'rich' : (kindByName(name) ?? kindOf(entry, entity)),
    required: entry.required === true,
    readOnly: entry.readonly === true || entry.readOnly === true,
    ...(typeof maxLength === 'number' && maxLength > 0 && { maxLength }),
    ...(entity !== undefined && { entity }),
    ...(choices !== undefined && { choices }),
  };
}

function kindOf(entry: Row, entity: string | undefined): PropertyKind {
  const type = (text(entry.type) ?? '').toLowerCase();
  const display = (text(entry.displayType) ?? '').toLowerCase();
  if (entity === 'person') return 'principal';
  if (entity !== undefined || /select|lookup/.test(display)) return 'choice';
  if (/bool/.test(type) || display === 'checkbox') return 'boolean';
  if (/date/.test(type) || /date/.test(display)) return 'instant';
  if (/decimal|double|float|money/.test(type)) return 'number';
  if (/int|long|short/.test(type) || display === 'numeric') return 'integer';
  return display === 'richtext' ? 'rich' : 'string';
}

export function readChoices(value: unknown): Property['choices'] {
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { Ref, Name } = entry as Row;
    const isRef = typeof Ref === 'number' || typeof Ref === 'string';
    return isRef ? [{ id: String(Ref), name: text(Name) ?? String(Ref) }] : [];
  });
}

/** What `$create` requires and offers, laid over what `$metadata` knows of all properties. */
export function mergeMetadata(all: readonly Property[], create: readonly Property[]): Map<string, Property> {
  const merged = new Map(all.map((property) => [property.name, property]));
  for (const property of create) {
    const known = merged.get(property.name);
    if (known === undefined) {
      merged.set(property.name, property);
      continue;
    }
    // Inputs of an action often tell neither type nor title; then what the entity says holds.
    const kind = property.kind === 'string' ? known.kind : property.kind;
    const title = property.title === property.name ? known.title : property.title;
    merged.set(property.name, {
      ...known,
      ...property,
      kind,
      title,
      readOnly: known.readOnly || property.readOnly,
    });
  }
  return merged;
}
