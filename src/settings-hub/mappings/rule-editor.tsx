import type { Condition, Rule } from '../../../backend/contract/mapping.ts';
import { Action, IconAction } from '../../components/action.tsx';
import { Select } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import { ConditionValue } from './condition-value.tsx';
import { withOperator } from './conditions.ts';
import { type Descriptions, fieldChoices, fieldOf } from './descriptions.ts';

const w = words.when;
type Operator = Condition['operator'];
type Group = Exclude<Rule, Condition>;

const operators = (Object.keys(w.operators) as Operator[]).map((id) => ({ id, name: w.operators[id] }));
const groups = (['all', 'any'] as const).map((id) => ({ id, name: w[id] }));

interface Surroundings {
  side: 'workItem' | 'ticket';
  descriptions: Descriptions;
}

/** A tree of conditions. A single condition is shown as a group of one, so that a second can be added. */
export function RuleEditor({
  rule,
  onChange,
  none = w.noRule,
  ...surroundings
}: Surroundings & {
  rule: Rule | undefined;
  /** What it means that there is none. */
  none?: string;
  onChange(rule: Rule | undefined): void;
}) {
  const group: Group = !rule
    ? { kind: 'all', rules: [] }
    : rule.kind === 'condition'
      ? { kind: 'all', rules: [rule] }
      : rule;
  return (
    <div className="stack tight">
      {group.rules.length === 0 && <span className="quiet">{none}</span>}
      <GroupEditor
        {...surroundings}
        group={group}
        depth={0}
        onChange={(next) => onChange(next.rules.length === 0 ? undefined : next)}
      />
    </div>
  );
}

/** Deeper trees are allowed by the contract and shown, but not made here: nobody reads them. */
const deepestNewGroup = 2;

function GroupEditor({
  group,
  depth,
  onChange,
  onRemove,
  ...surroundings
}: Surroundings & { group: Group; depth: number; onChange(group: Group): void; onRemove?: () => void }) {
  const put = (at: number, rule: Rule | undefined) =>
    onChange({
      ...group,
      rules: group.rules.flatMap((old, index) => (index !== at ? [old] : rule ? [rule] : [])),
    });
  const add = (rule: Rule) => onChange({ ...group, rules: [...group.rules, rule] });
  const first = surroundings.descriptions[surroundings.side].data?.fields[0]?.id ?? '';
  const fresh: Condition = { kind: 'condition', field: first, operator: 'equals', value: '' };
  return (
    <div className="rule-group">
      {(group.rules.length > 1 || depth > 0) && (
        <div className="row">
          <Select
            aria-label={w.operator}
            value={group.kind}
            choices={groups}
            onChange={(kind) => onChange({ ...group, kind: kind as Group['kind'] })}
          />
          {onRemove && <IconAction label={words.remove} icon="Delete" onClick={onRemove} />}
        </div>
      )}
      {group.rules.map((rule, at) =>
        rule.kind === 'condition' ? (
          <ConditionEditor
            // biome-ignore lint/suspicious/noArrayIndexKey: conditions have no identity, and every input is controlled.
            key={at}
            {...surroundings}
            condition={rule}
            onChange={(next) => put(at, next)}
            onRemove={() => put(at, undefined)}
          />
        ) : (
          <GroupEditor
            // biome-ignore lint/suspicious/noArrayIndexKey: as above.
            key={at}
            {...surroundings}
            group={rule}
            depth={depth + 1}
            onChange={(next) => put(at, next)}
            onRemove={() => put(at, undefined)}
          />
        ),
      )}
      <div className="row wrap">
        <Action label={w.addCondition} icon="Add" onClick={() => add(fresh)} />
        {depth < deepestNewGroup && (
          <Action label={w.addGroup} subtle onClick={() => add({ kind: 'any', rules: [fresh] })} />
        )}
      </div>
    </div>
  );
}

function ConditionEditor({
  condition,
  side,
  descriptions,
  onChange,
  onRemove,
}: Surroundings & { condition: Condition; onChange(condition: Condition): void; onRemove(): void }) {
  const { field, operator } = condition;
  const choices = fieldOf(descriptions, side, field)?.choices;
  return (
    <div className="rule-condition">
      <Select
        aria-label={w.field}
        value={field}
        choices={fieldChoices(descriptions, side, { written: false })}
        onChange={(id) => onChange({ ...condition, field: id })}
      />
      <Select
        aria-label={w.operator}
        value={operator}
        choices={operators}
        onChange={(id) => onChange(withOperator(condition, id as Operator, choices !== undefined))}
      />
      <ConditionValue
        condition={condition}
        choices={choices}
        onChange={(value) => onChange({ ...condition, value })}
      />
      <IconAction label={words.remove} icon="Delete" onClick={onRemove} />
    </div>
  );
}
