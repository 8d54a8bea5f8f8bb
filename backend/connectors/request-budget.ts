import { Failure } from '../sync/failure.ts';
import { calledOff, type Ending } from './attempt.ts';

/** How fast one connection may ask its remote system. Replicas share one through the store. */
export interface RequestBudget {
  /**
   * Waits for the right to send one request. Throws `Failure` throttled when the wait would be longer than it makes
   * sense to hold a lease for, unavailable when `signal` ends the wait.
   */
  take(signal?: Ending): Promise<void>;
  /** The system asked for a pause: nothing is sent on the whole connection for so long. */
  throttled(delayMs: number): void;
  /** Requests at once, of this process. */
  readonly concurrent: number;
}

export interface MemoryBudgetOptions {
  requestsPerSecond: number;
  concurrent: number;
  /** Longer waits become a `Failure` throttled. */
  maxWaitMs?: number;
  now?: () => number;
}

/**
 * A budget for one process (tests, one replica): a bucket that holds one second's worth. Each taker reserves the next
 * free instant, so takers leave in the order they came and no timer runs while nobody waits.
 */
export const createMemoryBudget = (options: MemoryBudgetOptions): RequestBudget => {
  const { requestsPerSecond, maxWaitMs = 20_000, now = Date.now } = options;
  const stepMs = 1000 / requestsPerSecond;
  const burstMs = Math.max(1000 - stepMs, 0);
  let nextFreeAt = 0;
  let blockedUntil = 0;

  const reserve = () => {
    const at = Math.max(nextFreeAt, now() - burstMs, blockedUntil);
    const waitMs = Math.max(at - now(), 0);
    if (waitMs > maxWaitMs) {
      const message = `The connection has to wait another ${Math.ceil(waitMs / 1000)} s before its next request`;
      throw new Failure({ kind: 'throttled', message, retryAfterMs: Math.ceil(waitMs) });
    }
    nextFreeAt = at + stepMs;
    return waitMs;
  };

  const take = async (signal?: Ending) => {
    for (;;) {
      const waitMs = reserve();
      if (waitMs > 0) await wait(waitMs, signal);
      // A pause may have been asked for while waiting; then a new place in the queue is due.
      if (now() >= blockedUntil) return;
    }
  };

  const throttled = (delayMs: number) => {
    blockedUntil = Math.max(blockedUntil, now() + delayMs);
    nextFreeAt = Math.max(nextFreeAt, blockedUntil);
  };

  return { take, throttled, concurrent: options.concurrent };
};

const wait = (waitMs: number, signal?: Ending): Promise<void> =>
  new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(calledOff(signal as Ending));
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      },
      // One more millisecond: timers may fire a fraction early.
      Math.ceil(waitMs) + 1,
    );
    if (signal?.aborted) leave();
    else signal?.addEventListener('abort', leave, { once: true });
  });
