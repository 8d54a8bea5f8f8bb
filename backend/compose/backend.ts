import { azureDevOpsManifest } from '../azure-devops/manifest.ts';
import { readServiceHook } from '../azure-devops/read-hook.ts';
import { type Config, summarizeConfig } from '../config.ts';
import { createAddressGuard } from '../connectors/address-guard.ts';
import { connectors } from '../connectors/registry.ts';
import { requestTrace } from '../connectors/request-trace.ts';
import { limitAttempts } from '../engine/attempt-limit.ts';
import { backfillLane } from '../engine/backfill.ts';
import { cleanupLane } from '../engine/cleanup.ts';
import { createLane } from '../engine/create-lane.ts';
import { createEchoes } from '../engine/echoes.ts';
import { linkLane } from '../engine/link-lane.ts';
import { failureOf } from '../engine/on-failure.ts';
import type { EngineContext } from '../engine/ports.ts';
import { recordLane } from '../engine/record-lane.ts';
import { ensureSchedule } from '../engine/schedule.ts';
import { settingsCache } from '../engine/settings.ts';
import { sweepLane } from '../engine/sweep.ts';
import { watchdogLane } from '../engine/watchdog.ts';
import { createAccessChecker } from '../http/access.ts';
import { allHandlers } from '../http/routes/index.ts';
import { downloadOpener } from '../http/routes/open-download.ts';
import { panelChanges } from '../http/routes/panel-changes.ts';
import type { Services } from '../http/routes/services.ts';
import { createServer, type HttpServer } from '../http/server.ts';
import { createSessions } from '../http/session.ts';
import { hookDirectory } from '../intake/hook-directory.ts';
import { hookRoutes } from '../intake/routes.ts';
import { type LaneQueue, laneQueue } from '../lanes/queue.ts';
import { watchStoredLanes } from '../lanes/watch.ts';
import { startWorker } from '../lanes/worker.ts';
import { createHealth } from '../observability/health.ts';
import { createLog, type Facts, type Log, type LogLine } from '../observability/log.ts';
import { createMetrics, type Metrics } from '../observability/metrics.ts';
import { createAppTokenVerifier } from '../security/app-token.ts';
import { createDownloads } from '../security/download-token.ts';
import { createRedactor } from '../security/redaction.ts';
import { createSecretBox } from '../security/secret-box.ts';
import { createSessionTokens } from '../security/session-token.ts';
import { azureDevOps } from '../store/connections.ts';
import { acceptor } from '../store/deliveries.ts';
import { type Store, StoreUnavailable } from '../store/pool.ts';
import { askAsUser } from './ask-as-user.ts';
import { watchCredentials } from './credential-watch.ts';
import { crossedStore, crossings, failpoints } from './failpoints.ts';
import { hookKeeper, hookSecretName } from './hook-keeper.ts';
import {
  registerOrganizations,
  rememberPublicUrl,
  sessionGenerations,
  storedOrganizations,
} from './organizations.ts';
import { rotateDataKeys } from './rotate-keys.ts';
import { openSecrets } from './secrets.ts';
import { openStoreOf } from './store.ts';
import { openSystems } from './systems.ts';

/** What CONNECTORS may name. */
export const connectorKinds: readonly string[] = [...connectors.keys()];

export interface Backend {
  /** As the server listens, with the port that was chosen. */
  address: string;
  close(): Promise<void>;
}

export interface Pace {
  sweepEveryMs: number;
  watchdogEveryMs: number;
  cleanupEveryMs: number;
  /** A killed worker's lanes are claimed again after so long. */
  leaseMs: number;
  /** Not ready any more when nobody takes a due lane for so long. */
  stuckAfterMs: number;
}

const usualPace: Pace = {
  sweepEveryMs: 5 * 60_000,
  watchdogEveryMs: 5 * 60_000,
  cleanupEveryMs: 60 * 60_000,
  leaseMs: 30_000,
  stuckAfterMs: 60_000,
};
/** A lost notification costs at most this much. */
const pollMs = 500;

/** Makes the whole backend out of its parts and starts it. Nothing else constructs or wires. */
export async function startBackend(config: Config, pace: Partial<Pace> = {}): Promise<Backend> {
  const { sweepEveryMs, watchdogEveryMs, cleanupEveryMs, leaseMs, stuckAfterMs } = { ...usualPace, ...pace };
  const redactor = createRedactor();
  const log = createLog({ level: config.logLevel, redactor });
  const note = (line: string, facts?: Record<string, unknown>) => log.info(line as LogLine, facts as Facts);
  log.info('backend.started', summarizeConfig(config));

  const crossed = crossings(config.sandbox ? process.env.FAILPOINT_FILE : undefined);
  const { store: plainStore, close: closeStore, isAway } = await openStoreOf(config, log);
  const store = crossedStore(plainStore, crossed);
  const secrets = openSecrets(store, createSecretBox(config.masterKeys), redactor);
  await rotateDataKeys(store, secrets, log);
  await registerOrganizations(store, secrets, config.organizations);
  const moved = await rememberPublicUrl(store, config.publicUrl);

  const metrics = createMetrics();
  const health = createHealth();
  const guard = createAddressGuard({
    allowPrivate: config.addresses.allowPrivate,
    allowHttp: config.addresses.allowHttp,
  });
  const settings = settingsCache(store);
  const systems = openSystems({
    store,
    settings,
    secrets,
    guard,
    crossed,
    redact: (text) => redactor.text(text),
    count: (system, route, outcome, durationMs) => {
      metrics.remoteRequests.inc({ system, route, outcome });
      metrics.remoteSeconds.observe({ system, route }, durationMs / 1000);
    },
    log: note,
    now: () => new Date(),
  });
  const queue = laneQueue(store);
  const engine: EngineContext = {
    store,
    queue,
    settings,
    systems,
    echoes: createEchoes(),
    now: () => new Date(),
    random: Math.random,
    log: note,
    trace: (trace, work) => requestTrace.run(trace, work),
    failpoint: failpoints(config.sandbox ? process.env.FAILPOINT : undefined),
  };
  const hooks = hookKeeper({ store, systems, secrets, settings, publicUrl: config.publicUrl });
  const onStoreError = (error: unknown) => log.warn('store.call_failed', { error });

  const worker = startWorker({
    queue,
    concurrent: config.workers,
    leaseSeconds: leaseMs / 1000,
    pollMs,
    runners: {
      link: limitAttempts(engine, linkLane(engine)),
      record: limitAttempts(engine, recordLane(engine)),
      create: limitAttempts(engine, createLane(engine)),
      sweep: sweepLane(engine, { everyMs: sweepEveryMs, maxPages: 20 }),
      watchdog: watchdogLane(engine, hooks, { everyMs: watchdogEveryMs }),
      cleanup: cleanupLane(engine, { deliveryDays: 14, attemptDays: 30, everyMs: cleanupEveryMs }),
      backfill: backfillLane(engine),
    },
    onFault: (lane, error) => {
      if (error instanceof StoreUnavailable) {
        log.warn('lane.store_missed', { lane: lane.key, tenant: lane.tenant, error });
        return { verdict: 'wait', delayMs: 500 + Math.random() * 1000, keepAttempts: true };
      }
      log.error('lane.fault_found', { lane: lane.key, tenant: lane.tenant, error });
      const { details } = failureOf(error);
      // A fault of ours: tried again a few times (the store may have been away), then a person must look.
      return lane.attempts < 5
        ? { verdict: 'wait', delayMs: 1000 * 2 ** lane.attempts, failure: details }
        : { verdict: 'park', failure: details, inboxReason: details.message };
    },
    onStoreError,
    onSettled: (lane, settlement, written) => {
      metrics.lanesWorked.inc({ kind: lane.kind, outcome: written ? settlement.verdict : 'overtaken' });
      if (settlement.attempt === undefined) return;
      for (const command of (settlement.attempt.detail.commands ?? []) as Record<string, string>[]) {
        const { side = '', action = '', outcome = '' } = command;
        metrics.commands.inc({ side, action, outcome });
      }
      metrics.laneSeconds.observe({ kind: lane.kind }, settlement.attempt.durationMs / 1000);
      if (settlement.attempt.cause === 'sweep' && settlement.attempt.wrote > 0) metrics.gapsFound.inc();
      const { detail: _, ...facts } = settlement.attempt;
      log.info('lane.settled', {
        lane: lane.key,
        tenant: lane.tenant,
        verdict: settlement.verdict,
        written,
        ...facts,
      });
    },
  });
  store.listen('lane', worker.wake);
  await ensureSchedule(engine);
  await followAddress(queue, moved, log);

  const sessionGeneration = sessionGenerations(settings);
  const services: Services = {
    engine,
    systems,
    secrets,
    hooks,
    manifests: [azureDevOpsManifest, ...[...connectors.values()].map(({ manifest }) => manifest)],
    isOffered: (kind) => connectors.has(kind) && (config.connectors?.includes(kind) ?? true),
    hookSecretName,
    guard,
    redact: (text) => redactor.text(text),
    publicUrl: config.publicUrl,
    panelChanges: panelChanges(store),
    downloads: createDownloads(config.masterKeys),
    sessionGeneration,
  };
  const ask = askAsUser(systems);
  let closing = false;
  const server: HttpServer = await createServer({
    config,
    handlers: allHandlers(services),
    sessions: createSessions({
      tokens: createSessionTokens(config.masterKeys),
      verifyAppToken: createAppTokenVerifier(config.appToken),
      organizations: storedOrganizations(store, config.organizations),
      generationOf: sessionGeneration,
      ask,
      log,
    }),
    access: createAccessChecker(ask),
    openDownload: downloadOpener(services),
    mountHooks: hookRoutes({
      directory: hookDirectory(store, (tenant, connection, kind) =>
        secrets.accepted(tenant, connection, hookSecretName(kind)),
      ),
      accept: acceptor(store, worker.wake),
      connectorOf: (kind) => systems.connectorOf(kind),
      readServiceHook: (request) => readServiceHook(request),
      isEcho: ({ tenant, connection, recordId, hint }) =>
        recordId !== undefined && engine.echoes.isEcho(tenant, connection, recordId, hint?.revision),
      refusing: () => closing,
      onArrival: (outcome, kind, durationMs) => {
        metrics.hooksReceived.inc({ source: kind, status: outcome });
        metrics.hookSeconds.observe({ source: kind }, durationMs / 1000);
      },
      onError: (error) => log.warn('hook.not_accepted', { error }),
    }),
    health,
    metrics,
    log,
  });
  health.watch('store', async () => {
    const away = isAway();
    if (away !== undefined) return away;
    await store.call('select 1');
    return undefined;
  });
  const lanes = watchStoredLanes(store, worker, { stuckAfterMs, onError: onStoreError });
  health.watch('lanes', () => lanes.problem());
  const gauges = watchGauges(store, metrics, onStoreError);
  const credentials = watchCredentials(store, metrics, log, onStoreError);
  const address = await server.listen();
  log.info('backend.ready', { address });

  return {
    address,
    async close() {
      closing = true;
      health.startClosing();
      lanes.stop();
      clearInterval(gauges);
      clearInterval(credentials);
      await server.close();
      await worker.stop(8000);
      await systems.close();
      await closeStore();
      log.info('backend.stopped');
    },
  };
}

/** The watchdog at once, instead of when it is due: until then hooks go to where the backend is not any more. */
async function followAddress(queue: LaneQueue, tenants: readonly number[], log: Log): Promise<void> {
  if (tenants.length === 0) return;
  log.info('hooks.address_changed', { tenants: [...tenants] });
  await queue.wake(
    tenants.map((tenant) => ({ tenant, key: 'watchdog', kind: 'watchdog', connection: azureDevOps })),
  );
}

const gaugesEveryMs = 15_000;

/** Counted now and then instead of with every scrape: a curious scraper must not cost the store anything. */
function watchGauges(store: Store, metrics: Metrics, onError: (error: unknown) => void): NodeJS.Timeout {
  const look = async () => {
    const [row] = await store.call<Record<string, number>>('select * from gauges()');
    if (row === undefined) return;
    const {
      lanes_due = 0,
      oldest_due_seconds = 0,
      received = 0,
      duplicate = 0,
      parked = 0,
      pending = 0,
    } = row;
    metrics.lanesDue.set(lanes_due);
    metrics.oldestDueSeconds.set(oldest_due_seconds);
    metrics.books.set({ place: 'received' }, received);
    metrics.books.set({ place: 'duplicate' }, duplicate);
    metrics.books.set({ place: 'parked' }, parked);
    metrics.books.set({ place: 'pending' }, pending);
    metrics.books.set({ place: 'handled' }, received - duplicate - parked - pending);
  };
  look().catch(onError);
  return setInterval(() => look().catch(onError), gaugesEveryMs).unref();
}
