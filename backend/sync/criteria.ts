import type { Condition, Rule } from '../contract/mapping.ts';
import { canonical } from './canonical.ts';
import { plainText } from './convert.ts';
import type { FieldDescription, FieldValue, FieldValues } from './record.ts';

/** Three-valued: a field that was not read makes a condition `unknown`, and unknown never triggers anything. */
export type Verdict = boolean | 'unknown';

export interface Evidence {
  fields: FieldValues;
  descriptions?: Readonly<Record<string, FieldDescription>>;
}

const lower = (text: string) => text.trim().toLowerCase();

/** All texts by which a value may be named: a choice by id or name, a person by id, e-mail, login or name. */
function namesOf(value: FieldValue, description: FieldDescription | undefined): readonly string[] {
  if (value === null) return [];
  if (typeof value !== 'object') {
    const text = String(value);
    const choice = description?.choices?.find(
      (entry) => entry.id === text || lower(entry.name) === lower(text),
    );
    return choice === undefined ? [text] : [text, choice.id, choice.name];
  }
  switch (value.kind) {
    case 'choice': {
      const known = description?.choices?.find((entry) => entry.id === value.id);
      return [value.id, value.name, known?.name].filter((name) => name !== undefined);
    }
    case 'principal':
      return [value.id, value.email, value.login, value.name].filter((name) => name !== undefined);
    case 'words':
      return value.words;
    default:
      return [plainText(value)];
  }
}

const isEmpty = (value: FieldValue): boolean =>
  value === null || canonical(value) === '' || (typeof value === 'object' && plainText(value).trim() === '');

const isNamed = (names: readonly string[], wanted: string): boolean =>
  names.some((name) => lower(name) === lower(wanted));

/** A number to compare by: numbers as they are, days and times in milliseconds; NaN when there is no order. */
function orderOf(text: string): number {
  if (/^[+-]?\d+(?:\.\d+)?$/.test(text.trim())) return Number(text);
  return /^\d{4}-\d\d/.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
}

/** Null when the two have no common order. */
function compare(value: FieldValue, wanted: string): number | null {
  if (value === null) return null;
  const text = typeof value === 'object' && value.kind === 'choice' ? value.id : plainText(value);
  const [mine, limit] = [orderOf(text), orderOf(wanted)];
  if (!Number.isNaN(mine) && !Number.isNaN(limit)) return mine - limit;
  return null;
}

/** Paths of areas and iterations are parted by `\`, groups of some systems by `/`. */
function isUnder(path: string, root: string): boolean {
  const [mine, top] = [lower(path), lower(root).replace(/[\\/]+$/, '')];
  return mine === top || mine.startsWith(`${top}\\`) || mine.startsWith(`${top}/`);
}

const isDateLike = (value: FieldValue) =>
  typeof value === 'object' && value !== null && (value.kind === 'instant' || value.kind === 'day');

function equalsOne(value: FieldValue, wanted: string, description: FieldDescription | undefined): boolean {
  if (value === null) return wanted === '';
  if (isNamed(namesOf(value, description), wanted)) return true;
  if (typeof value === 'number' || isDateLike(value)) return compare(value, wanted) === 0;
  return false;
}

function judge(value: FieldValue, condition: Condition, description: FieldDescription | undefined): boolean {
  const { operator, value: given } = condition;
  const wanted = given === undefined ? [] : Array.isArray(given) ? given : [String(given)];
  const [first = ''] = wanted;
  const names = namesOf(value, description);
  switch (operator) {
    case 'isEmpty':
      return isEmpty(value);
    case 'isNotEmpty':
      return !isEmpty(value);
    case 'equals':
    case 'in':
      return wanted.some((entry) => equalsOne(value, entry, description));
    case 'notEquals':
    case 'notIn':
      return !wanted.some((entry) => equalsOne(value, entry, description));
    case 'contains':
      return wanted.some((entry) => names.some((name) => lower(name).includes(lower(entry))));
    case 'notContains':
      return !wanted.some((entry) => names.some((name) => lower(name).includes(lower(entry))));
    case 'startsWith':
      return wanted.some((entry) => names.some((name) => lower(name).startsWith(lower(entry))));
    case 'greaterThan':
      return (compare(value, first) ?? 0) > 0;
    case 'lessThan':
      return (compare(value, first) ?? 0) < 0;
    case 'under':
      return wanted.some((entry) => names.some((name) => isUnder(name, entry)));
  }
}

/** Whether the fields satisfy the rule (Kleene's logic: false decides `all`, true decides `any`). */
export function evaluateRule(rule: Rule, evidence: Evidence): Verdict {
  if (rule.kind === 'condition') {
    const { fields, descriptions } = evidence;
    if (!Object.hasOwn(fields, rule.field)) return 'unknown';
    const description =
      descriptions !== undefined && Object.hasOwn(descriptions, rule.field)
        ? descriptions[rule.field]
        : undefined;
    return judge(fields[rule.field] as FieldValue, rule, description);
  }
  const decisive = rule.kind === 'any';
  let verdict: Verdict = !decisive;
  for (const part of rule.rules) {
    const result = evaluateRule(part, evidence);
    if (result === decisive) return decisive;
    if (result === 'unknown') verdict = 'unknown';
  }
  return verdict;
}

/** Fields that a rule asks for, so that they are read. */
export const fieldsOfRule = (rule: Rule | undefined): readonly string[] =>
  rule === undefined ? [] : rule.kind === 'condition' ? [rule.field] : rule.rules.flatMap(fieldsOfRule);
