import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { openTestStore, type TestStore } from '../support/postgres.ts';

/** One delivery about a work item with two links waits for two lanes; whoever ends the last one says that it is handled. */
describe('a delivery that waits for two lanes', () => {
  let store: TestStore;
  let first: pg.Client;
  let second: pg.Client;

  beforeAll(async () => {
    store = await openTestStore();
    const url = await store.createDatabase();
    // In a process of its own: the migration library is an ES module, which Jest cannot load.
    const program = `const { migrate } = await import(process.argv[1]); await migrate({ connectionString: process.argv[2] });`;
    const module = join(import.meta.dirname, '../../backend/store/migrate.ts');
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, module, url]);
    [first, second] = [new pg.Client(url), new pg.Client(url)];
    await Promise.all([first.connect(), second.connect()]);
    await first.query(`insert into tenant (organization, url) values ('contoso', 'http://127.0.0.1')`);
    await first.query(`insert into books (tenant) values (1)`);
  });
  afterAll(async () => {
    await Promise.all([first?.end(), second?.end()]);
    await store?.close();
  });

  const lane = (key: string) => ({
    tenant: 1,
    key,
    token: 0,
    queued: 1,
    hint_count: 1,
    last_inbox: 1_000_000,
    verdict: 'done',
    inbox_reason: `by ${key}`,
  });
  const settle = (client: pg.Client, key: string) =>
    client.query('select settle_lanes($1)', [JSON.stringify([lane(key)])]);

  async function delivered(name: string): Promise<number> {
    const { rows } = await first.query<{ id: number }>(
      `with stored as (
         insert into inbox (tenant, dedupe, source, connection, what, body) values (1, $1, 'azureDevOps', 'azure-devops', 'updated', '')
         returning id
       ), lanes as (
         insert into lane (tenant, key, kind, connection, queued, lease_until) select 1, $1 || n, 'link', 'itsm', 1, now() + interval '1 minute' from unnest(array['a', 'b']) as n
       ), waits as (
         insert into inbox_lane (tenant, lane_key, inbox) select 1, $1 || n, id from stored, unnest(array['a', 'b']) as n
       ) select id from stored`,
      [name],
    );
    return Number(rows[0]?.id);
  }
  const stored = async (id: number) =>
    (await first.query('select outcome, reason from inbox where id = $1', [id])).rows[0];

  test('is pending until the second one ends', async () => {
    const id = await delivered('one after the other ');
    await settle(first, 'one after the other a');
    expect(await stored(id)).toEqual({ outcome: 'pending', reason: null });
    await settle(second, 'one after the other b');
    expect(await stored(id)).toEqual({ outcome: 'handled', reason: 'by one after the other b' });
  });

  test('is handled although both end at the same moment', async () => {
    const id = await delivered('together ');
    await first.query('begin');
    await settle(first, 'together a');
    // Begins before the first one commits, so neither could see what the other takes away without waiting for it.
    const other = settle(second, 'together b');
    await waitsForLock();
    await first.query('commit');
    await other;
    expect(await stored(id)).toEqual({ outcome: 'handled', reason: 'by together b' });
  });

  test('a settlement that is sent again, because its answer was lost, ends nothing twice', async () => {
    await delivered('again ');
    await settle(first, 'again a');
    // Meanwhile something new has come in.
    await first.query(`update lane set queued = queued + 1 where key = 'again a'`);
    const { rowCount } = await settle(first, 'again a');
    expect(rowCount).toBe(0);
    const { rows } = await first.query<{ queued: number }>(`select queued from lane where key = 'again a'`);
    expect(rows).toEqual([{ queued: 1 }]);
  });

  async function waitsForLock(): Promise<void> {
    const deadline = Date.now() + 10_000;
    for (;;) {
      const { rows } = await first.query<{ waiting: number }>(
        `select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      if ((rows[0]?.waiting ?? 0) > 0) return;
      if (Date.now() > deadline) throw new Error('The second settle did not wait for the first one.');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});
