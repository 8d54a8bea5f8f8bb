import type { FailureKind } from './failure.ts';

/** What becomes of the work that failed. */
export type Decision =
  /** Nobody's work on this connection can succeed: stop it and ask for credentials. */
  | 'pauseConnection'
  /** This link needs a person; others go on. */
  | 'parkLink'
  /** The world is not as it was read: read and plan again. */
  | 'planAgain'
  /** This write needs a person; the rest of the link goes on. */
  | 'parkCommand'
  | 'wait'
  /** The write may have happened: find out before sending again. */
  | 'lookForMark';

export interface RetryDecision {
  decision: Decision;
  delayMs?: number;
  /** The delay holds for everything on this connection. */
  wholeConnection?: boolean;
  /** Counts towards the limit after which work is parked. */
  countsAsAttempt: boolean;
  needsPerson: boolean;
}

export interface RetryLimits {
  maxAttempts: number;
  firstDelayMs: number;
  longestDelayMs: number;
  /** Instead of a wait that grows. */
  fixedDelayMs?: number;
}

export interface FailureFacts {
  kind: FailureKind;
  /** As the system asked. */
  retryAfterMs?: number;
}

const defaultThrottleMs = 30_000;
const shortestThrottleMs = 1000;
/** A day, as the header's reader allows (`retry-after.ts`): trying before would only be refused again. */
const longestThrottleMs = 86_400_000;
/** Losing a race is normal: try soon, but not in step with whoever else lost it. */
const staleDelayMs = 250;
const longestStaleDelayMs = 10_000;
/** A record whose revision moves each time is being written by something that does not stop. */
const maxStaleAttempts = 20;

/** Waits between a quarter and the whole of the doubled delay: spread out, but never at once. */
export function backoffMs(attempts: number, firstMs: number, longestMs: number, random: number): number {
  const doublings = Math.min(Math.max(0, attempts - 1), 40);
  const ceiling = Math.min(longestMs, firstMs * 2 ** doublings);
  return Math.round(ceiling * (0.25 + 0.75 * Math.min(1, Math.max(0, random))));
}

/** Up to a tenth longer, never shorter: what failed together must not come back in step. */
export const fixedMs = (delayMs: number, random: number): number =>
  Math.round(delayMs * (1 + 0.1 * Math.min(1, Math.max(0, random))));

/** How long work waits that failed: as the connection says, but not less than the system asked for. */
function waitMs(
  asked: number | undefined,
  attempts: number,
  { firstDelayMs, longestDelayMs, fixedDelayMs }: RetryLimits,
  random: number,
): number {
  const ownMs =
    fixedDelayMs === undefined
      ? backoffMs(attempts, firstDelayMs, longestDelayMs, random)
      : fixedMs(fixedDelayMs, random);
  return asked === undefined || !Number.isFinite(asked) ? ownMs : Math.max(ownMs, Math.ceil(asked));
}

/** Not a failed attempt but the system's pace: as it asks, whatever the connection waits after failures. */
function throttleMs(asked: number | undefined): number {
  if (asked === undefined || !Number.isFinite(asked)) return defaultThrottleMs;
  return Math.min(longestThrottleMs, Math.max(shortestThrottleMs, Math.ceil(asked)));
}

const parked = (decision: 'parkLink' | 'parkCommand'): RetryDecision => ({
  decision,
  countsAsAttempt: false,
  needsPerson: true,
});

/**
 * The one decision for each kind of failure.
 *
 * @param attempts tries so far that counted, this one included: 1 after the first failure
 * @param random 0 to 1, for jitter
 */
export function decide(
  failure: FailureFacts,
  attempts: number,
  limits: RetryLimits,
  random: number,
): RetryDecision {
  const isLast = attempts >= limits.maxAttempts;
  const delayMs = waitMs(failure.retryAfterMs, attempts, limits, random);
  switch (failure.kind) {
    case 'unauthorized':
      return {
        decision: 'pauseConnection',
        wholeConnection: true,
        countsAsAttempt: false,
        needsPerson: true,
      };
    case 'forbidden':
    case 'malformed':
      return parked('parkLink');
    case 'rejected':
      return parked('parkCommand');
    case 'notFound':
      // The next reading says Missing, and the mapping's policy decides; not at once, in case it was only just made.
      return isLast
        ? parked('parkLink')
        : { decision: 'planAgain', delayMs, countsAsAttempt: true, needsPerson: false };
    case 'stale': {
      if (attempts >= Math.max(limits.maxAttempts, maxStaleAttempts)) return parked('parkLink');
      const soonMs = backoffMs(attempts, staleDelayMs, longestStaleDelayMs, random);
      return { decision: 'planAgain', delayMs: soonMs, countsAsAttempt: true, needsPerson: false };
    }
    case 'throttled':
      return {
        decision: 'wait',
        delayMs: throttleMs(failure.retryAfterMs),
        wholeConnection: true,
        countsAsAttempt: false,
        needsPerson: false,
      };
    case 'unavailable':
      return isLast
        ? parked('parkLink')
        : { decision: 'wait', delayMs, countsAsAttempt: true, needsPerson: false };
    case 'ambiguous':
      return isLast
        ? parked('parkLink')
        : { decision: 'lookForMark', delayMs, countsAsAttempt: true, needsPerson: false };
  }
}
