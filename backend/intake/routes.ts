import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Connector, HookReading, HookRequest } from '../connectors/connector.ts';
import { azureDevOps } from '../store/connections.ts';
import type { Accept, Arrival } from '../store/deliveries.ts';
import { arrivalsOf } from './arrival.ts';
import type { HookAddress, HookDirectory } from './hook-directory.ts';
import { verifyServiceHook } from './service-hook.ts';

export interface IntakeOptions {
  directory: HookDirectory;
  accept: Accept;
  connectorOf(kind: string): Connector | undefined;
  /** Pure reader of Azure DevOps' service hooks. */
  readServiceHook(request: HookRequest): HookReading;
  /** The hint is of a revision that our own write has just produced. */
  isEcho(arrival: Arrival): boolean;
  /** True while the backend shuts down or the store is known to be away. */
  refusing(): boolean;
  onArrival(
    outcome: 'accepted' | 'duplicate' | 'refused' | 'unavailable',
    kind: string,
    durationMs: number,
  ): void;
  onError(error: unknown): void;
}

/**
 * The addresses that hooks are sent to. Answers decide whether a customer's subscription lives (Microsoft:
 * service-hooks/troubleshoot): 200 once durable, also for what we cannot use or read; 401 for a wrong credential or an
 * address that was never given out; 413 above the cap (the server's); 503 when the store is away. Never 404, 410, 429
 * or 500.
 */
export function hookRoutes(options: IntakeOptions) {
  return async (app: FastifyInstance): Promise<void> => {
    app.post<{ Params: { hookId: string } }>('/:hookId', async (request, reply) => {
      const startedAt = performance.now();
      const done = (outcome: Parameters<IntakeOptions['onArrival']>[0], kind: string) =>
        options.onArrival(outcome, kind, performance.now() - startedAt);
      if (options.refusing()) {
        done('unavailable', 'unknown');
        return unavailable(reply);
      }
      let kind = 'unknown';
      try {
        const address = await options.directory.find(request.params.hookId);
        const hook = hookRequest(request);
        if (address === undefined || !isAuthentic(options, address, hook)) {
          done('refused', 'unknown');
          return reply.code(401).header('www-authenticate', 'Basic realm="Tandem"').send();
        }
        kind = address.kind;
        const reading = readHook(options, address, hook);
        const results = await Promise.all(
          arrivalsOf(address, hook.body, reading).map((arrival) => options.accept(asEcho(options, arrival))),
        );
        done(results.every((result) => result.duplicate) ? 'duplicate' : 'accepted', kind);
        return reply.code(200).send();
      } catch (error) {
        options.onError(error);
        done('unavailable', kind);
        return unavailable(reply);
      }
    });
  };
}

/** Deletions and restores need not move the revision, so they are always news. */
const asEcho = (options: IntakeOptions, arrival: Arrival): Arrival =>
  arrival.outcome === undefined &&
  arrival.what !== 'deleted' &&
  arrival.what !== 'restored' &&
  options.isEcho(arrival)
    ? { ...arrival, outcome: 'handled', reason: 'The echo of what Tandem wrote itself.' }
    : arrival;

/** Azure DevOps counts 503 as transient and tries again for three minutes, without probation. */
const unavailable = (reply: FastifyReply) => reply.code(503).header('retry-after', '5').send();

function hookRequest(request: FastifyRequest): HookRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return { headers, query: request.query as Record<string, string>, body };
}

function isAuthentic(options: IntakeOptions, address: HookAddress, hook: HookRequest): boolean {
  if (address.kind === azureDevOps) return verifyServiceHook(hook, address.secrets);
  return options.connectorOf(address.kind)?.verifyHook(hook, address.secrets) ?? false;
}

/** A reader must not throw; one that does anyway must not cost the customer's subscription. */
function readHook(options: IntakeOptions, address: HookAddress, hook: HookRequest): HookReading {
  try {
    if (address.kind === azureDevOps) return options.readServiceHook(hook);
    const connector = options.connectorOf(address.kind);
    if (connector === undefined)
      return { verdict: 'unreadable', reason: `There is no connector of kind ${address.kind}.` };
    return connector.readHook(hook);
  } catch (error) {
    options.onError(error);
    return { verdict: 'unreadable', reason: 'Tandem could not read this body.' };
  }
}
