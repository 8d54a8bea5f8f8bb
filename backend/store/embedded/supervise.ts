import { join } from 'node:path';
import { type EmbeddedStore, type OpenEmbeddedOptions, openEmbedded } from './open.ts';
import { isRunning } from './postmaster.ts';

export interface SuperviseOptions extends OpenEmbeddedOptions {
  /** How often to look whether the server lives. */
  checkEveryMs?: number;
  /** After each restart; `downMs` counts from when the loss was noticed. */
  onRestarted?: (restart: { downMs: number; attached: boolean }) => void;
  /** A restart did not succeed; it is tried again by itself. */
  onRestartFailed?: (error: unknown) => void;
}

export interface SupervisedStore extends EmbeddedStore {
  /** Call it from a pool's `error` listener: looks at once instead of at the next check. */
  checkNow(): void;
  /** Restarts since the start. */
  readonly restarts: number;
}

// A look costs two reads of /proc. A quarter of a second keeps a restart well below two seconds in all.
const defaultCheckEveryMs = 250;
const retryAfterMs = 1000;

/** Opens the store and starts the server again whenever it dies, until `stop()`. */
export async function superviseEmbedded(options: SuperviseOptions): Promise<SupervisedStore> {
  const log = options.log ?? (() => undefined);
  let store = await openEmbedded(options);
  let restarts = 0;
  let stopping = false;
  let turn: Promise<void> | null = null;
  let retryNotBeforeMs = 0;

  async function look(): Promise<void> {
    if (await isRunning(store.pid, join(store.storeDir, 'data'))) return;
    const noticedAtMs = Date.now();
    log(`store.lost pid=${store.pid}`);
    try {
      store = await openEmbedded(options);
      restarts += 1;
      options.onRestarted?.({ downMs: Date.now() - noticedAtMs, attached: store.attached });
    } catch (error) {
      retryNotBeforeMs = Date.now() + retryAfterMs;
      log(`store.restart_failed ${error instanceof Error ? error.message : String(error)}`);
      options.onRestartFailed?.(error);
    }
  }

  function checkNow(): void {
    if (stopping || turn || Date.now() < retryNotBeforeMs) return;
    turn = look().finally(() => {
      turn = null;
    });
  }

  const timer = setInterval(checkNow, options.checkEveryMs ?? defaultCheckEveryMs);
  timer.unref(); // the server alone is no reason to keep running

  return {
    get connection() {
      return store.connection;
    },
    get attached() {
      return store.attached;
    },
    get pid() {
      return store.pid;
    },
    get restarts() {
      return restarts;
    },
    version: store.version,
    storeDir: store.storeDir,
    checkNow,
    async stop() {
      stopping = true;
      clearInterval(timer);
      await turn;
      await store.stop();
    },
  };
}
