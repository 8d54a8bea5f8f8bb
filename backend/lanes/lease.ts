import { AsyncLocalStorage } from 'node:async_hooks';

/** How long the lane at work is surely ours, on this process's own monotonic clock. */
export interface HeldLease {
  /** As `performance.now()`; moved by heartbeats that reached the store. */
  untilMs: number;
}

const current = new AsyncLocalStorage<HeldLease>();

export const withLease = <T>(lease: HeldLease, work: () => Promise<T>): Promise<T> =>
  current.run(lease, work);

/**
 * False when another worker may have the lane by now: this process was frozen (a paused machine, a stopped container)
 * for longer than the lease. The token keeps it from settling; this keeps it from writing to the other systems.
 */
export const isLeaseHeld = (): boolean => leaseQuestion()();

/** The same question to be asked later, from wherever: bound to the lane that is at work now. */
export const leaseQuestion = (): (() => boolean) => {
  const lease = current.getStore();
  return () => lease === undefined || performance.now() < lease.untilMs;
};
