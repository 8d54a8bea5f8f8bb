import { notAllowed, recordNotFound } from '../errors.ts';
import type { Actor, Call } from '../model.ts';
import type { AlembaStore } from '../store.ts';

/** What is hidden answers as if it did not exist: unsubmitted calls of others, other partitions, others' calls. */
export function isVisible(store: AlembaStore, actor: Actor, call: Call): boolean {
  if (actor.kind === 'Anonymous') return false;
  if (!call.submitted && call.creator !== actor.person) return false;
  if (actor.kind === 'User' && call.values.User !== actor.person) return false;
  if (!store.settings.partitioning || actor.partitions === null) return true;
  return actor.partitions.includes(call.values.Partition as number);
}

/** @throws AlembaError 404 RecordNotFound. */
export function visibleCall(store: AlembaStore, actor: Actor, ref: number | string): Call {
  const call = store.calls.get(Number(ref));
  if (call === undefined || !isVisible(store, actor, call)) throw recordNotFound('call', ref);
  return call;
}

/** Writing needs an Analyst session. @throws AlembaError 403 NotAllowed. */
export function requireAnalyst(actor: Actor): void {
  if (actor.kind !== 'Analyst') throw notAllowed('The session type does not allow this operation');
}
