import { Action, IconAction } from '../../components/action.tsx';
import { type Choice, Select } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';

interface Pair {
  from: string;
  to: string;
}

/** Values of one side beside those of the other; lists where the systems say what there is. */
export function PairTable({
  pairs,
  fromChoices,
  toChoices,
  onChange,
}: {
  pairs: readonly Pair[];
  fromChoices?: readonly Choice[] | undefined;
  toChoices?: readonly Choice[] | undefined;
  onChange(pairs: Pair[]): void;
}) {
  const put = (at: number, pair: Pair | undefined) =>
    onChange(pairs.flatMap((old, index) => (index !== at ? [old] : pair ? [pair] : [])));
  return (
    <div className="stack tight">
      {pairs.map((pair, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pairs have no identity, and every input is controlled.
        <div className="mapping-row two" key={at}>
          <Value
            label={words.fields.from}
            value={pair.from}
            choices={fromChoices}
            onChange={(from) => put(at, { ...pair, from })}
          />
          <Value
            label={words.fields.to}
            value={pair.to}
            choices={toChoices}
            onChange={(to) => put(at, { ...pair, to })}
          />
          <IconAction label={words.remove} icon="Delete" onClick={() => put(at, undefined)} />
        </div>
      ))}
      <div>
        <Action
          label={words.fields.addPair}
          icon="Add"
          onClick={() => onChange([...pairs, { from: '', to: '' }])}
        />
      </div>
    </div>
  );
}

function Value({
  label,
  value,
  choices,
  onChange,
}: {
  label: string;
  value: string;
  choices: readonly Choice[] | undefined;
  onChange(value: string): void;
}) {
  if (choices) return <Select aria-label={label} value={value} choices={choices} onChange={onChange} />;
  return (
    <input
      className="input"
      aria-label={label}
      placeholder={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
