import type { Alemba } from './alemba.ts';
import type { Row } from './client.ts';
import type { WriteBody } from './fields.ts';
import { fillBody } from './settings.ts';
import type { CallStatus } from './status.ts';

/** One request of an update: a field update or an action. */
export interface Step {
  kind: 'reopen' | 'put' | 'forward' | 'defer' | 'close';
  body: Record<string, unknown>;
}

const isEmpty = (body: Record<string, unknown>) => Object.keys(body).length === 0;

/**
 * The requests that carry out a write, in order. A closed call has to be reopened before anything else and closed
 * after everything else; the physical status is never written, it follows from the actions (Programmers' Guide).
 */
export function planSteps(
  alemba: Alemba,
  body: WriteBody,
  target: CallStatus | undefined,
  isClosed: boolean,
): Step[] {
  const { bodies } = alemba.settings;
  const steps: Step[] = [];
  const properties = { ...body.properties };
  const values = { status: Number(target?.id) };
  const action = target?.action ?? 'field';
  const mustReopen = isClosed && target !== undefined && !target.closed;
  if (mustReopen) {
    steps.push({ kind: 'reopen', body: fillBody(bodies.reopen, 'bodies.reopen', values) });
  } else if (target !== undefined && action === 'field') {
    properties.CallStatus = values.status;
  }
  // Without a close action the closure fields are ordinary ones.
  if (action !== 'close') Object.assign(properties, body.closure);
  if (!isEmpty(properties)) steps.push({ kind: 'put', body: properties });
  if (!isEmpty(body.assignment)) {
    steps.push({
      kind: 'forward',
      body: { ...fillBody(bodies.forward, 'bodies.forward', values), ...body.assignment },
    });
  }
  if (target !== undefined && action === 'defer' && !mustReopen) {
    steps.push({ kind: 'defer', body: fillBody(bodies.defer, 'bodies.defer', values) });
  }
  if (target !== undefined && action === 'close') {
    steps.push({
      kind: 'close',
      body: { ...fillBody(bodies.close, 'bodies.close', values), ...body.closure },
    });
  }
  return steps;
}

/** Carries out one step. Lost answers are safe to ask again about: the next reading tells what took. */
export function takeStep(alemba: Alemba, id: string, step: Step): Promise<Row> {
  const path = step.kind === 'put' ? `/call/${id}` : `/call/${id}/${step.kind}`;
  const route = step.kind === 'put' ? 'call.update' : `call.${step.kind}`;
  return alemba.client.put(route, path, step.body, { repeat: 'safe' });
}

/** Defer, forward and close give the lock up by themselves (docs.alemba.com, "Locking and Updating Calls"). */
export const unlocksItself = (step: Step | undefined): boolean =>
  step !== undefined && (step.kind === 'defer' || step.kind === 'forward' || step.kind === 'close');
