import { type Binaries, findBinaries } from './binaries.ts';
import { type Cluster, createStore, readStore, storeUser } from './cluster.ts';
import { askServer, ensureDatabase, type StoreConnection } from './connect.ts';
import { EmbeddedStoreError, errorCode } from './failure.ts';
import { type Launch, launch } from './launch.ts';
import { openSocketDirectory, type Placement, placeStore } from './placement.ts';
import { identifyHolder, readPostmasterLock, removeEmptyLock } from './postmaster.ts';
import { type ServerSettings, serverSettings } from './settings.ts';
import { signalServer, stopServer } from './stop.ts';

export interface OpenEmbeddedOptions {
  /** Created when missing. See `placement.ts` for where the data lies when root hides this folder. */
  dataDir: string;
  /** Gets one line per noteworthy step (`store.started pid=...`); never a secret. */
  log?: (line: string) => void;
  /** A folder with `initdb` and `postgres` to use instead of the packaged ones. */
  binDir?: string;
  /** Server settings over ours, for tests. They count only when this call starts the server. */
  settings?: ServerSettings;
  /** How long a start, crash recovery included, may take. */
  startTimeoutMs?: number;
}

export interface EmbeddedStore {
  connection: StoreConnection;
  /** True when a server of an earlier run was still there. */
  attached: boolean;
  /** Of the postmaster. */
  pid: number;
  /** PostgreSQL's version, e.g. `18.4`. */
  version: string;
  /** Where the data really lies. */
  storeDir: string;
  /** Stops the server for everybody who uses it. To leave it running, just do not call this. */
  stop(): Promise<void>;
}

interface Opening {
  placement: Placement;
  binaries: Binaries;
  cluster: Cluster;
  socketDir: string | null;
  options: OpenEmbeddedOptions;
  log: (line: string) => void;
  deadlineMs: number;
}

const defaultStartTimeoutMs = 120_000;
const pollMs = 15;

/**
 * Brings the store of `dataDir` up: creates it, starts it or attaches to it. Several callers may do so at once.
 * Throws EmbeddedStoreError, whose message says what the operator can do.
 */
export async function openEmbedded(options: OpenEmbeddedOptions): Promise<EmbeddedStore> {
  const log = options.log ?? (() => undefined);
  let placement = await placeStore(options.dataDir);
  const { account, cacheDir } = placement;
  const binaries = await findBinaries({ binDir: options.binDir, account, cacheDir, log });
  if (!placement.exists) {
    await createStore(placement, binaries, log);
    placement = await placeStore(options.dataDir);
  }
  const cluster = await readStore(placement.storeDir, binaries);
  const socketDir = await openSocketDirectory(placement.storeDir, placement.account);
  const deadlineMs = Date.now() + (options.startTimeoutMs ?? defaultStartTimeoutMs);
  const store = await bringUp({ placement, binaries, cluster, socketDir, options, log, deadlineMs });
  await ensureDatabase(store.connection);
  return store;
}

async function bringUp(opening: Opening): Promise<EmbeddedStore> {
  const { cluster, log, deadlineMs } = opening;
  let lastRefusal = '';
  let socketMissingSinceMs: number | null = null;
  while (Date.now() < deadlineMs) {
    const lock = await readPostmasterLock(cluster.clusterDir);
    const holder = lock ? await identifyHolder(lock.pid, cluster.clusterDir) : 'gone';
    if (lock && (holder === 'ours' || holder === 'unknown')) {
      const connection = connectionTo(opening, lock.socketDir, lock.port);
      if (lock.status === 'ready' && (await answers(connection))) {
        log(`store.attached pid=${lock.pid}`);
        return describe(opening, connection, lock.pid, true);
      }
      if (holder === 'ours') {
        socketMissingSinceMs = await replaceDeafServer(opening, lock.pid, lock.status, socketMissingSinceMs);
        await pause(pollMs);
        continue;
      }
    }
    if (!lock) await removeEmptyLock(cluster.clusterDir, log);
    const stalePid = lock && (holder === 'zombie' || holder === 'stranger') ? lock.pid : undefined;
    const outcome = await startOnce(opening, stalePid);
    if (typeof outcome !== 'string') return outcome;
    lastRefusal = outcome;
    await pause(pollMs);
  }
  const { startTimeoutMs = defaultStartTimeoutMs } = opening.options;
  const said = lastRefusal || 'It is running and does not accept connections (recovering or shutting down?).';
  throw new EmbeddedStoreError(
    'startFailed',
    `PostgreSQL was not ready within ${startTimeoutMs} ms. ${said}`,
  );
}

// Another start came first (its lock file is empty for a moment), or children of a killed server still hold its shared
// memory: all pass.
const passingRefusal = /lock file ".*" (already exists|is empty)|shared memory block .* is still in use/;

/** The store, or the reason why PostgreSQL would not start just now. */
async function startOnce(opening: Opening, stalePid: number | undefined): Promise<EmbeddedStore | string> {
  const { placement, binaries, cluster, socketDir, log, deadlineMs } = opening;
  const startedAtMs = Date.now();
  const settings = serverSettings({
    major: binaries.major,
    socketDir,
    port: cluster.port,
    extra: opening.options.settings,
  });
  const { account, storeDir } = placement;
  const launched = launch({
    binaries,
    account,
    storeDir,
    clusterDir: cluster.clusterDir,
    settings,
    stalePid,
  });
  try {
    const pid = await waitUntilReady(opening, launched, deadlineMs);
    if (pid !== null) {
      log(`store.started pid=${pid} version=${binaries.version} durationMs=${Date.now() - startedAtMs}`);
      return describe(opening, connectionTo(opening, null, null), pid, false);
    }
    const tail = await launched.readTail();
    if (passingRefusal.test(tail)) return tail;
    const { exitCode, error } = launched.hasEnded() ? await launched.ended : { exitCode: null };
    const reason = error ? `could not be started: ${error.message}` : `did not start (exit code ${exitCode})`;
    const said = tail || 'It said nothing.';
    throw new EmbeddedStoreError('startFailed', `PostgreSQL ${reason}. Its log ends with:\n${said}`);
  } finally {
    launched.release();
  }
}

/** The postmaster's pid once it takes our password; null when it ended or the time is up. */
async function waitUntilReady(
  opening: Opening,
  launched: Launch,
  deadlineMs: number,
): Promise<number | null> {
  const connection = connectionTo(opening, null, null);
  const isLauncherOnly = process.platform === 'win32'; // pg_ctl ends while the server goes on
  while (Date.now() < deadlineMs) {
    if (launched.hasEnded() && !isLauncherOnly) return null;
    const lock = await readPostmasterLock(opening.cluster.clusterDir);
    const isOurs = lock && (isLauncherOnly || lock.pid === launched.pid);
    if (isOurs && lock.status === 'ready' && (await answers(connection))) return lock.pid;
    await pause(pollMs);
  }
  return null;
}

async function answers(connection: StoreConnection): Promise<boolean> {
  try {
    return (await askServer({ ...connection, database: 'postgres' })) === 'ready';
  } catch (cause) {
    if (errorCode(cause) !== '28P01') throw cause;
    const message =
      'The running PostgreSQL refuses the password that is kept beside its data. Restore that file.';
    throw new EmbeddedStoreError('startFailed', message, { cause });
  }
}

const deafAfterMs = 5000;

/** A cleaner of /tmp may take the socket away: nobody can reach such a server any more, so it is started anew. */
async function replaceDeafServer(
  opening: Opening,
  pid: number,
  status: string | null,
  sinceMs: number | null,
): Promise<number | null> {
  if (status !== 'ready') return null;
  const nowMs = Date.now();
  if (sinceMs === null) return nowMs;
  if (nowMs - sinceMs < deafAfterMs) return sinceMs;
  opening.log(`store.stopped_deaf pid=${pid}: it runs but its socket does not answer`);
  await signalServer(opening.binaries, opening.cluster.clusterDir, pid, 'fast');
  return nowMs;
}

function connectionTo(opening: Opening, socketDir: string | null, port: number | null): StoreConnection {
  return {
    host: socketDir ?? opening.socketDir ?? '127.0.0.1',
    port: port ?? opening.cluster.port,
    user: storeUser,
    password: opening.cluster.password,
    database: 'tandem',
  };
}

function describe(
  opening: Opening,
  connection: StoreConnection,
  pid: number,
  attached: boolean,
): EmbeddedStore {
  const { binaries, cluster, placement, log } = opening;
  return {
    connection,
    attached,
    pid,
    version: binaries.version,
    storeDir: placement.storeDir,
    stop: () => stopServer({ binaries, clusterDir: cluster.clusterDir, log }),
  };
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
