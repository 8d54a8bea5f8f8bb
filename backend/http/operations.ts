import type { FastifyInstance, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import type { Health } from '../observability/health.ts';
import type { Metrics } from '../observability/metrics.ts';
import { buildMappingSchema } from './mapping-schema.ts';
import { buildOpenApi } from './openapi.ts';
import { ProblemError } from './problem.ts';

export interface OperationsOptions {
  health: Health;
  metrics: Metrics;
  openApi: boolean;
  publicUrl: string;
}

/** A request from this machine itself: not one that a proxy on it passed on. */
const isLocal = (request: FastifyRequest) => {
  const address = request.socket.remoteAddress ?? '';
  if (request.headers['x-forwarded-for'] !== undefined || request.headers.forwarded !== undefined)
    return false;
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'loopback';
};

/**
 * Routes for whoever runs the backend. `/health/live`: the process answers. `/health/ready`: it can do its work, with
 * the reasons when not. `/metrics`: to this machine only, because the open port is the public one.
 */
export const mountOperations = (app: FastifyInstance, options: OperationsOptions) => {
  const { health, metrics } = options;
  app.get('/health/live', async () => ({ live: true }));
  app.get('/health/ready', async (_request, reply) => {
    const readiness = await health.readiness();
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
  app.get('/metrics', async (request, reply) => {
    if (!isLocal(request)) throw new ProblemError('notFound');
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  let schema: unknown;
  app.get('/api/schemas/mapping.json', async (_request, reply) => {
    schema ??= buildMappingSchema(options.publicUrl);
    return reply.header('access-control-allow-origin', '*').send(schema);
  });
  if (!options.openApi) return;
  // Built on first use: it takes some 10 ms that a start need not spend.
  let document: unknown;
  app.get('/api/openapi.json', async () => {
    document ??= buildOpenApi(options.publicUrl);
    return document;
  });
};
