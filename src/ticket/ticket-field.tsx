import type { TicketForm } from '../../backend/contract/links.ts';
import { CheckInput, ChoiceInput, TextInput } from '../components/field.tsx';
import { text } from '../text.ts';
import { plainText } from './rich-text.tsx';

type TicketField = TicketForm['fields'][number];
type Value = string | number | boolean | null;

const yesNo = [
  { id: 'true', name: text.create.yes },
  { id: 'false', name: text.create.no },
];

/** One field of the ticket form, drawn by what the ticket system says about it. */
export function TicketFieldInput({
  field,
  value,
  problem,
  onChange,
}: {
  field: TicketField;
  value: Value;
  problem: string | undefined;
  onChange(value: Value): void;
}) {
  const common = {
    label: field.name,
    required: field.required && !field.readOnly,
    disabled: field.readOnly,
    problem,
    help: field.readOnly ? text.create.readOnlyField : undefined,
  };
  if (field.choices) {
    return (
      <ChoiceInput
        {...common}
        value={value === null ? '' : String(value)}
        choices={field.choices}
        none={field.required ? text.choose : text.empty}
        onChange={(next) => onChange(next === '' ? null : next)}
      />
    );
  }
  if (field.type === 'boolean') {
    if (!field.required) {
      return <CheckInput {...common} checked={value === true || value === 'true'} onChange={onChange} />;
    }
    const chosen = value === null ? '' : String(value);
    return (
      <ChoiceInput
        {...common}
        value={chosen}
        choices={yesNo}
        onChange={(next) => onChange(next === 'true')}
      />
    );
  }
  if (field.type === 'rich' || field.type === 'html' || field.type === 'multiline') {
    return <RichInput {...common} field={field} value={value} onChange={onChange} />;
  }
  return (
    <TextInput
      {...common}
      type={inputTypes[field.type] ?? 'text'}
      value={value === null ? '' : String(value)}
      maxLength={field.maxLength}
      onChange={(next) => onChange(next === '' ? null : field.type === 'number' ? Number(next) : next)}
    />
  );
}

const inputTypes: Record<string, 'number' | 'date' | 'datetime-local'> = {
  number: 'number',
  day: 'date',
  date: 'date',
};

/**
 * Rich text is edited as plain text: an editor would cost more than the whole panel. The mapping's own formatting is
 * sent as long as nobody types in the field.
 */
function RichInput({
  field,
  value,
  onChange,
  ...common
}: {
  field: TicketField;
  value: Value;
  onChange(value: Value): void;
  label: string;
  required: boolean;
  disabled: boolean;
  problem: string | undefined;
  help: string | undefined;
}) {
  const untouched = value === (field.raw ?? field.value ?? null);
  const shown = value === null ? '' : untouched ? plainText(String(value)) : String(value);
  return (
    <TextInput
      {...common}
      rows={5}
      value={shown}
      maxLength={field.maxLength}
      onChange={(next) => onChange(next === '' ? null : next)}
    />
  );
}
