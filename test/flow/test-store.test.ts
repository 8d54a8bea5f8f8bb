import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openTestStore } from '../support/postgres.ts';

describe('the store for tests', () => {
  const migrationsDir = mkdtempSync(join(tmpdir(), 'tandem-migrations-'));
  afterAll(() => rmSync(migrationsDir, { recursive: true, force: true }));

  async function ask(url: string, sql: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  test('migrates once, gives every caller its own clone and drops it at close', async () => {
    writeFileSync(join(migrationsDir, '1.sql'), `create table link(id int) -- ${Math.random()}`);
    const migrate = jest.fn(async (url: string) => {
      await ask(url, 'create table link(id int)');
    });
    const template = { migrationsDir, migrate };
    const stores = await Promise.all([openTestStore(), openTestStore()]);
    const urls = await Promise.all(stores.map((store) => store.createDatabase(template)));
    const empty = await stores[0]?.createDatabase();
    expect(migrate).toHaveBeenCalledTimes(1);
    expect(new Set(urls).size).toBe(2);

    await ask(urls[0] ?? '', 'insert into link values (1)');
    expect(await ask(urls[1] ?? '', 'select * from link')).toEqual([]);
    expect(await ask(empty ?? '', `select to_regclass('link') as link`)).toEqual([{ link: null }]);

    writeFileSync(join(migrationsDir, '2.sql'), 'select 2');
    await stores[0]?.createDatabase(template);
    expect(migrate).toHaveBeenCalledTimes(2);

    for (const store of stores) await store.close();
    await expect(ask(urls[0] ?? '', 'select 1')).rejects.toThrow('does not exist');
  });

  test('a failed migration leaves no template', async () => {
    writeFileSync(join(migrationsDir, '1.sql'), `create table broken -- ${Math.random()}`);
    const store = await openTestStore();
    const failing = { migrationsDir, migrate: () => Promise.reject(new Error('bad migration')) };
    await expect(store.createDatabase(failing)).rejects.toThrow('bad migration');
    const url = await store.createDatabase({ migrationsDir, migrate: async () => undefined });
    expect(await ask(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await store.close();
  });
});
