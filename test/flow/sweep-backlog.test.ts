import { until } from '../support/rig.ts';
import { booksOf, linkPair, openScene, type Scene } from '../support/scene.ts';
import { editWorkItem, readCall } from '../support/two-sides.ts';

let scene: Scene;

beforeAll(async () => {
  // Sweeps run when the test says so.
  scene = await openScene({ env: { SWEEP_EVERY_MS: '3600000', WATCHDOG_EVERY_MS: '3600000' } });
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
  await scene.rig.control('azure', 'PATCH', '/hooks', { loseProbability: 0 });
  await scene.rig.api('resumeConnection', { params });
  const titles = { [told.callRef]: 'Nobody told this', [untold.callRef]: 'No hook told this' };
  for (const [callRef, title] of Object.entries(titles)) {
    await until(
      `call ${callRef} is called "${title}"`,
      async () => (await readCall(scene.rig, Number(callRef))).subject === title || undefined,
    );
  }
});
