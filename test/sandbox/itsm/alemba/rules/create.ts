import { notAllowed } from '../errors.ts';
import type { Actor, Call, Scalar } from '../model.ts';
import type { AlembaStore } from '../store.ts';
import { requireAnalyst } from './access.ts';
import { FieldCheck, priorityOf, readFields } from './fields.ts';
import { addHistory } from './history.ts';
import { checkRelations } from './relations.ts';

export const status = { new: 1, inProgress: 2, pending: 3, resolved: 4, closed: 5, cancelled: 6 } as const;
export const physical = {
  newCall: 1,
  pending: 2,
  forwardInternally: 3,
  forwardExternally: 4,
  escalated: 5,
  closed: 6,
} as const;
export const serviceDesk = 13;

const templated = [
  'IpkStatus',
  'IpkStream',
  'Type',
  'Impact',
  'Urgency',
  'ReceivingGroup',
  'Partition',
] as const;

/**
 * First of the two steps: the call exists, but only its creator sees it until it is submitted.
 * @returns the call and the names of the properties that the answer carries.
 * @throws AlembaError 400 with field errors, 403 for sessions other than Analyst.
 */
export function createCall(
  store: AlembaStore,
  actor: Actor,
  body: Record<string, unknown>,
): { call: Call; changed: string[] } {
  requireAnalyst(actor);
  const check = new FieldCheck();
  const fields = readFields(store, body, check);
  const template =
    typeof fields.Template === 'number' ? store.lookup('call-template', fields.Template) : undefined;
  const values: Record<string, Scalar> = {};
  for (const name of templated) if (template?.[name] != null) values[name] = template[name];
  Object.assign(values, fields);
  checkCreate(store, fields, values, check);
  check.finish();

  const call = store.addCall(actor.person);
  if (values.Subject === undefined && typeof values.Description === 'string') {
    values.Subject = (values.Description.trim().split('\n')[0] ?? '').slice(0, 255);
  }
  values.Priority ??= priorityOf(values);
  values.CallStatus ??= status.new;
  for (const [name, value] of Object.entries(values)) store.setValue(call, name, value);
  call.values.CallState = store.statuses.get(values.CallStatus as number)?.CallState ?? null;
  call.values.PhysicalStatus = physical.newCall;
  call.values.LoggedBy = actor.person;
  call.values.ActualLogDate = store.stampMs();
  const opened = addHistory(store, actor, call, { type: 'Call Opened', title: 'Call Opened' });
  store.effect('ticket.created', call, actor, { fields: Object.keys(fields) });
  store.announce('Created', call, opened.Order);
  return { call, changed: ['ActualLogDate', ...Object.keys(fields), 'Ref'] };
}

function checkCreate(
  store: AlembaStore,
  fields: Record<string, Scalar>,
  values: Record<string, Scalar>,
  check: FieldCheck,
): void {
  checkRelations(store, fields, values, check);
  checkPresent(store, fields, values, check);
  if (store.settings.partitioning && (values.Partition ?? null) === null) check.add('Partition', 'Required');
  checkPriority(store, fields, check);
  checkStatus(store, fields, check);
  for (const name of store.settings.requiredFields) {
    const value = values[name] ?? null;
    if (value === null || value === '') check.add(name, 'Required');
  }
}

/** An entity of one IPK status may lack what other calls have. */
function checkPresent(
  store: AlembaStore,
  fields: Record<string, Scalar>,
  { IpkStatus }: Record<string, Scalar>,
  check: FieldCheck,
): void {
  const entity =
    typeof IpkStatus === 'number' ? store.lookup('ipk-status', IpkStatus)?.EntityName : undefined;
  if (typeof entity !== 'string') return;
  for (const name of store.settings.absentProperties[entity] ?? []) {
    if (name in fields) check.add(name, `Unknown: ${name} is not a property of ${entity}`);
  }
}

export function checkPriority(store: AlembaStore, fields: Record<string, Scalar>, check: FieldCheck): void {
  if ('Priority' in fields && !store.settings.priorityOverride) {
    check.add('Priority', 'ReadOnly: Priority follows from Impact and Urgency');
  }
}

/** Call statuses that mean closed belong to the close action, as the physical status does. */
export function checkStatus(store: AlembaStore, fields: Record<string, Scalar>, check: FieldCheck): void {
  if (!('CallStatus' in fields)) return;
  if (fields.CallStatus === null) check.add('CallStatus', 'Required');
  else if (isClosedStatus(store, fields.CallStatus as number)) {
    check.add('CallStatus', 'Invalid: a closed status is set by the close action');
  }
}

export function isClosedStatus(store: AlembaStore, ref: number): boolean {
  const state = store.statuses.get(ref)?.CallState;
  return typeof state === 'number' && store.lookup('call-state', state)?.IsClosed === true;
}

/** Second step: from now on the others see the call. @throws AlembaError 403 NotAllowed when it was submitted before. */
export function submitCall(store: AlembaStore, actor: Actor, call: Call): string[] {
  requireAnalyst(actor);
  if (call.submitted) throw notAllowed('The call has been submitted already');
  call.submitted = true;
  call.lock = undefined;
  call.values.AssignedGroup = call.values.ReceivingGroup ?? serviceDesk;
  const entry = addHistory(store, actor, call, { type: 'Submitted', title: 'Call Submitted' });
  store.effect('ticket.submitted', call, actor);
  store.announce('Submitted', call, entry.Order);
  return ['AssignedGroup', 'LastActionDate', 'LastHistoryOrder', 'LastActionedBy'];
}
