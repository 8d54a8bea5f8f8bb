import type { Simulator, WorkItemEvent } from '../simulator.ts';
import { latest } from '../store.ts';
import { splitTags } from '../work-item-patch.ts';
import type { Subscription } from './subscriptions.ts';

/** The filters of the tfs publisher (Microsoft: service-hooks/events). An empty input means any. */
export function passes(simulator: Simulator, subscription: Subscription, event: WorkItemEvent): boolean {
  if (subscription.eventType !== event.eventType) return false;
  const inputs = subscription.publisherInputs;
  const { fields } = latest(event.workItem);
  if (inputs.projectId && inputs.projectId.toLowerCase() !== event.workItem.projectId) return false;
  if (inputs.workItemType && inputs.workItemType !== event.workItem.typeName) return false;
  if (inputs.areaPath && !isUnder(String(fields['System.AreaPath'] ?? ''), inputs.areaPath)) return false;
  if (inputs.tag) {
    const tags = splitTags(String(fields['System.Tags'] ?? '')).map((tag) => tag.toLowerCase());
    if (!tags.includes(inputs.tag.toLowerCase())) return false;
  }
  if (inputs.changedFields && event.eventType === 'workitem.updated') {
    const wanted = simulator.store.fields.find(inputs.changedFields)?.referenceName;
    if (wanted === undefined || event.update?.fields[wanted] === undefined) return false;
  }
  if (
    inputs.linksChanged === 'true' &&
    event.eventType === 'workitem.updated' &&
    event.update?.relations === undefined
  )
    return false;
  if (inputs.commentPattern && event.eventType === 'workitem.commented')
    return (event.commentText ?? '').toLowerCase().includes(inputs.commentPattern.toLowerCase());
  return true;
}

function isUnder(path: string, root: string): boolean {
  const normal = (text: string) => text.replace(/^\\+|\\+$/g, '').toLowerCase();
  return normal(path) === normal(root) || normal(path).startsWith(`${normal(root)}\\`);
}
