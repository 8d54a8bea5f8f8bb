import type { MappingSettings } from '../../backend/contract/mapping.ts';
import { until } from '../support/rig.ts';
import {
  addMapping,
  booksOf,
  cardOf,
  clearFaults,
  createWorkItem,
  effectsOf,
  expectBalancedBooks,
  idle,
  inAgreement,
  linkPair,
  openScene,
  readPanel,
  runsEnded,
  type Scene,
  setFault,
} from '../support/scene.ts';
import {
  commentOnCall,
  editCall,
  editWorkItem,
  type Pair,
  readCall,
  readWorkItem,
  times,
} from '../support/two-sides.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene({ env: { WATCHDOG_EVERY_MS: '1000' } });
});
afterAll(() => scene?.close());

const callHas = (pair: Pair, subject: string) =>
  until(`call ${pair.callRef} is called "${subject}"`, async () => {
    const call = await readCall(scene.rig, pair.callRef);
    return call.subject === subject || undefined;
  });

const connection = async (id: string) => {
  const { connections } = await scene.rig.api('listConnections', { params: { projectId: scene.projectId } });
  return connections.find((one) => one.id === id);
};

const saved = async (id: string, secrets: Record<string, string>) => {
  const found = await connection(id);
  if (found === undefined) throw new Error(`There is no connection ${id}`);
  const { kind, name, settings, retry, budget } = found;
  const params = { projectId: scene.projectId, connectionId: id };
  await scene.rig.api('updateConnection', { params, body: { kind, name, settings, retry, budget, secrets } });
  return scene.rig.api('testConnection', { params });
};

describe('refused credentials pause the connection, and new ones drain what waited', () => {
  test('the password of the ticket system', async () => {
    const pair = await linkPair(scene);
    await scene.rig.control('alemba', 'PUT', '/accounts/integration', { password: 'changed by IT' });
    await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'Waits for a password' });
    const card = await until('the panel shows the pause', async () => {
      const now = await cardOf(scene, pair.workItemId);
      return now?.condition === 'paused' ? now : undefined;
    });
    expect(card.remedy).toBe('renewCredentials');
    expect(card.reason).toBeDefined();
    expect((await connection(scene.connectionId))?.status).toBe('paused');
    await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'Still waits' });
    const answer = await saved(scene.connectionId, { password: 'changed by IT' });
    expect(answer.resumed).toBe(true);
    await callHas(pair, 'Still waits');
    await inAgreement(scene, pair.workItemId);
    await scene.rig.control('alemba', 'PUT', '/accounts/integration', { password: 'sandbox' });
    await saved(scene.connectionId, { password: 'sandbox' });
  });

  test('the token of Azure DevOps', async () => {
    const pair = await linkPair(scene);
    const { token } = await scene.rig.control<{ token: string }>('azure', 'PUT', '/users/service/pat');
    await editCall(scene.rig, pair.callRef, { Subject: 'Waits for a token' });
    await until('Azure DevOps is paused', async () => {
      const found = await connection('azure-devops');
      return found?.status === 'paused' || undefined;
    });
    const card = await cardOf(scene, pair.workItemId);
    expect(card?.reason).toBeDefined();
    const answer = await saved('azure-devops', { pat: token });
    expect(answer.resumed).toBe(true);
    await until('the title has arrived', async () => {
      const { title } = await readWorkItem(scene.rig, pair.workItemId);
      return title === 'Waits for a token' || undefined;
    });
  });
});

test('a connection that a person paused keeps what comes in and sends nothing until it goes on', async () => {
  const pair = await linkPair(scene);
  const params = { projectId: scene.projectId, connectionId: scene.connectionId };
  const paused = await scene.rig.api('pauseConnection', { params });
  expect(paused.status).toBe('paused');
  await runsEnded(scene);
  const before = (await effectsOf(scene.rig, 'alemba', { ours: true })).length;
  const { received } = await booksOf(scene);
  await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'Kept meanwhile' });
  await commentOnCall(scene.rig, pair.callRef, 'Said meanwhile');
  await until('both hooks came in', async () => (await booksOf(scene)).received >= received + 2 || undefined);
  expect((await effectsOf(scene.rig, 'alemba', { ours: true })).length).toBe(before);
  await scene.rig.api('resumeConnection', { params });
  await callHas(pair, 'Kept meanwhile');
  await until('the comment has arrived', async () => {
    const { comments } = await readWorkItem(scene.rig, pair.workItemId);
    return times(comments, 'Said meanwhile') === 1 || undefined;
  });
});

test('the switch of the organisation stops everything and loses nothing', async () => {
  const pair = await linkPair(scene);
  const { projectId } = scene;
  const { received } = await booksOf(scene);
  await scene.rig.api('switchTenant', { params: { projectId }, body: { enabled: false } });
  await runsEnded(scene);
  expect((await readPanel(scene, pair.workItemId)).switchedOff).toBe(true);
  await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'While it was off' });
  await until('the hook came in', async () => (await booksOf(scene)).received > received || undefined);
  expect((await readCall(scene.rig, pair.callRef)).subject).not.toBe('While it was off');
  const refused = await scene.rig.ask('syncLink', {
    params: {
      workItemId: String(pair.workItemId),
      linkId: (await cardOf(scene, pair.workItemId))?.linkId ?? '',
    },
  });
  expect(refused).toMatchObject({ status: 409, body: { code: 'switchedOff' } });
  await scene.rig.api('switchTenant', { params: { projectId }, body: { enabled: true } });
  await callHas(pair, 'While it was off');
});

test('the sweep finds what lost hooks missed, and counts it', async () => {
  const pair = await linkPair(scene);
  const gaps = async () =>
    (await scene.rig.api('readOverview', { params: { projectId: scene.projectId } })).sweep.gaps;
  const before = await gaps();
  await scene.rig.control('azure', 'PATCH', '/hooks', { loseProbability: 1 });
  await scene.rig.control('alemba', 'PUT', '/hooks', { lose: 1 });
  await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'No hook told this' });
  await callHas(pair, 'No hook told this');
  await editCall(scene.rig, pair.callRef, { Subject: 'Nor this' });
  await until('the way back too', async () => {
    const { title } = await readWorkItem(scene.rig, pair.workItemId);
    return title === 'Nor this' || undefined;
  });
  await scene.rig.control('azure', 'PATCH', '/hooks', { loseProbability: 0 });
  await scene.rig.control('alemba', 'PUT', '/hooks', { lose: 0 });
  await until('both gaps are counted', async () => (await gaps()) >= before + 2 || undefined);
});

test('the watchdog puts a removed subscription back', async () => {
  const list = () => scene.rig.api('listSubscriptions', { params: { projectId: scene.projectId } });
  const state = () =>
    scene.rig.control<{ subscriptions: { id: string; status: string }[] }>('azure', 'GET', '/state');
  const { subscriptions } = await list();
  const [first] = subscriptions.filter(({ subscriptionId }) => subscriptionId !== undefined);
  const headers = {
    authorization: `Bearer ${scene.rig.azure.users.admin?.accessToken}`,
    'content-type': 'application/json',
  };
  const address = `${scene.rig.azure.organizationUrl}/_apis/hooks/subscriptions/${first?.subscriptionId}?api-version=7.1`;
  expect((await fetch(address, { method: 'DELETE', headers })).status).toBeLessThan(300);
  await until('all hooks are there again', async () => {
    const now = (await state()).subscriptions;
    return (
      (now.length === subscriptions.length && now.every(({ status }) => status === 'enabled')) || undefined
    );
  });
  const pair = await linkPair(scene);
  await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'After the repair' });
  await callHas(pair, 'After the repair');
  expect((await list()).subscriptions.every(({ health }) => health === 'healthy')).toBe(true);
});

test('a backfill tells first what it would do, pauses, goes on, and creates each ticket once', async () => {
  const begins = 'BACKFILL';
  const mappingId = await addMapping(
    scene,
    (settings): MappingSettings => ({
      ...settings,
      ticketTemplate: '96',
      createTicket: {
        mode: 'manual',
        isDefault: false,
        onStates: [],
        rule: { kind: 'condition', field: 'System.Title', operator: 'startsWith', value: begins },
      },
    }),
  );
  const wanted = await Promise.all(
    Array.from({ length: 30 }, (_, index) => createWorkItem(scene, { 'System.Title': `${begins} ${index}` })),
  );
  const params = { projectId: scene.projectId, mappingId };
  const preview = await scene.rig.api('previewBackfill', { params, query: { from: 'workItem' } });
  expect(preview.toCreate).toBe(wanted.length);
  const before = (await effectsOf(scene.rig, 'alemba', { effect: 'ticket.created', ours: true })).length;
  // The pause must not come too late.
  const match = { method: 'POST', path: '/call(\\?|$)' };
  await setFault(scene.rig, 'alemba', { fault: { kind: 'slow', delayMs: 500 }, match });
  const started = await scene.rig.api('startBackfill', { params, body: { from: 'workItem' } });
  const of = { projectId: scene.projectId, backfillId: started.id };
  const paused = await scene.rig.api('pauseBackfill', { params: of });
  expect(paused.status).toBe('paused');
  await clearFaults(scene.rig);
  await idle(scene);
  const halfway = (await effectsOf(scene.rig, 'alemba', { effect: 'ticket.created', ours: true })).length;
  expect(halfway - before).toBeLessThan(wanted.length);
  await scene.rig.api('resumeBackfill', { params: of });
  const done = await until(
    'the backfill is done',
    async () => {
      const { backfills } = await scene.rig.api('listBackfills', { params: { projectId: scene.projectId } });
      const found = backfills.find(({ id }) => id === started.id);
      return found?.status === 'done' ? found : undefined;
    },
    30_000,
  );
  expect(done).toMatchObject({ created: wanted.length, failed: 0 });
  await idle(scene);
  const created = await effectsOf(scene.rig, 'alemba', { effect: 'ticket.created', ours: true });
  expect(created.length - before).toBe(wanted.length);
  for (const id of wanted) expect((await readPanel(scene, id)).tickets).toHaveLength(1);
});

test('the books balance', () => expectBalancedBooks(scene));
