import { listAttempts } from '../../backend/store/attempts.ts';
import { listAudit } from '../../backend/store/audit.ts';
import { listDeliveries } from '../../backend/store/deliveries.ts';
import { listParkedDeliveries, listParkedLanes } from '../../backend/store/parked.ts';
import { openStore, type Sql, type Store } from '../../backend/store/pool.ts';
import { listTroubled } from '../../backend/store/troubled.ts';
import { type Admin, startAdmin } from '../support/admin.ts';

const deliveryCount = 1_000_000;
/** Fewer, because seeding is what this test takes its time for; they are read the same way. */
const attemptCount = 250_000;
/** A page of the hub and the row that tells of more. */
const limit = 51;
/** Of 1,250,000. They read 0 to 114, which takes 5 to 40 ms on two cores. */
const fewRows = 500;

let admin: Admin;
let store: Store;
beforeAll(async () => {
  admin = await startAdmin();
  store = openStore({ connection: { connectionString: admin.databaseUrl } });
  // Six days of a large organisation, inside of what is kept; one row in a thousand is in trouble.
  await admin.rows(
    `insert into inbox (tenant, dedupe, source, connection, what, record_id, received_at, outcome, reason, body)
     select 1, 'seed-' || n, 'azureDevOps', case when n % 10 = 0 then 'alemba-1' else 'azure-devops' end, 'updated',
       (n % 5000)::text, now() - interval '6 days' * (1 - n / $1::float),
       case when n % 1000 = 0 then 'discarded' else 'handled' end, null, '{}'
     from generate_series(1, $1::int) n`,
    [deliveryCount],
  );
  await admin.rows(
    `insert into attempt (tenant, at, lane_key, connection, work_item_id, ticket_key, cause, outcome, summary, duration_ms, attempts)
     select 1, now() - interval '6 days' * (1 - n / $1::float), 'link:' || (n % 5000),
       case when n % 10 = 0 then 'alemba-1' else 'azure-devops' end, (n % 5000)::text, (10000 + n % 5000)::text, 'hook',
       case when n % 1000 = 0 then 'failure' else 'done' end, 'Both sides agree; nothing to write.', 12, 1
     from generate_series(1, $1::int) n`,
    [attemptCount],
  );
  await admin.rows('analyze inbox');
  await admin.rows('analyze attempt');
}, 240_000);
afterAll(async () => {
  await store?.close();
  await admin?.close();
});

const atTheBeginning = () => new Date(Date.now() - 5.9 * 86_400_000).toISOString();
const half = () => new Date(Date.now() - 3 * 86_400_000).toISOString();
const anHourLater = (at: string) => new Date(Date.parse(at) + 3_600_000).toISOString();

/** Rows and index entries that the store has read so far. */
async function rowsReadSoFar(): Promise<number> {
  const [row] = await admin.rows<{ read: string }>(
    `select (select sum(seq_tup_read) from pg_stat_user_tables)
       + (select sum(idx_tup_read) from pg_stat_user_indexes) as read`,
  );
  return Number(row?.read);
}

/** How much `list` reads: quick on any machine when it is little. The least of three: the backend reads beside it. */
async function rowsRead(list: (sql: Sql) => Promise<unknown>): Promise<number> {
  const counts: number[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    const before = await rowsReadSoFar();
    await store.asTenant(1, async (sql) => {
      await list(sql);
      await sql.rows('select pg_stat_force_next_flush()');
    });
    counts.push((await rowsReadSoFar()) - before);
  }
  return Math.min(...counts);
}

const deliveryFilters: [string, () => Omit<Parameters<typeof listDeliveries>[1], 'limit'>][] = [
  ['none', () => ({})],
  ['deep in the past', () => ({ before: '2000' })],
  ['an outcome that is rare', () => ({ outcome: 'discarded' })],
  ['an outcome that never occurs', () => ({ outcome: 'pending' })],
  ['a connection', () => ({ connection: 'alemba-1' })],
  ['a connection and a rare outcome', () => ({ connection: 'alemba-1', outcome: 'discarded' })],
  ['a record', () => ({ recordId: '77' })],
  ['a record that does not exist', () => ({ recordId: 'nothing' })],
  ['an hour days ago', () => ({ since: half(), until: anHourLater(half()) })],
  ['before most of the rows', () => ({ until: atTheBeginning() })],
  ['an hour and a connection', () => ({ since: half(), until: anHourLater(half()), connection: 'alemba-1' })],
];

test.each(deliveryFilters)('deliveries by %s read few rows', async (_name, filter) => {
  expect(await rowsRead((sql) => listDeliveries(sql, { ...filter(), limit }))).toBeLessThan(fewRows);
});

const attemptFilters: [string, () => Omit<Parameters<typeof listAttempts>[1], 'limit'>][] = [
  ['none', () => ({})],
  ['deep in the past', () => ({ before: '2000' })],
  ['a connection', () => ({ connection: 'alemba-1' })],
  ['an hour days ago', () => ({ since: half(), until: anHourLater(half()) })],
  ['before most of the rows', () => ({ until: atTheBeginning() })],
  ['an hour and a connection', () => ({ since: half(), until: anHourLater(half()), connection: 'alemba-1' })],
  ['an outcome that is rare', () => ({ outcome: 'failure' })],
  ['an outcome that never occurs', () => ({ outcome: 'halt' })],
  ['a work item', () => ({ record: '77' })],
  ['a ticket', () => ({ record: '10077' })],
  ['a ticket and an outcome', () => ({ record: '10077', outcome: 'failure' })],
  ['a record that does not exist', () => ({ record: 'nothing' })],
];

test.each(attemptFilters)('attempts by %s read few rows', async (_name, filter) => {
  expect(await rowsRead((sql) => listAttempts(sql, { ...filter(), limit }))).toBeLessThan(fewRows);
});

test('the times of a window hold for every row, and none of them is left out', async () => {
  const since = half();
  const until = new Date(Date.parse(since) + 60_000).toISOString();
  const { deliveries, more } = await admin.call('listDeliveries', { query: { since, until, limit: '200' } });
  const [counted] = await admin.rows<{ count: string }>(
    'select count(*) as count from inbox where received_at >= $1 and received_at < $2',
    [since, until],
  );
  expect(more).toBe(false);
  expect(deliveries.length).toBeGreaterThan(10);
  expect(deliveries).toHaveLength(Number(counted?.count));
  for (const { receivedAt } of deliveries) {
    expect(Date.parse(receivedAt)).toBeGreaterThanOrEqual(Date.parse(since));
    expect(Date.parse(receivedAt)).toBeLessThan(Date.parse(until));
  }
});

test('attempts of a ticket are found by its number and by its work item’s, each once', async () => {
  const byTicket = await admin.call('listAttempts', { query: { record: '10077', limit: '200' } });
  const byWorkItem = await admin.call('listAttempts', { query: { record: '77', limit: '200' } });
  expect(byTicket.attempts).toHaveLength(50);
  expect(new Set(byTicket.attempts.map(({ id }) => id)).size).toBe(50);
  expect(byTicket.attempts.map(({ id }) => id)).toEqual(byWorkItem.attempts.map(({ id }) => id));
});

const otherLists: [string, (sql: Sql) => Promise<unknown>][] = [
  ['lanes that wait for a person', (sql) => listParkedLanes(sql, limit)],
  ['deliveries that wait for a person', (sql) => listParkedDeliveries(sql, limit)],
  ['who changed what', (sql) => listAudit(sql, { limit })],
  ['links in trouble', (sql) => listTroubled(sql, { limit })],
];

test.each(otherLists)('%s read few rows beside them', async (_name, list) => {
  expect(await rowsRead(list)).toBeLessThan(fewRows);
});
