import { type Subscriptions, subscriptionRoutes } from '../../backend/contract/subscriptions.ts';
import { json, until } from '../support/rig.ts';
import {
  addMapping,
  clearFaults,
  createWorkItem,
  idle,
  linkPair,
  openScene,
  readPanel,
  type Scene,
  setFault,
} from '../support/scene.ts';
import { editWorkItem, type Pair, readCall } from '../support/two-sides.ts';

interface Hook {
  id: string;
  eventType: string;
  status: string;
  publisherInputs: Record<string, string>;
  consumerInputs: Record<string, string>;
}

interface AzureState {
  subscriptions: Hook[];
  hooks: { counts: { fired: number } };
}

const web = { areaPath: 'Fabrikam\\Web', workItemType: 'Bug' };
const any = { areaPath: '', workItemType: '' };

let scene: Scene;

beforeAll(async () => {
  scene = await openScene({ env: { WATCHDOG_EVERY_MS: '1000' } });
});
afterAll(() => scene?.close());

const params = () => ({ projectId: scene.projectId });
const state = () => scene.rig.control<AzureState>('azure', 'GET', '/state');
const hooks = async () => (await state()).subscriptions;
const fired = async () => (await state()).hooks.counts.fired;
const ids = (found: readonly Hook[]) => found.map(({ id }) => id).sort();
const list = () => scene.rig.api('listSubscriptions', { params: params() });
const choose = (body: Partial<typeof web>): Promise<Subscriptions> =>
  scene.rig.api('changeHookFilter', { params: params(), body });

/** What the subscriptions are narrowed to, each once; and that there are five that run. */
const narrowed = async () => {
  const found = await hooks();
  expect(found.map(({ eventType, status }) => `${eventType} ${status}`).sort()).toEqual([
    'workitem.commented enabled',
    'workitem.created enabled',
    'workitem.deleted enabled',
    'workitem.restored enabled',
    'workitem.updated enabled',
  ]);
  const inputs = found.map(({ publisherInputs: { areaPath, workItemType } }) => ({ areaPath, workItemType }));
  return [...new Set(inputs.map((one) => JSON.stringify(one)))].map((one) => JSON.parse(one) as object);
};

const arrived = (pair: Pair, title: string) =>
  until(
    `the call is called ${title}`,
    async () => (await readCall(scene.rig, pair.callRef)).subject === title || undefined,
  );

/** What came by hook about a work item since then, and what its attempts that wrote were made for. */
const since = async (id: number) => {
  const [now] = await scene.rows<{ inbox: string; attempt: string }>(
    'select (select coalesce(max(id), 0) from inbox) as inbox, (select coalesce(max(id), 0) from attempt) as attempt',
  );
  return {
    deliveries: () =>
      scene.rows(`select id from inbox where connection = 'azure-devops' and record_id = $1 and id > $2`, [
        String(id),
        now?.inbox,
      ]),
    causes: async () =>
      (
        await scene.rows<{ cause: string }>(
          'select cause from attempt where work_item_id = $1 and id > $2 and wrote > 0',
          [String(id), now?.attempt],
        )
      ).map(({ cause }) => cause),
  };
};

test('without a choice nothing is narrowed, and the mappings offer what they have in common', async () => {
  expect(await narrowed()).toEqual([{}]);
  expect((await list()).filter).toEqual(any);
  const offered = await scene.rig.api('readHookFilter', { params: params() });
  expect(subscriptionRoutes.readHookFilter.response.parse(offered)).toEqual({
    filter: any,
    areaPaths: expect.arrayContaining(['Fabrikam', 'Fabrikam\\Web', 'Fabrikam\\Web\\Mobile']),
    workItemTypes: expect.arrayContaining(['Bug', 'Task']),
    suggestion: { workItemType: 'Bug' },
  });
});

test('what the project does not have is refused by name, and changes nothing', async () => {
  const before = await hooks();
  const body = { areaPath: 'Fabrikam\\Wbe', workItemType: 'Bugg' };
  expect(await scene.rig.ask('changeHookFilter', { params: params(), body })).toMatchObject({
    status: 400,
    body: {
      code: 'invalidRequest',
      fields: [
        {
          field: 'areaPath',
          problem: expect.stringContaining('Wbe'),
          remedy: expect.stringContaining('Fabrikam'),
        },
        {
          field: 'workItemType',
          problem: expect.stringContaining('Bugg'),
          remedy: expect.stringContaining('Task'),
        },
      ],
    },
  });
  expect(await hooks()).toEqual(before);
  expect((await list()).filter).toEqual(any);
});

test('what the account may not read is taken as it is entered', async () => {
  const match = { path: '/wit/(classificationnodes|workitemtypecategories)' };
  await setFault(scene.rig, 'azure', { id: 'closed', fault: { kind: 'status', status: 403 }, match });
  // Names of types are kept for ten minutes by a client; saved settings make another.
  const { connections } = await scene.rig.api('listConnections', { params: params() });
  const azure = connections.find((one) => one.id === 'azure-devops');
  if (azure === undefined) throw new Error('There is no connection to Azure DevOps');
  const { id, kind, name, settings, retry, budget } = azure;
  await scene.rig.api('updateConnection', {
    params: { ...params(), connectionId: id },
    body: { kind, name, settings, retry, budget },
  });
  const offered = await scene.rig.api('readHookFilter', { params: params() });
  expect(offered.areaPaths).toBeUndefined();
  expect(offered.workItemTypes).toBeUndefined();
  const typed = { areaPath: 'Fabrikam\\Hidden', workItemType: 'Secret' };
  expect((await choose(typed)).filter).toEqual(typed);
  await clearFaults(scene.rig);
  await choose(any);
  expect(await narrowed()).toEqual([{}]);
});

test('a person without the right to edit the project may not choose', async () => {
  const asked = await scene.rig.ask('changeHookFilter', { params: params(), body: web }, 'contributor');
  expect(asked).toMatchObject({ status: 403, body: { code: 'notAllowed' } });
});

describe('narrowed to bugs of an area', () => {
  let outside: Pair;
  let inside: Pair;

  beforeAll(async () => {
    outside = await linkPair(scene);
    inside = await linkPair(scene);
    await editWorkItem(scene.rig, inside.workItemId, { 'System.AreaPath': 'Fabrikam\\Web\\Mobile' });
    await idle(scene);
    const before = await hooks();
    // Case and a backslash in front are a person's; Azure DevOps gets its own spelling.
    const answer = await choose({ areaPath: '\\fabrikam\\web', workItemType: 'bug' });
    expect(answer.filter).toEqual(web);
    expect(answer.subscriptions.map(({ health, filter }) => ({ health, filter }))).toEqual(
      Array(5).fill({ health: 'healthy', filter: web }),
    );
    expect(answer.manual.steps.join(' ')).toContain('area path "Fabrikam\\Web" and work item type "Bug"');
    expect(await narrowed()).toEqual([web]);
    // The same ones: none was lost or doubled in between.
    expect(ids(await hooks())).toEqual(ids(before));
  });

  test('a change inside comes by hook', async () => {
    const seen = await since(inside.workItemId);
    await editWorkItem(scene.rig, inside.workItemId, { 'System.Title': 'Inside' });
    await arrived(inside, 'Inside');
    await until('its hook came in', async () => (await seen.deliveries()).length > 0 || undefined);
  });

  test('a change outside comes by no hook, and arrives by the sweep', async () => {
    const before = await fired();
    const seen = await since(outside.workItemId);
    await editWorkItem(scene.rig, outside.workItemId, { 'System.Title': 'Outside' });
    await arrived(outside, 'Outside');
    await until('the attempt is kept', async () => (await seen.causes()).length > 0 || undefined);
    expect(await seen.causes()).toEqual(['sweep']);
    expect(await seen.deliveries()).toEqual([]);
    expect(await fired()).toBe(before);
  });

  test('another type inside the area comes by no hook', async () => {
    const before = await fired();
    const fields = { 'System.Title': 'A task', 'System.AreaPath': 'Fabrikam\\Web' };
    await createWorkItem(scene, fields, { type: 'Task' });
    expect(await fired()).toBe(before);
  });

  test('a new one outside gets no ticket by hook; the sweep makes it where a mapping does so by itself', async () => {
    await addMapping(scene, (settings) => ({
      ...settings,
      createTicket: {
        mode: 'automatic',
        isDefault: false,
        onStates: [],
        rule: { kind: 'condition', field: 'System.Title', operator: 'startsWith', value: 'NEW OUTSIDE' },
      },
    }));
    const before = await fired();
    const id = await createWorkItem(scene, { 'System.Title': 'NEW OUTSIDE' });
    const seen = await since(id);
    expect(await fired()).toBe(before);
    await until('it has a ticket', async () => (await readPanel(scene, id)).tickets[0]);
    expect(await seen.deliveries()).toEqual([]);
  });

  test('the watchdog restores a deleted one with its filter, and rights one that somebody widened', async () => {
    const [first, second, ...others] = await hooks();
    const address = (hook: Hook | undefined) =>
      `${scene.rig.azure.organizationUrl}/_apis/hooks/subscriptions/${hook?.id}?api-version=7.1`;
    const authorization = `Basic ${Buffer.from(`:${scene.rig.azure.users.service?.pat}`).toString('base64')}`;
    await json('DELETE', address(first), undefined, { authorization });
    const widened = {
      ...second,
      publisherInputs: { projectId: scene.projectId },
      consumerInputs: { ...second?.consumerInputs, basicAuthPassword: 'theirs' },
    };
    await json('PUT', address(second), widened, { authorization });
    await until('all are narrowed again', async () => {
      const found = await hooks();
      const isWhole = found.length === 5 && found.every(({ publisherInputs }) => publisherInputs.areaPath);
      return isWhole || undefined;
    });
    expect(await narrowed()).toEqual([web]);
    expect(ids(await hooks())).toEqual(expect.arrayContaining(ids([second as Hook, ...others])));
    await until(
      'all are healthy',
      async () => (await list()).subscriptions.every(({ health }) => health === 'healthy') || undefined,
    );
  });

  test('registering and renewing the password keep what was chosen', async () => {
    const before = await hooks();
    const answer = await scene.rig.api('ensureSubscriptions', { params: params() });
    expect(answer.filter).toEqual(web);
    await scene.rig.api('revealManualPassword', { params: params() });
    expect(await narrowed()).toEqual([web]);
    expect(ids(await hooks())).toEqual(ids(before));
  });

  test('another choice replaces the subscriptions in place, and none widens them again', async () => {
    const before = ids(await hooks());
    await choose({ areaPath: 'Fabrikam\\Operations' });
    expect(await narrowed()).toEqual([{ areaPath: 'Fabrikam\\Operations' }]);
    expect(ids(await hooks())).toEqual(before);
    await choose({});
    expect(await narrowed()).toEqual([{}]);
    expect(ids(await hooks())).toEqual(before);
    const seen = await since(outside.workItemId);
    await editWorkItem(scene.rig, outside.workItemId, { 'System.Title': 'Told again' });
    await arrived(outside, 'Told again');
    await until('its hook came in', async () => (await seen.deliveries()).length > 0 || undefined);
  });

  test('removing takes all of them, whatever they are narrowed to, and forgets the choice', async () => {
    await choose(web);
    const answer = await scene.rig.api('removeSubscriptions', { params: params() });
    expect(answer.filter).toEqual(any);
    expect(await hooks()).toEqual([]);
    await scene.rig.api('ensureSubscriptions', { params: params() });
    expect(await narrowed()).toEqual([{}]);
  });

  test('what is removed while the watchdog repairs it stays removed', async () => {
    await scene.rig.api('ensureSubscriptions', { params: params() });
    const headers = { authorization: `Bearer ${scene.rig.azure.users.admin?.accessToken}` };
    await setFault(scene.rig, 'azure', {
      fault: { kind: 'slow', delayMs: 1500 },
      match: { method: 'POST', path: '/hooks/subscriptions[?]' },
      remaining: 1,
    });
    const [first] = await hooks();
    const address = `${scene.rig.azure.organizationUrl}/_apis/hooks/subscriptions/${first?.id}?api-version=7.1`;
    expect((await fetch(address, { method: 'DELETE', headers })).status).toBeLessThan(300);
    await until('the watchdog registers it again', async () => {
      const rules = await scene.rig.control<{ remaining?: number }[]>('azure', 'GET', '/faults');
      return rules[0]?.remaining === 0 || undefined;
    });
    await scene.rig.api('removeSubscriptions', { params: params() });
    const looks = async () =>
      Number(
        (await scene.rows<{ n: string }>(`select lease_token as n from lane where key = 'watchdog'`))[0]?.n,
      );
    const before = await looks();
    await until('the watchdog has looked twice since', async () => (await looks()) > before + 2 || undefined);
    expect(await hooks()).toEqual([]);
    await clearFaults(scene.rig);
  });
});
