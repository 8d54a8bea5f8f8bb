import { useState } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import type { SecretField, SettingField } from '../../../backend/contract/connector-manifest.ts';
import { Action } from '../../components/action.tsx';
import { CheckInput, ChoiceInput, TextInput } from '../../components/field.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { words } from '../../text-settings.ts';
import { CredentialStanding } from './credential-standing.tsx';

const w = words.connections.ends;

/** One setting, drawn from the connector's own declaration. */
export function SettingInput({
  field,
  value,
  problem,
  onChange,
}: {
  field: SettingField;
  value: string | boolean;
  problem: string | undefined;
  onChange(value: string | boolean): void;
}) {
  const common = { label: field.label, help: field.help, problem, required: field.required };
  if (field.type === 'boolean') {
    return <CheckInput label={field.label} help={field.help} checked={value === true} onChange={onChange} />;
  }
  if (field.type === 'choice') {
    return (
      <ChoiceInput
        {...common}
        value={String(value)}
        choices={field.choices ?? []}
        onChange={onChange}
        {...(field.required ? {} : { none: words.optional })}
      />
    );
  }
  return (
    <TextInput
      {...common}
      value={String(value)}
      onChange={onChange}
      placeholder={field.placeholder}
      min={field.min}
      max={field.max}
      {...(field.type === 'multiline' ? { rows: 4 } : {})}
      type={field.type === 'number' ? 'number' : field.type === 'url' ? 'url' : 'text'}
    />
  );
}

/** Secrets are written, never read: "set on 3 May, replace". */
export function SecretInput({
  field,
  stored,
  value,
  problem,
  onChange,
}: {
  field: SecretField;
  stored: Connection['secrets'][string] | undefined;
  value: string;
  problem: string | undefined;
  onChange(value: string): void;
}) {
  const [replacing, setReplacing] = useState(false);
  if (stored && !replacing) {
    return (
      <div className="field">
        <span className="field-label">{field.label}</span>
        <div className="row">
          <span>
            {field.origin === 'generated' ? words.connections.secretGenerated : words.connections.secretSet}{' '}
            <RelativeTime at={stored.setAt} />
            {(field.origin === 'typed' || stored.ends) && (
              <>
                , <CredentialStanding ends={stored.ends} />
              </>
            )}
          </span>
          {field.origin === 'typed' && (
            <Action
              label={words.connections.secretReplace}
              ariaLabel={`${words.connections.secretReplace}: ${field.label}`}
              onClick={() => setReplacing(true)}
            />
          )}
        </div>
      </div>
    );
  }
  return (
    <div className="stack tight">
      <TextInput
        label={field.label}
        help={field.help}
        type="password"
        required={field.required}
        value={value}
        problem={problem}
        onChange={onChange}
      />
      {stored && (
        <div>
          <Action
            label={words.connections.secretKeep}
            subtle
            onClick={() => {
              onChange('');
              setReplacing(false);
            }}
          />
        </div>
      )}
    </div>
  );
}

/** The day on which a secret ends: nobody has to know it, and nobody has to guess where it stands. */
export function EndDayInput({
  field,
  value,
  isNew,
  problem,
  onChange,
}: {
  field: SecretField;
  value: string;
  /** The secret takes the place of one whose day does not hold any more. */
  isNew: boolean;
  problem: string | undefined;
  onChange(day: string): void;
}) {
  const isTyped = field.origin === 'typed';
  const help = isTyped ? [isNew && w.again, w.help, field.endHelp] : [w.replaceHelp];
  return (
    <div>
      <TextInput
        type="date"
        label={isTyped ? w.label(field.label) : w.replaceBy(field.label)}
        help={help.filter(Boolean).join(' ')}
        value={value}
        problem={problem}
        onChange={onChange}
      />
    </div>
  );
}
