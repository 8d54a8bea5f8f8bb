import { randomBytes } from 'node:crypto';
import { rotateDataKeys } from '../../backend/compose/rotate-keys.ts';
import { openSecrets } from '../../backend/compose/secrets.ts';
import { createLog } from '../../backend/observability/log.ts';
import type { MasterKey } from '../../backend/security/master-key.ts';
import { createRedactor } from '../../backend/security/redaction.ts';
import { createSecretBox } from '../../backend/security/secret-box.ts';
import { insertConnection } from '../../backend/store/connections.ts';
import { openStore, type Store } from '../../backend/store/pool.ts';
import { registerTenant } from '../../backend/store/tenants.ts';
import { migrated } from '../support/migrate-apart.ts';
import { openTestStore, type TestStore } from '../support/postgres.ts';

describe('a new master key', () => {
  let server: TestStore;
  let store: Store;
  const redactor = createRedactor();
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    redactor,
    destination: { write: (line: string) => void lines.push((JSON.parse(line) as { line: string }).line) },
  });
  const key = (id: string): MasterKey => ({ id, key: randomBytes(32) });
  const [former, current] = [key('former'), key('current')];
  const secretsWith = (...keys: MasterKey[]) => openSecrets(store, createSecretBox(keys), redactor);
  const tenants: number[] = [];

  beforeAll(async () => {
    server = await openTestStore();
    const connectionString = await server.createDatabase(migrated);
    store = openStore({ connection: { connectionString } });
    for (const organization of ['contoso', 'fabrikam']) {
      const tenant = await registerTenant(store, {
        organization,
        url: `https://dev.azure.com/${organization}`,
      });
      tenants.push(tenant);
      await store.asTenant(tenant, async (sql) => {
        await insertConnection(sql, tenant, {
          id: 'desk',
          kind: 'desk',
          name: 'Desk',
          settings: {},
          retry: {} as never,
          budget: {} as never,
          hookId: `hook-${organization}`,
        });
        await secretsWith(former).write(sql, tenant, 'desk', 'password', `of ${organization}`);
      });
    }
  });

  afterAll(async () => {
    await store?.close();
    await server?.close();
  });

  beforeEach(() => lines.splice(0));

  const readAll = (...keys: MasterKey[]) =>
    Promise.all(tenants.map((tenant) => secretsWith(...keys).read(tenant, 'desk', 'password')));

  test('that is missing is told, and stops nothing', async () => {
    await rotateDataKeys(store, secretsWith(current), log);
    expect(lines).toEqual(['secrets.key_missing', 'secrets.key_missing']);
    await expect(readAll(current)).rejects.toThrow('master key former is not configured');
    expect(await readAll(former)).toEqual(['of contoso', 'of fabrikam']);
  });

  test('takes over at one start, and then stands alone', async () => {
    await rotateDataKeys(store, secretsWith(current, former), log);
    expect(lines).toEqual(['secrets.key_rewrapped', 'secrets.key_rewrapped']);
    expect(await readAll(current)).toEqual(['of contoso', 'of fabrikam']);
    await expect(readAll(former)).rejects.toThrow('master key current is not configured');
    await rotateDataKeys(store, secretsWith(current), log);
    expect(lines).toHaveLength(2);
  });
});
