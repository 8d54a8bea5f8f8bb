import { evaluateRule } from './criteria.ts';
import { presenceOf } from './missing.ts';
import type { PlanInput } from './plan-input.ts';
import type { Side } from './record.ts';
import { sides } from './row-keys.ts';

/**
 * The side whose record does not meet the mapping's condition for updates, if one does not. Then nothing is planned and
 * the base stays as it is, so that what has changed by then goes over as soon as the condition is met. A field that was
 * not read meets nothing. What is missing is another matter, with a policy of its own.
 */
export function restingSide(
  input: Pick<PlanInput, 'workItem' | 'ticket' | 'mapping' | 'fields'>,
): Side | undefined {
  if (sides.some((side) => presenceOf(input[side]).state === 'missing')) return undefined;
  return sides.find((side) => {
    const rule = input.mapping.updateWhen[side];
    const reading = input[side];
    if (rule === undefined || reading.state !== 'present') return false;
    return evaluateRule(rule, { fields: reading.snapshot.fields, descriptions: input.fields[side] }) !== true;
  });
}
