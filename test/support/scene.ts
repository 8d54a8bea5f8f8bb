import pg from 'pg';
import type { RetryPolicy } from '../../backend/contract/connections.ts';
import type { Panel, TicketCard } from '../../backend/contract/links.ts';
import type { MappingSettings } from '../../backend/contract/mapping.ts';
import { connectionUrl, openEmbedded } from '../../backend/store/embedded/index.ts';
import type { FaultRule } from '../sandbox/faults.ts';
import type { LedgerEffect, LedgerRequest } from '../sandbox/ledger.ts';
import type { Child } from './child.ts';
import { type History, violations } from './nemesis.ts';
import { openTestStore, type TestStore } from './postgres.ts';
import { type Joined, joinSystems, type Rig, startRig, storePid, until } from './rig.ts';
import { newCall, newWorkItem, type Pair } from './two-sides.ts';

/** The whole product with both systems joined, and everything that a test wants to know of it. */
export interface Scene extends Joined {
  rig: Rig;
  projectId: string;
  /** What stands in the store, past row level security. */
  rows<R>(sql: string, values?: readonly unknown[]): Promise<R[]>;
  close(): Promise<void>;
}

export interface SceneOptions {
  /** `own` runs the backend's own PostgreSQL with fsync on; `shared` a database on the test server. */
  store?: 'own' | 'shared';
  /** A database that the caller made, instead. */
  databaseUrl?: string;
  env?: Record<string, string>;
  latencyMs?: number;
  mapping?: (settings: MappingSettings) => MappingSettings;
  retry?: Partial<RetryPolicy>;
  settings?: Record<string, string>;
  onLine?: (line: string) => void;
}

/** Waits are shortened, so that a test sees dozens of tries in seconds; the product allows no shorter first wait. */
export const briskRetry: RetryPolicy = {
  maxAttempts: 100,
  firstDelaySeconds: 1,
  longestDelaySeconds: 2,
  attemptTimeoutSeconds: 120,
};

/**
 * So few that an outage which burned them would park its lanes within seconds: for proving that it burns none. The usual
 * 100 tries would outlast any outage of a test.
 */
export const scantRetry: RetryPolicy = { ...briskRetry, maxAttempts: 3 };

const ample = { requestsPerSecond: 1000, concurrent: 16 };

export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const given = options.databaseUrl;
  const shared = options.store === 'own' || given !== undefined ? undefined : await openTestStore();
  const databaseUrl = given ?? (await shared?.createDatabase());
  const rig = await startRig({
    databaseUrl,
    latencyMs: options.latencyMs,
    env: { SWEEP_EVERY_MS: '1000', ...options.env },
    onLine: options.onLine,
  });
  try {
    return await furnish(rig, options, databaseUrl, shared);
  } catch (error) {
    await rig.close();
    await shared?.close();
    throw error;
  }
}

async function furnish(
  rig: Rig,
  options: SceneOptions,
  databaseUrl: string | undefined,
  shared: TestStore | undefined,
): Promise<Scene> {
  const projectId = rig.azure.project.id;
  const { retry = briskRetry } = options;
  const { connections } = await rig.api('listConnections', { params: { projectId } });
  for (const { id, kind, name, settings } of connections) {
    await rig.api('updateConnection', {
      params: { projectId, connectionId: id },
      body: { kind, name, settings, retry, budget: ample },
    });
  }
  const joined = await joinSystems(rig, options.mapping ?? byHand, { retry, settings: options.settings });
  const reader = storeReader(rig, databaseUrl);
  return {
    ...joined,
    rig,
    projectId,
    rows: reader.rows,
    async close() {
      await reader.close();
      await rig.close();
      await shared?.close();
    },
  };
}

/** Another policy for the ticket system's connection, from now on. */
export async function setRetry(scene: Scene, retry: RetryPolicy): Promise<void> {
  const params = { projectId: scene.projectId };
  const { connections } = await scene.rig.api('listConnections', { params });
  const found = connections.find(({ id }) => id === scene.connectionId);
  if (found === undefined) throw new Error(`There is no connection ${scene.connectionId}`);
  const { id, kind, name, settings } = found;
  await scene.rig.api('updateConnection', {
    params: { ...params, connectionId: id },
    body: { kind, name, settings, retry, budget: ample },
  });
}

/** Links are made by the test; nothing is created by itself. */
export const byHand = (settings: MappingSettings): MappingSettings => ({
  ...settings,
  createTicket: { ...settings.createTicket, mode: 'manual' },
  createWorkItem: { ...settings.createWorkItem, mode: 'never' },
});

/** Connects anew when the server was killed in between. */
function storeReader(rig: Rig, databaseUrl: string | undefined) {
  let client: pg.Client | undefined;
  const connect = async () => {
    const url = databaseUrl ?? connectionUrl((await openEmbedded({ dataDir: rig.dataDir })).connection);
    const fresh = new pg.Client(url);
    fresh.on('error', () => {
      if (client === fresh) client = undefined;
    });
    await fresh.connect();
    client = fresh;
    return fresh;
  };
  return {
    async rows<R>(sql: string, values: readonly unknown[] = []): Promise<R[]> {
      return (await (client ?? (await connect())).query(sql, [...values])).rows as R[];
    },
    close: async () => client?.end(),
  };
}

export const createWorkItem = (
  scene: Scene,
  fields: Record<string, unknown>,
  more?: { type?: string; as?: string },
): Promise<number> => newWorkItem(scene.rig, fields, more);

export const createCall = (scene: Scene, fields: Record<string, unknown>): Promise<number> =>
  newCall(scene.rig, fields);

let named = 0;

/** A new work item and a new call with the same title, linked by the product's own API and in agreement. */
export async function linkPair(
  scene: Scene,
  more: { mappingId?: string; title?: string; type?: string } = {},
): Promise<Pair> {
  named += 1;
  const title = more.title ?? `Pair ${named}`;
  const [workItemId, callRef] = await Promise.all([
    createWorkItem(scene, { 'System.Title': title }, { type: more.type }),
    createCall(scene, { Subject: title, Impact: 3, Urgency: 3 }),
  ]);
  await scene.rig.api('linkTicket', {
    params: { workItemId: String(workItemId) },
    body: { mappingId: more.mappingId ?? scene.mappingId, ticketId: String(callRef), onLink: 'workItemWins' },
  });
  await inAgreement(scene, workItemId);
  return { workItemId, callRef };
}

let mapped = 0;

/** Another mapping of the project, made from the first one. */
export async function addMapping(
  scene: Scene,
  change: (settings: MappingSettings) => MappingSettings,
): Promise<string> {
  mapped += 1;
  const { projectId, mappingId } = scene;
  const first = await scene.rig.api('readMapping', { params: { projectId, mappingId } });
  const { id: _, version: _v, position: _p, updatedAt: _a, updatedBy: _b, ...settings } = first;
  const body = change({ ...settings, name: `Mapping ${mapped}` });
  return (await scene.rig.api('createMapping', { params: { projectId }, body })).id;
}

export async function linkPairs(scene: Scene, count: number): Promise<Pair[]> {
  const pairs: Pair[] = [];
  let started = 0;
  const worker = async () => {
    while (started < count) {
      started += 1;
      pairs.push(await linkPair(scene));
    }
  };
  await Promise.all(Array.from({ length: Math.min(8, count) }, worker));
  return pairs;
}

export const readPanel = (scene: Scene, workItemId: number, as?: string): Promise<Panel> =>
  scene.rig.api('readPanel', { params: { workItemId: String(workItemId) } }, as);

export const cardOf = async (scene: Scene, workItemId: number): Promise<TicketCard | undefined> =>
  (await readPanel(scene, workItemId)).tickets[0];

export const inAgreement = (scene: Scene, workItemId: number, timeoutMs?: number): Promise<TicketCard> => {
  let last: TicketCard | undefined;
  return until(
    () => `work item ${workItemId} is in agreement; it is ${last?.condition}: ${last?.reason}`,
    async () => {
      last = await cardOf(scene, workItemId);
      return last?.condition === 'inAgreement' ? last : undefined;
    },
    timeoutMs,
  );
};

export const booksOf = async (scene: Scene) =>
  (await scene.rig.api('readOverview', { params: { projectId: scene.projectId } })).books;

export interface IdleOptions {
  timeoutMs?: number;
  /** Lanes that wait for a person do not count as busy. */
  parkedIsFine?: boolean;
}

/** Waits until no lane has anything left to do. Hooks that are still on their way are not seen by this. */
export async function idle(scene: Scene, options: IdleOptions = {}): Promise<void> {
  let last = '';
  await until(
    () => `all lanes are idle; at work: ${last}`,
    async () => {
      const busy = await scene.rows<{ key: string; parked: boolean; failure: { message?: string } | null }>(
        `select key, parked, failure from lane where queued > 0 and kind in ('link', 'record', 'create', 'backfill')`,
      );
      const stuck = busy.filter((lane) => lane.parked);
      if (stuck.length > 0 && options.parkedIsFine !== true) {
        throw new Error(
          `Parked: ${stuck.map((lane) => `${lane.key} (${lane.failure?.message})`).join('; ')}`.slice(
            0,
            2000,
          ),
        );
      }
      const waiting = busy.filter((lane) => !lane.parked);
      last = waiting
        .slice(0, 5)
        .map((lane) => `${lane.key} ${lane.failure?.message ?? ''}`)
        .join('; ');
      return waiting.length === 0 ? true : undefined;
    },
    options.timeoutMs ?? 20_000,
  );
}

/**
 * Waits for the runs that had begun before a pause or before the organisation was switched off: they would still carry
 * over what is changed now.
 */
export const runsEnded = (scene: Scene): Promise<unknown> =>
  until('nothing is at work any more', async () => {
    const running = await scene.rows(
      `select from lane where lease_until > now() and kind in ('link', 'record', 'create', 'backfill')`,
    );
    return running.length === 0 || undefined;
  });

/**
 * No sweep and no watchdog comes until `releaseSweeps`, and none is at work: a sweep that falls between a write and its
 * settlement has the link read once more, and either may meet what is meant for a run.
 */
export const holdSweeps = (scene: Scene): Promise<unknown> =>
  until('no sweep is at work', async () => {
    await scene.rows(
      `update lane set due = now() + interval '1 day' where kind in ('sweep', 'watchdog') and lease_until < now()`,
    );
    const left = await scene.rows(
      `select from lane where kind in ('sweep', 'watchdog') and due < now() + interval '1 hour'`,
    );
    return left.length === 0 || undefined;
  });

export const releaseSweeps = (scene: Scene): Promise<unknown> =>
  scene.rows(
    `update lane set due = now() where kind in ('sweep', 'watchdog') returning pg_notify('lane', '')`,
  );

/** Waits until both systems show what people did, once each, and everything received is handled. */
export async function converged(
  scene: Scene,
  pairs: readonly Pair[],
  history: History,
  timeoutMs = 40_000,
): Promise<void> {
  let found: string[] = [];
  await until(
    () => `both systems agree; still wrong: ${found.slice(0, 8).join('; ')}`,
    async () => {
      await idle(scene, { timeoutMs });
      found = await violations(scene.rig, pairs, history);
      return found.length === 0 ? true : undefined;
    },
    timeoutMs,
  );
}

/** As `converged`, but tells what is wrong in the end instead of throwing; what waits for a person is tried again. */
export async function settled(
  scene: Scene,
  pairs: readonly Pair[],
  history: History,
  timeoutMs: number,
): Promise<string[]> {
  const deadline = Date.now() + timeoutMs;
  let found: string[] = [];
  do {
    try {
      // First: a record may be waiting for the create that made it, which waits for a person.
      await retryAllParked(scene);
      await idle(scene, { timeoutMs: Math.max(1000, deadline - Date.now()) });
      found = await violations(scene.rig, pairs, history);
    } catch (error) {
      found = [(error as Error).message];
    }
    if (found.length === 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  } while (Date.now() < deadline);
  return found;
}

export async function expectBalancedBooks(scene: Scene): Promise<void> {
  // Asked of the books themselves, in one look: between two another delivery may come in.
  const books = await until('no delivery is pending', async () => {
    const now = await booksOf(scene);
    return now.pending === 0 ? now : undefined;
  });
  if (!books.balanced || books.received !== books.handled + books.duplicate + books.parked) {
    throw new Error(`The books do not balance: ${JSON.stringify(books)}`);
  }
}

/** Process id of the backend's own PostgreSQL while it runs. */
export const storeIsUp = (rig: Rig): number | undefined => storePid(rig.dataDir);

/** Everything that waits for a person is tried again, as a person would after mending the reason. */
export async function retryAllParked(scene: Scene): Promise<number> {
  const params = { projectId: scene.projectId };
  const { parked } = await scene.rig.api('listParked', { params });
  // A body that could not be read stays so; the route takes a thousand at once.
  const ids = parked.flatMap((one) => (one.kind === 'delivery' ? [] : [one.id])).slice(0, 1000);
  if (ids.length === 0) return 0;
  const body = { ids };
  return (await scene.rig.api('retryParked', { params, body })).retried;
}

/**
 * As if the time of all leases had run out: a killed backend's lanes are claimed again after 30 s. Only while no backend
 * runs: a living one would go on with what it has, beside the one that claims it anew.
 */
export async function expireLeases(scene: Scene): Promise<void> {
  // On a busy machine the store still carries out the last claim of a process that is dead already.
  await until('the store has ended the sessions of the dead backend', async () => {
    const sessions = await scene.rows(
      `select pid from pg_stat_activity where datname = current_database() and application_name = 'tandem'`,
    );
    return sessions.length === 0 || undefined;
  });
  // Rows that a stopped process holds locked are left out: waiting for them would wait for the process itself.
  await scene.rows(
    `update lane l set lease_until = '-infinity' from (
       select tenant, key from lane where lease_until > now() for update skip locked
     ) held where l.tenant = held.tenant and l.key = held.key`,
  );
}

/** For LEASE_MS, so that a test need not wait for the usual 30 s. */
export const briefLeaseMs = 2000;

/**
 * Freezes a backend until its leases have run out; the scene must have been opened with `briefLeaseMs`. Not while a
 * write that must happen once is on its way: a request that is half sent cannot be called back, and systems without
 * idempotency keys would carry it out when the process goes on, although another one has looked for it meanwhile and
 * sent it again. Writes of other backends end by themselves meanwhile, so one that stays is the frozen one's.
 */
export async function freeze(scene: Scene, child: Child): Promise<void> {
  const sent = async () =>
    (await scene.rows<{ key: string }>(`select key from intent where state = 'sent'`)).map(({ key }) => key);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  let left: string[] = [];
  await until(
    () => `a moment without a write of this backend on its way: ${left.join(', ')}`,
    async () => {
      child.process.kill('SIGSTOP');
      // A commit that the process had already asked for is done by then.
      await pause(50);
      left = await sent();
      for (let look = 0; left.length > 0 && look < 40; look += 1) {
        await pause(25);
        const now = new Set(await sent());
        left = left.filter((key) => now.has(key));
      }
      if (left.length === 0) return true;
      child.process.kill('SIGCONT');
      await pause(20);
      return undefined;
    },
    30_000,
  );
  await pause(briefLeaseMs + 300);
}

/** The backend ends as by a power cut. */
export async function killBackend(scene: Scene): Promise<void> {
  await scene.rig.backend().stop('SIGKILL');
}

/** Waits until the backend has ended by itself, as a failpoint makes it. */
export const backendDied = (scene: Scene, timeoutMs = 20_000): Promise<unknown> => {
  const { process: child } = scene.rig.backend();
  return until('the backend died', () => child.signalCode ?? undefined, timeoutMs);
};

export const setFault = async (
  rig: Rig,
  system: 'azure' | 'alemba',
  rule: Omit<FaultRule, 'id'> & { id?: string },
): Promise<void> => {
  const { id = 'test', ...rest } = rule;
  if (system === 'azure') await rig.control(system, 'PUT', `/faults/${id}`, rest);
  else await rig.control(system, 'PUT', '/faults', { id, ...rest });
};

export const clearFaults = async (rig: Rig): Promise<void> => {
  await rig.control('azure', 'DELETE', '/faults');
  await rig.control('alemba', 'DELETE', '/faults');
};

/** What was done in a system; `ours` only what Tandem's own account did. */
export async function effectsOf(
  rig: Rig,
  system: 'azure' | 'alemba',
  which: { effect?: string; recordId?: number | string; ours?: boolean } = {},
): Promise<LedgerEffect[]> {
  const query = new URLSearchParams({ kind: 'effect', limit: '1000000' });
  if (which.effect !== undefined) query.set('effect', which.effect);
  if (which.recordId !== undefined) query.set('recordId', String(which.recordId));
  const answer = await rig.control<LedgerEffect[] | { entries: LedgerEffect[] }>(
    system,
    'GET',
    `/ledger?${query}`,
  );
  const effects = Array.isArray(answer) ? answer : answer.entries;
  const account = system === 'azure' ? 'service' : 'Tandem Integration';
  // Locks and sessions are means, not changes.
  const means = /^(session\.|ticket\.(un)?locked)/;
  return effects.filter(
    ({ effect, actor }) => !means.test(effect) && (which.ours !== true || actor === account),
  );
}

export async function requestsOf(
  rig: Rig,
  system: 'azure' | 'alemba',
  since?: string,
): Promise<LedgerRequest[]> {
  const query = new URLSearchParams({ kind: 'request', limit: '1000000' });
  if (since !== undefined) query.set('since', since);
  const answer = await rig.control<LedgerRequest[] | { entries: LedgerRequest[] }>(
    system,
    'GET',
    `/ledger?${query}`,
  );
  return Array.isArray(answer) ? answer : answer.entries;
}
