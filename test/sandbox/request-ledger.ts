import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Ledger, LedgerRequest } from './ledger.ts';

/**
 * Records each request when its answer ended or was broken off. Fastify's own `onResponse` tells only of answers that
 * were sent whole: a file whose reader hung up in the middle, and a connection that a fault cut, would be missing.
 */
export function recordRequests(
  app: FastifyInstance,
  ledger: Ledger,
  describe: (request: FastifyRequest) => Pick<LedgerRequest, 'at' | 'route'> | undefined,
): void {
  // With `done`: nearly each request of a bench waits for no promise here.
  app.addHook('onRequest', (request, reply, done) => {
    reply.raw.once('close', () => {
      const described = describe(request);
      if (described !== undefined)
        ledger.record({ kind: 'request', ...described, ...outcomeOf(request, reply) });
    });
    done();
  });
}

function outcomeOf(
  request: FastifyRequest,
  reply: FastifyReply,
): Pick<LedgerRequest, 'method' | 'path' | 'status' | 'durationMs' | 'isBrokenOff'> {
  return {
    method: request.method,
    path: request.url,
    status: reply.statusCode,
    durationMs: reply.elapsedTime,
    ...(!reply.raw.writableFinished && { isBrokenOff: true }),
  };
}
