import pg from 'pg';
import { openStore, type Store, StoreUnavailable } from '../../backend/store/pool.ts';
import { migrated } from '../support/migrate-apart.ts';
import { openTestStore, type TestStore } from '../support/postgres.ts';
import { until } from '../support/rig.ts';

let server: TestStore;
let store: Store;
let owner: pg.Client;
const heard: Error[] = [];

beforeAll(async () => {
  server = await openTestStore();
  const connection = { connectionString: await server.createDatabase(migrated) };
  owner = new pg.Client(connection);
  await owner.connect();
  store = openStore({ connection, onError: (error) => heard.push(error) });
});
afterAll(async () => {
  await store?.close();
  await owner?.end();
  await server?.close();
});

test('a connection that is lost between two statements of a transaction costs that transaction only', async () => {
  const lost = store.asTenant(1, async (sql) => {
    const row = await sql.one<{ pid: number }>('select pg_backend_pid() as pid');
    await owner.query('select pg_terminate_backend($1)', [row?.pid]);
    // An error that nobody listens for would end the process here, as it does the test.
    await until('the connection says that it is lost', () => heard.length > 0 || undefined);
    return sql.rows('select 1');
  });
  await expect(lost).rejects.toBeInstanceOf(StoreUnavailable);
  await expect(store.asTenant(1, (sql) => sql.rows('select 1 as one'))).resolves.toEqual([{ one: 1 }]);
});
