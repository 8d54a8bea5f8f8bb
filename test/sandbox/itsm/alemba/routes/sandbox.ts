import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FaultRule } from '../../../faults.ts';
import type { LedgerEntry } from '../../../ledger.ts';
import { badRequest, recordNotFound } from '../errors.ts';
import type { AlembaSettings } from '../settings.ts';
import type { AlembaSystem } from '../system.ts';
import { bodyOf } from './respond.ts';

type Params = { Params: { ref: string; id: string }; Querystring: Record<string, string | undefined> };

/** The control API for tests and the sandbox's page; it needs no credentials and listens on loopback only. */
export function registerSandbox(app: FastifyInstance, system: AlembaSystem): void {
  const { store, ledger, faults, clock, sessions, webhooks } = system;
  app.get('/_sandbox/state', async () => ({
    system: system.name,
    now: clock.nowIso(),
    calls: store.calls.size,
    openCalls: [...store.calls.values()].filter((call) => call.values.ClosedDate === null).length,
    lockedCalls: [...store.calls.values()].filter((call) => call.lock !== undefined).map((call) => call.ref),
    sessions: sessions.list(),
    settings: store.settings,
    hooks: webhooks.faults,
    deliveries: webhooks.counts(),
    faults: faults.list(),
    ledger: ledger.counts(),
  }));
  app.post('/_sandbox/reset', async () => {
    await system.reset();
    return {};
  });
  app.get('/_sandbox/clock', async () => ({ now: clock.nowIso() }));
  app.post('/_sandbox/clock', async (request) => {
    const { advanceMs } = bodyOf(request);
    if (typeof advanceMs !== 'number' || !(advanceMs >= 0))
      throw badRequest('advanceMs must not be negative');
    clock.advance(advanceMs);
    return { now: clock.nowIso() };
  });
  app.get('/_sandbox/settings', async () => store.settings);
  app.put('/_sandbox/settings', async (request) => {
    store.settings = mergeSettings(store.settings, bodyOf(request));
    return store.settings;
  });
  // A new password, and the sessions of the old one ended, as after a reset by an administrator.
  app.put('/_sandbox/accounts/:id', async (request: FastifyRequest<Params>) => {
    const account = store.accounts.get(request.params.id);
    const { password } = bodyOf(request);
    if (account === undefined) throw recordNotFound('account', request.params.id);
    if (typeof password !== 'string' || password === '') throw badRequest('password is required');
    account.password = password;
    for (const { id } of sessions.list()) sessions.end(id);
    return {};
  });
  app.delete('/_sandbox/sessions/:id', async (request: FastifyRequest<Params>) => {
    if (!sessions.end(request.params.id)) throw recordNotFound('session', request.params.id);
    return {};
  });
  registerLedger(app, system);
  registerFaultControl(app, system);
  registerHookControl(app, system);
}

function registerLedger(app: FastifyInstance, { ledger }: AlembaSystem): void {
  app.get('/_sandbox/ledger', async (request: FastifyRequest<Params>) => {
    const { kind, effect, recordId, route, actor, since, limit } = request.query;
    const wanted = (entry: LedgerEntry) =>
      (kind === undefined || entry.kind === kind) &&
      (since === undefined || entry.at >= since) &&
      (route === undefined || (entry.kind === 'request' && entry.route === route)) &&
      (effect === undefined || (entry.kind === 'effect' && entry.effect === effect)) &&
      (recordId === undefined || (entry.kind === 'effect' && entry.recordId === recordId)) &&
      (actor === undefined || (entry.kind === 'effect' && entry.actor === actor));
    const entries = ledger.entries(wanted);
    return { total: entries.length, entries: entries.slice(-Number(limit ?? 500)) };
  });
  app.get('/_sandbox/ledger/counts', async () => ledger.counts());
  app.delete('/_sandbox/ledger', async () => {
    ledger.clear();
    return {};
  });
}

function registerFaultControl(app: FastifyInstance, { faults }: AlembaSystem): void {
  app.get('/_sandbox/faults', async () => faults.list());
  app.put('/_sandbox/faults', async (request) => {
    const body = request.body;
    const rules = Array.isArray(body) ? body : [body];
    for (const rule of rules) faults.set(readRule(rule));
    return faults.list();
  });
  app.delete('/_sandbox/faults', async () => {
    faults.clear();
    return faults.list();
  });
  app.delete('/_sandbox/faults/:id', async (request: FastifyRequest<Params>) => {
    faults.remove(request.params.id);
    return faults.list();
  });
}

function registerHookControl(app: FastifyInstance, { webhooks }: AlembaSystem): void {
  app.get('/_sandbox/hooks', async () => webhooks.faults);
  app.put('/_sandbox/hooks', async (request) => webhooks.setFaults(bodyOf(request)));
  app.get('/_sandbox/webhooks', async () => webhooks.list());
  app.post('/_sandbox/webhooks', async (request, reply) =>
    reply.code(201).send(webhooks.register(bodyOf(request))),
  );
  app.put('/_sandbox/webhooks/:ref', async (request: FastifyRequest<Params>) => {
    const updated = webhooks.update(Number(request.params.ref), bodyOf(request));
    if (updated === undefined) throw recordNotFound('webhook', request.params.ref);
    return updated;
  });
  app.delete('/_sandbox/webhooks/:ref', async (request: FastifyRequest<Params>) => {
    if (!webhooks.remove(Number(request.params.ref))) throw recordNotFound('webhook', request.params.ref);
    return {};
  });
  app.get('/_sandbox/deliveries', async () => ({
    counts: webhooks.counts(),
    deliveries: webhooks.deliveries(),
  }));
}

function readRule(value: unknown): FaultRule {
  const rule = value as Partial<FaultRule> | null;
  if (typeof rule?.id !== 'string' || typeof rule.fault?.kind !== 'string') {
    throw badRequest('A fault rule has an id and a fault with a kind');
  }
  return rule as FaultRule;
}

/** @throws AlembaError 400 for a setting that does not exist or has another type. */
function mergeSettings(current: AlembaSettings, change: Record<string, unknown>): AlembaSettings {
  for (const [name, value] of Object.entries(change)) {
    const known = (current as unknown as Record<string, unknown>)[name];
    const fits =
      known !== undefined && typeof known === typeof value && Array.isArray(known) === Array.isArray(value);
    if (!fits) throw badRequest(`Unknown setting or wrong type: ${name}`);
  }
  const closure = {
    ...current.closure,
    ...(change.closure as Partial<AlembaSettings['closure']> | undefined),
  };
  return { ...current, ...(change as Partial<AlembaSettings>), closure };
}
