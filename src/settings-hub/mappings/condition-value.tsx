import type { Condition } from '../../../backend/contract/mapping.ts';
import { type Choice, Select } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import { listOf, withMany, withoutValue } from './conditions.ts';
import { ValuesInput } from './values-input.tsx';

const w = words.when;

/** What the field is compared with: one value, several, or none; lists where the system says what there is. */
export function ConditionValue({
  condition: { operator, value },
  choices,
  onChange,
}: {
  condition: Condition;
  choices: readonly Choice[] | undefined;
  onChange(value: Condition['value']): void;
}) {
  if (withoutValue.includes(operator)) return <span />;
  const isKnown = choices !== undefined && choices.length > 0;
  if (withMany.includes(operator)) {
    return isKnown ? (
      <ValuesInput values={listOf(value)} choices={choices} onChange={onChange} />
    ) : (
      <input
        className="input"
        aria-label={w.values}
        placeholder={w.values}
        defaultValue={listOf(value).join(', ')}
        onBlur={(event) => onChange(listOf(event.target.value))}
      />
    );
  }
  return isKnown ? (
    <Select aria-label={w.value} value={String(value ?? '')} choices={choices} onChange={onChange} />
  ) : (
    <input
      className="input"
      aria-label={w.value}
      value={String(value ?? '')}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
