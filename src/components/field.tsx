import { type ReactNode, useId } from 'react';
import { text } from '../text.ts';

interface FieldProps {
  label: string;
  help?: ReactNode;
  problem?: string | undefined;
  required?: boolean | undefined;
  children: (wiring: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': boolean | undefined;
    'aria-required': boolean | undefined;
  }) => ReactNode;
}

/** Label, control, help and problem, tied together for screen readers. */
export function Field({ label, help, problem, required, children }: FieldProps) {
  const id = useId();
  const described = help || problem ? `${id}-more` : undefined;
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {required && (
          <span className="needed" aria-hidden="true">
            *
          </span>
        )}
      </label>
      {children({
        id,
        'aria-describedby': described,
        'aria-invalid': problem ? true : undefined,
        'aria-required': required || undefined,
      })}
      {described && (
        <div id={described} className="small-text">
          {problem && <div className="bad">{problem}</div>}
          {help && <div className="quiet">{help}</div>}
        </div>
      )}
    </div>
  );
}

interface CommonProps {
  label: string;
  help?: ReactNode;
  problem?: string | undefined;
  required?: boolean | undefined;
  disabled?: boolean | undefined;
}

export function TextInput({
  value,
  onChange,
  type = 'text',
  rows,
  maxLength,
  placeholder,
  autoFocus,
  min,
  max,
  ...rest
}: CommonProps & {
  value: string;
  onChange(value: string): void;
  type?: 'text' | 'url' | 'number' | 'password' | 'date' | 'datetime-local' | 'search';
  rows?: number;
  maxLength?: number | undefined;
  placeholder?: string | undefined;
  autoFocus?: boolean;
  min?: number | undefined;
  max?: number | undefined;
}) {
  return (
    <Field {...rest}>
      {(wiring) => {
        const common = {
          ...wiring,
          className: 'input',
          value,
          disabled: rest.disabled,
          maxLength,
          placeholder,
          autoFocus,
        };
        if (rows)
          return <textarea {...common} rows={rows} onChange={(event) => onChange(event.target.value)} />;
        return (
          <input
            {...common}
            type={type}
            min={min}
            max={max}
            autoComplete={type === 'password' ? 'new-password' : 'off'}
            onChange={(event) => onChange(event.target.value)}
          />
        );
      }}
    </Field>
  );
}

export interface Choice {
  id: string;
  name: string;
  disabled?: boolean;
}

/**
 * The browser's own list: it may leave the frame (a callout of ours would be cut off at its 400 px), works with
 * keyboard and screen reader everywhere, and stays quick with several hundred fields in several hundred rows.
 */
export function ChoiceInput({
  value,
  choices,
  onChange,
  none,
  ...rest
}: CommonProps & {
  value: string;
  choices: readonly Choice[];
  onChange(value: string): void;
  /** Words for "nothing chosen"; without it a choice must be made. */
  none?: string;
}) {
  return (
    <Field {...rest}>
      {(wiring) => (
        <Select
          {...wiring}
          value={value}
          choices={choices}
          onChange={onChange}
          none={none}
          disabled={rest.disabled}
        />
      )}
    </Field>
  );
}

export function Select({
  value,
  choices,
  onChange,
  none,
  ...rest
}: {
  value: string;
  choices: readonly Choice[];
  onChange(value: string): void;
  none?: string | undefined;
  disabled?: boolean | undefined;
  id?: string;
  'aria-label'?: string;
}) {
  const known = value === '' || choices.some((choice) => choice.id === value);
  return (
    <select {...rest} className="input" value={value} onChange={(event) => onChange(event.target.value)}>
      {(none !== undefined || value === '') && <option value="">{none ?? text.choose}</option>}
      {/* A stored value that the system no longer offers stays visible: hiding it would change it silently. */}
      {!known && <option value={value}>{text.noLongerOffered(value)}</option>}
      {choices.map((choice) => (
        <option key={choice.id} value={choice.id} disabled={choice.disabled}>
          {choice.name}
        </option>
      ))}
    </select>
  );
}

export function CheckInput({
  label,
  checked,
  onChange,
  help,
  disabled,
}: {
  label: ReactNode;
  checked: boolean;
  onChange(checked: boolean): void;
  help?: ReactNode;
  disabled?: boolean | undefined;
}) {
  const id = useId();
  return (
    <div className="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={help ? `${id}-help` : undefined}
        onChange={(event) => onChange(event.target.checked)}
      />
      <div className="stack tight">
        <label htmlFor={id}>{label}</label>
        {help && (
          <span id={`${id}-help`} className="small-text quiet">
            {help}
          </span>
        )}
      </div>
    </div>
  );
}

/** A few exclusive choices, all in sight. */
export function RadioInput<V extends string>({
  label,
  value,
  choices,
  onChange,
  disabled,
}: {
  label: string;
  value: V | undefined;
  choices: readonly { id: V; name: ReactNode; help?: ReactNode; disabled?: boolean }[];
  onChange(value: NoInfer<V>): void;
  disabled?: boolean;
}) {
  const group = useId();
  return (
    <div className="field" role="radiogroup" aria-labelledby={group}>
      <span className="field-label" id={group}>
        {label}
      </span>
      {choices.map((choice) => (
        <label className="check" key={choice.id}>
          <input
            type="radio"
            name={group}
            checked={choice.id === value}
            disabled={disabled || choice.disabled}
            onChange={() => onChange(choice.id)}
          />
          <span className="stack tight">
            <span>{choice.name}</span>
            {choice.help && <span className="small-text quiet">{choice.help}</span>}
          </span>
        </label>
      ))}
    </div>
  );
}
