import { convert } from 'html-to-text';
import { marked } from 'marked';
import { findMarks } from '../../sync/mark.ts';
import type { FieldValue, FieldValues, Principal, RecordRef, RichText, Snapshot } from '../../sync/record.ts';
import type { Row } from './client.ts';
import { malformed } from './failures.ts';
import { isRef } from './filter.ts';
import type { PropertyKind } from './properties.ts';
import type { AlembaSettings } from './settings.ts';
import type { CallStatus } from './status.ts';

/** Columns of a `$select` that bring one property with the name (and address) of what it refers to. */
export function columnsOf(name: string, kind: PropertyKind, emailProperty: string): string[] {
  switch (kind) {
    case 'choice':
      return [name, `${name}Name:${name}.Name`];
    case 'principal':
      return [name, `${name}Name:${name}.Name`, `${name}Email:${name}.${emailProperty}`];
    case 'rich':
      return [name, `${name}Html`];
    default:
      return [name];
  }
}

const filled = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** A property as the system shows it; undefined when the answer does not tell. */
export function readValue(row: Row, name: string, kind: PropertyKind): FieldValue | undefined {
  const value = kind === 'rich' ? row[`${name}Html`] || row[name] : row[name];
  if (value === undefined) return kind === 'rich' && row[`${name}Html`] !== undefined ? null : undefined;
  if (value === null || value === '') return null;
  switch (kind) {
    case 'rich':
      return readRich(row[name], row[`${name}Html`]);
    case 'choice':
      // 0 is a valid reference of some entities (IPK stream), hence no test for truth.
      return {
        kind: 'choice',
        id: String(value),
        ...(filled(row[`${name}Name`]) && { name: row[`${name}Name`] as string }),
      };
    case 'principal':
      return readPrincipal(row, name) ?? null;
    case 'instant':
      return typeof value === 'string' ? { kind: 'instant', at: readDate(value) } : null;
    default:
      return typeof value === 'object' ? null : (value as string | number | boolean);
  }
}

function readRich(text: unknown, html: unknown): RichText {
  if (filled(html)) return { kind: 'rich', format: 'html', text: html };
  return { kind: 'rich', format: 'text', text: String(text) };
}

export function readPrincipal(row: Row, name: string): Principal | undefined {
  const value = row[name];
  // 0 is how the system writes "nobody" in some of its properties.
  if (value === undefined || value === null || value === 0 || value === '') return undefined;
  return {
    kind: 'principal',
    id: String(value),
    ...(filled(row[`${name}Name`]) && { name: row[`${name}Name`] as string }),
    ...(filled(row[`${name}Email`]) && { email: row[`${name}Email`] as string }),
  };
}

/** ISO 8601 with milliseconds. The API prints seven decimals. Throws malformed. */
export function readDate(value: unknown): string {
  const at = typeof value === 'string' ? new Date(value.replace(/(\.\d{3})\d+/, '$1')) : new Date(Number.NaN);
  if (Number.isNaN(at.getTime())) throw malformed('The answer holds a date that cannot be read');
  return at.toISOString();
}

/** `<last action>/<last history order>`: the order alone decides, the date is for rows that lack it. */
export function revisionOf(row: Row): string | undefined {
  const { LastActionDate: date, LastHistoryOrder: order } = row;
  if (typeof order !== 'number') return undefined;
  return `${date == null ? '' : readDate(date)}/${order}`;
}

/** The history order in a revision; undefined when it holds none. */
export function orderOf(revision: string | undefined): number | undefined {
  const order = /\/(\d+)$/.exec(revision ?? '')?.[1];
  return order === undefined ? undefined : Number(order);
}

export function refOfRow(row: Row): string {
  const self = typeof row._self === 'string' ? /\/(\d+)$/.exec(row._self)?.[1] : undefined;
  const ref = row.Ref === undefined || row.Ref === null ? self : String(row.Ref);
  if (ref === undefined || !isRef(ref)) throw malformed('The answer does not tell the number of the call');
  return ref;
}

export function recordRef(id: string, settings: AlembaSettings, row: Row = {}): RecordRef {
  const { Type: type, Partition: partition } = row;
  return {
    id,
    key: id,
    url: settings.callAddress.replaceAll('{address}', settings.address).replaceAll('{ref}', id),
    ...(type != null && { type: String(type) }),
    ...(partition != null && { project: String(partition) }),
  };
}

/** Columns that every reading brings, whatever the mapping uses. */
export function baseColumns(settings: AlembaSettings): string[] {
  return [
    'Ref',
    settings.titleField,
    ...columnsOf('CallStatus', 'choice', ''),
    ...columnsOf('Priority', 'choice', ''),
    ...columnsOf('AssignedOfficer', 'principal', settings.emailProperty),
    settings.correlationField,
    'Type',
    'Partition',
    'ActualLogDate',
    'LastActionDate',
    'LastHistoryOrder',
    'LastActionedBy',
    'LastActionedByName:LastActionedBy.Name',
  ];
}

/** A call as a snapshot, without comments and attachments. Throws malformed. */
export function readSnapshot(
  row: Row,
  input: { settings: AlembaSettings; status: CallStatus; me: Principal; fields: FieldValues },
): Snapshot {
  const { settings, status, me, fields } = input;
  const revision = revisionOf(row);
  if (revision === undefined) throw malformed('The call has no LastHistoryOrder');
  const updatedBy = readPrincipal(row, 'LastActionedBy');
  const assignee = 'AssignedOfficer' in row ? (readPrincipal(row, 'AssignedOfficer') ?? null) : undefined;
  const due = fields.DueDate;
  return {
    side: 'ticket',
    ref: recordRef(refOfRow(row), settings, row),
    revision,
    title: filled(row[settings.titleField]) ? (row[settings.titleField] as string) : '',
    status: { id: status.id, name: status.name, category: status.category },
    ...(filled(row.PriorityName) && { priority: row.PriorityName }),
    ...(assignee !== undefined && { assignee }),
    ...(row.ActualLogDate != null && { createdAt: readDate(row.ActualLogDate) }),
    updatedAt: readDate(row.LastActionDate),
    ...(updatedBy !== undefined && { updatedBy }),
    own: updatedBy?.id === me.id,
    fields,
    ...(typeof due === 'object' && due?.kind === 'instant' && { dueAt: due.at }),
    marks: findMarks(String(row[settings.correlationField] ?? '')),
    deleted: false,
  };
}

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const textToHtml = (text: string) =>
  text
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${escapeHtml(paragraph).replaceAll('\n', '<br>')}</p>`)
    .join('');

/** Both halves, always: the server fills neither from the other (Programmers' Guide, rich text). */
export function writeRich(value: RichText): { text: string; html: string } {
  if (value.format === 'text')
    return { text: value.text, html: value.text === '' ? '' : textToHtml(value.text) };
  const html = value.format === 'markdown' ? marked.parse(value.text, { async: false }).trim() : value.text;
  return { text: convert(html, { wordwrap: false, selectors: [{ selector: 'img', format: 'skip' }] }), html };
}

/**
 * Properties of a body for one value. A principal must have been turned into its Ref before.
 * Throws a text for people when the value does not fit the kind.
 */
export function writeValue(name: string, kind: PropertyKind, value: FieldValue): Record<string, unknown> {
  if (value === null) return kind === 'rich' ? { [name]: '', [`${name}Html`]: '' } : { [name]: null };
  if (kind === 'rich') {
    const { text, html } = writeRich(toRich(value));
    return { [name]: text, [`${name}Html`]: html };
  }
  return { [name]: toScalar(kind, value) };
}

const toRich = (value: Exclude<FieldValue, null>): RichText =>
  typeof value === 'object' && value.kind === 'rich'
    ? value
    : { kind: 'rich', format: 'text', text: toText(value) };

function toText(value: Exclude<FieldValue, null>): string {
  if (typeof value !== 'object') return String(value);
  switch (value.kind) {
    case 'rich':
      return writeRich(value).text;
    case 'choice':
      return value.name ?? value.id;
    case 'principal':
      return value.name ?? value.email ?? value.id;
    case 'instant':
      return value.at;
    case 'day':
      return value.on;
    case 'words':
      return value.words.join(', ');
  }
}

export class UnfitValue extends Error {}

function toScalar(kind: PropertyKind, value: Exclude<FieldValue, null>): string | number | boolean {
  switch (kind) {
    case 'string':
      return toText(value);
    case 'boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'number':
    case 'integer':
    case 'choice':
    case 'principal': {
      const text = typeof value === 'object' && 'id' in value ? value.id : value;
      const number = typeof text === 'string' && text.trim() !== '' ? Number(text) : text;
      if (typeof number === 'number' && Number.isFinite(number)) return number;
      break;
    }
    case 'instant':
      if (typeof value === 'object' && value.kind === 'instant') return value.at;
      // Noon keeps the day in most time zones.
      if (typeof value === 'object' && value.kind === 'day') return `${value.on}T12:00:00.000Z`;
      if (typeof value === 'string' && !Number.isNaN(Date.parse(value))) return new Date(value).toISOString();
      break;
  }
  throw new UnfitValue(`"${toText(value).slice(0, 80)}" does not fit this field`);
}
