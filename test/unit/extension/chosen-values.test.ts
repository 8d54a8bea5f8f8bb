import { offeredValues, toggled } from '../../../src/settings-hub/mappings/chosen-values.ts';
import { withOperator } from '../../../src/settings-hub/mappings/conditions.ts';

const choices = [
  { id: '1', name: 'High' },
  { id: '2', name: 'Low, or none' },
];
const offered = (values: string[]) => offeredValues(values, choices);
const find = (values: string[], id: string) => {
  const found = offered(values).find((one) => one.id === id);
  if (found === undefined) throw new Error(`${id} is not offered`);
  return found;
};

describe('values of a condition, to pick several of', () => {
  test('a value counts by its id or its name, as conditions are judged', () => {
    expect(offered(['1']).map(({ chosen }) => chosen)).toEqual([true, false]);
    expect(offered([' high', '2']).map(({ chosen }) => chosen)).toEqual([true, true]);
  });

  test('values that are not offered stay, in sight, once, and go when they are taken away', () => {
    expect(
      offered(['Urgent', '1', 'Urgent']).map(({ name, chosen, unknown }) => [name, chosen, unknown]),
    ).toEqual([
      ['Urgent', true, true],
      ['High', true, false],
      ['Low, or none', false, false],
    ]);
    expect(toggled(['Urgent', '1'], find(['Urgent', '1'], '2'))).toEqual(['Urgent', '1', '2']);
    expect(toggled(['Urgent', 'HIGH'], find(['Urgent', 'HIGH'], '1'))).toEqual(['Urgent']);
    expect(toggled(['Urgent', '1'], find(['Urgent', '1'], 'Urgent'))).toEqual(['1']);
  });

  test('another operator keeps what was picked whole, and reads typed values between commas', () => {
    const one = { kind: 'condition', field: 'f', operator: 'equals', value: 'Low, or none' } as const;
    expect(withOperator(one, 'in', true).value).toEqual(['Low, or none']);
    expect(withOperator(one, 'in', false).value).toEqual(['Low', 'or none']);
    expect(withOperator({ ...one, value: '' }, 'notIn', true).value).toEqual([]);
    expect(withOperator({ ...one, operator: 'in', value: ['a', 'b'] }, 'equals', true).value).toBe('a');
    expect(withOperator(one, 'isEmpty', true)).not.toHaveProperty('value');
  });
});
