import { until } from '../support/rig.ts';
import {
  booksOf,
  clearFaults,
  expectBalancedBooks,
  idle,
  inAgreement,
  linkPair,
  openScene,
  type Scene,
  setFault,
} from '../support/scene.ts';
import { editWorkItem } from '../support/two-sides.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene({ env: { SWEEP_EVERY_MS: '3600000', WATCHDOG_EVERY_MS: '3600000' } });
});
afterAll(() => scene?.close());

/** As if the hour until the next cleaning were over. */
const cleaned = async (): Promise<void> => {
  const ended = `select from lane where key = 'cleanup' and due > now() and lease_until < now()`;
  await until('the cleaning of the start is done', async () => (await scene.rows(ended)).length || undefined);
  await scene.rows(`update lane set due = now() where key = 'cleanup'`);
  await until('it was cleaned', async () => (await scene.rows(ended)).length || undefined);
};
const count = async (sql: string): Promise<number> =>
  (await scene.rows<{ count: number }>(`select count(*)::int as count from ${sql}`))[0]?.count ?? 0;

test('what is old is forgotten, stays counted, and what waits for a person is kept', async () => {
  await linkPair(scene);
  await expectBalancedBooks(scene);
  const [tenant] = await scene.rows<{ tenant: number }>('select tenant from tenant');
  const put = (outcome: string, days: number) =>
    scene.rows(
      `insert into inbox (tenant, dedupe, source, connection, what, record_id, outcome, received_at)
       values ($1, md5(random()::text), 'azureDevOps', 'azure-devops', 'updated', 'old', $2, now() - make_interval(days => $3))`,
      [tenant?.tenant, outcome, days],
    );
  for (const outcome of ['handled', 'discarded', 'parked'])
    for (const days of [13, 15]) await put(outcome, days);
  await scene.rows('update books set received = received + 6');
  const lane = (key: string, hints: string, hours: number) =>
    scene.rows(
      `insert into lane (tenant, key, kind, connection, queued, hints, due)
       values ($1, $2, 'record', 'azure-devops', 0, $3, now() - make_interval(hours => $4))`,
      [tenant?.tenant, key, hints, hours],
    );
  const told = '[{"what":"created","side":"workItem","revision":"1"}]';
  await lane('record:workItem:azure-devops:901', '[]', 2);
  await lane('record:workItem:azure-devops:902', told, 2);
  await lane('record:workItem:azure-devops:903', told, 15 * 24);
  const [attempt] = await scene.rows<{ id: string }>('select min(id) as id from attempt');
  await scene.rows(`update attempt set at = at - interval '31 days' where id = $1`, [attempt?.id]);
  const books = await booksOf(scene);
  expect(books.balanced).toBe(true);

  await cleaned();
  const left = await scene.rows<{ outcome: string; days: number }>(
    `select outcome, date_part('day', now() - received_at)::int as days from inbox where record_id = 'old' order by 1, 2`,
  );
  expect(left).toEqual([
    { outcome: 'discarded', days: 13 },
    { outcome: 'handled', days: 13 },
    { outcome: 'parked', days: 13 },
    { outcome: 'parked', days: 15 },
  ]);
  // What a person gave up is remembered for as long as its delivery.
  expect(await scene.rows(`select key from lane where key like 'record:%90_'`)).toEqual([
    { key: 'record:workItem:azure-devops:902' },
  ]);
  expect(await count(`attempt where id = ${attempt?.id}`)).toBe(0);
  expect(await count('attempt')).toBeGreaterThan(0);
  const after = await booksOf(scene);
  // More may have come in meanwhile, but nothing that was counted is missing.
  expect(after.balanced).toBe(true);
  expect(after.handled).toBeGreaterThanOrEqual(books.handled);
  await scene.rows(`delete from inbox where record_id = 'old'`);
  await scene.rows('update books set received = received - 6, archived = archived - 2');
});

test('a link that nobody looked at for a day is read in full, unless it waits or was given up', async () => {
  const links = await Promise.all([1, 2, 3, 4].map(() => linkPair(scene)));
  const [fresh, old, refused, paused] = links.map(({ workItemId }) => String(workItemId));
  await setFault(scene.rig, 'alemba', {
    fault: { kind: 'status', status: 400, body: { Message: 'That word is forbidden' } },
    match: { method: 'PUT', path: `/call/${links[2]?.callRef}` },
  });
  await editWorkItem(scene.rig, Number(refused), { 'System.Title': 'A forbidden word' });
  const parked = `lane where parked and link = (select id from link where work_item_id = '${refused}')`;
  await until('one is refused', async () => (await count(parked)) || undefined);
  await idle(scene, { parkedIsFine: true });
  const params = { projectId: scene.projectId };
  const [given] = (await scene.rig.api('listParked', { params })).parked;
  const body = { ids: [given?.id as string], reason: 'The desk did it' };
  expect(await scene.rig.api('discardParked', { params, body })).toEqual({ discarded: 1, left: 0 });
  await scene.rows(
    `update lane set queued = 1, due = now() + interval '1 hour' where link = (select id from link where work_item_id = $1)`,
    [paused],
  );
  await scene.rows(`update link set looked_at = now() - interval '25 hours' where work_item_id <> $1`, [
    fresh,
  ]);
  const ofRefused = `attempt where lane_key = (select 'link:' || id from link where work_item_id = '${refused}')`;
  const last = await count(ofRefused);
  const looks = async () =>
    (
      await scene.rows<{ id: string }>(
        `select work_item_id as id from attempt where cause = 'schedule' order by work_item_id::int`,
      )
    ).map(({ id }) => id);
  await cleaned();
  await until('the old one was read', async () => (await looks()).includes(old as string) || undefined);
  await scene.rows('update lane set queued = 0 where due > now() and link is not null');
  await clearFaults(scene.rig);
  const seen = await looks();
  expect(seen).not.toContain(fresh);
  expect(seen).not.toContain(refused);
  expect(seen).not.toContain(paused);
  expect(await count(ofRefused)).toBe(last);
  const [row] = await scene.rows<{ hours: number }>(
    `select extract(epoch from now() - looked_at) / 3600 as hours from link where work_item_id = $1`,
    [old],
  );
  expect(Number(row?.hours)).toBeLessThan(1);
  await inAgreement(scene, Number(old));
});
