import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problemCatalogue } from '../contract/problem.ts';
import type { Log } from '../observability/log.ts';

/** Adds routes to a scope that lies below `/hooks`; `request.body` of a POST is a Buffer of the raw bytes. */
export type MountHooks = (scope: FastifyInstance) => void | Promise<void>;

export const hookPrefix = '/hooks';

/** `type/subtype` with well-formed parameters, as far as is needed (RFC 9110, 8.3.1). */
const wellFormedType = /^[\w.+-]+\/[\w.+-]+(\s*;\s*[\w.+-]+=("[^"\\]*"|[\w.+-]+))*$/;

export const isHookPath = (url: string | undefined) => /^\/hooks(\/|\?|$)/.test(url ?? '');

/**
 * The part of the server that Azure DevOps' service hooks see. What it answers decides whether a customer's
 * subscription lives (Microsoft: service-hooks/troubleshoot): 410 ends it, 404, 429 and 500 put it on probation, during
 * which new events are dropped; 503 is tried again within minutes. So: 401 where the address or the secret is wrong,
 * 413 above the cap, 503 for whatever is our own fault; 400 only for what breaks the rules of HTTP, which no service hook
 * does.
 */
export const mountHookScope = async (
  app: FastifyInstance,
  mount: MountHooks | undefined,
  maxBytes: number,
  log: Log,
) => {
  await app.register(
    async (scope) => {
      scope.addHook('onRequest', (request, _reply, done) => {
        const { headers } = request.raw;
        // Fastify refuses types that are not well formed; to us the type of a hook means nothing.
        if (!wellFormedType.test(headers['content-type'] ?? ''))
          headers['content-type'] = 'application/octet-stream';
        done();
      });
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: maxBytes }, (_request, body, done) =>
        done(null, body),
      );
      scope.setNotFoundHandler((request, reply) => answerHook(request, reply, 401));
      scope.setErrorHandler((error, request, reply) => answerHookError(error, request, reply, log));
      await mount?.(scope);
    },
    { prefix: hookPrefix },
  );
};

const answerHookError = (error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log) => {
  const { statusCode } = (error ?? {}) as { statusCode?: unknown };
  if (statusCode === 413) return answerHook(request, reply, 413);
  if (statusCode === 401) return answerHook(request, reply, 401);
  // A request that breaks the rules of HTTP comes from no service hook; neither does its sender matter to us.
  if (statusCode === 400 || statusCode === 415) return answerHook(request, reply, 400);
  log.error('hook.failed', { requestId: request.id, error });
  return answerHook(request, reply, 503);
};

export const answerHook = (request: FastifyRequest, reply: FastifyReply, status: 400 | 401 | 413 | 503) => {
  const code = (
    { 400: 'invalidRequest', 401: 'signInRequired', 413: 'tooLarge', 503: 'storeUnavailable' } as const
  )[status];
  const { title } = problemCatalogue[code];
  const action =
    status === 401 ? 'Check the address and the password of the hook.' : problemCatalogue[code].action;
  if (status === 401) reply.header('www-authenticate', 'Basic realm="Tandem", charset="UTF-8"');
  return reply.code(status).send({ code, title, action, requestId: request.id });
};
