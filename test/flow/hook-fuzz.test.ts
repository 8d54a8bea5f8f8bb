import { callHook, type HookGate, openGates, poster, workItemHook } from '../support/hooks.ts';
import { mutate } from '../support/mutate.ts';
import { seededRandom } from '../support/nemesis.ts';
import { until } from '../support/rig.ts';
import {
  booksOf,
  expectBalancedBooks,
  inAgreement,
  linkPair,
  openScene,
  type Scene,
} from '../support/scene.ts';
import { editWorkItem, type Pair, readCall } from '../support/two-sides.ts';

const bodies = Number(process.env.FUZZ_BODIES ?? 1000);
const seed = Number(process.env.FUZZ_SEED ?? 20_261_121);
const allowed = new Set([200, 401, 413, 503]);

let scene: Scene;
let pair: Pair;
let gates: HookGate[];
let posts: ReturnType<typeof poster>;

beforeAll(async () => {
  scene = await openScene();
  pair = await linkPair(scene);
  gates = await openGates(scene);
  posts = poster(scene.rig.backendUrl());
});
afterAll(async () => {
  await posts?.close();
  await scene?.close();
});

const goodBody = (gate: HookGate, index: number): string =>
  gate.name === 'Alemba' ? callHook(pair.callRef, 1000 + index) : workItemHook(pair.workItemId, 1, index + 1);

const storedBodies = async (): Promise<number> =>
  (await scene.rows<{ count: number }>('select count(*)::int as count from inbox'))[0]?.count ?? 0;

test.each([0, 1])('mutated bodies at hook address %i are answered, kept and harm nothing', async (index) => {
  const gate = gates[index] as HookGate;
  const random = seededRandom(seed + index);
  const before = await booksOf(scene);
  const statuses = new Map<number, number>();
  let accepted = 0;
  const inputs = Array.from({ length: bodies }, (_, at) => mutate(goodBody(gate, at), random));
  let next = 0;
  const worker = async () => {
    while (next < inputs.length) {
      const body = inputs[next] as Buffer | string;
      next += 1;
      const status = await posts.post(gate, body);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 200) accepted += 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  expect([...statuses.keys()].filter((status) => !allowed.has(status))).toEqual([]);
  expect(accepted).toBeGreaterThan(bodies / 2);
  const after = await booksOf(scene);
  // One body may hold several hints, never less than one delivery.
  expect(after.received - before.received).toBeGreaterThanOrEqual(accepted);
  const live = await fetch(`${scene.rig.backendUrl()}/health/live`);
  expect(live.status).toBe(200);
  await expectBalancedBooks(scene);
});

test('a parked body is kept byte for byte', async () => {
  const gate = gates[0] as HookGate;
  const odd = Buffer.from([0x7b, 0x00, 0xff, 0xfe, 0x22, 0x61, 0x7d]);
  const text = '{"eventType": "no.such.event", "note": "\ufeff ü \ud83d\ude00"';
  expect(await posts.post(gate, odd)).toBe(200);
  expect(await posts.post(gate, text)).toBe(200);
  const rows = await scene.rows<{ body: string; encoding: string; outcome: string; reason: string }>(
    `select body, encoding, outcome, reason from inbox order by id desc limit 2`,
  );
  const bytes = rows.map((row) => Buffer.from(row.body, row.encoding === 'base64' ? 'base64' : 'utf8'));
  expect(bytes).toContainEqual(odd);
  expect(bytes).toContainEqual(Buffer.from(text));
  for (const row of rows) expect([row.outcome, row.reason.length > 0]).toEqual(['parked', true]);
});

test('a body above the cap is refused and one at the cap is taken', async () => {
  const cap = 2_621_440;
  const padded = (bytes: number) => {
    const text = goodBody(gates[0] as HookGate, 999_999);
    return `${text.slice(0, -1)},"padding":"${'x'.repeat(bytes - text.length - 13)}"}`;
  };
  expect(Buffer.byteLength(padded(cap))).toBe(cap);
  for (const gate of gates) {
    expect(await posts.post(gate, padded(cap + 1))).toBe(413);
    expect(await posts.post(gate, padded(cap))).toBe(200);
  }
});

test('without the right secret nothing is stored', async () => {
  const before = await storedBodies();
  for (const gate of gates) {
    const body = goodBody(gate, 1_000_000);
    const bare = { ...gate, headers: {} };
    const wrong = ['Basic !!!', 'Basic dGFuZGVtOg==', `Basic ${'A'.repeat(9000)}`, 'Bearer x', ''];
    for (const authorization of wrong) {
      expect(await posts.post(bare, body, { authorization, 'x-alemba-secret': authorization })).toBe(401);
    }
    expect(await posts.post({ ...gate, path: `${gate.path}x` }, body)).toBe(401);
    expect(await posts.post({ ...gate, path: '/hooks/' }, body)).toBe(401);
  }
  // The secret of one address opens no other.
  const [azure, alemba] = gates as [HookGate, HookGate];
  expect(await posts.post({ ...azure, headers: alemba.headers }, 'x')).toBe(401);
  expect(await posts.post({ ...alemba, headers: azure.headers }, 'x')).toBe(401);
  expect(await storedBodies()).toBe(before);
});

test('the same hook up to five times in any order is one delivery', async () => {
  const gate = gates[0] as HookGate;
  const random = seededRandom(seed + 7);
  const before = await booksOf(scene);
  const sends: string[] = [];
  for (let index = 0; index < 100; index += 1) {
    const times = 1 + Math.floor(random() * 5);
    for (let copy = 0; copy < times; copy += 1)
      sends.push(workItemHook(pair.workItemId, 1, 2_000_000 + index));
  }
  const shuffled = sends.map((body) => ({ body, at: random() })).sort((a, b) => a.at - b.at);
  const answers = await Promise.all(shuffled.map(({ body }) => posts.post(gate, body)));
  expect(new Set(answers)).toEqual(new Set([200]));
  await expectBalancedBooks(scene);
  const after = await booksOf(scene);
  expect(after.received - before.received).toBe(sends.length);
  expect(after.duplicate - before.duplicate).toBe(sends.length - 100);
});

test('afterwards it works as before', async () => {
  await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'Still here' });
  await until('the title has arrived', async () => {
    const { subject } = await readCall(scene.rig, pair.callRef);
    return subject === 'Still here' || undefined;
  });
  await inAgreement(scene, pair.workItemId);
});
