import type { ConflictPolicy, StateMap, StateRow } from '../../../backend/contract/mapping.ts';
import { Action, IconAction } from '../../components/action.tsx';
import { CheckInput, ChoiceInput, Select } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import { statusChoices } from './descriptions.ts';
import type { TabProps } from './mapping-editor.tsx';
import { conflictChoices } from './policy-tab.tsx';

const w = words.states;
const directions = (['out', 'in', 'both'] as const).map((id) => ({ id, name: words.fields.directions[id] }));
const unmapped = (['leave', 'byCategory'] as const).map((id) => ({ id, name: w.unmappedChoice[id] }));

export function StatesTab({ settings, change, descriptions }: TabProps) {
  const { states } = settings;
  const put = (parts: Partial<StateMap>) => change({ states: { ...states, ...parts } });
  const putRow = (at: number, row: StateRow | undefined) =>
    put({ rows: states.rows.flatMap((old, index) => (index !== at ? [old] : row ? [row] : [])) });
  const move = (at: number) => {
    const rows = [...states.rows];
    rows.splice(at - 1, 0, ...rows.splice(at, 1));
    put({ rows });
  };
  return (
    <div className="stack" style={{ gap: 16, maxWidth: 860 }}>
      <CheckInput label={w.enabled} checked={states.enabled} onChange={(enabled) => put({ enabled })} />
      {states.enabled && (
        <>
          <p className="quiet">{w.intro}</p>
          {states.rows.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity, and every input is controlled.
            <div className="mapping-row three" key={at}>
              <Select
                aria-label={w.workItemState}
                value={row.workItemState}
                choices={statusChoices(descriptions, 'workItem')}
                onChange={(workItemState) => putRow(at, { ...row, workItemState })}
              />
              <Select
                aria-label={w.direction}
                value={row.direction}
                choices={directions}
                onChange={(direction) =>
                  putRow(at, { ...row, direction: direction as StateRow['direction'] })
                }
              />
              <Select
                aria-label={w.ticketStatus}
                value={row.ticketStatus}
                choices={statusChoices(descriptions, 'ticket')}
                onChange={(ticketStatus) => putRow(at, { ...row, ticketStatus })}
              />
              <div className="row" style={{ gap: 0 }}>
                <IconAction label={words.moveUp} icon="Up" disabled={at === 0} onClick={() => move(at)} />
                <IconAction label={words.remove} icon="Delete" onClick={() => putRow(at, undefined)} />
              </div>
            </div>
          ))}
          <div>
            <Action
              label={w.addRow}
              icon="Add"
              onClick={() =>
                put({ rows: [...states.rows, { workItemState: '', ticketStatus: '', direction: 'both' }] })
              }
            />
          </div>
          <div className="form-grid">
            <ChoiceInput
              label={w.unmapped}
              value={states.unmapped}
              choices={unmapped}
              onChange={(id) => put({ unmapped: id as StateMap['unmapped'] })}
            />
            <ChoiceInput
              label={w.conflict}
              value={states.conflict ?? ''}
              choices={conflictChoices}
              none={words.fields.asMapping}
              onChange={(id) => put({ conflict: (id || undefined) as ConflictPolicy | undefined })}
            />
          </div>
        </>
      )}
    </div>
  );
}
