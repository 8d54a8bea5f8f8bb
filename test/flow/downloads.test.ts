import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'undici';
import { readMasterKeys } from '../../backend/config/master-keys.ts';
import { createDownloads, type Download } from '../../backend/security/download-token.ts';
import { until } from '../support/rig.ts';
import { byHand, cardOf, clearFaults, linkPair, openScene, type Scene, setFault } from '../support/scene.ts';
import { attachToCall, editWorkItem, type Pair, readCall } from '../support/two-sides.ts';

const megabyte = 1024 * 1024;
const masterKey = randomBytes(32).toString('base64');
const { keys } = readMasterKeys([masterKey]);

let scene: Scene;
let pair: Pair;
let linkId: string;
const text = 'what the agent attached';

beforeAll(async () => {
  scene = await openScene({
    // Files stay where they are: what the backend copies by itself would blur its memory.
    mapping: (settings) => ({ ...byHand(settings), attachments: { ...settings.attachments, maxBytes: 1 } }),
    env: { MASTER_KEY: masterKey },
  });
  pair = await linkPair(scene);
  linkId = (await cardOf(scene, pair.workItemId))?.linkId as string;
});
afterAll(() => scene?.close());

const attach = async (name: string, content: string | Buffer): Promise<string> => {
  await attachToCall(scene.rig, pair.callRef, name, content);
  const { attachments } = await scene.rig.api('readConversation', { params: here() });
  return attachments.find((file) => file.name === name)?.id as string;
};
const here = () => ({ workItemId: String(pair.workItemId), linkId });
const sign = (attachmentId: string) =>
  scene.rig.api('openAttachment', { params: { ...here(), attachmentId } });
const get = (path: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
  request(scene.rig.backendUrl() + path, { method, headers });
const refusal = async (path: string, headers?: Record<string, string>) => {
  const answer = await get(path, headers);
  const { code } = (await answer.body.json()) as { code: string };
  return [answer.statusCode, code];
};

/** A token of the backend's own key, about this file unless told otherwise. */
const tokenOf = async (attachmentId: string, more: Partial<Download> = {}, now?: () => number) => {
  const [row] = await scene.rows<{ tenant: number; session_generation: number }>('select * from tenant');
  const about = {
    tenant: row?.tenant as number,
    generation: row?.session_generation as number,
    linkId,
    attachment: { id: attachmentId, name: 'own.txt' },
    ...more,
  };
  return `/api/downloads/${(await createDownloads(keys, now).issue(about)).token}`;
};

describe('a file of a ticket', () => {
  let id: string;
  beforeAll(async () => {
    id = await attach('Rechnung "März";<b>.html', `<script>alert(1)</script>${text}`);
  });

  test('is given whole, as bytes to be saved, to whoever has the address', async () => {
    const { path, expiresAt } = await sign(id);
    expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
    // A window of the browser sends no header.
    const answer = await get(path);
    expect(answer.statusCode).toBe(200);
    expect(await answer.body.text()).toBe(`<script>alert(1)</script>${text}`);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="Rechnung _M_rz___b_.html"; filename*=UTF-8''Rechnung%20%22M%C3%A4rz%22%3B%3Cb%3E.html`,
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'accept-ranges': 'none',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  test('a range is answered with the whole, and its head alone with nothing', async () => {
    const { path } = await sign(id);
    const answer = await get(path, { range: 'bytes=5-9' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-range']).toBeUndefined();
    expect(await answer.body.text()).toContain(text);
    const head = await get(path, {}, 'HEAD');
    await head.body.dump();
    expect(head.statusCode).toBe(404);
  });

  test('an address holds for a minute', async () => {
    const answer = await get(await tokenOf(id, {}, () => Date.now() - 55_000));
    expect(answer.statusCode).toBe(200);
    expect(await answer.body.text()).toContain(text);
  });

  test.each<[string, () => Promise<string>]>([
    ['ended', () => tokenOf(id, {}, () => Date.now() - 61_000)],
    ['invented', async () => '/api/downloads/eyJhbGciOiJkaXIifQ..AAAA.AAAA.AAAA'],
    ['empty', async () => '/api/downloads/'],
    ['too long', async () => `/api/downloads/${'a'.repeat(5000)}`],
    [
      'changed',
      async () => (await sign(id)).path.replace(/.(?=.{9}$)/, (sign) => (sign === 'A' ? 'B' : 'A')),
    ],
    [
      'of another backend',
      async () => {
        const other = createDownloads([{ id: keys[0]?.id as string, key: randomBytes(32) }]);
        const about = { tenant: 1, generation: 1, linkId, attachment: { id, name: 'x' } };
        return `/api/downloads/${(await other.issue(about)).token}`;
      },
    ],
    ['a session', async () => `/api/downloads/${await scene.rig.token()}`],
    ['of another tenant', async () => tokenOf(id, { tenant: 77 })],
    ['of sessions that ended', async () => tokenOf(id, { generation: 0 })],
    ['of no link', async () => tokenOf(id, { linkId: '999999' })],
  ])('an address that is %s opens nothing', async (_name, pathOf) => {
    expect(await refusal(await pathOf())).toEqual([404, 'notFound']);
  });

  test('a session opens nothing by itself, and an address no route of the API', async () => {
    const { path } = await sign(id);
    const bearer = { authorization: `Bearer ${path.split('/').at(-1)}` };
    const panel = `/api/projects/${scene.projectId}/overview`;
    expect(await refusal(panel, bearer)).toEqual([401, 'signInRequired']);
  });

  test('nobody gets an address for what they may not read', async () => {
    const asked = { params: { ...here(), attachmentId: id } };
    const stranger = await scene.rig.ask('openAttachment', asked, null);
    expect(stranger.status).toBe(401);
    const without = await scene.rig.ask('openAttachment', {
      params: { ...here(), workItemId: '99999', attachmentId: id },
    });
    expect(without).toMatchObject({ status: 404, body: { code: 'notFound' } });
    const unknown = await scene.rig.ask('openAttachment', { params: { ...here(), attachmentId: 'no' } });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'notFound' } });
  });

  test('a service desk that is away is told as a problem, not as a file', async () => {
    const { path } = await sign(id);
    await setFault(scene.rig, 'alemba', { fault: { kind: 'down' } });
    const answer = await get(path);
    await clearFaults(scene.rig);
    expect(answer.statusCode).toBeGreaterThanOrEqual(500);
    expect(await answer.body.json()).toMatchObject({ code: 'remoteFailed' });
  });

  test('an answer that breaks off at once is told as a problem', async () => {
    const { path } = await sign(id);
    await setFault(scene.rig, 'alemba', {
      fault: { kind: 'afterEffect', how: 'truncated' },
      match: { path: 'BinaryData' },
    });
    const answer = await get(path);
    await clearFaults(scene.rig);
    expect([answer.statusCode, await answer.body.json()]).toMatchObject([502, { code: 'remoteFailed' }]);
  });
});

test('large files wait for slow readers at their source, with flat memory', async () => {
  const content = randomBytes(50 * megabyte);
  const expected = createHash('sha256').update(content).digest('hex');
  const id = await attach('large.bin', content);
  const pid = scene.rig.backend().process.pid as number;
  const rssMb = async () =>
    Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  const before = await rssMb();
  let peak = 0;
  const read = async () => {
    const answer = await get((await sign(id)).path);
    const hash = createHash('sha256');
    let isFirst = true;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      hash.update(chunk);
      if (!isFirst) continue;
      isFirst = false;
      // Long enough for the sender to be through, if somebody took it all: that would have to lie in memory.
      for (let looks = 0; looks < 30; looks++) {
        peak = Math.max(peak, await rssMb());
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    return hash.digest('hex');
  };
  // 200 MB together.
  expect(await Promise.all(Array.from({ length: 4 }, read))).toEqual(Array(4).fill(expected));
  expect(peak - before).toBeLessThan(120);
});

test('a reader who hangs up ends the reading at the service desk', async () => {
  const id = await attach('left.bin', Buffer.alloc(20 * megabyte, 3));
  // As many as a connection may have at once; if one stayed, the next call would wait for a free place.
  for (let i = 0; i < 20; i++) {
    const answer = await get((await sign(id)).path);
    answer.body.once('error', () => undefined);
    answer.body.destroy();
  }
  const { path } = await sign(id);
  const answer = await get(path);
  expect((await answer.body.arrayBuffer()).byteLength).toBe(20 * megabyte);
});

test('readers who stand still leave synchronisation its way to the service desk', async () => {
  const id = await attach('still.bin', Buffer.alloc(20 * megabyte, 4));
  const { connectionId, projectId } = scene;
  const { connections } = await scene.rig.api('listConnections', { params: { projectId } });
  const row = connections.find((one) => one.id === connectionId);
  // As Alemba has it by default.
  const budget = { requestsPerSecond: 1000, concurrent: 2 };
  await scene.rig.api('updateConnection', {
    params: { projectId, connectionId },
    body: { kind: 'alemba', name: row?.name, settings: row?.settings, secrets: {}, budget },
  });
  const [first, ...others] = await Promise.all([sign(id), sign(id), sign(id)]);
  const standing = await get(first.path);
  const waiting = Promise.all(
    others.map(async ({ path }) => {
      const { statusCode, body } = await get(path);
      return [statusCode, (await body.arrayBuffer()).byteLength];
    }),
  );
  await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'Past those who stand still' });
  await until('the call has the title', async () => {
    const { subject } = await readCall(scene.rig, pair.callRef);
    return subject === 'Past those who stand still' || undefined;
  });
  standing.body.once('error', () => undefined);
  standing.body.destroy();
  // Whoever waited comes next, in whichever order they arrived.
  expect(await waiting).toEqual([
    [200, 20 * megabyte],
    [200, 20 * megabyte],
  ]);
});

test('the document of the API names it', async () => {
  const document = (await (await get('/api/openapi.json')).body.json()) as {
    paths: Record<string, { get: { security: unknown[]; responses: Record<string, unknown> } }>;
  };
  const operation = document.paths['/api/downloads/{token}']?.get;
  expect(operation?.security).toEqual([]);
  expect(operation?.responses['200']).toMatchObject({ content: { 'application/octet-stream': {} } });
});
