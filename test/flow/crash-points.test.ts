import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MappingSettings, Rule } from '../../backend/contract/mapping.ts';
import { projectRoot } from '../support/child.ts';
import { until } from '../support/rig.ts';
import {
  addMapping,
  backendDied,
  byHand,
  clearFaults,
  createCall,
  createWorkItem,
  effectsOf,
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
import {
  attachToCall,
  attachToWorkItem,
  commentOnCall,
  commentOnWorkItem,
  editCall,
  editWorkItem,
  type Pair,
  readCall,
  readWorkItem,
  times,
} from '../support/two-sides.ts';

/** One deed of a person whose consequences Tandem dies in the middle of, and what must be true in the end. */
interface Deed {
  kind: 'create' | 'comment' | 'attachment' | 'update';
  name: string;
  act(pair: Pair, word: string): Promise<unknown>;
  /** How often what was to be written stands on the other side. */
  count(pair: Pair, word: string): Promise<number>;
  /** Entries in the ledger for writing it. */
  effect: { system: 'azure' | 'alemba'; effect: RegExp };
}

let scene: Scene;
let pair: Pair;

const deeds: Deed[] = [
  {
    kind: 'create',
    name: 'a call for a work item',
    act: (_, word) => createWorkItem(scene, { 'System.Title': `AUTO ${word}` }),
    count: async (_, word) => (await links(`AUTO ${word}`)).length,
    effect: { system: 'alemba', effect: /^ticket\.created$/ },
  },
  {
    kind: 'comment',
    name: 'a comment to the call',
    act: ({ workItemId }, word) => commentOnWorkItem(scene.rig, workItemId, word),
    count: async ({ callRef }, word) => times((await readCall(scene.rig, callRef)).comments, word),
    effect: { system: 'alemba', effect: /^comment\.added$/ },
  },
  {
    kind: 'attachment',
    name: 'a file to the call',
    act: ({ workItemId }, word) => attachToWorkItem(scene.rig, workItemId, `${word}.txt`, word),
    count: async ({ callRef }, word) =>
      (await readCall(scene.rig, callRef)).files.filter((file) => file === `${word}.txt`).length,
    effect: { system: 'alemba', effect: /^attachment\.added$/ },
  },
  {
    kind: 'update',
    name: 'a title to the call',
    act: ({ workItemId }, word) => editWorkItem(scene.rig, workItemId, { 'System.Title': word }),
    count: async ({ callRef }, word) => ((await readCall(scene.rig, callRef)).subject === word ? 1 : 0),
    effect: { system: 'alemba', effect: /^field\.updated$/ },
  },
  {
    kind: 'create',
    name: 'a work item for a call',
    act: (_, word) => createCall(scene, { Subject: `HAND ${word}`, AssignedGroup: 16 }),
    count: async (_, word) => (await links(`HAND ${word}`)).length,
    effect: { system: 'azure', effect: /^workItem\.created$/ },
  },
  {
    kind: 'comment',
    name: 'a comment to the work item',
    act: ({ callRef }, word) => commentOnCall(scene.rig, callRef, word),
    count: async ({ workItemId }, word) => times((await readWorkItem(scene.rig, workItemId)).comments, word),
    effect: { system: 'azure', effect: /^(comment\.added|workItem\.commented)$/ },
  },
  {
    kind: 'attachment',
    name: 'a file to the work item',
    act: ({ callRef }, word) => attachToCall(scene.rig, callRef, `${word}.txt`, word),
    count: async ({ workItemId }, word) =>
      (await readWorkItem(scene.rig, workItemId)).files.filter((file) => file === `${word}.txt`).length,
    // An upload that no work item refers to is no attachment; the relation is counted by `count`.
    effect: { system: 'azure', effect: /^workItem\.updated$/ },
  },
  {
    kind: 'update',
    name: 'a title to the work item',
    act: ({ callRef }, word) => editCall(scene.rig, callRef, { Subject: word }),
    count: async ({ workItemId }, word) =>
      (await readWorkItem(scene.rig, workItemId)).title === word ? 1 : 0,
    effect: { system: 'azure', effect: /^workItem\.updated$/ },
  },
];

const points: Record<Deed['kind'], string[]> = {
  create: ['create.beforeSend', 'create.afterSend', 'create.afterDone', 'create.afterLink'],
  comment: ['comment.beforeSend', 'comment.afterSend', 'comment.afterDone'],
  attachment: ['attachment.beforeSend', 'attachment.afterSend', 'attachment.afterDone'],
  update: ['update.beforeSend', 'update.afterSend'],
};

const rule = (field: string, operator: 'startsWith' | 'equals', value: string): Rule => ({
  kind: 'condition',
  field,
  operator,
  value,
});

const creating = (settings: MappingSettings): MappingSettings => ({
  ...settings,
  ticketTemplate: '96',
  createTicket: {
    mode: 'automatic',
    isDefault: false,
    onStates: [],
    rule: rule('System.Title', 'startsWith', 'AUTO'),
  },
  createWorkItem: {
    mode: 'automatic',
    isDefault: false,
    onStates: [],
    rule: rule('AssignedGroup', 'equals', '16'),
  },
});

/** Links of records with this title that are whole on both sides. */
const links = (title: string) =>
  scene.rows<{ id: number }>(`select id from link where ended_at is null and shown->>'title' = $1`, [title]);

beforeAll(async () => {
  scene = await openScene({ mapping: creating });
  const quiet = await addMapping(scene, byHand);
  pair = await linkPair(scene, { mappingId: quiet });
});
afterAll(() => scene?.close());

const ours = async (deed: Deed): Promise<number> => {
  const effects = await effectsOf(scene.rig, deed.effect.system, { ours: true });
  return effects.filter(({ effect }) => deed.effect.effect.test(effect)).length;
};

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
  await until(`${deed.name} is there`, async () => (await deed.count(pair, word)) > 0 || undefined, 20_000);
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

test.each(cases)('$name: written once', async ({ deed, point, name }) => {
  const word = `${point}-${deeds.indexOf(deed)}`;
  if (armed !== point) {
    await killBackend(scene);
    await expireLeases(scene);
    await start(point);
  }
  const before = await ours(deed);
  await deed.act(pair, word);
  await backendDied(scene);
  await recover(deed, word, nextPointOf({ name }));
  expect(await deed.count(pair, word)).toBe(1);
  // A new call is linked by fields of its own, so only the first kind of entry is counted for creates.
  if (deed.kind !== 'attachment' || deed.effect.system === 'alemba') {
    expect((await ours(deed)) - before).toBe(1);
  }
});

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
  const before = await ours(deed);
  const fault = { kind: 'afterEffect', how: 'hang' } as const;
  await setFault(scene.rig, system, { fault, match: { method, path }, remaining: 1 });
  await deed.act(pair, word);
  await until('the request hangs', async () => {
    const rules = await scene.rig.control<{ remaining?: number }[]>(system, 'GET', '/faults');
    return rules[0]?.remaining === 0 || undefined;
  });
  await killBackend(scene);
  await clearFaults(scene.rig);
  await recover(deed, word);
  expect(await deed.count(pair, word)).toBe(1);
  if (deed.kind === 'create') expect((await ours(deed)) - before).toBe(1);
});

test('the books balance', () => expectBalancedBooks(scene));
