import { notAllowed } from '../errors.ts';
import type { Actor, Call, Scalar } from '../model.ts';
import { callEntity } from '../schema.ts';
import type { AlembaStore } from '../store.ts';
import { requireAnalyst } from './access.ts';
import { checkPriority, checkStatus } from './create.ts';
import { FieldCheck, priorityOf, readFields } from './fields.ts';
import { addHistory } from './history.ts';
import { ownsLock, requireNoForeignLock } from './locks.ts';

export const stampNames = ['LastActionDate', 'LastHistoryOrder', 'LastActionedBy'];

/**
 * A field update under the caller's own lock; a call that is not submitted yet needs none.
 * @returns names of the properties that changed, empty when the body says what the call says already.
 * @throws AlembaError 400 with field errors, 403 without the lock, the lock conflict under a foreign one.
 */
export function updateCall(
  store: AlembaStore,
  actor: Actor,
  call: Call,
  body: Record<string, unknown>,
): string[] {
  requireAnalyst(actor);
  requireNoForeignLock(store, actor, call);
  if (call.values.ClosedDate !== null) throw notAllowed('A closed call cannot be updated; reopen it first');
  if (call.submitted && !ownsLock(store, actor, call)) {
    throw notAllowed('The record must be locked before it is updated');
  }
  const check = new FieldCheck();
  const fields = readFields(store, body, check);
  checkUpdate(store, call, fields, check);
  check.finish();
  return applyUpdate(store, actor, call, fields);
}

function checkUpdate(
  store: AlembaStore,
  call: Call,
  fields: Record<string, Scalar>,
  check: FieldCheck,
): void {
  for (const name of ['Template', 'IpkStream', 'ReceivingGroup']) {
    if (name in fields && fields[name] !== call.values[name]) {
      check.add(name, `ReadOnly: ${name} cannot be changed after creation`);
    }
  }
  if (fields.Partition === null && store.settings.partitioning) check.add('Partition', 'Required');
  checkPriority(store, fields, check);
  checkStatus(store, fields, check);
  for (const name of ['Subject', ...store.settings.requiredFields]) {
    if (name in fields && (fields[name] === null || fields[name] === '')) check.add(name, 'Required');
  }
}

function applyUpdate(store: AlembaStore, actor: Actor, call: Call, fields: Record<string, Scalar>): string[] {
  const changed = applyFields(store, actor, call, fields);
  if (changed.length === 0) return [];
  if (store.settings.updateTakesOwnership && call.values.AssignedOfficer !== actor.person) {
    call.values.AssignedOfficer = actor.person;
    changed.push('AssignedOfficer');
  }
  const lines = changed.map(
    (name) => `${titleOf(name)}: ${printValue(store, name, call.values[name] ?? null)}`,
  );
  const entry = addHistory(store, actor, call, {
    type: 'Updated',
    title: 'Call Updated',
    text: lines.join('\n'),
  });
  store.announce('Updated', call, entry.Order);
  return [...changed, ...stampNames];
}

/** Writes values and what follows from them, and puts one effect per changed property in the ledger. */
export function applyFields(
  store: AlembaStore,
  actor: Actor,
  call: Call,
  fields: Record<string, Scalar>,
): string[] {
  const changed: string[] = [];
  const write = (name: string, value: Scalar) => {
    const before = call.values[name] ?? null;
    if (before === value) return;
    store.setValue(call, name, value);
    changed.push(name);
    store.effect('field.updated', call, actor, { field: name, from: before, to: value });
  };
  for (const [name, value] of Object.entries(fields)) write(name, value);
  if (changed.includes('CallStatus')) {
    write('CallState', store.statuses.get(call.values.CallStatus as number)?.CallState ?? null);
  }
  if (!('Priority' in fields) && (changed.includes('Impact') || changed.includes('Urgency'))) {
    write('Priority', priorityOf(call.values));
  }
  return changed;
}

const titleOf = (name: string) => callEntity.properties.get(name)?.title ?? name;

function printValue(store: AlembaStore, name: string, value: Scalar): string {
  const relation = callEntity.properties.get(name)?.relation;
  if (relation !== undefined && typeof value === 'number') {
    return String(store.lookup(relation, value)?.Name ?? value);
  }
  if (typeof value === 'string' && value.length > 200) return `${value.slice(0, 200)}…`;
  return value === null ? '(empty)' : String(value);
}
