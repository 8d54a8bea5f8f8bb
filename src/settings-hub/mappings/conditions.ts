import type { Condition } from '../../../backend/contract/mapping.ts';

type Operator = Condition['operator'];

export const withoutValue: readonly Operator[] = ['isEmpty', 'isNotEmpty'];
export const withMany: readonly Operator[] = ['in', 'notIn'];

/** With another operator: one value becomes several or the other way round, as far as that goes. */
export function withOperator(condition: Condition, operator: Operator, isKnown: boolean): Condition {
  const { value, ...rest } = condition;
  if (withoutValue.includes(operator)) return { ...rest, operator };
  if (!withMany.includes(operator))
    return { ...rest, operator, value: Array.isArray(value) ? (value[0] ?? '') : (value ?? '') };
  // One that was picked from a list is one, whatever commas it has.
  const isOne = isKnown && !Array.isArray(value) && value !== undefined && value !== '';
  return { ...rest, operator, value: isOne ? [String(value)] : listOf(value) };
}

/** Words between commas. */
export const listOf = (value: Condition['value']): string[] =>
  (Array.isArray(value) ? value : String(value ?? '').split(',')).map((part) => part.trim()).filter(Boolean);
