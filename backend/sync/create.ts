import type { FieldMapping, MappingSettings } from '../contract/mapping.ts';
import { canonical } from './canonical.ts';
import type { FieldChange, Note } from './command.ts';
import { convert } from './convert.ts';
import { describeField, readField, shown, templateRecord } from './draft.ts';
import { type Base, type Canonical, neverSeen, type SideBase } from './link-state.ts';
import type { CreatePlan } from './plan-input.ts';
import {
  type FieldDescription,
  type FieldValue,
  type FieldValues,
  otherSide,
  type Side,
  type Snapshot,
} from './record.ts';
import {
  baseKey,
  effectiveRows,
  fieldOf,
  flowsFrom,
  isComposedFrom,
  stateKey,
  transformFrom,
} from './row-keys.ts';
import { applyTransform, type Transformed } from './transform.ts';

export interface CreatePlanInput {
  /** The record that gets a counterpart on the other side. */
  source: Snapshot;
  mapping: MappingSettings;
  fields: Readonly<Record<Side, Readonly<Record<string, FieldDescription>>>>;
  statusField: Readonly<Record<Side, string>>;
  systemName: Readonly<Record<Side, string>>;
  /** Title field of the new record: gets the source's title when no row writes it. */
  titleField?: string;
  /** What templates see as `link.id`; empty before there is a link. */
  linkId?: string;
  /** Values that a person entered, by field of the new record. They win over the mapping, null included. */
  overrides?: FieldValues;
}

/** What a row makes of the source; undefined when the value was not read. */
export function transformedFrom(input: CreatePlanInput, row: FieldMapping): Transformed | undefined {
  const { source, systemName } = input;
  const [from, to] = [source.side, otherSide(source.side)];
  const value = readField(source.fields, fieldOf(row, from));
  if (value === undefined && !isComposedFrom(row, from)) return undefined;
  const record = templateRecord(source, source.fields, systemName[from]);
  return applyTransform({
    transform: transformFrom(row, from),
    value: value ?? null,
    from: describeField(input, from, fieldOf(row, from)),
    to: describeField(input, to, fieldOf(row, to)),
    scope: { [from]: record, source: record, link: { id: input.linkId ?? '' } },
  });
}

interface Filled {
  fields: Record<string, FieldValue>;
  onUnknownPerson: Record<string, FieldChange['onUnknownPerson']>;
  notes: Note[];
}

function fillRow(input: CreatePlanInput, row: FieldMapping, filled: Filled): void {
  const side = otherSide(input.source.side);
  const field = fieldOf(row, side);
  const target = describeField(input, side, field);
  const note = (code: Note['code'], reason?: string) =>
    filled.notes.push({ code, side, row: row.id, field, ...(reason === undefined ? {} : { reason }) });
  const made = transformedFrom(input, row);
  if (made === undefined) note('fieldUnknown');
  else if (!('ok' in made)) note('fieldUnmappable', made.unmappable);
  else if (target?.readOnly) note('fieldUnmappable', `${target.name} cannot be written`);
  else if (field in filled.fields) note('fieldKept', 'Another row writes this field');
  else if (canonical(made.ok, target) !== '') {
    filled.fields[field] = made.ok;
    if (made.onUnknownPerson !== undefined) filled.onUnknownPerson[field] = made.onUnknownPerson;
    filled.notes.push({ code: 'fieldSent', side, row: row.id, field, to: shown(made.ok) });
    if (made.cut) note('markupLost', 'Shortened to fit the field');
    if (made.losses !== undefined && made.losses.length > 0) note('markupLost', made.losses.join(', '));
  }
}

/** Required fields, as the system describes them, that would be empty. The state is the system's own to set. */
function missingFields(input: CreatePlanInput, side: Side, fields: FieldValues): readonly string[] {
  return Object.values(input.fields[side])
    .filter((field) => field.required && !field.readOnly && field.id !== input.statusField[side])
    .filter((field) => canonical(fields[field.id] ?? null, field) === '')
    .map((field) => field.id);
}

/** What to create on the other side. The state is not part of it: the first plan brings it over. */
export function planCreate(input: CreatePlanInput): CreatePlan {
  const { mapping, source, titleField, overrides = {} } = input;
  const side = otherSide(source.side);
  const filled: Filled = { fields: {}, onUnknownPerson: {}, notes: [] };
  for (const row of mapping.fields) if (flowsFrom(row, source.side)) fillRow(input, row, filled);
  if (titleField !== undefined && !(titleField in filled.fields)) {
    const made = convert(source.title, describeField(input, side, titleField));
    if ('ok' in made && made.ok !== null && made.ok !== '') filled.fields[titleField] = made.ok;
  }
  for (const [field, value] of Object.entries(overrides)) {
    if (value === null || value === '') delete filled.fields[field];
    else filled.fields[field] = value;
    delete filled.onUnknownPerson[field];
  }
  const place =
    side === 'workItem'
      ? { type: mapping.workItemTypes[0], project: mapping.project }
      : { type: mapping.ticketType, template: mapping.ticketTemplate };
  return {
    side,
    ...place,
    fields: filled.fields,
    onUnknownPerson: filled.onUnknownPerson,
    notes: filled.notes,
    missing: missingFields(input, side, filled.fields),
  };
}

export interface FirstBaseInput {
  create: CreatePlanInput;
  plan: CreatePlan;
  /** As the create answered. */
  created: {
    revision?: string;
    observed?: FieldValues;
    bookmark?: string;
    refused?: readonly { field: string }[];
    /** The record was found by its mark, and others have written to it: what of the create arrived is not known. */
    isUncertain?: boolean;
  };
  /** Bookmark of the reading of the source. */
  sourceBookmark?: string;
}

function sourceValue(input: FirstBaseInput, row: FieldMapping): Canonical | undefined {
  const { source } = input.create;
  const [from, to] = [source.side, otherSide(source.side)];
  const target = fieldOf(row, to);
  const isRefused = input.created.refused?.some((entry) => entry.field === target);
  // What a person entered instead of the mapping's value is not to be overruled by that one.
  const isOpen =
    input.created.isUncertain && target in input.plan.fields && !(target in (input.create.overrides ?? {}));
  if ((isRefused || isOpen) && flowsFrom(row, from)) return neverSeen;
  if (isComposedFrom(row, from)) {
    const made = transformedFrom(input.create, row);
    return made !== undefined && 'ok' in made
      ? canonical(made.ok, describeField(input.create, to, fieldOf(row, to)))
      : undefined;
  }
  const value = readField(source.fields, fieldOf(row, from));
  return value === undefined
    ? undefined
    : canonical(value, describeField(input.create, from, fieldOf(row, from)));
}

interface TargetValue {
  value: Canonical;
  confirmed: boolean;
}

function targetValue(input: FirstBaseInput, row: FieldMapping): TargetValue | undefined {
  const to = otherSide(input.create.source.side);
  const field = fieldOf(row, to);
  const target = describeField(input.create, to, field);
  // What only the new record decides (its number, its due time) is news for the source at once.
  if (!flowsFrom(row, input.create.source.side)) return { value: neverSeen, confirmed: true };
  const observed = readField(input.created.observed ?? {}, field);
  if (observed !== undefined) return { value: canonical(observed, target), confirmed: true };
  const written = readField(input.plan.fields, field);
  return written === undefined ? undefined : { value: canonical(written, target), confirmed: false };
}

/** The base of a link right after its second record was created, before that record was read. */
export function firstBase(input: FirstBaseInput): Base {
  const { source, mapping, statusField } = input.create;
  const [from, to] = [source.side, otherSide(source.side)];
  const values: Record<Side, Record<string, Canonical>> = { workItem: {}, ticket: {} };
  const unconfirmed: string[] = [];
  for (const row of effectiveRows(mapping)) {
    const mine = sourceValue(input, row);
    if (mine !== undefined) values[from][baseKey(row, from)] = mine;
    const theirs = targetValue(input, row);
    const key = baseKey(row, to);
    if (theirs === undefined) continue;
    values[to][key] = isComposedFrom(row, to) ? neverSeen : theirs.value;
    if (!theirs.confirmed) unconfirmed.push(key);
  }
  if (mapping.states.enabled) {
    // Whoever sends states sends the present one with the first plan.
    const isSent =
      mapping.states.unmapped === 'byCategory' ||
      mapping.states.rows.some((row) => row.direction === 'both' || flowsFrom(row, from));
    values[isSent ? from : to][stateKey(statusField[isSent ? from : to])] = neverSeen;
  }
  const known = (ids: readonly { id: string }[] | undefined, history: 'none' | 'all') =>
    ids === undefined ? undefined : history === 'all' ? [] : ids.map((entry) => entry.id);
  const comments = known(source.comments, mapping.comments.history);
  const attachments = known(source.attachments, mapping.attachments.history);
  const mine: SideBase = {
    revision: source.revision,
    values: values[from],
    ...(comments === undefined ? {} : { comments }),
    ...(attachments === undefined ? {} : { attachments }),
    ...(input.sourceBookmark === undefined ? {} : { bookmark: input.sourceBookmark }),
  };
  const theirs: SideBase = {
    revision: input.created.revision ?? '',
    values: values[to],
    ...(unconfirmed.length > 0 ? { unconfirmed } : {}),
    ...(unconfirmed.length > 0 && input.created.revision ? { ownRevision: input.created.revision } : {}),
    comments: [],
    attachments: [],
    ...(input.created.bookmark === undefined ? {} : { bookmark: input.created.bookmark }),
  };
  return from === 'workItem' ? { workItem: mine, ticket: theirs } : { workItem: theirs, ticket: mine };
}
