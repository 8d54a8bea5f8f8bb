import { randomBytes } from 'node:crypto';
import type { AttemptDetail } from '../../backend/contract/activity.ts';
import { type RouteName, routes } from '../../backend/contract/routes.ts';
import { openGates } from '../support/hooks.ts';
import { until } from '../support/rig.ts';
import {
  cardOf,
  clearFaults,
  holdSweeps,
  inAgreement,
  linkPair,
  openScene,
  releaseSweeps,
  type Scene,
  setFault,
} from '../support/scene.ts';
import { editWorkItem } from '../support/two-sides.ts';

/** With characters that base64 and URL encoding change. */
const canary = (name: string) => `canary+${name}/${randomBytes(9).toString('base64')}&=é`;

const password = canary('password');
const wrongPassword = canary('wrong');
const clientSecret = canary('client');
const masterKey = randomBytes(32).toString('base64');

let scene: Scene;
const secrets = new Map<string, string>();
const lines: string[] = [];
const answers: string[] = [];

beforeAll(async () => {
  scene = await openScene({
    env: { MASTER_KEY: masterKey, LOG_LEVEL: 'trace' },
    onLine: (line) => lines.push(line),
  });
  const { users } = scene.rig.azure;
  secrets.set('token of the backend', users.service?.pat ?? '');
  for (const key of ['admin', 'contributor', 'reader'])
    secrets.set(`token of ${key}`, users[key]?.accessToken ?? '');
  secrets.set('password', password).set('wrong password', wrongPassword).set('client secret', clientSecret);
  secrets.set('master key', masterKey);
});
afterAll(() => scene?.close());

const failures = async (): Promise<number> =>
  (await scene.rows<{ n: number }>(`select count(*)::int as n from attempt where outcome = 'failure'`))[0]
    ?.n ?? 0;

const save = async (id: string, given: Record<string, string>) => {
  const params = { projectId: scene.projectId };
  const { connections } = await scene.rig.api('listConnections', { params });
  const found = connections.find((one) => one.id === id);
  const body = { ...found, secrets: given };
  const of = { ...params, connectionId: id };
  answers.push(JSON.stringify(await scene.rig.ask('updateConnection', { params: of, body })));
  answers.push(JSON.stringify(await scene.rig.ask('testConnection', { params: of })));
  answers.push(
    JSON.stringify(
      await scene.rig.ask('testConnectionInput', { params, body: { ...body, connectionId: id } }),
    ),
  );
};

/** Everything that can be read through the API, by an admin. */
const readEverything = async (params: Record<string, string>) => {
  for (const [name, route] of Object.entries(routes) as [RouteName, (typeof routes)[RouteName]][]) {
    if (route.method !== 'GET') continue;
    const query: Record<string, string | number> =
      name === 'suggestMapping' ? { connectionId: scene.connectionId, workItemType: 'Bug' } : { limit: 200 };
    answers.push(`${name} ${JSON.stringify(await scene.rig.ask(name, { params, query }))}`);
  }
};

/** What went to and fro in all attempts so far: the answers below are of systems that say back what they were sent. */
const readAttempts = async (projectId: string): Promise<AttemptDetail[]> => {
  const { attempts } = await scene.rig.api('listAttempts', { params: { projectId }, query: { limit: 200 } });
  const details: AttemptDetail[] = [];
  for (const { id } of attempts) {
    details.push(await scene.rig.api('readAttempt', { params: { projectId, attemptId: id } }));
  }
  return details;
};

const forms = (secret: string): string[] => {
  const bytes = Buffer.from(secret);
  // Base64 of a text that holds the secret depends on where it begins, up to its first and last characters.
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift, 'x'), bytes])
      .toString('base64')
      .replaceAll('=', '')
      .slice(shift === 0 ? 0 : 4, -2),
  );
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ s: secret }).toString().slice(2),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    ...shifted,
  ];
};

const found = (text: string): string[] =>
  [...secrets].flatMap(([name, secret]) =>
    forms(secret).flatMap((form, index) => {
      const at = text.indexOf(form);
      return at < 0 ? [] : [`${name} (form ${index}) in: …${text.slice(Math.max(0, at - 120), at)}`];
    }),
  );

test('secrets stay secret while everything goes wrong', async () => {
  const { rig, projectId, connectionId } = scene;
  await rig.control('alemba', 'PUT', '/accounts/integration', { password });
  await save(connectionId, { password, clientSecret });
  const pair = await linkPair(scene);
  const { linkId } = await inAgreement(scene, pair.workItemId);
  const gates = await openGates(scene);
  const [azure, alemba] = gates;
  const basic = Buffer.from((azure?.headers.authorization ?? '').slice(6), 'base64').toString();
  secrets.set('hook password', basic.slice(basic.indexOf(':') + 1));
  secrets.set('webhook secret', alemba?.headers['x-alemba-secret'] ?? '');

  // Servers that say back what they were sent.
  const pat = secrets.get('token of the backend') ?? '';
  const echo = `bad credentials: ${password} / Basic ${Buffer.from(`:${pat}`).toString('base64')} / ${pat}`;
  const echoing = { kind: 'status', status: 400, body: { Message: echo, message: echo } } as const;
  // A sweep that meets the sign-in page before the run does has the connection paused, and no run begins.
  await holdSweeps(scene);
  for (const system of ['azure', 'alemba'] as const) {
    for (const fault of [
      echoing,
      { ...echoing, status: 403 },
      { ...echoing, status: 500 },
      { kind: 'signInPage', status: 203 },
      { kind: 'afterEffect', how: 'truncated' },
      { kind: 'down' },
    ] as const) {
      const tried = await failures();
      await setFault(rig, system, { fault });
      await scene.rows(`update connection set resume_at = '-infinity'`);
      await scene.rows(`update lane set due = now() where queued > 0 and kind = 'link'`);
      await editWorkItem(rig, pair.workItemId, { 'System.Title': `${fault.kind} ${Math.random()}` });
      await rig.api('noticeSave', { params: { workItemId: String(pair.workItemId) }, body: {} });
      await until('a run has failed', async () => (await failures()) > tried || undefined);
      await releaseSweeps(scene);
      const params = { projectId, connectionId: system === 'azure' ? 'azure-devops' : connectionId };
      answers.push(JSON.stringify(await rig.ask('testConnection', { params })));
      // What they have met is told of the connection before it is resumed.
      await holdSweeps(scene);
      await clearFaults(rig);
      await rig.api('testConnection', { params: { projectId, connectionId } });
      await rig.api('testConnection', { params: { projectId, connectionId: 'azure-devops' } });
    }
  }
  await releaseSweeps(scene);
  // A sign-in in the middle of a run, at a server that says back the password.
  const { sessions } = await rig.control<{ sessions: { id: string }[] }>('alemba', 'GET', '/state');
  for (const { id } of sessions) await rig.control('alemba', 'DELETE', `/sessions/${id}`);
  await setFault(rig, 'alemba', {
    fault: { ...echoing, status: 500 },
    match: { method: 'POST', path: 'oauth' },
  });
  await editWorkItem(rig, pair.workItemId, { 'System.Title': 'Signed out' });
  await rig.api('noticeSave', { params: { workItemId: String(pair.workItemId) }, body: {} });
  // Looked up in the store, here and below: an administrator who asks 600 times a minute is told to wait.
  await until('a sign-in has failed within a run', async () => {
    const [row] = await scene.rows(
      `select from attempt, jsonb_to_recordset(detail -> 'requests') as request (route text)
       where route like 'session.%'`,
    );
    return row;
  });
  await clearFaults(rig);
  await rig.api('testConnection', { params: { projectId, connectionId } });
  // Hooks that carry secrets in their bodies.
  const post = (headers: Record<string, string>, body: string) =>
    fetch(`${rig.backendUrl()}${alemba?.path}`, { method: 'POST', headers, body });
  await post({ ...alemba?.headers }, JSON.stringify({ Action: 'Odd', password }));
  await post({ authorization: `Basic ${Buffer.from(`tandem:${wrongPassword}`).toString('base64')}` }, 'x');
  await save(connectionId, { password: wrongPassword });
  await until(
    'the refused password is shown',
    async () => {
      answers.push(JSON.stringify(await cardOf(scene, pair.workItemId)));
      const [row] = await scene.rows<{ status: string }>('select status from connection where id = $1', [
        connectionId,
      ]);
      return row?.status === 'paused' || undefined;
    },
    30_000,
  );
  for (const number of ['1', '2', '3', '4', '5']) {
    await readEverything({
      projectId,
      connectionId,
      linkId,
      mappingId: scene.mappingId,
      workItemId: String(pair.workItemId),
      deliveryId: number,
      attemptId: number,
      backfillId: number,
      attachmentId: number,
    });
  }
  const requests = (await readAttempts(projectId)).flatMap((attempt) => attempt.requests);
  answers.push(JSON.stringify(requests));
  // What was said back was kept, and without the secrets: the search below would find nothing in nothing either.
  const said = requests.flatMap(({ answer }) => answer?.body?.text ?? []);
  expect(said.filter((text) => text.includes('bad credentials: [secret]')).length).toBeGreaterThan(3);
  expect(requests.some(({ sent }) => sent?.body?.text !== undefined)).toBe(true);
  const signIns = requests.filter(({ route }) => route.startsWith('session.'));
  expect(signIns.length).toBeGreaterThan(0);
  for (const { sent, answer } of signIns) {
    expect([sent?.body?.text, answer?.body?.text]).toEqual([undefined, undefined]);
  }
  expect(lines.length).toBeGreaterThan(50);
  expect(answers.length).toBeGreaterThan(50);
});

test('none in the log', () => {
  expect(lines.flatMap(found)).toEqual([]);
});

test('none in an answer of the API', () => {
  expect(answers.flatMap(found)).toEqual([]);
});

test('none in a dump of all tables but the body of the hook that brought it', async () => {
  const tables = await scene.rows<{ name: string }>(
    `select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`,
  );
  expect(tables.length).toBeGreaterThan(15);
  for (const { name } of tables) {
    const rows = await scene.rows<{ row: string }>(`select to_jsonb(t)::text as row from "${name}" t`);
    const hits = rows
      .map(({ row }) => row)
      .filter((row) => !row.includes('"Action": "Odd"') && !row.includes('\\"Action\\":\\"Odd\\"'));
    expect({ name, found: hits.flatMap(found) }).toEqual({ name, found: [] });
  }
});

test('the search itself finds what it looks for', () => {
  expect(found(`x ${password}`)).not.toEqual([]);
  expect(found(Buffer.from(`ab:${password}`).toString('base64'))).not.toEqual([]);
  expect(found(`?p=${encodeURIComponent(password)}`)).not.toEqual([]);
});
