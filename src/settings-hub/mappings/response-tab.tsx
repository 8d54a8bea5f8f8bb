import type { ResponseRow } from '../../../backend/contract/mapping.ts';
import { Action, IconAction } from '../../components/action.tsx';
import { type Choice, Select } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import { fieldChoices } from './descriptions.ts';
import type { TabProps } from './mapping-editor.tsx';

const w = words.response;
const values = (Object.keys(w.values) as ResponseRow['value'][]).map((id) => ({ id, name: w.values[id] }));

export function ResponseTab({ settings, change, descriptions }: TabProps) {
  const { response } = settings;
  return (
    <div className="stack" style={{ gap: 20, maxWidth: 760 }}>
      <p>{w.intro}</p>
      {(['workItem', 'ticket'] as const).map((side) => (
        <Rows
          key={side}
          title={w[side]}
          rows={response[side]}
          choicesFor={(chosen) => fieldChoices(descriptions, side, { written: true, chosen })}
          onChange={(rows) => change({ response: { ...response, [side]: rows } })}
        />
      ))}
    </div>
  );
}

function Rows({
  title,
  rows,
  choicesFor,
  onChange,
}: {
  title: string;
  rows: readonly ResponseRow[];
  choicesFor(chosen: string): Choice[];
  onChange(rows: ResponseRow[]): void;
}) {
  const put = (at: number, row: ResponseRow | undefined) =>
    onChange(rows.flatMap((old, index) => (index !== at ? [old] : row ? [row] : [])));
  return (
    <section className="stack" aria-label={title}>
      <h3>{title}</h3>
      {rows.map((row, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity, and every input is controlled.
        <div className="mapping-row two" key={at}>
          <Select
            aria-label={w.value}
            value={row.value}
            choices={values}
            onChange={(value) => put(at, { ...row, value: value as ResponseRow['value'] })}
          />
          <Select
            aria-label={w.field}
            value={row.field}
            choices={choicesFor(row.field)}
            onChange={(field) => put(at, { ...row, field })}
          />
          <IconAction label={words.remove} icon="Delete" onClick={() => put(at, undefined)} />
        </div>
      ))}
      <div>
        <Action
          label={w.addRow}
          icon="Add"
          onClick={() => onChange([...rows, { field: '', value: 'key' }])}
        />
      </div>
    </section>
  );
}
