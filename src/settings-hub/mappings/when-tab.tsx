import type { Trigger } from '../../../backend/contract/mapping.ts';
import { CheckInput, RadioInput } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import { type Descriptions, statusChoices } from './descriptions.ts';
import type { TabProps } from './mapping-editor.tsx';
import { RuleEditor } from './rule-editor.tsx';

const w = words.when;
const modes = (['automatic', 'manual', 'linkOnly', 'never'] as const).map((id) => ({ id, name: w.mode[id] }));

export function WhenTab({ settings, change, descriptions }: TabProps) {
  return (
    <div className="stack form-narrow" style={{ gap: 24 }}>
      <TriggerEditor
        title={w.createTicket}
        side="workItem"
        trigger={settings.createTicket}
        descriptions={descriptions}
        onChange={(createTicket) => change({ createTicket })}
      />
      <TriggerEditor
        title={w.createWorkItem}
        side="ticket"
        trigger={settings.createWorkItem}
        descriptions={descriptions}
        onChange={(createWorkItem) => change({ createWorkItem })}
      />
      <section className="card section stack" aria-label={w.updates}>
        <span className="strong">{w.updates}</span>
        {(['workItem', 'ticket'] as const).map((side) => (
          <div key={side} className="stack">
            <span>{w.updateWhen[side]}</span>
            <RuleEditor
              rule={settings.updateWhen[side]}
              side={side}
              descriptions={descriptions}
              none={w.noCondition}
              onChange={(rule) => change({ updateWhen: { ...settings.updateWhen, [side]: rule } })}
            />
          </div>
        ))}
        <span className="small-text quiet">{w.updatesHelp}</span>
      </section>
    </div>
  );
}

/** When a record of one side gets its counterpart. */
function TriggerEditor({
  title,
  side,
  trigger,
  descriptions,
  onChange,
}: {
  title: string;
  side: 'workItem' | 'ticket';
  trigger: Trigger;
  descriptions: Descriptions;
  onChange(trigger: Trigger): void;
}) {
  const states = statusChoices(descriptions, side);
  const put = (parts: Partial<Trigger>) => onChange({ ...trigger, ...parts });
  return (
    <section className="card section stack" aria-label={title}>
      <RadioInput label={title} value={trigger.mode} choices={modes} onChange={(mode) => put({ mode })} />
      {trigger.mode !== 'never' && (
        <>
          <CheckInput
            label={w.isDefault}
            checked={trigger.isDefault}
            onChange={(isDefault) => put({ isDefault })}
          />
          {states.length > 0 && (
            <fieldset className="field" style={{ border: 0, padding: 0, margin: 0 }}>
              <legend className="strong">{w.onStates}</legend>
              <div className="states-choice">
                {states.map(({ id, name }) => (
                  <CheckInput
                    key={id}
                    label={name}
                    checked={trigger.onStates.includes(id)}
                    onChange={(on) => {
                      const rest = trigger.onStates.filter((other) => other !== id);
                      put({ onStates: on ? [...rest, id] : rest });
                    }}
                  />
                ))}
              </div>
              <span className="small-text quiet">{w.onStatesHelp}</span>
            </fieldset>
          )}
          <span className="strong">{w.rule}</span>
          <RuleEditor
            rule={trigger.rule}
            side={side}
            descriptions={descriptions}
            onChange={(rule) => put({ rule })}
          />
        </>
      )}
    </section>
  );
}
