import { useState } from 'react';
import type { ConflictPolicy, FieldMapping, Transform } from '../../../backend/contract/mapping.ts';
import type { MappingPreview } from '../../../backend/contract/mappings.ts';
import { Action, IconAction } from '../../components/action.tsx';
import { ChoiceInput, Select, TextInput } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { Notice, ProblemNotice } from '../../components/notice.tsx';
import { words } from '../../text-settings.ts';
import { type Descriptions, fieldChoices } from './descriptions.ts';
import type { TabProps } from './mapping-editor.tsx';
import { conflictChoices } from './policy-tab.tsx';
import { rowWarnings, unfilled } from './row-warnings.ts';
import { blankTransform, TransformEditor } from './transform-editor.tsx';
import { useSample } from './use-sample.ts';

const w = words.fields;
type Direction = FieldMapping['direction'];

const directions = (['out', 'in', 'both'] as const).map((id) => ({ id, name: w.directions[id] }));
const whens = (['always', 'create'] as const).map((id) => ({ id, name: w.whens[id] }));
const transforms = (Object.keys(w.transforms) as Transform['kind'][]).map((id) => ({
  id,
  name: w.transforms[id],
}));
/** Kinds that need more than their name. */
const withMore: readonly Transform['kind'][] = ['constant', 'table', 'template', 'date', 'identity'];

export const OutTab = (props: TabProps) => <FieldsTab {...props} towards="out" intro={w.outIntro} />;
export const InTab = (props: TabProps) => <FieldsTab {...props} towards="in" intro={w.inIntro} />;

/** The rows of one direction; a row that goes both ways stands in both tabs, each with its own transform. */
function FieldsTab({
  settings,
  change,
  descriptions,
  towards,
  intro,
}: TabProps & { towards: 'out' | 'in'; intro: string }) {
  const rows = settings.fields.filter(({ direction }) => direction === towards || direction === 'both');
  const sample = useSample(settings, towards === 'out' ? 'workItem' : 'ticket');
  const results = new Map(sample.preview?.rows.map((result) => [result.row, result]));
  const put = (id: string, next: FieldMapping | undefined) =>
    change({ fields: settings.fields.flatMap((row) => (row.id !== id ? [row] : next ? [next] : [])) });
  const add = (parts: Partial<FieldMapping> = {}) =>
    change({
      fields: [
        ...settings.fields,
        {
          id: freshId(settings.fields),
          workItemField: '',
          ticketField: '',
          direction: towards,
          when: 'always',
          out: { kind: 'copy' },
          in: { kind: 'copy' },
          ...parts,
        },
      ],
    });
  const missing = unfilled(settings, towards, descriptions);
  return (
    <div className="stack">
      <p>{intro}</p>
      <SampleBar towards={towards} sample={sample} />
      {missing.length > 0 && (
        <Notice tone="warn">
          <span>{w.missing(missing.map(({ name }) => name).join(', '))}</span>
          <span className="row wrap">
            {missing.slice(0, 6).map(({ id, name }) => (
              <Action
                key={id}
                label={w.addMissing(name)}
                onClick={() => add(towards === 'out' ? { ticketField: id } : { workItemField: id })}
              />
            ))}
          </span>
        </Notice>
      )}
      {rows.length === 0 && <p className="quiet">{w.empty}</p>}
      {rows.length > 0 && (
        <div className="mapping-row mapping-head" aria-hidden="true">
          <span>{towards === 'out' ? w.workItemField : w.ticketField}</span>
          <span>{towards === 'out' ? w.ticketField : w.workItemField}</span>
          <span>{w.transform}</span>
          <span>{w.direction}</span>
          <span>{w.when}</span>
          <span />
        </div>
      )}
      {rows.map((row) => (
        <Row
          key={row.id}
          {...{ row, towards, descriptions }}
          result={results.get(row.id)}
          onChange={(next) => put(row.id, next)}
        />
      ))}
      <div>
        <Action label={w.addRow} icon="Add" onClick={() => add()} />
      </div>
    </div>
  );
}

/** The record on which the rows are tried while they are made. */
function SampleBar({ towards, sample }: { towards: 'out' | 'in'; sample: ReturnType<typeof useSample> }) {
  return (
    <div className="stack tight">
      <div className="row wrap sample-bar">
        <TextInput
          label={w.sample}
          help={w.sampleHelp[towards]}
          type="search"
          value={sample.number}
          onChange={sample.setNumber}
        />
        <span role="status" className="any-wrap">
          {sample.preview && w.sampleOf(sample.preview.record.key, sample.preview.record.title)}
        </span>
      </div>
      {sample.problem && <ProblemNotice problem={sample.problem} />}
    </div>
  );
}

/** What the row makes of the sample, and what it cannot. */
function RowResult({ result }: { result: MappingPreview['rows'][number] }) {
  return (
    <div className="row wrap row-result">
      {result.from !== undefined && <span className="quiet any-wrap">“{shorten(result.from)}”</span>}
      {result.to !== undefined && (
        <>
          <Icon iconName="ChevronRightMed" size="small" ariaLabel={w.result} />
          <span className="strong any-wrap">
            {result.to === '' ? <span className="quiet">{w.resultEmpty}</span> : `“${shorten(result.to)}”`}
          </span>
        </>
      )}
      {result.problem && <span className="warn">{result.problem}</span>}
    </div>
  );
}

const longestShown = 160;
const shorten = (value: string) => (value.length > longestShown ? `${value.slice(0, longestShown)}…` : value);

/** Rows keep their id for good, because problems, conflicts and the timeline name it. */
function freshId(rows: readonly FieldMapping[]): string {
  const taken = new Set(rows.map(({ id }) => id));
  let count = rows.length + 1;
  while (taken.has(`field-${count}`)) count++;
  return `field-${count}`;
}

function Row({
  row,
  towards,
  descriptions,
  result,
  onChange,
}: {
  row: FieldMapping;
  towards: 'out' | 'in';
  descriptions: Descriptions;
  result: MappingPreview['rows'][number] | undefined;
  onChange(row: FieldMapping | undefined): void;
}) {
  const transform = row[towards];
  const [open, setOpen] = useState(false);
  const warnings = rowWarnings(row, towards, descriptions);
  const workItem = (
    <Select
      key="workItem"
      aria-label={w.workItemField}
      value={row.workItemField}
      choices={fieldChoices(descriptions, 'workItem', {
        written: towards === 'in',
        chosen: row.workItemField,
      })}
      onChange={(workItemField) => onChange({ ...row, workItemField })}
    />
  );
  const ticket = (
    <Select
      key="ticket"
      aria-label={w.ticketField}
      value={row.ticketField}
      choices={fieldChoices(descriptions, 'ticket', { written: towards === 'out', chosen: row.ticketField })}
      onChange={(ticketField) => onChange({ ...row, ticketField })}
    />
  );
  return (
    <div className="mapping-row">
      {towards === 'out' ? [workItem, ticket] : [ticket, workItem]}
      <Select
        aria-label={w.transform}
        value={transform.kind}
        choices={transforms}
        onChange={(kind) => {
          onChange({ ...row, [towards]: blankTransform(kind as Transform['kind']) });
          setOpen(withMore.includes(kind as Transform['kind']));
        }}
      />
      <Select
        aria-label={w.direction}
        value={row.direction}
        choices={directions}
        onChange={(direction) => onChange({ ...row, direction: direction as Direction })}
      />
      <Select
        aria-label={w.when}
        value={row.when}
        choices={whens}
        onChange={(when) => onChange({ ...row, when: when as FieldMapping['when'] })}
      />
      <div className="row" style={{ gap: 0 }}>
        <IconAction
          label={w.more}
          icon={open ? 'ChevronDownMed' : 'ChevronRightMed'}
          onClick={() => setOpen(!open)}
        />
        <IconAction label={words.remove} icon="Delete" onClick={() => onChange(undefined)} />
      </div>
      {warnings.length > 0 && (
        <div className="row-result warn small-text">
          <Icon iconName="Warning" size="small" /> {warnings.join(' ')}
        </div>
      )}
      {result && <RowResult result={result} />}
      {open && (
        <div className="mapping-more stack">
          <TransformEditor
            transform={transform}
            source={{ side: towards === 'out' ? 'workItem' : 'ticket', descriptions, row }}
            onChange={(next) => onChange({ ...row, [towards]: next })}
          />
          {row.direction === 'both' && row.when === 'always' && (
            <div className="form-narrow">
              <ChoiceInput
                label={w.conflict}
                value={row.conflict ?? ''}
                choices={conflictChoices}
                none={w.asMapping}
                onChange={(id) =>
                  onChange({ ...row, conflict: (id || undefined) as ConflictPolicy | undefined })
                }
              />
            </div>
          )}
        </div>
      )}
    </div>
  );
}
