import type { FieldDefinition } from './fields.ts';
import { type BrokenRule, ruleProblem } from './problem.ts';
import { transition, type WorkItemTypeDefinition } from './process.ts';
import type { Fields, FieldValue } from './store.ts';

/** Title 255 characters, long text 1 M characters (Microsoft: object-limits; 1,048,576 by the runtime's message). */
const maxTitleCharacters = 255;
const maxLongTextCharacters = 1_048_576;

const isLongText = (definition: FieldDefinition): boolean =>
  definition.type === 'html' || definition.type === 'plainText' || definition.type === 'history';

function brokenRule(definition: FieldDefinition, ...flags: string[]): BrokenRule {
  return { field: definition.referenceName, fieldName: definition.name, flags };
}

export function checkValue(definition: FieldDefinition, value: FieldValue): BrokenRule | undefined {
  if (definition.type === 'integer' && !(typeof value === 'number' && Number.isInteger(value)))
    return brokenRule(definition, 'invalidType');
  if (definition.type === 'double' && typeof value !== 'number') return brokenRule(definition, 'invalidType');
  if (definition.type === 'boolean' && typeof value !== 'boolean')
    return brokenRule(definition, 'invalidType');
  if (definition.type === 'dateTime' && Number.isNaN(Date.parse(String(value))))
    return brokenRule(definition, 'invalidDate');
  if (typeof value === 'string') {
    const maxCharacters = isLongText(definition) ? maxLongTextCharacters : maxTitleCharacters;
    if (definition.type !== 'treePath' && value.length > maxCharacters)
      return brokenRule(definition, 'invalidTooLong');
  }
  if (definition.allowedValues !== undefined && !definition.allowedValues.includes(value as string | number))
    return brokenRule(definition, 'hasValues', 'limitedToValues', 'invalidListValue');
  return undefined;
}

/** JSON numbers may arrive as text and the other way round; the service converts by the field's type. */
export function coerce(definition: FieldDefinition, value: unknown): FieldValue | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  if ((definition.type === 'integer' || definition.type === 'double') && typeof value === 'string') {
    const number = Number(value);
    return Number.isNaN(number) ? value : number;
  }
  if (definition.type === 'boolean' && typeof value === 'string') return value.toLowerCase() === 'true';
  if (definition.type === 'dateTime' && !Number.isNaN(Date.parse(String(value))))
    return new Date(String(value)).toISOString();
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return definition.type === 'integer' || definition.type === 'double' || definition.type === 'boolean'
      ? value
      : String(value);
  }
  return undefined;
}

/**
 * The rules of the type on the fields as they would be saved. `before` is empty for a new item; `reasonGiven`
 * tells a reason set by the caller from one left over from the old state.
 */
export function checkRules(
  type: WorkItemTypeDefinition,
  before: Fields | undefined,
  after: Fields,
  changed: ReadonlySet<string>,
  find: (reference: string) => FieldDefinition | undefined,
): void {
  const broken: BrokenRule[] = [];
  for (const reference of type.requiredFields) {
    const definition = find(reference);
    const value = after[reference];
    if (definition !== undefined && (value === undefined || value === ''))
      broken.push(
        brokenRule(
          definition,
          'required',
          ...(definition.allowedValues ? ['hasValues'] : []),
          'invalidEmpty',
        ),
      );
  }
  for (const reference of changed) {
    const definition = find(reference);
    const value = after[reference];
    if (definition === undefined || value === undefined || reference === 'System.State') continue;
    if (definition.isIdentity || reference === 'System.Reason') continue;
    const problem = checkValue(definition, value);
    if (problem !== undefined) broken.push(problem);
  }
  broken.push(...checkState(type, before, after, changed, find));
  if (broken.length > 0) throw ruleProblem(broken);
}

function checkState(
  type: WorkItemTypeDefinition,
  before: Fields | undefined,
  after: Fields,
  changed: ReadonlySet<string>,
  find: (reference: string) => FieldDefinition | undefined,
): BrokenRule[] {
  const state = String(after['System.State'] ?? '');
  const from = before === undefined ? '' : String(before['System.State'] ?? '');
  const stateField = find('System.State');
  const reasonField = find('System.Reason');
  if (stateField === undefined || reasonField === undefined || state === '') return [];
  const moved = before === undefined || state !== from;
  const allowed = moved ? transition(type, from, state) : reasonsOf(type, state);
  if (allowed === undefined)
    return [
      brokenRule(
        stateField,
        'required',
        'hasValues',
        'limitedToValues',
        'allowsOldValue',
        'invalidListValue',
      ),
    ];
  if (changed.has('System.Reason') && !allowed.reasons.includes(String(after['System.Reason'] ?? '')))
    return [brokenRule(reasonField, 'required', 'hasValues', 'limitedToValues', 'invalidListValue')];
  return [];
}

/** Staying in a state, any reason that leads to it may be chosen. */
function reasonsOf(type: WorkItemTypeDefinition, state: string): { reasons: string[] } {
  const reasons = Object.values(type.transitions)
    .flat()
    .filter((candidate) => candidate.to === state)
    .flatMap((candidate) => candidate.reasons);
  return { reasons };
}

/** Dates, persons and the reason that the process keeps when the state moves. Changes `after` in place. */
export function applyStateRules(
  type: WorkItemTypeDefinition,
  before: Fields | undefined,
  after: Fields,
  changed: Set<string>,
  at: string,
  userId: string,
): void {
  const state = String(after['System.State'] ?? '');
  const from = before === undefined ? '' : String(before['System.State'] ?? '');
  const definition = type.states.find((candidate) => candidate.name.toLowerCase() === state.toLowerCase());
  if (definition === undefined) return;
  after['System.State'] = definition.name;
  after['System.BoardColumn'] = definition.name;
  after['System.BoardColumnDone'] = false;
  if (before !== undefined && from === definition.name) return;
  const reason = transition(type, from, state)?.reasons[0];
  if (!changed.has('System.Reason') && reason !== undefined) after['System.Reason'] = reason;
  after['Microsoft.VSTS.Common.StateChangeDate'] = at;
  const stamp = (name: 'Activated' | 'Resolved' | 'Closed') => {
    after[`Microsoft.VSTS.Common.${name}Date`] = at;
    after[`Microsoft.VSTS.Common.${name}By`] = userId;
  };
  const wipe = (name: 'Resolved' | 'Closed') => {
    delete after[`Microsoft.VSTS.Common.${name}Date`];
    delete after[`Microsoft.VSTS.Common.${name}By`];
    if (name === 'Resolved') delete after['Microsoft.VSTS.Common.ResolvedReason'];
  };
  if (definition.category === 'InProgress') stamp('Activated');
  if (definition.category === 'Resolved') {
    stamp('Resolved');
    after['Microsoft.VSTS.Common.ResolvedReason'] = after['System.Reason'] ?? '';
  }
  if (definition.category === 'Completed') stamp('Closed');
  else wipe('Closed');
  if (definition.category === 'Proposed' || definition.category === 'InProgress') wipe('Resolved');
}
