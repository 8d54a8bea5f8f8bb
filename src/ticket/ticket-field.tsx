import type { TicketForm } from '../../backend/contract/links.ts';
import { CheckInput, ChoiceInput, TextInput } from '../components/field.tsx';
import { text } from '../text.ts';
import { RichEditor } from './rich-editor.tsx';

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
  if (field.type === 'rich') {
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

/** The mapping's own formatting, with what a form cannot hold (images), is sent as long as nobody types in the field. */
function RichInput({
  field,
  value,
  onChange,
  help,
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
  const content = value === null ? '' : String(value);
  return (
    <RichEditor
      {...common}
      value={content}
      help={help ?? (/<img\b/i.test(content) ? text.editor.images : undefined)}
      onChange={(next) => onChange(next === '' ? null : next)}
    />
  );
}
