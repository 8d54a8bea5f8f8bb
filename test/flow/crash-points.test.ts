import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../support/child.ts';
import {
  callForWorkItem,
  commentToCall,
  commentToWorkItem,
  creating,
  type Deed,
  fileToCall,
  fileToWorkItem,
  isCountedInLedger,
  titleToCall,
  titleToWorkItem,
  workItemForCall,
  writesFor,
} from '../support/deeds.ts';
import { until } from '../support/rig.ts';
import {
  addMapping,
  backendDied,
  byHand,
  clearFaults,
  expectBalancedBooks,
  expireLeases,
  idle,
  inAgreement,
  killBackend,
  linkPair,
  openScene,
  type Scene,
  setFault,
} from '../support/scene.ts';
import type { Pair } from '../support/two-sides.ts';

let scene: Scene;
let pair: Pair;

const deeds: readonly Deed[] = [
  callForWorkItem,
  commentToCall,
  fileToCall,
  titleToCall,
  workItemForCall,
  commentToWorkItem,
  fileToWorkItem,
  titleToWorkItem,
];

const points: Record<Deed['kind'], string[]> = {
  create: ['create.beforeSend', 'create.afterSend', 'create.afterDone', 'create.afterLink'],
  comment: ['comment.beforeSend', 'comment.afterSend', 'comment.afterDone'],
  attachment: ['attachment.beforeSend', 'attachment.afterSend', 'attachment.afterDone'],
  update: ['update.beforeSend', 'update.afterSend'],
};

beforeAll(async () => {
  scene = await openScene({ mapping: creating });
  const quiet = await addMapping(scene, byHand);
  pair = await linkPair(scene, { mappingId: quiet });
});
afterAll(() => scene?.close());

/** The failpoint that the running backend dies at. */
let armed: string | undefined;

const start = async (point: string | undefined) => {
  await scene.rig.startBackend(point === undefined ? {} : { FAILPOINT: `${point}:1` });
  armed = point;
};

/** Restarts after the crash, armed for the next case where that spares a start, and waits until what was begun is done. */
const recover = async (deed: Deed, word: string, nextPoint?: string) => {
  await expireLeases(scene);
  await start(nextPoint);
  await until(
    `${deed.name} is there`,
    async () => (await deed.count({ scene, pair, word })) > 0 || undefined,
    20_000,
  );
  await idle(scene);
  if (deed.kind !== 'create') await inAgreement(scene, pair.workItemId);
};

/** Kinds take turns: to recover from one does not pass the failpoints of the next. */
const cases = Object.keys(points)
  .flatMap((kind) =>
    deeds
      .filter((deed) => deed.kind === kind)
      .flatMap((deed) => points[deed.kind].map((point) => ({ deed, point, name: `${deed.name}, ${point}` })))
      .map((one, turn) => ({ ...one, turn })),
  )
  .sort((a, b) => a.turn - b.turn);

const nextPointOf = (turn: { name: string }): string | undefined => {
  const at = cases.findIndex(({ name }) => name === turn.name);
  const [one, next] = [cases[at], cases[at + 1]];
  // A created record is written to once more, for its number and address.
  const mayPass =
    one?.deed.kind === next?.deed.kind || (one?.deed.kind === 'create' && next?.deed.kind === 'update');
  return mayPass ? undefined : next?.point;
};

test('every failpoint of the code is passed here', () => {
  const folder = join(projectRoot, 'backend', 'engine');
  const text = readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const named = [...text.matchAll(/failpoint\(['`]([^'`]+)['`]\)/g)].flatMap(([, name = '']) =>
    name.startsWith('${')
      ? ['create', 'comment', 'attachment'].map((kind) => name.replace(/\$\{[^}]+\}/, kind))
      : [name],
  );
  expect([...new Set(named)].sort()).toEqual(Object.values(points).flat().sort());
});

test.each(cases)(
  '$name: written once',
  async ({ deed, point, name }) => {
    const word = `${point}-${deeds.indexOf(deed)}`;
    if (armed !== point) {
      await killBackend(scene);
      await expireLeases(scene);
      await start(point);
    }
    const before = await writesFor(scene, deed);
    await deed.act({ scene, pair, word });
    await backendDied(scene);
    await recover(deed, word, nextPointOf({ name }));
    expect(await deed.count({ scene, pair, word })).toBe(1);
    if (isCountedInLedger(deed)) expect((await writesFor(scene, deed)) - before).toBe(1);
  },
  120_000,
);

/** Requests in the middle of an operation that takes several: the answer never comes, and the backend dies. */
const steps = [
  {
    deed: 0,
    system: 'alemba',
    method: 'POST',
    path: '/call(\\?|$)',
    name: 'the call is made, not submitted',
  },
  { deed: 0, system: 'alemba', method: 'PUT', path: '/submit', name: 'the call is submitted' },
  { deed: 2, system: 'alemba', method: 'POST', path: '/attachment', name: 'the file is in the call' },
  { deed: 4, system: 'azure', method: 'POST', path: '/workitems/\\$', name: 'the work item is made' },
  {
    deed: 6,
    system: 'azure',
    method: 'POST',
    path: '/attachments',
    name: 'the file is uploaded, not related',
  },
  { deed: 6, system: 'azure', method: 'PATCH', path: '/workitems/', name: 'the file is related' },
  { deed: 1, system: 'alemba', method: 'PUT', path: '/defer', name: 'the comment is in the call' },
] as const;

test.each(steps)('killed while waiting: $name', async ({ deed: index, system, method, path, name }) => {
  const deed = deeds[index] as Deed;
  const word = `step ${steps.findIndex((step) => step.name === name)}`;
  const before = await writesFor(scene, deed);
  const fault = { kind: 'afterEffect', how: 'hang' } as const;
  await setFault(scene.rig, system, { fault, match: { method, path }, remaining: 1 });
  await deed.act({ scene, pair, word });
  await until('the request hangs', async () => {
    const rules = await scene.rig.control<{ remaining?: number }[]>(system, 'GET', '/faults');
    return rules[0]?.remaining === 0 || undefined;
  });
  await killBackend(scene);
  await clearFaults(scene.rig);
  await recover(deed, word);
  expect(await deed.count({ scene, pair, word })).toBe(1);
  if (deed.kind === 'create') expect((await writesFor(scene, deed)) - before).toBe(1);
});

test('the books balance', () => expectBalancedBooks(scene));
