import type { ConflictPolicy, DeletionPolicy, MappingSettings } from '../../../backend/contract/mapping.ts';
import { ChoiceInput } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import { statusChoices } from './descriptions.ts';
import type { TabProps } from './mapping-editor.tsx';

const w = words.policy;

export const conflictChoices = (Object.keys(w.conflicts) as ConflictPolicy[]).map((id) => ({
  id,
  name: w.conflicts[id],
}));
const deletions = (Object.keys(w.deletions) as DeletionPolicy[]).map((id) => ({ id, name: w.deletions[id] }));
const restores = (['resume', 'ignore'] as const).map((id) => ({ id, name: w.restores[id] }));

export function PolicyTab({ settings, change, descriptions }: TabProps) {
  const { onDeleted, closeStates } = settings;
  // A deleted work item closes the ticket, and the other way round.
  const closesTicket = onDeleted.workItem === 'close';
  const closesWorkItem = onDeleted.ticket === 'close';
  return (
    <div className="stack form-narrow" style={{ gap: 16 }}>
      <ChoiceInput
        label={w.conflict}
        value={settings.conflict}
        choices={conflictChoices}
        onChange={(id) => change({ conflict: id as ConflictPolicy })}
      />
      <ChoiceInput
        label={w.workItemDeleted}
        value={onDeleted.workItem}
        choices={deletions}
        onChange={(id) => change({ onDeleted: { ...onDeleted, workItem: id as DeletionPolicy } })}
      />
      {closesTicket && (
        <ChoiceInput
          label={w.closeTicket}
          value={closeStates.ticket ?? ''}
          choices={statusChoices(descriptions, 'ticket')}
          onChange={(ticket) => change({ closeStates: { ...closeStates, ticket } })}
        />
      )}
      <ChoiceInput
        label={w.ticketDeleted}
        value={onDeleted.ticket}
        choices={deletions}
        onChange={(id) => change({ onDeleted: { ...onDeleted, ticket: id as DeletionPolicy } })}
      />
      {closesWorkItem && (
        <ChoiceInput
          label={w.closeWorkItem}
          value={closeStates.workItem ?? ''}
          choices={statusChoices(descriptions, 'workItem')}
          onChange={(workItem) => change({ closeStates: { ...closeStates, workItem } })}
        />
      )}
      <ChoiceInput
        label={w.restored}
        value={settings.onRestored}
        choices={restores}
        onChange={(id) => change({ onRestored: id as MappingSettings['onRestored'] })}
      />
    </div>
  );
}
