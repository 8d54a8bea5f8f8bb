import { CheckInput, ChoiceInput, TextInput } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import { fieldChoices } from './descriptions.ts';
import type { TabProps } from './mapping-editor.tsx';
import { RuleEditor } from './rule-editor.tsx';

const w = words.general;

const onLinkChoices = (['keep', 'workItemWins', 'ticketWins'] as const).map((id) => ({
  id,
  name: w.onLinkChoice[id],
}));

export function GeneralTab({ settings, change, descriptions }: TabProps) {
  const ticket = descriptions.ticket.data;
  return (
    <div className="stack form-narrow" style={{ gap: 16 }}>
      <TextInput
        label={w.name}
        required
        maxLength={120}
        value={settings.name}
        onChange={(name) => change({ name })}
      />
      <CheckInput label={w.enabled} checked={settings.enabled} onChange={(enabled) => change({ enabled })} />
      <TextInput
        label={w.project}
        help={w.projectHelp}
        value={settings.project}
        disabled
        onChange={(project) => change({ project })}
      />
      <WorkItemTypes {...{ settings, change, descriptions }} />
      <ChoiceInput
        label={w.ticketType}
        value={settings.ticketType ?? ''}
        choices={ticket?.types ?? []}
        none={w.any}
        onChange={(id) => change({ ticketType: id || undefined, ticketTemplate: undefined })}
      />
      {ticket?.templates && (
        <ChoiceInput
          label={w.template}
          value={settings.ticketTemplate ?? ''}
          choices={ticket.templates}
          none={w.none}
          onChange={(id) => change({ ticketTemplate: id || undefined })}
        />
      )}
      <ChoiceInput
        label={w.reference}
        help={w.referenceHelp}
        value={settings.referenceField ?? ''}
        choices={fieldChoices(descriptions, 'workItem', { written: true, chosen: settings.referenceField })}
        none={w.none}
        onChange={(id) => change({ referenceField: id || undefined })}
      />
      <CheckInput
        label={w.hyperlink}
        checked={settings.hyperlink}
        onChange={(hyperlink) => change({ hyperlink })}
      />
      <ChoiceInput
        label={w.onLink}
        value={settings.onLink}
        choices={onLinkChoices}
        onChange={(id) => change({ onLink: id as typeof settings.onLink })}
      />
      <section className="stack" aria-label={w.scope}>
        <span className="strong">{w.scope}</span>
        <RuleEditor
          rule={settings.ticketScope}
          side="ticket"
          descriptions={descriptions}
          onChange={(ticketScope) => change({ ticketScope })}
        />
      </section>
    </div>
  );
}

function WorkItemTypes({ settings, change, descriptions }: TabProps) {
  const offered = descriptions.workItem.data?.types.map(({ name }) => name) ?? [];
  const names = [...new Set([...settings.workItemTypes, ...offered])];
  return (
    <fieldset className="field" style={{ border: 0, padding: 0, margin: 0 }}>
      <legend className="strong">{w.types}</legend>
      <div className="states-choice">
        {names.map((name) => {
          const chosen = settings.workItemTypes.includes(name);
          const rest = settings.workItemTypes.filter((other) => other !== name);
          return (
            <CheckInput
              key={name}
              label={name}
              checked={chosen}
              // The contract asks for one type at least.
              disabled={chosen && rest.length === 0}
              onChange={(on) => change({ workItemTypes: on ? [...rest, name] : rest })}
            />
          );
        })}
      </div>
      <span className="small-text quiet">{w.typesHelp}</span>
    </fieldset>
  );
}
