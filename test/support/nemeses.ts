import type { Fault } from '../sandbox/faults.ts';
import { callHook, openGates, poster, workItemHook } from './hooks.ts';
import { mutate } from './mutate.ts';
import { type History, seededRandom } from './nemesis.ts';
import { until } from './rig.ts';
import {
  booksOf,
  briskRetry,
  cardOf,
  clearFaults,
  freeze,
  retryAllParked,
  type Scene,
  scantRetry,
  setFault,
  setRetry,
} from './scene.ts';
import { killer, storm } from './storm.ts';
import { editWorkItem, type Pair } from './two-sides.ts';

/**
 * One way in which the world goes wrong while people work. Resolves to what it counted; `died` hears of each backend
 * that ended by itself.
 */
export interface Nemesis {
  name: string;
  run(scene: Scene, work: NemesisWork, died: (how: string) => void): Promise<Record<string, number>>;
}

export interface NemesisWork {
  pairs: readonly Pair[];
  history: History;
  seed: number;
  edits: number;
  seconds: number;
}

const editsOf = (work: NemesisWork) => ({
  random: seededRandom(work.seed),
  history: work.history,
  edits: work.edits,
  seconds: work.seconds,
  people: 8,
});

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const kills: Nemesis = {
  name: 'kill -9 of the backend and of PostgreSQL',
  async run(scene, work, died) {
    const before = await received(scene);
    const nemesis = killer(scene, seededRandom(work.seed + 1), { store: true });
    try {
      await storm(scene, work.pairs, editsOf(work));
    } finally {
      // Whatever went wrong: nothing may be killed or started any more while the scene is put away.
      await nemesis.stop();
    }
    const { backend, store, endedByItself } = await nemesis.stop();
    for (const how of endedByItself) died(how);
    return {
      backendKills: backend,
      storeKills: store,
      hooks: (await received(scene)) - before,
    };
  },
};

/**
 * The waits of the connection are 1 to 2 s here instead of 2 s to 15 min, so each second holds about as many tries as
 * a minute of the usual policy: a minute stands for an hour. Three tries that counted would park a lane, so none may.
 */
const outage: Nemesis = {
  name: 'the ticket system is down for an hour of test time',
  async run(scene, work) {
    await setRetry(scene, scantRetry);
    await setFault(scene.rig, 'alemba', { fault: { kind: 'down' } });
    await storm(scene, work.pairs, editsOf(work));
    const [pair] = work.pairs as [Pair];
    await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': `During the outage ${work.seed}` });
    const card = await until('the panel says why', async () => {
      const now = await cardOf(scene, pair.workItemId);
      return now?.condition === 'delayed' && now.reason !== undefined ? now : undefined;
    });
    const parked = await scene.rows('select from lane where parked');
    await clearFaults(scene.rig);
    await setRetry(scene, briskRetry);
    return { parkedDuring: parked.length, reasonShown: card.reason === undefined ? 0 : 1 };
  },
};

const everyFault: readonly Fault[] = [
  { kind: 'down' },
  { kind: 'status', status: 500 },
  { kind: 'status', status: 502 },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 504 },
  { kind: 'throttle', status: 429, retryAfter: '1' },
  { kind: 'throttle', status: 200, retryAfter: '1' },
  { kind: 'slow', delayMs: 300 },
  { kind: 'afterEffect', how: 'reset' },
  { kind: 'afterEffect', how: 'status500' },
  { kind: 'afterEffect', how: 'empty' },
  { kind: 'afterEffect', how: 'truncated' },
  { kind: 'afterEffect', how: 'hang' },
];

const faults: Nemesis = {
  name: '20 % random faults on both sides',
  async run(scene, work) {
    for (const system of ['azure', 'alemba'] as const) {
      for (const [index, fault] of everyFault.entries()) {
        // Hanging answers hold a slot for 30 s each, so a few of them are as bad as hundreds of the others.
        const isHang = fault.kind === 'afterEffect' && fault.how === 'hang';
        const probability = isHang ? 0.002 : 0.2 / (everyFault.length - 1);
        await setFault(scene.rig, system, { id: `random-${index}`, fault, probability });
      }
    }
    await storm(scene, work.pairs, editsOf(work));
    await clearFaults(scene.rig);
    return { retriedByAPerson: await retryAllParked(scene) };
  },
};

const hooks: Nemesis = {
  name: 'hooks doubled, late, lost and out of order',
  async run(scene, work) {
    const disorder = { duplicateProbability: 0.5, loseProbability: 0.05, jitterMs: 300, reorderWindow: 5 };
    await scene.rig.control('azure', 'PATCH', '/hooks', disorder);
    await scene.rig.control('alemba', 'PUT', '/hooks', { double: 0.5, lose: 0.05, reorder: 0.5 });
    await storm(scene, work.pairs, editsOf(work));
    const order = { duplicateProbability: 0, loseProbability: 0, jitterMs: 0, reorderWindow: 0 };
    await scene.rig.control('azure', 'PATCH', '/hooks', order);
    await scene.rig.control('alemba', 'PUT', '/hooks', { double: 0, lose: 0, reorder: 0 });
    return { duplicates: (await booksOf(scene)).duplicate };
  },
};

/** On the backend's own PostgreSQL a second backend cannot run, so this one needs a scene on a server's database. */
export const replicas: Nemesis = {
  name: 'two backends on one database, one paused past its leases',
  async run(scene, work) {
    const replica = await scene.rig.startReplica();
    const editing = storm(scene, work.pairs, editsOf(work));
    let pauses = 0;
    const random = seededRandom(work.seed + 2);
    const untilMs = Date.now() + Math.max(10, work.seconds) * 1000;
    while (Date.now() < untilMs) {
      const sleeper = pauses % 2 === 0 ? replica : scene.rig.backend();
      await freeze(scene, sleeper);
      await sleep(300 + random() * 600);
      sleeper.process.kill('SIGCONT');
      pauses += 1;
      await sleep(200);
    }
    await editing;
    await replica.stop();
    return { pauses };
  },
};

const fuzz: Nemesis = {
  name: 'mutated bodies at each hook address',
  async run(scene, work) {
    const gates = await openGates(scene);
    const posts = poster(scene.rig.backendUrl());
    const random = seededRandom(work.seed + 3);
    const [pair] = work.pairs as [Pair];
    let wrongStatus = 0;
    let accepted = 0;
    for (const gate of gates) {
      let index = 0;
      const worker = async () => {
        while (index < work.edits) {
          index += 1;
          const good =
            gate.name === 'Alemba'
              ? callHook(pair.callRef, 100_000 + index)
              : workItemHook(pair.workItemId, 1, index);
          const status = await posts.post(gate, mutate(good, random));
          if (status === 200) accepted += 1;
          else if (status !== 401 && status !== 413 && status !== 503) wrongStatus += 1;
        }
      };
      await Promise.all(Array.from({ length: 16 }, worker));
    }
    await posts.close();
    // The webhook in the simulator has the former secret, which is accepted for a day.
    return { bodies: work.edits * gates.length, accepted, wrongStatus };
  },
};

export const nemeses: readonly Nemesis[] = [kills, outage, faults, hooks, fuzz];

/** Deliveries that were received so far, whatever became of them. */
export const received = async (scene: Scene): Promise<number> => {
  const rows = await until('the store answers', () =>
    scene
      .rows<{ received: string }>('select coalesce(sum(received), 0) as received from books')
      .catch(() => undefined),
  );
  return Number(rows[0]?.received ?? 0);
};
