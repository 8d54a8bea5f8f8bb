import { join } from 'node:path';
import type { ClientConfig } from 'pg';
import type { Config } from '../config.ts';
import type { Log } from '../observability/log.ts';
import { superviseEmbedded } from '../store/embedded/index.ts';
import { migrate } from '../store/migrate.ts';
import { openStore, type Store } from '../store/pool.ts';

export interface OpenedStore {
  store: Store;
  /** Why the store is away just now, as far as is known without asking it. */
  isAway(): string | undefined;
  /** The operator's server goes on; our own is left running only on a crash, never on a stop. */
  close(): Promise<void>;
}

/** The operator's PostgreSQL, or one of our own in DATA_DIR, migrated and open. */
export async function openStoreOf(
  config: Pick<Config, 'databaseUrl' | 'dataDir' | 'embeddedPostgresBinaries' | 'workers'>,
  log: Log,
): Promise<OpenedStore> {
  const maxConnections = Math.min(20, Math.max(8, Math.ceil(config.workers / 2)));
  if (config.databaseUrl !== undefined) {
    const connection: ClientConfig = { connectionString: config.databaseUrl };
    await migrate(connection, (line) => log.info('store.migrated', { text: line }));
    const store = openStore({
      connection,
      maxConnections,
      onError: (error) => log.warn('store.connection_lost', { error }),
    });
    return { store, isAway: () => undefined, close: () => store.close() };
  }
  let away: string | undefined;
  const embedded = await superviseEmbedded({
    dataDir: join(config.dataDir),
    binDir: config.embeddedPostgresBinaries,
    log: (line) => log.info('store.server_said', { text: line }),
    onRestarted: ({ downMs, attached }) => {
      away = undefined;
      log.warn('store.server_restarted', { downMs, attached });
    },
    onRestartFailed: (error) => {
      away = 'PostgreSQL does not start; see the log';
      log.error('store.server_restart_failed', { error });
    },
  });
  log.info('store.server_ready', {
    attached: embedded.attached,
    pid: embedded.pid,
    // Not always below DATA_DIR: see `placeStore`.
    storeDir: embedded.storeDir,
  });
  await migrate(embedded.connection, (line) => log.info('store.migrated', { text: line }));
  const store = openStore({
    connection: embedded.connection,
    maxConnections,
    onError: (error) => {
      embedded.checkNow();
      log.warn('store.connection_lost', { error });
    },
  });
  return {
    store,
    isAway: () => away,
    async close() {
      await store.close();
      await embedded.stop();
    },
  };
}
