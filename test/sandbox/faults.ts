import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * What can go wrong with a remote system, switched on from the sandbox's page, a test or the chaos run.
 * `before` faults leave no effect behind; `afterEffect` faults lose the answer of a request that was carried out.
 */
export type Fault =
  | { kind: 'down' }
  | { kind: 'slow'; delayMs: number }
  /** For tests in the simulator's own process: nothing is done until the test says so. */
  | { kind: 'held'; until: Promise<unknown> }
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: unknown }
  /** `retryAfter` is sent as it is (seconds, HTTP date, rubbish); `null` sends none. */
  | { kind: 'throttle'; status: number; retryAfter: string | null }
  | { kind: 'signInPage'; status: 200 | 203 | 302 }
  | { kind: 'afterEffect'; how: 'reset' | 'status500' | 'empty' | 'truncated' | 'hang' };

export interface FaultRule {
  id: string;
  fault: Fault;
  /**
   * All given parts must match; none given matches every request. `method` may be one or several, `path` is a regular
   * expression's source.
   */
  match?: { method?: string | readonly string[]; path?: string };
  /** 0 to 1, of the matching requests; 1 when absent. */
  probability?: number;
  /** Stops by itself after so many hits. */
  remaining?: number;
}

/** The fault rules of one simulator. `random` is given by the caller, so that a run can be repeated by its seed. */
export class Faults {
  #rules: FaultRule[] = [];
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  list(): readonly FaultRule[] {
    return this.#rules;
  }

  set(rule: FaultRule): void {
    this.#rules = [...this.#rules.filter((other) => other.id !== rule.id), { ...rule }];
  }

  remove(id: string): void {
    this.#rules = this.#rules.filter((rule) => rule.id !== id);
  }

  clear(): void {
    this.#rules = [];
  }

  pick(method: string, path: string): Fault | undefined {
    for (const rule of this.#rules) {
      if (rule.match?.method !== undefined && ![rule.match.method].flat().includes(method)) continue;
      if (rule.match?.path !== undefined && !new RegExp(rule.match.path).test(path)) continue;
      if (rule.probability !== undefined && this.#random() >= rule.probability) continue;
      if (rule.remaining !== undefined) {
        if (rule.remaining <= 0) continue;
        rule.remaining -= 1;
      }
      return rule.fault;
    }
    return undefined;
  }
}

/** Puts the faults in front of (and behind) every route but the sandbox's own under `/_sandbox`. */
export function registerFaults(app: FastifyInstance, faults: Faults): void {
  const pending = new WeakMap<FastifyRequest, Extract<Fault, { kind: 'afterEffect' }>>();
  // With `done`: a healthy request, which is nearly each one of a bench, waits for no promise here.
  app.addHook('onRequest', (request, reply, done) => {
    const fault = faultOf(faults, request);
    if (fault === undefined) return done();
    if (fault.kind === 'afterEffect') {
      pending.set(request, fault);
      return done();
    }
    applyBefore(fault, request, reply).then(() => {
      if (!reply.sent) done();
    }, done);
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    const fault = pending.get(request);
    if (fault === undefined) return done(null, payload);
    pending.delete(request);
    // Never answered.
    if (fault.how === 'hang') return;
    done(null, afterwards(fault.how, request, reply, payload));
  });
}

function faultOf(faults: Faults, request: FastifyRequest): Fault | undefined {
  if (faults.list().length === 0 || request.url.startsWith('/_sandbox')) return undefined;
  // The sandbox's own pages stand for people at the vendor's page, who keep working: faults are for the product.
  if (request.headers['x-sandbox-page'] !== undefined) return undefined;
  return faults.pick(request.method, request.url);
}

/** What is sent of the answer to a request that was carried out. */
function afterwards(
  how: 'reset' | 'status500' | 'empty' | 'truncated',
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): unknown {
  if (how === 'reset') {
    request.raw.socket.destroy();
    return payload;
  }
  if (how === 'status500') {
    reply.code(500);
    return '{"message":"simulated failure after the effect"}';
  }
  reply.removeHeader('content-length');
  if (how === 'empty') return '';
  return typeof payload === 'string' ? payload.slice(0, Math.floor(payload.length / 2)) : '{"trunc';
}

async function applyBefore(
  fault: Exclude<Fault, { kind: 'afterEffect' }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  switch (fault.kind) {
    case 'down':
      request.raw.socket.destroy();
      return reply.hijack();
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
      return undefined;
    case 'held':
      await fault.until;
      return undefined;
    case 'status':
      return reply
        .code(fault.status)
        .headers(fault.headers ?? {})
        .send(fault.body ?? { message: `simulated ${fault.status}` });
    case 'throttle':
      if (fault.retryAfter !== null) reply.header('retry-after', fault.retryAfter);
      // Azure DevOps may announce a delay on an answer that succeeded: then only the header is added.
      if (fault.status < 300) return undefined;
      return reply.code(fault.status).send({ message: 'simulated rate limit' });
    case 'signInPage':
      if (fault.status === 302) return reply.code(302).header('location', '/_signin').send();
      return reply
        .code(fault.status)
        .type('text/html; charset=utf-8')
        .send(
          '<!DOCTYPE html><html><head><title>Sign In</title></head><body>Sign in to your account</body></html>',
        );
  }
}
