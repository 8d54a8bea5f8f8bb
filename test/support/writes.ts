import type { LedgerEffect } from '../sandbox/ledger.ts';
import { effectsOf, type Scene } from './scene.ts';
import type { Pair } from './two-sides.ts';

/** What Tandem's own accounts changed in the two records of a pair. */
export interface Writes {
  workItem: LedgerEffect[];
  call: LedgerEffect[];
}

export async function writesOf(scene: Scene, pair: Pair): Promise<Writes> {
  const [workItem, call] = await Promise.all([
    effectsOf(scene.rig, 'azure', { recordId: pair.workItemId, ours: true }),
    effectsOf(scene.rig, 'alemba', { recordId: pair.callRef, ours: true }),
  ]);
  return { workItem, call };
}

/** Alemba itself moves the physical status of a call when a comment defers it. */
const isOwnWill = ({ effect, detail }: LedgerEffect): boolean =>
  !(effect === 'field.updated' && (detail as { field?: string }).field === 'PhysicalStatus');

/** What `act` made Tandem write; `act` waits until it has arrived. */
export async function writesDuring(
  scene: Scene,
  pair: Pair,
  act: () => Promise<unknown>,
): Promise<{ workItem: string[]; call: string[] }> {
  const before = await writesOf(scene, pair);
  await act();
  const after = await writesOf(scene, pair);
  const words = (effects: readonly LedgerEffect[]) =>
    effects.filter(isOwnWill).map(({ effect, detail }) => {
      const { field } = (detail ?? {}) as { field?: string };
      return field === undefined ? effect : `${effect} ${field}`;
    });
  return {
    workItem: words(after.workItem.slice(before.workItem.length)),
    call: words(after.call.slice(before.call.length)),
  };
}

/** Remembers pairs that are at rest, to see later that nothing was written to them since: an echo would be. */
export function echoWatch(scene: () => Scene) {
  const rests: { pair: Pair; writes: { workItem: number; call: number } }[] = [];
  const count = async (pair: Pair) => {
    const { workItem, call } = await writesOf(scene(), pair);
    return { workItem: workItem.length, call: call.length };
  };
  return {
    async rest(pair: Pair): Promise<void> {
      const writes = await count(pair);
      const known = rests.find((one) => one.pair === pair);
      if (known === undefined) rests.push({ pair, writes });
      else known.writes = writes;
    },
    /** Looks for `forMs`; an echo takes a hook and a run, together below a second. */
    async echoes(forMs: number): Promise<string[]> {
      const deadline = Date.now() + forMs;
      for (;;) {
        const found: string[] = [];
        for (const { pair, writes } of rests) {
          const now = await count(pair);
          if (now.workItem !== writes.workItem || now.call !== writes.call) {
            found.push(
              `work item ${pair.workItemId} / call ${pair.callRef}: ${JSON.stringify(writes)} became ${JSON.stringify(now)}`,
            );
          }
        }
        if (found.length > 0 || Date.now() > deadline) return found;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    },
  };
}
