import type { ClaimedLane } from '../../backend/lanes/lane.ts';
import { type LaneQueue, laneQueue } from '../../backend/lanes/queue.ts';
import { azureDevOps, insertConnection, setPaused } from '../../backend/store/connections.ts';
import { openStore, type Store } from '../../backend/store/pool.ts';
import { registerTenant } from '../../backend/store/tenants.ts';
import { migrated } from '../support/migrate-apart.ts';
import { openTestStore, type TestStore } from '../support/postgres.ts';

const fiveMinutesMs = 300_000;

let server: TestStore;
let store: Store;
let queue: LaneQueue;
let tenant: number;
let turn = 0;

beforeAll(async () => {
  server = await openTestStore();
  store = openStore({ connection: { connectionString: await server.createDatabase(migrated) } });
  queue = laneQueue(store);
  tenant = await registerTenant(store, { organization: 'fabrikam', url: 'https://dev.azure.com/fabrikam' });
  for (const id of [azureDevOps, 'desk']) {
    await store.asTenant(tenant, (sql) =>
      insertConnection(sql, tenant, {
        id,
        kind: id,
        name: id,
        settings: {},
        retry: {} as never,
        budget: {} as never,
        hookId: id,
      }),
    );
  }
}, 60_000);
afterAll(async () => {
  await store?.close();
  await server?.close();
});

const pause = () => store.asTenant(tenant, (sql) => setPaused(sql, tenant, 'desk', 'Paused by Ada.'));
const resume = () => store.asTenant(tenant, (sql) => setPaused(sql, tenant, 'desk', undefined));

/** A run of Azure DevOps' lane that finds the desk paused, where its record would get a ticket. */
const beginRun = async (): Promise<ClaimedLane> => {
  turn += 1;
  const key = `record:workItem:${azureDevOps}:${turn}`;
  await queue.enqueue([
    { tenant, key, kind: 'record', connection: azureDevOps, hints: [{ what: 'created' }] },
  ]);
  const lane = (await queue.claim(10, 60)).find((claimed) => claimed.key === key);
  if (lane === undefined) throw new Error('The lane was not claimed');
  return lane;
};

const endRun = (lane: ClaimedLane) =>
  queue.settle(lane, {
    verdict: 'wait',
    delayMs: fiveMinutesMs,
    keepAttempts: true,
    failure: { kind: 'unavailable', message: 'desk is paused', side: 'ticket', connection: 'desk' },
  });

const secondsLeft = async ({ key }: ClaimedLane): Promise<number> => {
  const row = await store.asTenant(tenant, (sql) =>
    sql.one<{ left: number }>(
      'select extract(epoch from due - clock_timestamp())::float as left from lane where key = $1',
      [key],
    ),
  );
  return row?.left ?? Number.NaN;
};

beforeEach(pause);

test('while the connection is paused the lane waits', async () => {
  const lane = await beginRun();
  expect(await endRun(lane)).toBe(true);
  expect(await secondsLeft(lane)).toBeGreaterThan(200);
});

test('a resume wakes what waits', async () => {
  const lane = await beginRun();
  await endRun(lane);
  await resume();
  expect(await secondsLeft(lane)).toBeLessThan(5);
});

test('a resume before the run ends is not missed', async () => {
  const lane = await beginRun();
  await resume();
  expect(await endRun(lane)).toBe(true);
  expect(await secondsLeft(lane)).toBeLessThan(5);
});

test('a resume that is under way when the run ends is not missed', async () => {
  const lane = await beginRun();
  const ended = await store.asTenant(tenant, async (sql) => {
    await setPaused(sql, tenant, 'desk', undefined);
    const ending = endRun(lane);
    // Its settlement has been written, which this transaction has not seen.
    while ((await secondsLeft(lane)) < 200) await new Promise((resolve) => setTimeout(resolve, 5));
    return { ending };
  });
  await ended.ending;
  expect(await secondsLeft(lane)).toBeLessThan(5);
});

test('of another connection nothing is woken', async () => {
  const lane = await beginRun();
  await store.asTenant(tenant, (sql) => setPaused(sql, tenant, azureDevOps, undefined));
  await endRun(lane);
  expect(await secondsLeft(lane)).toBeGreaterThan(200);
});
