import type { HookFilter } from '../../backend/contract/subscriptions.ts';
import { Action } from '../components/action.tsx';
import { ChoiceInput, TextInput } from '../components/field.tsx';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import { useLoad } from '../components/use-load.ts';
import { words } from '../text-settings.ts';
import { useHub } from './hub.tsx';

const w = words.hooks.filter;

/** Which work items the hooks tell of; chosen here, and applied by whoever owns the draft. */
export function HookFilterPart({
  draft,
  unsaved,
  disabled,
  onChange,
}: {
  draft: HookFilter;
  unsaved: boolean;
  disabled: boolean;
  onChange(draft: HookFilter): void;
}) {
  const { api, projectId } = useHub();
  const choices = useLoad((signal) => api.readHookFilter({ projectId }, { signal }), [api, projectId]);
  const { data } = choices;
  if (!data && !choices.problem) return <div className="skeleton" style={{ height: 120 }} />;
  const suggested = data && newIn(data.suggestion, draft);
  const of = (field: keyof HookFilter) => ({
    label: w[field],
    help: field === 'areaPath' ? w.areaPathHelp : undefined,
    value: draft[field],
    disabled,
    onChange: (value: string) => onChange({ ...draft, [field]: value }),
  });
  return (
    <section className="card section stack" aria-label={w.title}>
      <h3>{w.title}</h3>
      {choices.problem && <ProblemNotice problem={choices.problem} onRetry={choices.reload} />}
      <div className="filters">
        <Entry {...of('areaPath')} none={w.anyArea} known={data?.areaPaths} />
        <Entry {...of('workItemType')} none={w.anyType} known={data?.workItemTypes} />
      </div>
      {suggested && (
        <div className="row wrap">
          <span>{w.suggestion(inWords(suggested))}</span>
          <Action
            label={w.choose(inWords(suggested))}
            disabled={disabled}
            onClick={() => onChange({ ...draft, ...suggested })}
          />
        </div>
      )}
      <ul className="plain-list stack tight small-text quiet">
        {w.outside.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {unsaved && (
        <Notice tone="calm">
          <span>{w.unsaved(words.hooks.ensure)}</span>
        </Notice>
      )}
    </section>
  );
}

/** A list where it is known what there is, else a text. */
function Entry({
  known,
  none,
  ...rest
}: {
  label: string;
  help: string | undefined;
  value: string;
  disabled: boolean;
  none: string;
  known: readonly string[] | undefined;
  onChange(value: string): void;
}) {
  if (known === undefined) return <TextInput {...rest} placeholder={none} />;
  return <ChoiceInput {...rest} none={none} choices={known.map((name) => ({ id: name, name }))} />;
}

/** What of the suggestion is not in the draft already. */
function newIn(suggestion: Partial<HookFilter>, draft: HookFilter): Partial<HookFilter> | undefined {
  const { areaPath = draft.areaPath, workItemType = draft.workItemType } = suggestion;
  return isSameFilter({ areaPath, workItemType }, draft) ? undefined : suggestion;
}

export const isSameFilter = (a: HookFilter, b: HookFilter): boolean =>
  a.areaPath === b.areaPath && a.workItemType === b.workItemType;

/** `Bug under Fabrikam\Web`; empty where nothing is narrowed. */
export const inWords = ({ areaPath = '', workItemType = '' }: Partial<HookFilter>): string =>
  [workItemType, areaPath && w.under(areaPath)].filter((part) => part !== '').join(' ');
