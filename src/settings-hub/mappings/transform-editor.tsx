import type { FieldMapping, Transform } from '../../../backend/contract/mapping.ts';
import { CheckInput, ChoiceInput, TextInput } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import { type Descriptions, fieldOf } from './descriptions.ts';
import { PairTable } from './pair-table.tsx';
import { TemplateInput } from './template-input.tsx';

const w = words.fields;
type Kind = Transform['kind'];
type Of<K extends Kind> = Extract<Transform, { kind: K }>;

/** Where the value comes from: choices of the two fields become choices in tables. */
interface Source {
  side: 'workItem' | 'ticket';
  descriptions: Descriptions;
  row: FieldMapping;
}

const blanks: { [K in Kind]: Of<K> } = {
  copy: { kind: 'copy' },
  rich: { kind: 'rich' },
  constant: { kind: 'constant', value: '' },
  table: { kind: 'table', rows: [], otherwise: 'leave' },
  template: { kind: 'template', template: '', rich: false },
  date: { kind: 'date', zone: 'UTC', timeOfDay: '12:00' },
  identity: { kind: 'identity', table: [], onUnknown: 'leave' },
};

export const blankTransform = (kind: Kind): Transform => blanks[kind];

/** What a transform needs beyond its kind. */
export function TransformEditor({
  transform,
  source,
  onChange,
}: {
  transform: Transform;
  source: Source;
  onChange(transform: Transform): void;
}) {
  switch (transform.kind) {
    case 'constant':
      return <Constant {...{ transform, source, onChange }} />;
    case 'table':
      return <Table {...{ transform, source, onChange }} />;
    case 'template':
      return (
        <>
          <TemplateInput
            value={transform.template}
            descriptions={source.descriptions}
            onChange={(template) => onChange({ ...transform, template })}
          />
          <CheckInput
            label={w.rich}
            checked={transform.rich}
            onChange={(rich) => onChange({ ...transform, rich })}
          />
        </>
      );
    case 'date':
      return (
        <div className="form-grid">
          <ChoiceInput
            label={w.zone}
            value={transform.zone}
            choices={zones}
            onChange={(zone) => onChange({ ...transform, zone })}
          />
          <TextInput
            label={w.timeOfDay}
            value={transform.timeOfDay}
            placeholder="12:00"
            onChange={(timeOfDay) => onChange({ ...transform, timeOfDay })}
          />
        </div>
      );
    case 'identity':
      return <Identity transform={transform} onChange={onChange} />;
    default:
      return null;
  }
}

const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')].map((id) => ({ id, name: id }));

const sides = (source: Source) => {
  const { workItemField, ticketField } = source.row;
  const workItem = fieldOf(source.descriptions, 'workItem', workItemField)?.choices;
  const ticket = fieldOf(source.descriptions, 'ticket', ticketField)?.choices;
  return source.side === 'workItem' ? { from: workItem, to: ticket } : { from: ticket, to: workItem };
};

function Constant({
  transform,
  source,
  onChange,
}: {
  transform: Of<'constant'>;
  source: Source;
  onChange(transform: Transform): void;
}) {
  const { to } = sides(source);
  const value = transform.value === null ? '' : String(transform.value);
  const put = (next: string) => onChange({ ...transform, value: next });
  if (to) return <ChoiceInput label={w.constant} value={value} choices={to} onChange={put} />;
  return <TextInput label={w.constant} value={value} onChange={put} />;
}

function Table({
  transform,
  source,
  onChange,
}: {
  transform: Of<'table'>;
  source: Source;
  onChange(transform: Transform): void;
}) {
  const { from, to } = sides(source);
  const { otherwise } = transform;
  const kind = typeof otherwise === 'object' ? 'value' : otherwise;
  return (
    <>
      <PairTable
        pairs={transform.rows}
        fromChoices={from}
        toChoices={to}
        onChange={(rows) => onChange({ ...transform, rows })}
      />
      <div className="form-grid">
        <ChoiceInput
          label={w.otherwise}
          value={kind}
          choices={[
            { id: 'leave', name: w.otherwiseLeave },
            { id: 'copy', name: w.otherwiseCopy },
            { id: 'value', name: w.otherwiseValue },
          ]}
          onChange={(id) =>
            onChange({ ...transform, otherwise: id === 'value' ? { value: '' } : (id as 'leave' | 'copy') })
          }
        />
        {typeof otherwise === 'object' && (
          <TextInput
            label={w.otherwiseValue}
            value={otherwise.value}
            onChange={(value) => onChange({ ...transform, otherwise: { value } })}
          />
        )}
      </div>
    </>
  );
}

function Identity({
  transform,
  onChange,
}: {
  transform: Of<'identity'>;
  onChange(transform: Transform): void;
}) {
  const { onUnknown } = transform;
  const kind = typeof onUnknown === 'object' ? 'person' : onUnknown;
  return (
    <>
      <PairTable pairs={transform.table} onChange={(table) => onChange({ ...transform, table })} />
      <div className="form-grid">
        <ChoiceInput
          label={w.unknown}
          value={kind}
          choices={[
            { id: 'leave', name: w.unknownLeave },
            { id: 'clear', name: w.unknownClear },
            { id: 'person', name: w.unknownPerson },
          ]}
          onChange={(id) =>
            onChange({
              ...transform,
              onUnknown: id === 'person' ? { person: '' } : (id as 'leave' | 'clear'),
            })
          }
        />
        {typeof onUnknown === 'object' && (
          <TextInput
            label={w.unknownPerson}
            value={onUnknown.person}
            onChange={(person) => onChange({ ...transform, onUnknown: { person } })}
          />
        )}
      </div>
    </>
  );
}
