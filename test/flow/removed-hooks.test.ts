import type { EngineContext, HookFindings } from '../../backend/engine/ports.ts';
import { watchdogLane } from '../../backend/engine/watchdog.ts';
import type { ClaimedLane } from '../../backend/lanes/lane.ts';
import { openStore, type Store } from '../../backend/store/pool.ts';
import { forgetSubscriptions, knownHooks } from '../../backend/store/subscriptions.ts';
import { registerTenant } from '../../backend/store/tenants.ts';
import { migrated } from '../support/migrate-apart.ts';
import { openTestStore, type TestStore } from '../support/postgres.ts';

let server: TestStore;
let store: Store;
let tenant: number;
let project = '';

/** What Azure DevOps has, and what happens between the moments in which the watchdog reads and writes there. */
let hooks: string[] = [];
let afterLook: () => Promise<void>;
let beforeRepair: () => Promise<void>;

const findings = (): HookFindings => ({
  mayView: true,
  needs: undefined,
  findings: ['updated', 'created'].map((eventType) => {
    const isThere = hooks.includes(eventType);
    return {
      eventType,
      health: isThere ? 'healthy' : 'missing',
      subscriptionId: isThere ? eventType : undefined,
    };
  }) as HookFindings['findings'],
});

const look = async () => {
  const context = {
    store,
    settings: {
      of: async () => ({ mappings: [{ project, settings: { enabled: true } }], connections: new Map() }),
    },
    queue: { wake: async () => undefined, enqueue: async () => undefined },
    log: () => undefined,
    now: () => new Date(),
    random: Math.random,
  } as unknown as EngineContext;
  const keeper = {
    inspect: async () => {
      const seen = findings();
      await afterLook();
      return seen;
    },
    ensure: async () => {
      await beforeRepair();
      hooks = ['updated', 'created'];
      return findings();
    },
    remove: async () => hooks.splice(0).length,
  };
  const lane = { tenant, key: 'watchdog', connection: 'azure-devops', attempts: 1 } as ClaimedLane;
  expect(await watchdogLane(context, keeper, { everyMs: 1000 })(lane, new AbortController().signal)).toEqual({
    verdict: 'done',
    recurMs: 1000,
  });
};

const forget = () => store.asTenant(tenant, (sql) => forgetSubscriptions(sql, project));
/** As the route does it. */
const removeAll = async () => {
  await forget();
  hooks = [];
  await forget();
};

const isRegistered = async () => (await store.asTenant(tenant, (sql) => knownHooks(sql, project))).registered;

beforeAll(async () => {
  server = await openTestStore();
  store = openStore({ connection: { connectionString: await server.createDatabase(migrated) } });
  tenant = await registerTenant(store, { organization: 'fabrikam', url: 'https://dev.azure.com/fabrikam' });
}, 60_000);
afterAll(async () => {
  await store?.close();
  await server?.close();
});
beforeEach(async () => {
  project = expect.getState().currentTestName ?? '';
  [afterLook, beforeRepair] = [async () => undefined, async () => undefined];
  hooks = ['updated', 'created'];
  await look();
  expect(await isRegistered()).toBe(true);
});

test('what somebody deleted in Azure DevOps is registered again', async () => {
  hooks = ['updated'];
  await look();
  expect(hooks).toEqual(['updated', 'created']);
  expect(await isRegistered()).toBe(true);
});

test('hooks removed after the watchdog saw them stay removed', async () => {
  afterLook = removeAll;
  await look();
  afterLook = async () => undefined;
  await look();
  expect([hooks, await isRegistered()]).toEqual([[], false]);
});

test('hooks removed while the watchdog repairs one stay removed', async () => {
  hooks = ['updated'];
  beforeRepair = removeAll;
  await look();
  expect([hooks, await isRegistered()]).toEqual([[], false]);
  await look();
  expect([hooks, await isRegistered()]).toEqual([[], false]);
});

test('hooks seen half removed are not made whole again', async () => {
  await forget();
  hooks = ['created'];
  await look();
  expect(hooks).toEqual(['created']);
  hooks = [];
  await forget();
  await look();
  expect([hooks, await isRegistered()]).toEqual([[], false]);
});

test('hooks that a person registered again during the repair are left', async () => {
  hooks = ['updated'];
  beforeRepair = async () => {
    await removeAll();
    hooks = ['updated', 'created'];
    [afterLook, beforeRepair] = [async () => undefined, async () => undefined];
    await look();
  };
  await look();
  expect([hooks, await isRegistered()]).toEqual([['updated', 'created'], true]);
});
