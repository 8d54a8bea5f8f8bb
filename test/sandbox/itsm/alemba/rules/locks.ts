import { AlembaError, notAllowed } from '../errors.ts';
import type { Actor, Call } from '../model.ts';
import type { AlembaStore } from '../store.ts';

export function ownsLock(store: AlembaStore, actor: Actor, call: Call): boolean {
  if (call.lock === undefined) return false;
  return store.settings.lockOwner === 'person'
    ? call.lock.person === actor.person
    : call.lock.session === actor.session;
}

/** @throws AlembaError with the conflict body of "Locking and Updating Calls" when somebody else holds the lock. */
export function requireNoForeignLock(store: AlembaStore, actor: Actor, call: Call): void {
  if (call.lock === undefined || ownsLock(store, actor, call)) return;
  throw new AlembaError(
    store.settings.lockConflictStatus,
    `Record locked by ${store.personName(call.lock.person)}`,
  );
}

export function lockCall(store: AlembaStore, actor: Actor, call: Call): void {
  requireNoForeignLock(store, actor, call);
  if (call.values.ClosedDate !== null) throw notAllowed('A closed call cannot be locked; reopen it first');
  call.lock = { person: actor.person, session: actor.session, atMs: store.clock.nowMs() };
  store.effect('ticket.locked', call, actor);
}

/** Unlocking what is not locked is no error, so that a `finally` may always do it. */
export function unlockCall(store: AlembaStore, actor: Actor, call: Call): void {
  requireNoForeignLock(store, actor, call);
  if (call.lock === undefined) return;
  call.lock = undefined;
  store.effect('ticket.unlocked', call, actor);
}

/** A logout gives the session's locks back; a session that merely expires keeps them. */
export function releaseSessionLocks(store: AlembaStore, session: string): void {
  for (const call of store.calls.values()) if (call.lock?.session === session) call.lock = undefined;
}
