import { freePort } from '../sandbox/ports.ts';
import { json, until } from '../support/rig.ts';
import { cardOf, linkPair, openScene, type Scene } from '../support/scene.ts';
import { editWorkItem, readCall } from '../support/two-sides.ts';

interface Hook {
  id: string;
  eventType: string;
  status: string;
  consumerInputs: { url: string };
}

let scene: Scene;
let firstUrl: string;

beforeAll(async () => {
  // Sweeps and the usual watch are far away: what arrives came by a hook, what is mended was mended by the start.
  scene = await openScene({ env: { SWEEP_EVERY_MS: '3600000', WATCHDOG_EVERY_MS: '3600000' } });
  firstUrl = new URL(scene.rig.backendUrl()).origin;
});
afterAll(() => scene?.close());

const hooks = async (): Promise<Hook[]> =>
  (await scene.rig.control<{ subscriptions: Hook[] }>('azure', 'GET', '/state')).subscriptions;
const at = (found: readonly Hook[], url: string) =>
  found.filter(({ consumerInputs }) => consumerInputs.url === url);
const present = async (): Promise<string> => {
  const { projectId } = scene;
  return (await scene.rig.api('listSubscriptions', { params: { projectId } })).manual.url;
};

/** As another product, or a person, registers one in the same project. */
const register = async (url: string): Promise<string> => {
  const { organizationUrl, project, users } = scene.rig.azure;
  const body = {
    publisherId: 'tfs',
    eventType: 'workitem.updated',
    resourceVersion: '1.0',
    consumerId: 'webHooks',
    consumerActionId: 'httpRequest',
    publisherInputs: { projectId: project.id },
    consumerInputs: { url, basicAuthUsername: 'tandem', basicAuthPassword: 'theirs' },
  };
  const authorization = `Basic ${Buffer.from(`:${users.service?.pat}`).toString('base64')}`;
  const address = `${organizationUrl}/_apis/hooks/subscriptions?api-version=7.1`;
  return (await json<{ id: string }>('POST', address, body, { authorization })).id;
};

async function moveTo(env: Record<string, string>): Promise<void> {
  await scene.rig.backend().stop();
  await scene.rig.startBackend(env);
}

async function arrives(title: string): Promise<void> {
  const pair = await linkPair(scene);
  await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': title });
  await until(
    `the call is called ${title}`,
    async () => (await readCall(scene.rig, pair.callRef)).subject === title || undefined,
  );
}

test('a backend that moved takes its own service hooks along and leaves all others', async () => {
  const before = await present();
  const path = new URL(before).pathname;
  expect(at(await hooks(), before)).toHaveLength(5);
  const others = await Promise.all([
    // Another connection at the host that is left.
    register(`${firstUrl}/hooks/somebody-elses`),
    // The same path at a host where this backend never was: a copy of its database, perhaps.
    register(`https://copy.example.com${path}`),
    register('https://chat.example.com/incoming'),
  ]);

  const port = String(await freePort(0));
  await moveTo({ PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}` });
  const after = `http://127.0.0.1:${port}${path}`;
  expect(await present()).toBe(after);
  await until(
    'all five lead to the new address',
    async () => at(await hooks(), after).length === 5 || undefined,
  );
  const found = await hooks();
  expect(at(found, before)).toEqual([]);
  expect(at(found, after).map(({ status }) => status)).toEqual(Array(5).fill('enabled'));
  expect(
    found.filter(({ id }) => others.includes(id)).map(({ consumerInputs }) => consumerInputs.url),
  ).toEqual([
    `${firstUrl}/hooks/somebody-elses`,
    `https://copy.example.com${path}`,
    'https://chat.example.com/incoming',
  ]);
  await arrives('Through the new address');
});

test('what was left behind at a former address is removed with the rest', async () => {
  const path = new URL(await present()).pathname;
  const left = await register(`${firstUrl}${path}`);
  const { projectId } = scene;
  await scene.rig.api('ensureSubscriptions', { params: { projectId } });
  const found = await hooks();
  expect(found.some(({ id }) => id === left)).toBe(false);
  expect(at(found, await present())).toHaveLength(5);
});

test('and back again', async () => {
  const path = new URL(firstUrl).port;
  await moveTo({ PORT: path, PUBLIC_URL: firstUrl });
  const home = await present();
  expect(home.startsWith(firstUrl)).toBe(true);
  await until('all five are back', async () => at(await hooks(), home).length === 5 || undefined);
  await arrives('Home again');
});

test('of two replicas with different addresses the newer one decides, and none moves the hooks back', async () => {
  const home = await present();
  const port = String(await freePort(0));
  const replica = await scene.rig.startReplica({ PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}` });
  const there = `http://127.0.0.1:${port}${new URL(home).pathname}`;
  await until('all five lead to the replica', async () => at(await hooks(), there).length === 5 || undefined);
  // The first replica still runs, and still has the old address in its environment.
  const { projectId } = scene;
  await scene.rig.api('ensureSubscriptions', { params: { projectId } });
  expect(at(await hooks(), there)).toHaveLength(5);
  expect(at(await hooks(), home)).toEqual([]);
  await replica.stop();
  const env = { PORT: new URL(firstUrl).port, PUBLIC_URL: firstUrl };
  await moveTo(env);
  await until('all five are back', async () => at(await hooks(), home).length === 5 || undefined);
});

test('an organisation that the list leaves out is not served: sessions end at once, changes wait, nothing is lost', async () => {
  const pair = await linkPair(scene);
  const linkId = (await cardOf(scene, pair.workItemId))?.linkId;
  const session = { authorization: `Bearer ${await scene.rig.token()}` };
  const overview = `${scene.rig.backendUrl()}/api/projects/${scene.projectId}/overview`;
  const statusOf = async () => (await fetch(overview, { headers: session })).status;
  expect(await statusOf()).toBe(200);

  // Another replica starts with the new list; the first one is not restarted.
  const [listed] = JSON.parse(scene.rig.environment.ORGANIZATIONS as string);
  const others = JSON.stringify([{ ...listed, name: 'contoso' }]);
  const replica = await scene.rig.startReplica({ ORGANIZATIONS: others });
  expect(await statusOf()).toBe(401);
  await expect(scene.rig.api('readOverview', { params: { projectId: scene.projectId } })).rejects.toThrow(
    'organizationUnknown',
  );
  await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'While it was not served' });
  await until('the hook was kept', async () => {
    const rows = await scene.rows<{ count: number }>(
      `select count(*)::int as count from lane where key = 'link:' || $1 and queued > 0`,
      [linkId],
    );
    return rows[0]?.count === 1 || undefined;
  });
  expect((await readCall(scene.rig, pair.callRef)).subject).not.toBe('While it was not served');

  await replica.stop();
  await moveTo({ PORT: new URL(firstUrl).port, PUBLIC_URL: firstUrl });
  expect(await statusOf()).toBe(401);
  await until(
    'it goes on where it stood',
    async () => (await readCall(scene.rig, pair.callRef)).subject === 'While it was not served' || undefined,
  );
  const { entries } = await scene.rig.api('listAudit', { params: { projectId: scene.projectId } });
  expect(entries.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['organization.withdrawn', 'organization.readmitted']),
  );
});
