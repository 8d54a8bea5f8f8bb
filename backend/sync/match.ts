import type { Mapping, MappingSettings, Trigger } from '../contract/mapping.ts';
import { canonical } from './canonical.ts';
import { plainText } from './convert.ts';
import { type Evidence, evaluateRule, type Verdict } from './criteria.ts';
import { readField } from './draft.ts';
import type { MatchResult } from './plan-input.ts';
import type { FieldDescription, Side, Snapshot } from './record.ts';

export interface MatchContext {
  /** Other names of the snapshot's project, for example its id. */
  projectAliases?: readonly string[];
  /** Fields of the snapshot's side. */
  descriptions?: Readonly<Record<string, FieldDescription>>;
}

/** Why a mapping does not take a record. */
export type MatchRefusal =
  | 'disabled'
  | 'deleted'
  | 'otherProject'
  | 'otherType'
  | 'outOfScope'
  | 'notAutomatic'
  | 'noReference'
  | 'otherState'
  | 'rule'
  | 'unknown';

const same = (a: string | undefined, b: string): boolean =>
  a !== undefined && a.toLowerCase() === b.toLowerCase();

export const triggerOf = (mapping: MappingSettings, side: Side): Trigger =>
  side === 'workItem' ? mapping.createTicket : mapping.createWorkItem;

/** Looks at every record by itself, to create its counterpart or at least to find it. */
export const actsByItself = (trigger: Trigger): boolean =>
  trigger.mode === 'automatic' || trigger.mode === 'linkOnly';

/**
 * As if the mapping were on and looked at the records of a side by itself, for what asks before it does or instead: dry
 * runs and backfills. A trigger that only links goes on linking only; its rule, and its place in the order, stay.
 */
export function asActingByItself(mapping: MappingSettings, side: Side): MappingSettings {
  const name = side === 'workItem' ? 'createTicket' : 'createWorkItem';
  const trigger = mapping[name];
  const mode = actsByItself(trigger) ? trigger.mode : 'automatic';
  return { ...mapping, enabled: true, [name]: { ...trigger, mode } };
}

/** A person may create counterparts by it. */
export const mayCreate = (trigger: Trigger): boolean =>
  trigger.mode === 'automatic' || trigger.mode === 'manual';

const evidenceOf = (snapshot: Snapshot, context: MatchContext): Evidence => ({
  fields: snapshot.fields,
  descriptions: context.descriptions,
});

const refusalOf = (verdict: Verdict, refusal: MatchRefusal): MatchRefusal | undefined =>
  verdict === true ? undefined : verdict === 'unknown' ? 'unknown' : refusal;

/** Whether the mapping is for such records at all: project, type, scope. Undefined when it is. */
export function scopeRefusal(
  snapshot: Snapshot,
  mapping: MappingSettings,
  context: MatchContext = {},
): MatchRefusal | undefined {
  if (!mapping.enabled) return 'disabled';
  if (snapshot.deleted) return 'deleted';
  const { ref } = snapshot;
  if (snapshot.side === 'workItem') {
    const projects = [ref.project, ...(context.projectAliases ?? [])];
    if (!projects.some((project) => same(project, mapping.project))) return 'otherProject';
    return mapping.workItemTypes.some((type) => same(ref.type, type)) ? undefined : 'otherType';
  }
  if (mapping.ticketType !== undefined && mapping.ticketType !== '' && !same(ref.type, mapping.ticketType)) {
    return 'otherType';
  }
  if (mapping.ticketScope === undefined) return undefined;
  return refusalOf(evaluateRule(mapping.ticketScope, evidenceOf(snapshot, context)), 'outOfScope');
}

/** Why the trigger does not fire for a record within scope, or undefined when it does. The mode is not asked. */
function triggerRefusal(
  snapshot: Snapshot,
  trigger: Trigger,
  context: MatchContext,
): MatchRefusal | undefined {
  const { status } = snapshot;
  const isOnState = trigger.onStates.some((state) => same(status.id, state) || same(status.name, state));
  if (trigger.onStates.length > 0 && !isOnState) return 'otherState';
  // A default mapping takes what no other one takes; its rule is not asked.
  if (trigger.isDefault || trigger.rule === undefined) return undefined;
  return refusalOf(evaluateRule(trigger.rule, evidenceOf(snapshot, context)), 'rule');
}

/** Why this mapping would not create a counterpart by itself, or undefined when it would. For dry runs too. */
export function matchRefusal(
  snapshot: Snapshot,
  mapping: MappingSettings,
  context: MatchContext = {},
): MatchRefusal | undefined {
  const trigger = triggerOf(mapping, snapshot.side);
  return (
    scopeRefusal(snapshot, mapping, context) ??
    (actsByItself(trigger) ? triggerRefusal(snapshot, trigger, context) : 'notAutomatic') ??
    (trigger.mode === 'linkOnly' && existingKeyOf(snapshot, mapping) === undefined
      ? 'noReference'
      : undefined)
  );
}

/** Number of the counterpart that the record names already. */
export function existingKeyOf(snapshot: Snapshot, mapping: MappingSettings): string | undefined {
  const fields =
    snapshot.side === 'workItem'
      ? [mapping.referenceField]
      : mapping.response.ticket
          .filter((row) => row.value === 'key' || row.value === 'id')
          .map((row) => row.field);
  for (const field of fields) {
    const value = field === undefined ? undefined : readField(snapshot.fields, field);
    const key = value === undefined || canonical(value) === '' ? '' : plainText(value).trim();
    if (key !== '') return key;
  }
  return undefined;
}

const resultFor = (snapshot: Snapshot, mapping: Mapping): MatchResult => {
  const existingKey = existingKeyOf(snapshot, mapping);
  return { mappingId: mapping.id, ...(existingKey === undefined ? {} : { existingKey }) };
};

/**
 * The mapping that wants a counterpart for a record without a link: the first in order whose rule fires, else the
 * first default one. A rule that asks for an unread field fires for nobody, and keeps defaults of the same scope
 * from taking what might have been its own.
 */
export function matchRecord(
  snapshot: Snapshot,
  mappings: readonly Mapping[],
  context: MatchContext = {},
): MatchResult | undefined {
  let isUndecided = false;
  for (const mapping of mappings) {
    if (triggerOf(mapping, snapshot.side).isDefault) continue;
    const refusal = matchRefusal(snapshot, mapping, context);
    if (refusal === undefined) return resultFor(snapshot, mapping);
    isUndecided ||= refusal === 'unknown';
  }
  if (isUndecided) return undefined;
  const fallback = mappings.find(
    (mapping) =>
      triggerOf(mapping, snapshot.side).isDefault && matchRefusal(snapshot, mapping, context) === undefined,
  );
  return fallback === undefined ? undefined : resultFor(snapshot, fallback);
}

/** Mappings by which a person may create a counterpart for the record, in order. */
export const candidateMappings = (
  snapshot: Snapshot,
  mappings: readonly Mapping[],
  context: MatchContext = {},
): readonly Mapping[] =>
  mappings.filter(
    (mapping) =>
      mayCreate(triggerOf(mapping, snapshot.side)) && scopeRefusal(snapshot, mapping, context) === undefined,
  );
