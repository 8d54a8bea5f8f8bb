import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { connectionUrl, openEmbedded } from '../../backend/store/embedded/index.ts';
import { until } from '../support/rig.ts';
import {
  holdSweeps,
  idle,
  inAgreement,
  linkPair,
  openScene,
  releaseSweeps,
  type Scene,
  storeIsUp,
} from '../support/scene.ts';
import { editWorkItem } from '../support/two-sides.ts';

const stuckAfterMs = 1000;

let scene: Scene;
beforeAll(async () => {
  scene = await openScene({ store: 'own', env: { STUCK_AFTER_MS: String(stuckAfterMs) } });
});
afterAll(() => scene?.close());

interface Ready {
  status: number;
  reasons: { part: string; reason: string }[];
}

const askReady = async (): Promise<Ready> => {
  const answer = await fetch(`${scene.rig.backendUrl()}/health/ready`);
  return { status: answer.status, ...((await answer.json()) as Pick<Ready, 'reasons'>) };
};

const ready = () => {
  let last: Ready | undefined;
  return until(
    () => `the backend is ready; it says ${JSON.stringify(last?.reasons)}`,
    async () => {
      last = await askReady();
      return last.status === 200 ? last : undefined;
    },
  );
};

const notReady = (part: string) =>
  until(`the backend is not ready for its ${part}`, async () => {
    const now = await askReady();
    return now.reasons.some((one) => one.part === part) ? now : undefined;
  });

const staysReady = async () => {
  const untilMs = Date.now() + 3 * stuckAfterMs;
  while (Date.now() < untilMs) {
    expect(await askReady()).toMatchObject({ status: 200, reasons: [] });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

/** A connection of its own, for what must stay open while others ask. */
async function openReader({ rig }: Scene): Promise<pg.Client> {
  const { connection } = await openEmbedded({ dataDir: rig.dataDir });
  const client = new pg.Client(connectionUrl(connection));
  await client.connect();
  return client;
}

/** The server and all its processes. */
async function serverProcesses(): Promise<number[]> {
  const server = storeIsUp(scene.rig) as number;
  const children = await readFile(`/proc/${server}/task/${server}/children`, 'utf8');
  return [server, ...children.trim().split(' ').filter(Boolean).map(Number)];
}

test('while PostgreSQL is frozen it is not ready and says why; afterwards it goes on', async () => {
  const pair = await linkPair(scene);
  await ready();
  const processes = await serverProcesses();
  for (const pid of processes) process.kill(pid, 'SIGSTOP');
  try {
    expect(await notReady('store')).toEqual({
      status: 503,
      ready: false,
      reasons: [{ part: 'store', reason: 'did not answer within 3000 ms' }],
    });
    expect((await fetch(`${scene.rig.backendUrl()}/health/live`)).status).toBe(200);
  } finally {
    for (const pid of processes) process.kill(pid, 'SIGCONT');
  }
  await ready();
  await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'After the frost' });
  await idle(scene);
  await inAgreement(scene, pair.workItemId);
});

test('a due lane that nobody takes is told, but not one that its connection holds back', async () => {
  const pair = await linkPair(scene);
  // One that is at work when its connection is called unreachable below would say that it is not.
  await holdSweeps(scene);
  await idle(scene);
  const params = { projectId: scene.projectId, connectionId: scene.connectionId };
  await scene.rig.api('pauseConnection', { params });
  await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'Nobody takes this' });
  const lane = await until('its lane is due', async () => {
    const rows = await scene.rows<{ key: string }>(`select key from lane where kind = 'link' and queued > 0`);
    return rows[0];
  });
  const held = await openReader(scene);
  try {
    // A claim leaves out rows that somebody holds: as if no worker took the lane.
    await held.query('begin');
    await held.query('select from lane where key = $1 for update', [lane.key]);
    await staysReady();
    await scene.rig.api('resumeConnection', { params });
    const told = await notReady('lanes');
    expect(told.status).toBe(503);
    expect(told.reasons).toEqual([
      { part: 'lanes', reason: expect.stringMatching(/^a link lane is due for \d+ s and not taken/) },
    ]);
    for (const heldBack of [`resume_at = now() + interval '1 hour'`, `status = 'unreachable'`]) {
      await scene.rows(`update connection set ${heldBack} where id = $1`, [scene.connectionId]);
      await ready();
      await staysReady();
      await scene.rows(
        `update connection set resume_at = '-infinity', status = 'live', enabled = true where id = $1`,
        [scene.connectionId],
      );
      await notReady('lanes');
    }
  } finally {
    await held.query('rollback');
    await held.end();
    await releaseSweeps(scene);
  }
  await ready();
  await inAgreement(scene, pair.workItemId);
});
