import { parseArgs } from 'node:util';
import { unasked } from '../support/created.ts';
import { creating } from '../support/deeds.ts';
import { type Nemesis, nemeses, replicas } from '../support/nemeses.ts';
import { type History, seededRandom } from '../support/nemesis.ts';
import { openTestStore, stopTestStore } from '../support/postgres.ts';
import {
  booksOf,
  briefLeaseMs,
  expectBalancedBooks,
  linkPairs,
  openScene,
  retryAllParked,
  type Scene,
  settled,
} from '../support/scene.ts';
import { newHistory } from '../support/storm.ts';
import type { Pair } from '../support/two-sides.ts';
import { crashEverywhere, crashesName } from './crashes.ts';

/**
 * `npm run chaos`: people work on both sides while one thing after another goes wrong; after each, both systems must
 * show everything once. `--quick` takes a tenth of the sizes, `--seed` repeats a run's edits and kills (the order of
 * events on two cores is not repeatable), `--only` takes names by their beginning. Prints one line per nemesis and one
 * line of JSON; ends with 1 when anything was lost, doubled or left without agreement.
 */
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string' },
    only: { type: 'string' },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const scale = values.quick ? 0.1 : 1;
const pairCount = values.quick ? 20 : 100;

/** Edits, and the seconds over which they are spread. */
const sizes: Record<string, { edits: number; seconds: number }> = {
  'kill -9': { edits: 10_000, seconds: 200 },
  'the ticket': { edits: 1500, seconds: 60 },
  '20 %': { edits: 1500, seconds: 60 },
  hooks: { edits: 2000, seconds: 40 },
  mutated: { edits: 10_000, seconds: 0 },
  'two backends': { edits: 1500, seconds: 40 },
};

interface Outcome {
  name: string;
  edits: number;
  seconds: number;
  counts: Record<string, number>;
  /** From the end of the trouble until both systems agreed. */
  healedInSeconds: number;
  violations: string[];
}

const isWanted = (nemesis: Pick<Nemesis, 'name'>) =>
  values.only === undefined || nemesis.name.startsWith(values.only);

/** A backend that ended by itself is a violation of its own, with the reason that it printed. */
async function reviveBackend(scene: Scene): Promise<string[]> {
  const { process: child, lastLines } = scene.rig.backend();
  if (child.exitCode === null && child.signalCode === null) return [];
  const words = lastLines.slice(-8).join(' | ').slice(0, 2000);
  await scene.rig.startBackend();
  return [`The backend ended by itself with ${child.exitCode ?? child.signalCode}: ${words}`];
}

async function trouble(
  scene: Scene,
  nemesis: Nemesis,
  turn: number,
  { pairs, history }: { pairs: readonly Pair[]; history: History },
) {
  const size = Object.entries(sizes).find(([name]) => nemesis.name.startsWith(name))?.[1];
  const edits = Math.round((size?.edits ?? 1000) * scale);
  const seconds = Math.round((size?.seconds ?? 30) * scale);
  const before = {
    comments: history.comments.length,
    files: history.files.length,
    created: history.created.length,
  };
  const startedAt = performance.now();
  const deaths: string[] = [];
  const work = { pairs, history, seed: seed + turn * 100, edits, seconds };
  const counts = await nemesis.run(scene, work, (how) => deaths.push(how));
  const endedAt = performance.now();
  const died = await reviveBackend(scene);
  const violations = await settled(scene, pairs, history, 240_000);
  const outcome: Outcome = {
    name: nemesis.name,
    edits,
    seconds: Math.round((endedAt - startedAt) / 1000),
    counts: {
      comments: history.comments.length - before.comments,
      files: history.files.length - before.files,
      created: history.created.length - before.created,
      ...counts,
    },
    healedInSeconds: Math.round((performance.now() - endedAt) / 1000),
    violations,
  };
  violations.push(...died, ...(await reviveBackend(scene)));
  if ((counts.wrongStatus ?? 0) > 0)
    violations.push(`${counts.wrongStatus} hooks had another answer than 200, 401, 413, 503`);
  for (const death of deaths) violations.push(`the backend ended by itself ${death}`);
  if ((counts.parkedDuring ?? 0) > 0)
    violations.push(`${counts.parkedDuring} lanes were parked by an outage`);
  try {
    await retryAllParked(scene);
    await expectBalancedBooks(scene);
  } catch (error) {
    violations.push((error as Error).message);
  }
  console.log(
    `${violations.length === 0 ? '+' : '!'} ${outcome.name}: ${edits} edits in ${outcome.seconds} s, healed in ${outcome.healedInSeconds} s ${JSON.stringify(outcome.counts)}`,
  );
  for (const violation of violations.slice(0, 20)) console.log(`    ${violation}`);
  return outcome;
}

async function onScene(scene: Scene, wanted: readonly Nemesis[], firstTurn: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  try {
    const pairs = await linkPairs(scene, pairCount);
    // One for all troubles: what one of them wrote must not be doubled by a later one.
    const history = newHistory();
    for (const [index, nemesis] of wanted.entries()) {
      outcomes.push(await trouble(scene, nemesis, firstTurn + index, { pairs, history }));
    }
    outcomes.at(-1)?.violations.push(...(await unasked(scene.rig, history.created)));
    console.log(`  books: ${JSON.stringify(await booksOf(scene))}`);
  } finally {
    await scene.close();
  }
  return outcomes;
}

const outcomes: Outcome[] = [];
console.log(`seed ${seed}, ${pairCount} pairs`);
const alone = nemeses.filter(isWanted);
if (alone.length > 0)
  outcomes.push(...(await onScene(await openScene({ store: 'own', mapping: creating }), alone, 1)));
if (isWanted(replicas)) {
  const server = await openTestStore();
  outcomes.push(
    ...(await onScene(
      await openScene({
        databaseUrl: await server.createDatabase(),
        mapping: creating,
        env: { LEASE_MS: String(briefLeaseMs) },
      }),
      [replicas],
      50,
    )),
  );
  await server.close();
}
if (isWanted({ name: crashesName })) {
  const startedAt = performance.now();
  const { counts, violations } = await crashEverywhere(scale, seededRandom(seed));
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  console.log(
    `${violations.length === 0 ? '+' : '!'} ${crashesName}: ${seconds} s ${JSON.stringify(counts)}`,
  );
  const edits = counts.crashes + counts.notReached;
  outcomes.push({ name: crashesName, edits, seconds, counts, healedInSeconds: 0, violations });
}
await stopTestStore();
const violations = outcomes.flatMap((outcome) => outcome.violations);
console.log(
  JSON.stringify({
    at: new Date().toISOString(),
    seed,
    quick: values.quick,
    pairs: pairCount,
    outcomes,
    violations: violations.length,
  }),
);
process.exit(violations.length === 0 ? 0 : 1);
