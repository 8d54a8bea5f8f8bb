import { badRequest, notAllowed, resourceNotFound } from '../errors.ts';
import type { Actor, Call, Scalar } from '../model.ts';
import type { AlembaStore } from '../store.ts';
import { requireAnalyst } from './access.ts';
import { isClosedStatus, physical, status } from './create.ts';
import { FieldCheck, readFields } from './fields.ts';
import { addHistory, type HistoryText } from './history.ts';
import { requireNoForeignLock } from './locks.ts';
import { applyFields, stampNames } from './update.ts';

export type ActionName = 'defer' | 'forward' | 'close' | 'reopen' | 'note';

interface ActionInput {
  title: string | undefined;
  text: string | undefined;
  html: string | undefined;
  visible: boolean;
  externalParty: string | undefined;
  fields: Record<string, Scalar>;
}

interface ActionRule {
  title: string;
  type: (input: ActionInput) => string;
  whenClosed: boolean;
  /** Runs under the lock rule and gives the lock up; a note needs none. */
  locks: boolean;
  check?: (store: AlembaStore, input: ActionInput, check: FieldCheck) => void;
  effects: (store: AlembaStore, call: Call, input: ActionInput) => Record<string, Scalar>;
  trigger: 'Actioned' | 'Forwarded' | 'Closed' | 'Reopened';
  ledger?: string;
}

const rules: Record<ActionName, ActionRule> = {
  defer: {
    title: 'Call Deferred',
    type: () => 'Deferred',
    whenClosed: false,
    locks: true,
    effects: (_store, _call, input) => ({ PhysicalStatus: physical.pending, ...input.fields }),
    trigger: 'Actioned',
  },
  forward: {
    title: 'Call Forwarded',
    type: (input) => (input.externalParty === undefined ? 'Forwarded internally' : 'Forwarded externally'),
    whenClosed: false,
    locks: true,
    check: (_store, input, check) => {
      const { AssignedGroup: group, AssignedOfficer: officer } = input.fields;
      if (group == null && officer == null && input.externalParty === undefined) {
        check.add(
          'AssignedGroup',
          'Required: a call is forwarded to a group, an officer or an external party',
        );
      }
    },
    effects: (_store, _call, input) => ({
      PhysicalStatus:
        input.externalParty === undefined ? physical.forwardInternally : physical.forwardExternally,
      // Forwarded to a group alone, nobody of the former group keeps the call.
      ...(input.fields.AssignedGroup != null && { AssignedOfficer: null }),
      ...input.fields,
    }),
    trigger: 'Forwarded',
    ledger: 'ticket.forwarded',
  },
  close: {
    title: 'Call Closed',
    type: () => 'Closed',
    whenClosed: false,
    locks: true,
    check: checkClosure,
    effects: (store, _call, input) => ({
      ...input.fields,
      CallStatus: input.fields.CallStatus ?? status.closed,
      PhysicalStatus: physical.closed,
      ClosedDate: store.stampMs(),
    }),
    trigger: 'Closed',
    ledger: 'ticket.closed',
  },
  reopen: {
    title: 'Call Reopened',
    type: () => 'Reopened',
    whenClosed: true,
    locks: true,
    effects: (_store, _call, input) => ({
      ...input.fields,
      CallStatus: input.fields.CallStatus ?? status.inProgress,
      PhysicalStatus: physical.newCall,
      ClosedDate: null,
      ClosureReason: null,
    }),
    trigger: 'Reopened',
    ledger: 'ticket.reopened',
  },
  note: {
    title: 'Note Added',
    type: () => 'Actioned',
    whenClosed: true,
    locks: false,
    effects: () => ({}),
    trigger: 'Actioned',
  },
};

/**
 * `PUT /call/{ref}/{action}`: inputs under `$action`, call properties beside it.
 * @returns names of the properties that changed.
 * @throws AlembaError 400 with field errors, 403 NotAllowed when the state does not offer the action.
 */
export function performAction(
  store: AlembaStore,
  actor: Actor,
  call: Call,
  name: ActionName,
  body: Record<string, unknown>,
): string[] {
  requireAnalyst(actor);
  const rule = rules[name];
  if (name === 'note' && !store.settings.noteAction) throw resourceNotFound('call/note');
  if (rule.locks) requireNoForeignLock(store, actor, call);
  const closed = call.values.ClosedDate !== null;
  if (!call.submitted || (closed && !rule.whenClosed) || (!closed && name === 'reopen')) {
    throw notAllowed(`The action '${name}' is not available for this call`);
  }
  const check = new FieldCheck();
  const input = readInput(store, name, body, check);
  rule.check?.(store, input, check);
  check.finish();

  const changed = applyFields(store, actor, call, rule.effects(store, call, input));
  const entry = addHistory(store, actor, call, historyText(rule, input));
  if (rule.locks) call.lock = undefined;
  if (rule.ledger !== undefined) store.effect(rule.ledger, call, actor, { order: entry.Order });
  if (entry.ActionDescription !== '') {
    const { Order: order, ActionTitle: title, VisibleInPortal: visible } = entry;
    store.effect('comment.added', call, actor, { order, title, visible, text: entry.ActionDescription });
  }
  store.announce(rule.trigger, call, entry.Order);
  return [...changed, ...stampNames];
}

function historyText(rule: ActionRule, input: ActionInput): HistoryText {
  return {
    type: rule.type(input),
    title: input.title ?? rule.title,
    text: input.text ?? '',
    html: input.html ?? '',
    visible: input.visible,
  };
}

function readInput(
  store: AlembaStore,
  name: ActionName,
  body: Record<string, unknown>,
  check: FieldCheck,
): ActionInput {
  const action = asRecord(body.$action, '$action');
  const description = asRecord(action.Description, '$action.Description');
  const text = readText(description, 'Description', check);
  const html = readText(description, 'DescriptionHtml', check);
  if ((text === undefined) !== (html === undefined)) {
    const missing = text === undefined ? 'Description' : 'DescriptionHtml';
    check.add(missing, `Required: Description and DescriptionHtml must be set together`);
  }
  if (name === 'note' && text === undefined) check.add('Description', 'Required');
  const flag = store.settings.visibilityField;
  // Assignment and closure inputs may stand in `$action` or beside it: the guide only shows the description's place.
  const inputs = ['AssignedGroup', 'AssignedOfficer', 'ClosureReason', 'CallStatus'];
  const nested = Object.fromEntries(inputs.filter((key) => key in action).map((key) => [key, action[key]]));
  const beside = Object.fromEntries(Object.entries(body).filter(([key]) => key !== '$action'));
  const fields = readFields(store, { ...nested, ...beside }, check, ['AssignedGroup', 'AssignedOfficer']);
  if (name === 'note' && Object.keys(fields).length > 0) {
    for (const key of Object.keys(fields)) check.add(key, `ReadOnly: ${key} cannot be set by a note`);
  }
  checkActionStatus(store, name, fields, check);
  return {
    title: readText(description, 'Title', check),
    text,
    html,
    visible: (description[flag] ?? action[flag]) === true,
    externalParty: readText(action, 'ExternalParty', check),
    fields,
  };
}

function checkActionStatus(
  store: AlembaStore,
  name: ActionName,
  fields: Record<string, Scalar>,
  check: FieldCheck,
): void {
  if (typeof fields.CallStatus !== 'number') return;
  if (isClosedStatus(store, fields.CallStatus) !== (name === 'close')) {
    check.add('CallStatus', `Invalid: the status does not fit the action '${name}'`);
  }
}

function checkClosure(store: AlembaStore, input: ActionInput, check: FieldCheck): void {
  const { requireReason, requireComment } = store.settings.closure;
  if (requireReason && input.fields.ClosureReason == null) {
    check.add('ClosureReason', 'Required: Closure reason must be set when the call is closed');
  }
  if (requireComment && (input.text ?? '').trim() === '') {
    check.add('Description', 'Required: a comment must be given when the call is closed');
  }
}

function asRecord(value: unknown, name: string): Record<string, unknown> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw badRequest(`'${name}' must be an object`);
  return value as Record<string, unknown>;
}

function readText(from: Record<string, unknown>, name: string, check: FieldCheck): string | undefined {
  const value = from[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  check.add(name, `Invalid: ${name} must be a string`);
  return undefined;
}
