import { lookAtCredentials } from '../../backend/compose/credential-watch.ts';
import { createLog } from '../../backend/observability/log.ts';
import { createMetrics } from '../../backend/observability/metrics.ts';
import { createRedactor } from '../../backend/security/redaction.ts';
import { insertConnection } from '../../backend/store/connections.ts';
import { openStore, type Store } from '../../backend/store/pool.ts';
import { setEndDay, writeSealed } from '../../backend/store/secrets.ts';
import { registerTenant } from '../../backend/store/tenants.ts';
import { migrated } from '../support/migrate-apart.ts';
import { openTestStore, type TestStore } from '../support/postgres.ts';

let server: TestStore;
let store: Store;
let tenant: number;
const metrics = createMetrics();
let lines: Record<string, unknown>[] = [];
const log = createLog({
  level: 'info',
  redactor: createRedactor(),
  destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
});

const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const enter = (name: string, endsOn: string | null) =>
  store.asTenant(tenant, (sql) => setEndDay(sql, 'desk', name, endsOn));
const replace = (name: string) =>
  store.asTenant(tenant, (sql) => writeSealed(sql, tenant, { connection: 'desk', name, sealed: 'x' }));
/** The lines of one look, and the gauge after it. */
const look = async () => {
  lines = [];
  await lookAtCredentials(store, metrics, log);
  const { values } = await metrics.credentialDaysLeft.get();
  return {
    told: lines.map(({ level, line, name, daysLeft }) => [level, line, name, daysLeft]),
    gauge: Object.fromEntries(values.map(({ labels, value }) => [labels.credential, value])),
  };
};

beforeAll(async () => {
  server = await openTestStore();
  store = openStore({ connection: { connectionString: await server.createDatabase(migrated) } });
  tenant = await registerTenant(store, { organization: 'fabrikam', url: 'https://dev.azure.com/fabrikam' });
  await store.asTenant(tenant, (sql) =>
    insertConnection(sql, tenant, {
      id: 'desk',
      kind: 'desk',
      name: 'Desk',
      settings: {},
      retry: {} as never,
      budget: {} as never,
      hookId: 'hook',
    }),
  );
  for (const name of ['password', 'pat', 'clientSecret', 'unknown']) await replace(name);
}, 60_000);
afterAll(async () => {
  await store?.close();
  await server?.close();
});

test('days left are a gauge, and what ends within two weeks is told once a day', async () => {
  await enter('password', dayIn(-2));
  await enter('pat', dayIn(14));
  await enter('clientSecret', dayIn(15));
  const first = await look();
  // A credential without a day has no number: it is not known, not endless.
  expect(first.gauge).toEqual({ password: -2, pat: 14, clientSecret: 15 });
  expect(first.told.toSorted()).toEqual([
    ['error', 'credential.end_passed', 'password', -2],
    ['warn', 'credential.end_neared', 'pat', 14],
  ]);
  expect(lines[0]).toMatchObject({ tenant, connection: 'desk', endsOn: expect.stringMatching(/^\d{4}-/) });
  expect((await look()).told).toEqual([]);

  await store.asTenant(tenant, (sql) => sql.rows('update secret set end_told_on = end_told_on - 1'));
  // Two replicas that look at the same time tell it once between them.
  lines = [];
  await Promise.all([lookAtCredentials(store, metrics, log), lookAtCredentials(store, createMetrics(), log)]);
  expect(lines.map(({ name }) => name).toSorted()).toEqual(['password', 'pat']);
});

test('a new day is told anew; a replaced secret is not told of and has no number any more', async () => {
  await enter('pat', dayIn(3));
  await replace('password');
  const { told, gauge } = await look();
  expect(told).toEqual([['warn', 'credential.end_neared', 'pat', 3]]);
  expect(gauge).toEqual({ pat: 3, clientSecret: 15 });
  await enter('pat', null);
  expect(await look()).toEqual({ told: [], gauge: { clientSecret: 15 } });
});
