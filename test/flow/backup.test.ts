import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import pg from 'pg';
import { projectRoot } from '../support/child.ts';
import { openTestStore, type TestStore } from '../support/postgres.ts';
import { until } from '../support/rig.ts';
import { idle, inAgreement, linkPair, openScene, type Scene } from '../support/scene.ts';
import { commentOnWorkItem, editWorkItem, type Pair, readCall, times } from '../support/two-sides.ts';

const firstKey = randomBytes(32).toString('base64');
const otherKey = randomBytes(32).toString('base64');

let scene: Scene;
let store: TestStore;
let folder: string;
let pair: Pair;
let file: string;

/** Runs the script as `npm run backup` does. */
const run = (
  command: 'backup' | 'restore',
  path: string,
  env: Record<string, string>,
): Promise<{ code: number | null; output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      join(projectRoot, 'node_modules', '.bin', 'node'),
      [join(projectRoot, 'backend', 'backup.ts'), command, path],
      { env: { ...process.env, ...scene.rig.environment, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });

const tables = [
  'tenant',
  'connection',
  'secret',
  'mapping',
  'link',
  'intent',
  'inbox',
  'attempt',
  'books',
  'audit',
];

const contentOf = async (url: string): Promise<Record<string, string[]>> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const content: Record<string, string[]> = {};
    for (const table of tables) {
      const { rows } = await client.query<{ row: string }>(`select to_jsonb(t)::text as row from ${table} t`);
      content[table] = rows.map(({ row }) => row).sort();
    }
    return content;
  } finally {
    await client.end();
  }
};

let sourceUrl: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tandem-backup-'));
  store = await openTestStore();
  sourceUrl = await store.createDatabase();
  scene = await openScene({ databaseUrl: sourceUrl, env: { MASTER_KEY: firstKey } });
  pair = await linkPair(scene);
  await commentOnWorkItem(scene.rig, pair.workItemId, 'Said before the backup');
  await until('it has arrived', async () => {
    const { comments } = await readCall(scene.rig, pair.callRef);
    return times(comments, 'Said before') === 1 || undefined;
  });
  await idle(scene);
  file = join(folder, 'tandem.backup');
});
afterAll(async () => {
  await scene?.close();
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

test('a backup of the running product, restored elsewhere, has the same rows and works on', async () => {
  await scene.rig.backend().stop();
  const before = await contentOf(sourceUrl);
  expect(await run('backup', file, {})).toMatchObject({ code: 0 });
  const targetUrl = await store.createDatabase();
  expect(await run('restore', file, { DATABASE_URL: targetUrl })).toMatchObject({ code: 0 });
  expect(await contentOf(targetUrl)).toEqual(before);
  await scene.rig.startBackend({ DATABASE_URL: targetUrl });
  await inAgreement(scene, pair.workItemId);
  await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'After the restore' });
  await until('the title has arrived', async () => {
    const { subject } = await readCall(scene.rig, pair.callRef);
    return subject === 'After the restore' || undefined;
  });
  expect(times((await readCall(scene.rig, pair.callRef)).comments, 'Said before')).toBe(1);
});

test('the file holds no secret in the clear', async () => {
  const text = gunzipSync(await readFile(file)).toString('utf8');
  const pat = scene.rig.azure.users.service?.pat ?? 'none';
  for (const secret of [pat, Buffer.from(pat).toString('base64'), '"sandbox"', firstKey]) {
    expect(text.includes(secret)).toBe(false);
  }
});

test('without the master key it says so and ends with 3', async () => {
  const targetUrl = await store.createDatabase();
  const { code, output } = await run('restore', file, { DATABASE_URL: targetUrl, MASTER_KEY: otherKey });
  expect(code).toBe(3);
  expect(output).toMatch(/master key/i);
  expect(output).not.toContain(otherKey);
});

test.each([
  ['cut off', async (whole: Buffer) => whole.subarray(0, Math.floor(whole.length * 0.6))],
  ['no gzip', async () => Buffer.from('this is no backup')],
  ['empty', async () => Buffer.alloc(0)],
  [
    'with a flipped byte',
    async (whole: Buffer) => {
      const copy = Buffer.from(whole);
      const at = Math.floor(copy.length / 2);
      copy[at] = (copy[at] ?? 0) ^ 0xff;
      return copy;
    },
  ],
])('a file that is %s is refused and leaves the database empty', async (name, spoil) => {
  const broken = join(folder, `${name.replaceAll(' ', '-')}.backup`);
  await writeFile(broken, await spoil(await readFile(file)));
  const targetUrl = await store.createDatabase();
  const { code, output } = await run('restore', broken, { DATABASE_URL: targetUrl });
  expect(code).toBe(1);
  expect(output.trim()).not.toBe('');
  expect(output).not.toMatch(/\bat .*\.ts:\d+/);
  const content = await contentOf(targetUrl);
  expect(Object.values(content).flat()).toEqual([]);
});

test('a database that is in use, a file that is there and one that is not are refused', async () => {
  expect(await run('restore', file, {})).toMatchObject({
    code: 1,
    output: expect.stringContaining('not empty'),
  });
  expect(await run('backup', file, {})).toMatchObject({ code: 1, output: expect.stringContaining('exists') });
  const missing = await run('restore', join(folder, 'nowhere'), {});
  expect(missing).toMatchObject({ code: 1, output: expect.stringContaining('no file') });
});
