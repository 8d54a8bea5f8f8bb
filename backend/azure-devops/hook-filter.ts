import type { HookFilter } from '../contract/subscriptions.ts';

type Inputs = Readonly<Record<string, unknown>>;

const inputOf = (inputs: Inputs, name: string): string => {
  const value = inputs[name];
  return typeof value === 'string' ? value : '';
};

/** Of the tfs publisher's filters those that people choose here (Microsoft: service-hooks/events). */
const chosen = ['areaPath', 'workItemType'] as const;
/** Nobody chooses these: one subscription cannot watch several fields, and one that lags behind a mapping loses events. */
const never = ['changedFields', 'tag', 'linksChanged', 'commentPattern'] as const;

/** A filter that is not chosen stays out, as the subscriptions of before there was a choice. */
export const publisherInputsOf = (projectId: string, filter: HookFilter): Record<string, string> => ({
  projectId,
  ...(filter.areaPath !== '' && { areaPath: filter.areaPath }),
  ...(filter.workItemType !== '' && { workItemType: filter.workItemType }),
});

export const filterOf = (inputs: Inputs): HookFilter => ({
  areaPath: inputOf(inputs, 'areaPath'),
  workItemType: inputOf(inputs, 'workItemType'),
});

/** Paths are compared as Azure DevOps does, without regard to case and to a backslash in front. */
const normal = (text: string): string => text.replace(/^\\+|\\+$/g, '').toLowerCase();

/** How a subscription is narrowed otherwise than chosen, one sentence. */
export function filterDifference(inputs: Inputs, filter: HookFilter): string | undefined {
  for (const name of chosen) {
    const present = inputOf(inputs, name);
    if (normal(present) === normal(filter[name])) continue;
    return filter[name] === ''
      ? `Its filter ${name} holds back events.`
      : `Its filter ${name} is not the one that was chosen here.`;
  }
  const unwanted = never.find((name) => !/^(false)?$/i.test(inputOf(inputs, name)));
  return unwanted && `Its filter ${unwanted} holds back events.`;
}
