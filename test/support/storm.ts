import { type History, oneEdit } from './nemesis.ts';
import { type Scene, storeIsUp } from './scene.ts';
import type { Pair } from './two-sides.ts';

export const newHistory = (): History => ({ comments: [], files: [], created: [], edits: 0 });

export interface StormOptions {
  random: () => number;
  history: History;
  edits: number;
  /** Evenly over so many seconds; as fast as possible when absent. */
  seconds?: number;
  /** People who edit at the same time. */
  people?: number;
}

/** People edit both sides of the pairs, whatever happens to Tandem meanwhile. */
export async function storm(scene: Scene, pairs: readonly Pair[], options: StormOptions): Promise<void> {
  const { random, history, edits, seconds = 0, people = 4 } = options;
  const startedAt = Date.now();
  let begun = 0;
  const person = async () => {
    while (begun < edits) {
      const dueMs = startedAt + (begun * seconds * 1000) / edits - Date.now();
      begun += 1;
      const pair = pairs[Math.floor(random() * pairs.length)] as Pair;
      if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
      await oneEdit(scene.rig, pair, random, history);
    }
  };
  await Promise.all(Array.from({ length: people }, person));
}

/** A start on a machine that has nothing else to do. */
const usualStartMs = 1000;

/**
 * Kills the backend every 0.5 to 2 s and starts it again, and every third time its PostgreSQL too when it has one of
 * its own, until `stop` is called; that leaves the backend running. Where starts take longer, so does all else, and so
 * are the times between: one that never lives long enough to give up a lock of the last one stops the people instead.
 */
export function killer(scene: Scene, random: () => number, options: { store: boolean }) {
  let stopping = false;
  const kills = { backend: 0, store: 0, endedByItself: [] as string[] };
  let slowness = 1;
  const run = async () => {
    while (!stopping) {
      await new Promise((resolve) => setTimeout(resolve, (500 + random() * 1500) * slowness));
      if (stopping) break;
      if (options.store && (kills.backend + kills.store) % 3 === 2) {
        const pid = storeIsUp(scene.rig);
        if (pid === undefined) continue;
        process.kill(pid, 'SIGKILL');
        kills.store += 1;
        continue;
      }
      // One that could not stand the end of its store must not pass for one that was killed.
      const { process: child, lastLines } = scene.rig.backend();
      if (child.exitCode !== null) {
        kills.endedByItself.push(
          `with ${child.exitCode}: ${lastLines.slice(-12).join(' | ').slice(0, 3000)}`,
        );
      }
      await scene.rig.backend().stop('SIGKILL');
      kills.backend += 1;
      const startedAt = performance.now();
      await scene.rig.startBackend();
      slowness = Math.max(1, (performance.now() - startedAt) / usualStartMs);
    }
  };
  const running = run();
  return {
    kills,
    async stop() {
      stopping = true;
      await running;
      return kills;
    },
  };
}
