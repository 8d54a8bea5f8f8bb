import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import type { Simulator } from './simulator.ts';
import { updateWorkItem } from './work-item-write.ts';

/** Edits of titles by people, one work item after the other and over again: `<title> 0`, `<title> 1`, … */
export interface Load {
  ids: readonly number[];
  title: string;
  count: number;
  /** An even pace, whether or not what earlier edits cause has ended; as fast as possible when absent. */
  perSecond?: number;
}

/**
 * Makes the edits in here. As requests from outside they took an eighth of the two cores that a bench shares with what
 * it measures. Resolves with the moment of each, in milliseconds since 1970.
 */
export async function runLoad(simulator: Simulator, load: Load): Promise<{ editedAt: number[] }> {
  const { ids, title, count, perSecond } = load;
  const user = simulator.users.byKey('contributor');
  const startedAt = performance.now();
  const editedAt: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const earlyMs = perSecond === undefined ? 0 : startedAt + (index * 1000) / perSecond - performance.now();
    if (earlyMs > 1) await delay(earlyMs);
    // Hooks leave and requests are answered meanwhile.
    else if (index % 8 === 0) await turn();
    const workItem = simulator.store.workItems.get(ids[index % ids.length] ?? 0);
    if (workItem === undefined) throw new Error(`There is no work item ${ids[index % ids.length]}`);
    editedAt.push(Date.now());
    updateWorkItem(
      simulator,
      workItem,
      [{ op: 'add', path: '/fields/System.Title', value: `${title} ${index}` }],
      user,
    );
  }
  return { editedAt };
}
