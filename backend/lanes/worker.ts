import { setTimeout as delay } from 'node:timers/promises';
import { pauseAfter } from '../store/pace.ts';
import { StoreUnavailable } from '../store/pool.ts';
import type { ClaimedLane, LaneRunner, Settlement } from './lane.ts';
import { type HeldLease, withLease } from './lease.ts';
import type { LaneQueue } from './queue.ts';

/**
 * Between two claims: above 200 changes a second lanes are claimed in twos and more instead of each with a call of its
 * own; a lone change never waits. Under a backlog claims follow each other, as fast as slots get free.
 */
const claimPace = { perItemMs: 4, atMostMs: 20 };
const claimEveryMs = 5;

const settleAgainMs = 500;

export interface WorkerOptions {
  queue: LaneQueue;
  runners: Readonly<Record<string, LaneRunner>>;
  /** Lanes at work at the same time. */
  concurrent: number;
  leaseSeconds: number;
  /** Safety net for a lost notification. */
  pollMs: number;
  /** For what no runner may throw: a fault of ours. Decides what becomes of the lane. */
  onFault: (lane: ClaimedLane, error: unknown) => Settlement;
  onStoreError: (error: unknown) => void;
  /** After a settle; false: the lease was lost and another worker has the lane. */
  onSettled?: (lane: ClaimedLane, settlement: Settlement, written: boolean) => void;
}

export interface Worker {
  /** There may be something to claim. */
  wake(): void;
  /** Lanes at work now. */
  readonly busy: number;
  /** It would claim now; while most places are taken it waits for some more to become free. */
  readonly hasRoom: boolean;
  /** Stops claiming and waits up to `graceMs` for what is at work; the rest falls back by its lease. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Claims due lanes and runs them. Under a backlog it claims half its slots at once instead of one by one (one claim
 * costs the database as much as a dozen lanes of a larger one); idle, it claims at the first notification.
 */
export function startWorker(options: WorkerOptions): Worker {
  const held = new Map<string, ClaimedLane>();
  const leases = new Map<ClaimedLane, HeldLease>();
  const leaseMs = options.leaseSeconds * 1000;
  const aborts = new AbortController();
  let stopping = false;
  let claiming = false;
  let wanted = false;
  let nextClaimMs = 0;

  const wake = () => {
    wanted = true;
    void claim();
  };

  const hasRoom = () => {
    const free = options.concurrent - held.size;
    return free > 0 && (held.size === 0 || free >= options.concurrent / 2 || free >= 8);
  };

  const claim = async () => {
    if (claiming || stopping) return;
    claiming = true;
    try {
      while (wanted && !stopping) {
        if (!hasRoom()) break;
        const free = options.concurrent - held.size;
        const earlyMs = nextClaimMs - performance.now();
        if (earlyMs > 0) {
          await delay(earlyMs);
          continue;
        }
        wanted = false;
        // Taken before the call: the store's clock starts the lease later, never sooner.
        const askedAtMs = performance.now();
        const lanes = await options.queue.claim(free, options.leaseSeconds);
        for (const lane of lanes) void run(lane, { untilMs: askedAtMs + leaseMs });
        const isAll = lanes.length < free;
        if (!isAll) wanted = true;
        const pauseMs = isAll ? pauseAfter(lanes.length, claimPace) : 0;
        nextClaimMs = askedAtMs + Math.max(claimEveryMs, pauseMs);
      }
    } catch (error) {
      options.onStoreError(error);
      wanted = true;
      await delay(250);
    } finally {
      claiming = false;
    }
  };

  const run = async (lane: ClaimedLane, lease: HeldLease) => {
    const name = `${lane.tenant} ${lane.key}`;
    held.set(name, lane);
    leases.set(lane, lease);
    let settlement: Settlement;
    try {
      const runner = options.runners[lane.kind];
      if (runner === undefined) throw new Error(`There is no runner for lanes of kind ${lane.kind}`);
      settlement = await withLease(lease, () => runner(lane, aborts.signal));
    } catch (error) {
      settlement = options.onFault(lane, error);
    }
    try {
      const written = await settle(lane, settlement, lease);
      options.onSettled?.(lane, settlement, written);
    } catch (error) {
      // The store is away for longer than the lease: the lane runs again.
      options.onStoreError(error);
    } finally {
      // After a freeze the same lane may have been claimed here again: that run is not this one's to end.
      if (held.get(name) === lane) held.delete(name);
      leases.delete(lane);
    }
    wake();
  };

  /** Again while the lease lasts: a store that restarts in a second must not delay the lane by a lease of thirty. */
  const settle = async (lane: ClaimedLane, settlement: Settlement, lease: HeldLease): Promise<boolean> => {
    for (;;) {
      try {
        return await options.queue.settle(lane, settlement);
      } catch (error) {
        // Any other error is about what the batch holds, and would come again: the lease ends that.
        const isAway = error instanceof StoreUnavailable;
        if (!isAway || stopping || performance.now() + settleAgainMs > lease.untilMs) throw error;
        options.onStoreError(error);
        await delay(settleAgainMs);
      }
    }
  };

  const poll = setInterval(wake, options.pollMs);
  const beat = async () => {
    const askedAtMs = performance.now();
    for (const lane of await options.queue.extend([...held.values()], options.leaseSeconds)) {
      const lease = leases.get(lane);
      if (lease !== undefined) lease.untilMs = askedAtMs + leaseMs;
    }
  };
  const heartbeat = setInterval(() => beat().catch(options.onStoreError), leaseMs / 3);
  wake();

  return {
    wake,
    get busy() {
      return held.size;
    },
    get hasRoom() {
      return hasRoom();
    },
    async stop(graceMs) {
      stopping = true;
      clearInterval(poll);
      const deadline = Date.now() + graceMs;
      while (held.size > 0 && Date.now() < deadline) await delay(20);
      aborts.abort();
      clearInterval(heartbeat);
    },
  };
}
