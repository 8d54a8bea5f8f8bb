import type { MappingSettings } from '../../backend/contract/mapping.ts';
import { until } from '../support/rig.ts';
import {
  booksOf,
  byHand,
  clearFaults,
  createWorkItem,
  expectBalancedBooks,
  idle,
  inAgreement,
  linkPair,
  openScene,
  readPanel,
  type Scene,
  setFault,
} from '../support/scene.ts';
import { commentOnWorkItem, editWorkItem, type Pair, readCall } from '../support/two-sides.ts';

let scene: Scene;

/** Work items whose title begins with AUTO get a call. */
const creating = (settings: MappingSettings): MappingSettings => ({
  ...byHand(settings),
  ticketTemplate: '96',
  createTicket: {
    mode: 'automatic',
    isDefault: false,
    onStates: [],
    rule: { kind: 'condition', field: 'System.Title', operator: 'startsWith', value: 'AUTO' },
  },
});

beforeAll(async () => {
  // Sweeps run when the test says so.
  scene = await openScene({
    env: { SWEEP_EVERY_MS: '3600000', WATCHDOG_EVERY_MS: '3600000' },
    mapping: creating,
  });
});
afterEach(async () => {
  await clearFaults(scene.rig);
  await scene.rig.control('azure', 'PATCH', '/hooks', { loseProbability: 0 });
});
afterAll(() => scene?.close());

const sweeps = async (): Promise<number> => {
  const [row] = await scene.rows<{ count: number }>(
    `select count(*)::int as count from sweep_run where connection = 'azure-devops'`,
  );
  return row?.count ?? 0;
};

const swept = async (): Promise<void> => {
  const before = await until('the sweep of the start is done', async () => (await sweeps()) || undefined);
  await scene.rows(`update lane set due = now() where key = 'sweep:azure-devops'`);
  await until('a sweep is done', async () => (await sweeps()) > before || undefined);
};

const waitingHints = async (workItemId: number) => {
  const [row] = await scene.rows<{ hints: { what: string; cause?: string; revision?: string }[] }>(
    `select l.hints from lane l join link k on l.key = 'link:' || k.id where k.work_item_id = $1`,
    [String(workItemId)],
  );
  return row?.hints ?? [];
};

test('a sweep leaves what hooks have told to the lanes that wait, and tells what they do not know', async () => {
  const told = await linkPair(scene);
  const untold = await linkPair(scene);
  await swept();
  const params = { projectId: scene.projectId, connectionId: scene.connectionId };
  await scene.rig.api('pauseConnection', { params });
  const { received } = await booksOf(scene);
  await editWorkItem(scene.rig, told.workItemId, { 'System.Title': 'A hook told this' });
  await until('the hook came in', async () => (await booksOf(scene)).received > received || undefined);
  await scene.rig.control('azure', 'PATCH', '/hooks', { loseProbability: 1 });
  await editWorkItem(scene.rig, untold.workItemId, { 'System.Title': 'No hook told this' });
  await swept();
  expect(await waitingHints(told.workItemId)).toEqual([expect.objectContaining({ what: 'updated' })]);
  expect(await waitingHints(untold.workItemId)).toEqual([
    { what: 'unknown', side: 'workItem', cause: 'sweep' },
  ]);

  // Another change of a record that waits: the hint in its lane is of an older revision.
  await editWorkItem(scene.rig, told.workItemId, { 'System.Title': 'Nobody told this' });
  await swept();
  expect(await waitingHints(told.workItemId)).toEqual([
    expect.objectContaining({ what: 'updated' }),
    { what: 'unknown', side: 'workItem', cause: 'sweep' },
  ]);
  await scene.rig.api('resumeConnection', { params });
  const titles = { [told.callRef]: 'Nobody told this', [untold.callRef]: 'No hook told this' };
  for (const [callRef, title] of Object.entries(titles)) {
    await until(
      `call ${callRef} is called "${title}"`,
      async () => (await readCall(scene.rig, Number(callRef))).subject === title || undefined,
    );
  }
});

describe('what waits for a person', () => {
  const params = () => ({ projectId: scene.projectId });
  const refuse = (method: string, path: string, more: { remaining?: number } = {}) =>
    setFault(scene.rig, 'alemba', {
      fault: { kind: 'status', status: 400, body: { Message: 'That word is forbidden' } },
      match: { method, path },
      ...more,
    });

  /** Its lane stands still with the newest hook of the record in it, and nothing is on its way. */
  const parked = (workItemId: number, hooks: number) =>
    until(`work item ${workItemId} is parked`, async () => {
      const rows = await scene.rows<{ outcome: string }>(
        `select outcome from inbox where record_id = $1 and source = 'azureDevOps'`,
        [String(workItemId)],
      );
      if (rows.length < hooks || rows.some(({ outcome }) => outcome === 'pending')) return undefined;
      const { parked: all } = await scene.rig.api('listParked', { params: params() });
      return all.find((one) => one.workItemId === String(workItemId));
    });
  const hooksOf = async (workItemId: number): Promise<number> =>
    (await scene.rows('select from inbox where record_id = $1', [String(workItemId)])).length;
  const attempts = async (key: string): Promise<number> =>
    (await scene.rows('select from attempt where lane_key = $1', [key])).length;
  const discard = (id: string) =>
    scene.rig.api('discardParked', { params: params(), body: { ids: [id], reason: 'The desk did it' } });

  async function refusedTitle(): Promise<Pair & { lane: string }> {
    const pair = await linkPair(scene);
    await refuse('PUT', `/call/${pair.callRef}`);
    const before = await hooksOf(pair.workItemId);
    await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'A forbidden word' });
    return { ...pair, lane: (await parked(pair.workItemId, before + 1)).id };
  }

  test('is not tried again by a sweep that knows no more, before a person gave it up and after', async () => {
    const { workItemId, callRef, lane } = await refusedTitle();
    const tried = await attempts(lane);
    await swept();
    await idle(scene, { parkedIsFine: true });
    expect(await attempts(lane)).toBe(tried);
    expect(await discard(lane)).toEqual({ discarded: 1, left: 0 });
    await swept();
    await idle(scene);
    expect(await attempts(lane)).toBe(tried);

    // What no hook told of is a new reason.
    await clearFaults(scene.rig);
    await scene.rig.control('azure', 'PATCH', '/hooks', { loseProbability: 1 });
    await editWorkItem(scene.rig, workItemId, { 'System.Title': 'A better word' });
    await swept();
    await inAgreement(scene, workItemId);
    expect((await readCall(scene.rig, callRef)).subject).toBe('A better word');
    await expectBalancedBooks(scene);
  });

  test('is not created by a sweep when a person gave it up, and is at its next change', async () => {
    await refuse('POST', '/call$');
    const workItemId = await createWorkItem(scene, { 'System.Title': 'AUTO, but forbidden' });
    const { id: lane } = await parked(workItemId, 1);
    expect(await discard(lane)).toEqual({ discarded: 1, left: 0 });
    await clearFaults(scene.rig);
    await swept();
    await idle(scene);
    const tickets = async () => (await readPanel(scene, workItemId)).tickets.length;
    expect(await tickets()).toBe(0);
    await editWorkItem(scene.rig, workItemId, { 'System.Title': 'AUTO, and allowed' });
    await until('it has its ticket', async () => (await tickets()) === 1 || undefined);
    await expectBalancedBooks(scene);
  });

  test('is looked at again for what came in while it was refused', async () => {
    const { workItemId, callRef } = await linkPair(scene);
    const before = await hooksOf(workItemId);
    // The refusal comes after a while, so that the next change falls into the run that it ends.
    await setFault(scene.rig, 'alemba', {
      id: 'slow',
      fault: { kind: 'slow', delayMs: 1500 },
      match: { path: `/call/${callRef}/lock` },
      remaining: 1,
    });
    await refuse('PUT', `/call/${callRef}$`, { remaining: 1 });
    await editWorkItem(scene.rig, workItemId, { 'System.Title': 'A forbidden word' });
    await until('the run is under way', async () => {
      const [lane] = await scene.rows<{ held: boolean }>(
        `select l.lease_until > now() as held from lane l join link k on l.key = 'link:' || k.id
         where k.work_item_id = $1 and l.hints <> '[]'`,
        [String(workItemId)],
      );
      return lane?.held || undefined;
    });
    await commentOnWorkItem(scene.rig, workItemId, 'Rather this');
    await until('its hook came in', async () => (await hooksOf(workItemId)) >= before + 2 || undefined);
    await until('the call has both', async () => {
      const { subject, comments } = await readCall(scene.rig, callRef);
      return (subject === 'A forbidden word' && comments.length === 1) || undefined;
    });
    const [refused] = await scene.rows<{ count: number }>(
      `select count(*)::int as count from attempt where work_item_id = $1 and failure = 'rejected'`,
      [String(workItemId)],
    );
    expect(refused?.count).toBe(1);
    await expectBalancedBooks(scene);
  });
});
