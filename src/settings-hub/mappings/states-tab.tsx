import type { ConflictPolicy, StateMap, StateRow } from '../../../backend/contract/mapping.ts';
import { Action, IconAction } from '../../components/action.tsx';
import { CheckInput, ChoiceInput, Select } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import type { TabProps } from './mapping-editor.tsx';
import { conflictChoices } from './policy-tab.tsx';

const w = words.states;
const directions = (['out', 'in', 'both'] as const).map((id) => ({ id, name: words.fields.directions[id] }));
const unmapped = (['leave', 'byCategory'] as const).map((id) => ({ id, name: w.unmappedChoice[id] }));

/** States with their kind, which is what "by kind" goes by. */
const kindChoices = (descriptions: TabProps['descriptions'], side: 'workItem' | 'ticket') =>
  (descriptions[side].data?.statuses ?? []).map(({ id, name, category }) => ({
    id,
    name: `${name ?? id} (${w.kinds[category] ?? category})`,
  }));

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
                choices={kindChoices(descriptions, 'workItem')}
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
                choices={kindChoices(descriptions, 'ticket')}
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
          <Unmapped states={states} descriptions={descriptions} />
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

/** States that no row takes over, by direction: the commonest reason why a ticket "does not follow". */
function Unmapped({ states, descriptions }: { states: StateMap; descriptions: TabProps['descriptions'] }) {
  const flows = (row: StateRow, towards: 'out' | 'in') =>
    row.direction === towards || row.direction === 'both';
  const mapped = {
    workItem: new Set(states.rows.filter((row) => flows(row, 'out')).map((row) => row.workItemState)),
    ticket: new Set(states.rows.filter((row) => flows(row, 'in')).map((row) => row.ticketStatus)),
  };
  return (
    <div className="stack tight">
      {(['workItem', 'ticket'] as const).map((side) => {
        const all = descriptions[side].data?.statuses;
        if (!all) return null;
        const left = all.filter(({ id }) => !mapped[side].has(id));
        return (
          <div key={side} className="row wrap">
            <span className="quiet">{w.notMapped[side]}:</span>
            {left.length === 0 && <span className="good">{w.all}</span>}
            {left.map(({ id, name, category }) => (
              <span className="chip" key={id} title={w.kinds[category]}>
                {name ?? id}
              </span>
            ))}
            {left.length > 0 && states.unmapped === 'byCategory' && (
              <span className="small-text quiet">({w.byCategory})</span>
            )}
          </div>
        );
      })}
    </div>
  );
}
