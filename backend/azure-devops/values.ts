import { convertRich } from '../sync/markup/index.ts';
import type { FieldValue, Principal, RichText } from '../sync/record.ts';
import type { TypeField } from './metadata.ts';
import type { WireField, WireIdentity } from './wire.ts';

/** What a field is, from the organisation's list and the type's. */
export interface FieldKind {
  field: WireField | undefined;
  typeField: TypeField | undefined;
  isMarkdown: boolean;
}

const tags = 'System.Tags';
const state = 'System.State';

/** Fields that hold no value of their own: a comment being written, and the type, which is told beside the fields. */
export const leftOut: ReadonlySet<string> = new Set(['System.History']);

export const principalOf = (identity: WireIdentity): Principal | undefined => {
  const id = identity.id ?? identity.descriptor ?? identity.uniqueName;
  if (id === undefined) return undefined;
  const { displayName, uniqueName } = identity;
  return {
    kind: 'principal',
    id,
    ...(displayName && { name: displayName }),
    ...(uniqueName && { login: uniqueName }),
    ...(uniqueName?.includes('@') && { email: uniqueName }),
  };
};

/** `Name <mail>`, as service hooks of version 1.0 and old Servers write people. */
export const principalInText = (text: string): Principal | undefined => {
  const parts = /^(.*?)\s*<([^<>]+)>\s*$/.exec(text);
  const [, name, login] = parts ?? [undefined, text.trim(), undefined];
  if (!login && !name) return undefined;
  return {
    kind: 'principal',
    id: login ?? name ?? text,
    ...(name && { name }),
    ...(login && { login }),
    ...(login?.includes('@') && { email: login }),
  };
};

const readPrincipal = (raw: unknown): FieldValue => {
  if (typeof raw === 'string') return principalInText(raw) ?? null;
  if (typeof raw === 'object' && raw !== null) return principalOf(raw as WireIdentity) ?? null;
  return null;
};

export const splitTags = (raw: string): string[] =>
  raw
    .split(';')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');

/** The closed lists of text fields become choices by name: Azure DevOps has no other id for them. */
export const isChoice = (id: string, kind: Pick<FieldKind, 'field' | 'typeField'>): boolean =>
  id === state ||
  (kind.field?.type === 'string' &&
    !kind.field.isIdentity &&
    (kind.typeField?.allowedValues.length ?? 0) > 0 &&
    id !== 'System.WorkItemType');

/** A value as it arrived. What the server left out is empty: it sends every field of the type that holds something. */
export const readValue = (id: string, raw: unknown, kind: FieldKind): FieldValue => {
  if (raw === undefined || raw === null || raw === '') return null;
  if (id === tags) {
    const words = splitTags(String(raw));
    return words.length > 0 ? { kind: 'words', words } : null;
  }
  if (kind.field?.isIdentity || typeof raw === 'object') return readPrincipal(raw);
  if (typeof raw === 'string') return readText(id, raw, kind);
  return typeof raw === 'number' || typeof raw === 'boolean' ? raw : String(raw);
};

const readText = (id: string, raw: string, kind: FieldKind): FieldValue => {
  if (isChoice(id, kind)) return { kind: 'choice', id: raw, name: raw };
  switch (kind.field?.type) {
    case 'html':
      return { kind: 'rich', format: kind.isMarkdown ? 'markdown' : 'html', text: raw };
    case 'plainText':
      return { kind: 'rich', format: 'text', text: raw };
    case 'dateTime':
      return instantOf(raw) ?? raw;
    case 'integer':
    case 'double':
      return Number.isNaN(Number(raw)) ? raw : Number(raw);
    case 'boolean':
      return raw.toLowerCase() === 'true';
    default:
      return raw;
  }
};

export const instantOf = (raw: unknown): { kind: 'instant'; at: string } | undefined => {
  const ms = typeof raw === 'string' ? Date.parse(raw) : Number.NaN;
  return Number.isNaN(ms) ? undefined : { kind: 'instant', at: new Date(ms).toISOString() };
};

/** A value as it is sent; undefined removes what is there. */
export const writeValue = (id: string, value: FieldValue, kind: FieldKind): unknown => {
  if (value === null) return undefined;
  if (id === tags) return writeTags(value);
  if (typeof value !== 'object') return writeScalar(value, kind);
  switch (value.kind) {
    case 'rich':
      return writeRich(value, kind);
    case 'choice':
      return writeScalar(value.id, kind);
    case 'principal':
      return value.login ?? value.email ?? value.name ?? value.id;
    case 'instant':
      return value.at;
    case 'day':
      // Noon keeps the day for readers in most time zones.
      return `${value.on}T12:00:00Z`;
    case 'words':
      return value.words.join('; ');
  }
};

const writeScalar = (value: string | number | boolean, kind: FieldKind): unknown => {
  const type = kind.field?.type;
  if (type === 'html' && typeof value === 'string') {
    return writeRich({ kind: 'rich', format: 'text', text: value }, kind);
  }
  if ((type === 'integer' || type === 'double') && typeof value === 'string' && value.trim() !== '') {
    return Number.isNaN(Number(value)) ? value : Number(value);
  }
  if (type === 'boolean' && typeof value === 'string' && /^(true|false)$/i.test(value)) {
    return value.toLowerCase() === 'true';
  }
  return (type === 'string' || type === 'plainText' || type === 'treePath') && typeof value !== 'string'
    ? String(value)
    : value;
};

const writeRich = (value: RichText, kind: FieldKind): string => {
  const format = kind.isMarkdown ? 'markdown' : kind.field?.type === 'html' ? 'html' : 'text';
  const type = kind.field === undefined ? value.format : format;
  return convertRich(value, type).value.text;
};

/** Separators cannot be part of a tag. */
const writeTags = (value: Exclude<FieldValue, null>): string => {
  if (typeof value === 'object' && value.kind === 'words') {
    return value.words.map((word) => word.replace(/[;,\s]+/g, ' ').trim()).join('; ');
  }
  return String(typeof value === 'object' && value.kind === 'choice' ? value.id : value);
};
