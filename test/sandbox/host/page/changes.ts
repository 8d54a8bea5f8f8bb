import type { WorkItemChange } from '../page-data.ts';

/** Calls back for every new revision in the organisation, whoever made it. The browser connects again by itself. */
export function onWorkItemChange(listener: (change: WorkItemChange) => void): void {
  const source = new EventSource('/sandbox/events');
  source.addEventListener('workItem', (event) => listener(JSON.parse(event.data) as WorkItemChange));
}
