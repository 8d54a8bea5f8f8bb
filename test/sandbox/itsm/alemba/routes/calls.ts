import type { FastifyInstance } from 'fastify';
import { methodNotAllowed, resourceNotFound } from '../errors.ts';
import { callContext, callLinks } from '../links.ts';
import { actionNames, describeAction, describeEntity, describeOptions } from '../metadata.ts';
import type { Actor, Call, Row } from '../model.ts';
import { candidateCalls } from '../query/candidates.ts';
import type { RawQuery } from '../query/search.ts';
import { compileSelect } from '../query/select.ts';
import { isVisible, visibleCall } from '../rules/access.ts';
import { type ActionName, performAction } from '../rules/actions.ts';
import { createCall, submitCall } from '../rules/create.ts';
import { lockCall, unlockCall } from '../rules/locks.ts';
import { updateCall } from '../rules/update.ts';
import { callEntity, historyEntity } from '../schema.ts';
import type { AlembaSystem } from '../system.ts';
import { answerSearch, keptQuery } from './answer.ts';
import { type ApiRequest, actorOf, bodyOf } from './respond.ts';

/** `/call` and what hangs below it but attachments. */
export function registerCalls(app: FastifyInstance, system: AlembaSystem): void {
  const named = (name: string) => ({ config: { name } });
  app.post('/call', named('call.create'), async (request: ApiRequest, reply) => {
    const actor = actorOf(system, request);
    const { call, changed } = createCall(system.store, actor, bodyOf(request));
    return reply.code(201).send(delta(system, actor, call, changed, request));
  });
  app.get('/call', named('call.search'), async (request: ApiRequest, reply) => {
    const actor = actorOf(system, request);
    if ('$options' in request.query) {
      const { version } = request.params;
      return describeOptions(system.store, callEntity, version, `api:${version}/call?$options`);
    }
    return answerSearch(reply, { system, entity: callEntity, actor, request }, (expression) =>
      visibleRows(
        system,
        actor,
        expression === undefined ? undefined : candidateCalls(expression, system.store),
      ),
    );
  });
  app.get('/call/:ref', named('call.read'), async (request: ApiRequest) => {
    const actor = actorOf(system, request);
    const { ref } = request.params;
    if (ref.startsWith('$')) return describeCall(system, request, ref.slice(1));
    return readCall(system, actor, visibleCall(system.store, actor, ref), request);
  });
  app.put('/call/:ref', named('call.update'), async (request: ApiRequest) => {
    const actor = actorOf(system, request);
    const call = visibleCall(system.store, actor, request.params.ref);
    const changed = updateCall(system.store, actor, call, bodyOf(request));
    return delta(system, actor, call, changed, request);
  });
  app.put('/call/:ref/:action', named('call.action'), async (request: ApiRequest) => {
    const actor = actorOf(system, request);
    const call = visibleCall(system.store, actor, request.params.ref);
    const changed = runAction(system, actor, call, request.params.action, bodyOf(request));
    return delta(system, actor, call, changed, request);
  });
  app.get('/call/:ref/history', named('history.read'), async (request: ApiRequest, reply) => {
    const actor = actorOf(system, request);
    const call = visibleCall(system.store, actor, request.params.ref);
    return answerSearch(reply, { system, entity: historyEntity, actor, request }, () => call.history);
  });
  for (const url of ['/call', '/call/:ref']) {
    app.delete(url, named('call.unsupported'), async (request) => {
      throw methodNotAllowed(request.method);
    });
  }
}

export function readCall(system: AlembaSystem, actor: Actor, call: Call, request: ApiRequest) {
  const { version } = request.params;
  const { project } = keptQuery(system, callEntity, request.query as RawQuery);
  return {
    ...project(call.values, { store: system.store, actor }),
    ...callLinks(system.store, actor, call, version),
    _context: callContext(system.store, call.values.IpkStatus, version),
  };
}

function describeCall(system: AlembaSystem, request: ApiRequest, name: string) {
  const { version } = request.params;
  if (name === 'metadata') return describeEntity(callEntity, version);
  // The guide writes `$create` and `$Submit`.
  const action = actionNames.find((known) => known.toLowerCase() === name.toLowerCase());
  if (action === undefined) throw resourceNotFound(`call/$${name}`);
  if (action === 'Create' && '$options' in request.query) {
    return describeAction(system.store, callEntity, action, version, `api:${version}/call/$create?$options`);
  }
  return describeAction(system.store, callEntity, action, version);
}

function* visibleRows(
  system: AlembaSystem,
  actor: Actor,
  candidates: Iterable<Call> | undefined,
): Generator<Row> {
  for (const call of candidates ?? system.store.calls.values()) {
    if (isVisible(system.store, actor, call)) yield call.values;
  }
}

function runAction(
  system: AlembaSystem,
  actor: Actor,
  call: Call,
  action: string,
  body: Record<string, unknown>,
): string[] {
  switch (action) {
    case 'submit':
      return submitCall(system.store, actor, call);
    case 'lock':
      lockCall(system.store, actor, call);
      return [];
    case 'unlock':
      unlockCall(system.store, actor, call);
      return [];
    case 'defer':
    case 'forward':
    case 'close':
    case 'reopen':
    case 'note':
      return performAction(system.store, actor, call, action satisfies ActionName, body);
    default:
      throw resourceNotFound(`call/${action}`);
  }
}

/** Writes answer the values that they changed and the links, never the whole record. */
function delta(system: AlembaSystem, actor: Actor, call: Call, changed: string[], request: ApiRequest) {
  const columns = [...new Set([...changed, 'Ref'])].join(',');
  const project = compileSelect(columns, { entity: callEntity });
  return {
    ...project(call.values, { store: system.store, actor }),
    ...callLinks(system.store, actor, call, request.params.version),
  };
}
