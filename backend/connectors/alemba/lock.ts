import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, isFailure } from '../../sync/failure.ts';
import { outsideAttempt } from '../attempt.ts';
import type { Alemba } from './alemba.ts';
import type { Row } from './client.ts';
import { orderOf, refOfRow, revisionOf } from './translate.ts';

const firstWaitMs = 150;
const longestWaitMs = 1000;
const stampColumns = 'Ref,LastActionDate,LastHistoryOrder,CallStatus';

/**
 * Runs `use` while the call is locked, on the revision that the write was planned on.
 *
 * The revision is compared under the lock, so no field edit can come between the comparison and the write: edits need
 * the lock. Notes and attachments need none, so the history may still grow; they touch no field.
 * With `lock.check` = answer an edit between the reading and the lock is overwritten; the jump in the history order
 * then keeps the result from claiming a revision, so that the next reading brings what else was changed.
 * `use` tells whether its last request gave the lock up by itself (defer, forward and close do).
 *
 * Throws stale when the call is locked by somebody else for longer than `lock.maxWaitSeconds`, or has changed.
 */
export async function withLock<T>(
  alemba: Alemba,
  id: string,
  revision: string,
  use: (stamp: Row) => Promise<{ value: T; unlocked: boolean }>,
  given?: HeldLock,
): Promise<T> {
  const held = given?.take() ?? { stamp: await lock(alemba, id), wasRead: false };
  let unlocked = false;
  try {
    // A lock answer that tells the revision saves the reading; what it tells is not documented.
    const mustRead = !held.wasRead && revisionOf(held.stamp) === undefined && alemba.settings.readUnderLock;
    const stamp = mustRead ? await readStamp(alemba, id) : held.stamp;
    if (revisionOf(stamp) !== undefined) requireSame(id, stamp, revision);
    const result = await use(stamp);
    unlocked = result.unlocked;
    return result.value;
  } finally {
    if (!unlocked) await unlock(alemba, id);
  }
}

/** A lock that was taken before the call was read; good for one update. */
export interface HeldLock {
  /** The reading is what an update needs to know of the call: none of its own comes on top. */
  wasRead(stamp: Row): void;
  /** Hands the lock over, with the duty to give it up; undefined when it is gone already. */
  take(): { stamp: Row; wasRead: boolean } | undefined;
  release(): Promise<void>;
}

/** One try: whoever does not get the lock at once has other ways. Throws unavailable, throttled, unauthorized. */
export async function tryHold(alemba: Alemba, id: string): Promise<HeldLock | undefined> {
  try {
    await requestLock(alemba, id);
  } catch (error) {
    // Locked by an agent, closed (such a call takes no lock), or gone.
    if (isFailure(error) && !ofTheSystem.has(error.kind)) return undefined;
    throw error;
  }
  let stamp: Row | undefined = {};
  return {
    wasRead(row) {
      if (stamp !== undefined) stamp = row;
    },
    take() {
      const taken = stamp;
      stamp = undefined;
      return taken === undefined ? undefined : { stamp: taken, wasRead: revisionOf(taken) !== undefined };
    },
    async release() {
      if (stamp === undefined) return;
      stamp = undefined;
      await unlock(alemba, id);
    },
  };
}

/** Kinds that say nothing about the one call. */
const ofTheSystem: ReadonlySet<string> = new Set(['unavailable', 'throttled', 'unauthorized']);

/** The call's revision and status now: for actions that take no lock. Throws notFound. */
export async function readStamp(alemba: Alemba, id: string): Promise<Row> {
  const row = await alemba.client.get('call.stamp', `/call/${id}`, { $select: stampColumns });
  return { ...row, Ref: refOfRow(row) };
}

/** Throws stale. */
export function requireSame(id: string, stamp: Row, revision: string): void {
  const now = orderOf(revisionOf(stamp));
  const planned = orderOf(revision);
  if (now !== undefined && now === planned) return;
  throw new Failure({ kind: 'stale', message: `Call ${id} was changed in the meantime` });
}

async function requestLock(alemba: Alemba, id: string): Promise<Row> {
  // Whoever takes the lock now gives it up; a late unlock must not take it away in the middle of a write.
  const late = alemba.lateUnlocks.get(id);
  late?.abort();
  alemba.lateUnlocks.delete(id);
  try {
    return await alemba.client.put('call.lock', `/call/${id}/lock`, undefined, { repeat: 'safe' });
  } catch (error) {
    // The lock may have been taken although the answer was lost, or be the one that was still to be given up.
    const mayBeOurs = late !== undefined || (isFailure(error) && mayHaveLocked.has(error.kind));
    if (mayBeOurs) await unlock(alemba, id);
    throw error;
  }
}

const mayHaveLocked: ReadonlySet<string> = new Set(['unavailable', 'ambiguous', 'malformed']);

async function lock(alemba: Alemba, id: string): Promise<Row> {
  const { settings, context } = alemba;
  const untilMs = context.now().getTime() + settings.lockMaxWaitMs;
  for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      return await requestLock(alemba, id);
    } catch (error) {
      const mayWait =
        isFailure(error) && error.kind === 'stale' && context.now().getTime() + waitMs <= untilMs;
      if (!mayWait) throw error;
    }
    // Jitter: replicas that wait for the same agent must not come back together.
    await sleep(waitMs * (0.5 + Math.random() / 2));
  }
}

const firstUnlockAgainMs = 500;
const longestUnlockAgainMs = 15_000;
/** A system that is away for longer has most likely ended the session, and its locks with it. */
const unlockForMs = 3_600_000;

/**
 * A call that stays locked keeps the agents out, but the write itself was done: so the failure is told, not thrown,
 * and the unlock is tried again behind the caller's back. Nothing else would: the next run finds nothing to write.
 */
export async function unlock(alemba: Alemba, id: string): Promise<void> {
  const failure = await tryUnlock(alemba, id);
  if (failure !== undefined) void unlockLater(alemba, id, failure);
}

/** The failure when another try may help; undefined when it is done, or will never be. */
async function tryUnlock({ client, context }: Alemba, id: string): Promise<Failure | undefined> {
  try {
    // Also when the attempt that took the lock has been ended.
    await outsideAttempt(() =>
      client.put('call.unlock', `/call/${id}/unlock`, undefined, { repeat: 'safe' }),
    );
    return undefined;
  } catch (error) {
    context.log('alemba.unlock_failed', { call: id, reason: (error as Error).message });
    return isFailure(error) && mayPass.has(error.kind) ? error : undefined;
  }
}

const mayPass: ReadonlySet<string> = new Set(['unavailable', 'throttled', 'ambiguous', 'malformed']);

async function unlockLater(alemba: Alemba, id: string, first: Failure): Promise<void> {
  const turn = new AbortController();
  alemba.lateUnlocks.get(id)?.abort();
  alemba.lateUnlocks.set(id, turn);
  const untilMs = Date.now() + unlockForMs;
  let failure: Failure | undefined = first;
  let waitMs = firstUnlockAgainMs;
  while (failure !== undefined && Date.now() < untilMs) {
    // A system that throttles says when: earlier is refused again, and a fixed number of tries would be used up by that.
    const dueMs: number = Math.max(failure.details.retryAfterMs ?? waitMs, firstUnlockAgainMs);
    if (failure.details.retryAfterMs === undefined) waitMs = Math.min(waitMs * 2, longestUnlockAgainMs);
    // Not waited for when the backend stops: signing out gives up all locks.
    await sleep(dueMs * (1 + Math.random() / 4), undefined, { ref: false });
    if (turn.signal.aborted) return;
    failure = await tryUnlock(alemba, id);
  }
  if (alemba.lateUnlocks.get(id) === turn) alemba.lateUnlocks.delete(id);
}
