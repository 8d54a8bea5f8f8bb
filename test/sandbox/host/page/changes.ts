import type { WorkItemChange } from '../page-data.ts';

/**
 * Calls back for every new revision in the organisation, whoever made it. The browser connects again by itself; what was
 * told before it was connected is lost, so `onConnect` may look again.
 */
export function onWorkItemChange(
  listener: (change: WorkItemChange) => void,
  onConnect: () => void = () => undefined,
): void {
  const source = new EventSource('/sandbox/events');
  source.addEventListener('open', onConnect);
  source.addEventListener('workItem', (event) => listener(JSON.parse(event.data) as WorkItemChange));
}
