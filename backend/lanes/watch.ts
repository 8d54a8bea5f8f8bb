import type { Store } from '../store/pool.ts';
import type { Worker } from './worker.ts';

/** The lane that is next, and how often it was leased so far. */
export interface NextLane {
  tenant: number;
  key: string;
  kind: string;
  leaseToken: number;
}

export interface LaneWatchOptions {
  /** Undefined when nothing is due, or only what a connection holds back. */
  nextLane(): Promise<NextLane | undefined>;
  /** The worker would claim now. */
  hasRoom(): boolean;
  stuckAfterMs: number;
  onError(error: unknown): void;
  /** For tests. */
  nowMs?: () => number;
}

export interface LaneWatch {
  look(): Promise<void>;
  /** Why lanes are not being worked, in words for the operator. */
  problem(): string | undefined;
  stop(): void;
}

/**
 * Notices when this worker has room and yet nobody takes the lane whose turn it is. Only the one at the head is looked
 * at: behind it a backlog may honestly wait. And only what was seen waiting all the time counts, not since when it is
 * due: after a pause, a limit of the other system or an absence of the store much is due at once.
 */
export function watchLanes(options: LaneWatchOptions): LaneWatch {
  const { stuckAfterMs, nowMs = () => performance.now() } = options;
  const everyMs = stuckAfterMs / 4;
  let seen: { name: string; kind: string; sinceMs: number; lastMs: number } | undefined;
  let looking = false;

  const note = (lane: NextLane | undefined) => {
    if (lane === undefined || !options.hasRoom()) {
      seen = undefined;
      return;
    }
    const atMs = nowMs();
    const name = `${lane.tenant} ${lane.key} ${lane.leaseToken}`;
    // A process that was frozen itself has not watched meanwhile.
    const isSame = seen?.name === name && atMs - seen.lastMs < 3 * everyMs;
    seen = { name, kind: lane.kind, sinceMs: isSame && seen ? seen.sinceMs : atMs, lastMs: atMs };
  };

  const look = async () => {
    if (looking) return;
    looking = true;
    try {
      note(await options.nextLane());
    } catch (error) {
      seen = undefined;
      options.onError(error);
    } finally {
      looking = false;
    }
  };

  const timer = setInterval(look, everyMs).unref();
  return {
    look,
    problem() {
      const waitedMs = seen === undefined ? 0 : seen.lastMs - seen.sinceMs;
      if (seen === undefined || waitedMs < stuckAfterMs) return undefined;
      const seconds = Math.round(waitedMs / 1000);
      return `a ${seen.kind} lane is due for ${seconds} s and not taken, although this worker has room; restart it if this stays`;
    },
    stop: () => clearInterval(timer),
  };
}

export const watchStoredLanes = (
  store: Store,
  worker: Pick<Worker, 'hasRoom'>,
  options: Pick<LaneWatchOptions, 'stuckAfterMs' | 'onError'>,
): LaneWatch =>
  watchLanes({ ...options, nextLane: () => findNextLane(store), hasRoom: () => worker.hasRoom });

async function findNextLane(store: Store): Promise<NextLane | undefined> {
  const [row] = await store.call<Omit<NextLane, 'leaseToken'> & { lease_token: number }>(
    'select * from next_lane()',
  );
  if (row === undefined) return undefined;
  const { lease_token: leaseToken, ...lane } = row;
  return { ...lane, leaseToken };
}
