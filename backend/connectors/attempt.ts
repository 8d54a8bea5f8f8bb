import { AsyncLocalStorage } from 'node:async_hooks';
import { Failure } from '../sync/failure.ts';

/** Why the requests of an attempt were called off. */
export class AttemptOverdue extends Error {
  constructor(longestSeconds: number) {
    super(`The attempt took longer than ${longestSeconds} seconds`);
    this.name = 'AttemptOverdue';
  }
}

/** What an AbortSignal is asked here; each is one. */
export interface Ending {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', leave: () => void, options?: { once: boolean }): void;
  removeEventListener(type: 'abort', leave: () => void): void;
}

/**
 * The end of an attempt. An AbortSignal does the same with an event for each listener, and each request and each wait
 * of a change has one. What that saves was not told apart from the noise of the machine.
 */
class AttemptEnd implements Ending {
  aborted = false;
  reason: unknown;
  private readonly waiting = new Set<() => void>();

  addEventListener(_type: 'abort', leave: () => void): void {
    this.waiting.add(leave);
  }

  removeEventListener(_type: 'abort', leave: () => void): void {
    this.waiting.delete(leave);
  }

  end(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    const all = [...this.waiting];
    this.waiting.clear();
    for (const leave of all) leave();
  }
}

const current = new AsyncLocalStorage<AttemptEnd | undefined>();

/**
 * Runs one attempt. When it takes longer, its requests are called off and no new ones are sent: it ends with the
 * failure of the request that it waited for, which tells whether a write may have arrived. One timer for all of them.
 */
export async function withinAttempt<T>(longestSeconds: number, work: () => Promise<T>): Promise<T> {
  const ending = new AttemptEnd();
  const timer = setTimeout(() => ending.end(new AttemptOverdue(longestSeconds)), longestSeconds * 1000);
  try {
    return await current.run(ending, work);
  } finally {
    clearTimeout(timer);
  }
}

/** Of the attempt at work; undefined outside of attempts. */
export const attemptSignal = (): Ending | undefined => current.getStore();

export const isAttemptOverdue = (): boolean => current.getStore()?.aborted === true;

/** For what must be sent all the same: giving back a lock, ending a session. */
export const outsideAttempt = <T>(work: () => T): T => current.run(undefined, work);

/** Stops waiting when the attempt ends; the work itself goes on. */
export function untilAttemptEnds<T>(work: Promise<T>): Promise<T> {
  const signal = current.getStore();
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const leave = () => reject(calledOff(signal));
    signal.addEventListener('abort', leave);
    work.then(
      (value) => {
        signal.removeEventListener('abort', leave);
        resolve(value);
      },
      (error) => {
        signal.removeEventListener('abort', leave);
        reject(error);
      },
    );
    if (signal.aborted) leave();
  });
}

/** Work whose result others wait for too (a sign-in, a batch of reads): it must not end with the attempt that began it. */
export const sharedWork = <T>(work: () => Promise<T>): Promise<T> => untilAttemptEnds(outsideAttempt(work));

/** Nothing was sent yet. */
export const calledOff = ({ reason }: Ending): Failure =>
  new Failure({
    kind: 'unavailable',
    message: reason instanceof AttemptOverdue ? reason.message : 'Cancelled before the request was sent',
  });
