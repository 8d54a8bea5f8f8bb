import type { Actor, Call, Scalar } from './model.ts';
import { ownsLock } from './rules/locks.ts';
import type { AlembaStore } from './store.ts';

export type ApiVersion = 'v1' | 'v2';

/** What the session may do with the call now, as the guide's `_actions`. */
export function availableActions(store: AlembaStore, actor: Actor, call: Call): string[] {
  if (actor.kind !== 'Analyst') return [];
  if (!call.submitted) return ['Submit', 'Update'];
  const note = store.settings.noteAction ? ['Note'] : [];
  if (call.values.ClosedDate !== null) return ['Reopen', ...note];
  if (call.lock === undefined) return ['Lock', 'Defer', 'Forward', 'Close', ...note];
  return ownsLock(store, actor, call) ? ['Update', 'Unlock', 'Defer', 'Forward', 'Close', ...note] : note;
}

export function callLinks(store: AlembaStore, actor: Actor, call: Call, version: ApiVersion) {
  const self = `api:${version}/call/${call.ref}`;
  const actions: Record<string, { _self: string; href: string }[]> = {};
  for (const action of availableActions(store, actor, call)) {
    const href = action === 'Update' ? self : `${self}/${action.toLowerCase()}`;
    actions[action] = [{ _self: `api:${version}/call/$${action}`, href }];
  }
  return { _context: `api:${version}/call/$metadata`, _self: self, _actions: actions };
}

/** Records of one IPK status name their own entity in `_context` (`incident`, `problem`, ...). */
export function callContext(store: AlembaStore, ipkStatus: Scalar | undefined, version: ApiVersion): string {
  const name = typeof ipkStatus === 'number' ? store.lookup('ipk-status', ipkStatus)?.EntityName : undefined;
  return `api:${version}/${name ?? 'call'}/$metadata`;
}
