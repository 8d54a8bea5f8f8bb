import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Config } from '../config.ts';
import type { Health } from '../observability/health.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { AccessChecker } from './access.ts';
import { parseBody } from './body.ts';
import { mountDownloads, type OpenDownload } from './downloads.ts';
import type { Handlers } from './handlers.ts';
import { answerHook, isHookPath, type MountHooks, mountHookScope } from './hooks.ts';
import { mountOperations } from './operations.ts';
import { toProblem } from './problem.ts';
import { mountRoutes } from './route-mount.ts';
import type { Sessions } from './session.ts';

export interface ServerOptions {
  config: Pick<Config, 'host' | 'port' | 'publicUrl' | 'cors' | 'trustProxy' | 'limits'>;
  handlers: Handlers;
  sessions: Sessions;
  access: AccessChecker;
  /** Mounts the hook routes below `/hooks`; their bodies are Buffers. */
  mountHooks?: MountHooks;
  /** Opens the file of a token from `openAttachment`; undefined when the token opens nothing. */
  openDownload?: OpenDownload;
  health: Health;
  metrics: Metrics;
  log: Log;
  /** Serve `/api/openapi.json`. Default true. */
  openApi?: boolean;
  /** Check answers against the contract and refuse to send what breaks it: for tests. */
  checkResponses?: boolean;
  /** Per minute: sessions of one IP address (an office behind one is many people), settings of one user. */
  rates?: { sessions: number; administration: number };
}

export interface HttpServer {
  app: FastifyInstance;
  /** Listens and tells the address, with the port that was chosen when the configured one is 0. */
  listen(): Promise<string>;
  /** Ends waiting requests, lets running ones finish, and is done within 10 s. */
  close(): Promise<void>;
}

const closeWithinMs = 9000;
/** A session token may hold an access token of 16,000 characters, sealed and in base64. */
const maxHeaderBytes = 32 * 1024;

export const createServer = async (options: ServerOptions): Promise<HttpServer> => {
  const { config, log, health, metrics } = options;
  const closing = new AbortController();
  const app = Fastify({
    logger: false,
    // Draws its randomness for 128 ids at once: 1 µs each instead of 20.
    genReqId: () => randomUUID(),
    bodyLimit: config.limits.bodyBytes,
    trustProxy: config.trustProxy === false ? false : [...config.trustProxy],
    // A request has to be complete within this time, however slowly it drips in.
    requestTimeout: 15_000,
    // Longer than a panel may wait (25 s), so that the answer still finds its socket.
    connectionTimeout: 60_000,
    keepAliveTimeout: 65_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 2000, maxHeaderSize: maxHeaderBytes },
    routerOptions: { maxParamLength: 300 },
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => answerOutside(error, request, reply, log),
  });

  app.setErrorHandler((error, request, reply) => answerProblem(error, request, reply, log));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });

  observe(app, log, metrics);
  await mountHookScope(app, options.mountHooks, config.limits.hookBytes, log);
  // A scope of its own for what browsers ask: to a sender of hooks the rules for them mean nothing, and they took 60 µs
  // of each answer to one. (Rules added to the server itself reach its other scopes too, earlier ones included.)
  await app.register(async (web) => {
    await protect(web, config);
    web.setNotFoundHandler((request, reply) => answerOutside({ statusCode: 404 }, request, reply, log));
    mountOperations(web, { health, metrics, openApi: options.openApi ?? true, publicUrl: config.publicUrl });
    if (options.openDownload) mountDownloads(web, options.openDownload);
    mountRoutes(web, { ...options, closing: closing.signal });
  });

  return {
    app,
    listen: () => app.listen({ host: config.host, port: config.port }),
    async close() {
      health.startClosing();
      closing.abort();
      const late = setTimeout(() => app.server.closeAllConnections(), closeWithinMs);
      await app.close();
      clearTimeout(late);
    },
  };
};

const protect = async (app: FastifyInstance, config: ServerOptions['config']) => {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
      },
    },
    // Only where the public address is encrypted; a sandbox on localhost would lock the browser out of others.
    strictTransportSecurity: config.publicUrl.startsWith('https:') ? { maxAge: 31_536_000 } : false,
    referrerPolicy: { policy: 'no-referrer' },
  });
  const allowed = new Set([...config.cors.origins, ...(config.cors.allowNull ? ['null'] : [])]);
  await app.register(cors, {
    origin: [...allowed],
    credentials: false,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type'],
    exposedHeaders: ['x-request-id', 'retry-after'],
    maxAge: 600,
  });
};

const observe = (app: FastifyInstance, log: Log, metrics: Metrics) => {
  // With `done`: a promise for each hook of each request costs more than what they do.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    reply.header('cache-control', 'no-store');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = routeNameOf(request);
    metrics.httpRequests.inc({ route, status: String(reply.statusCode) });
    const query = request.query as { waitSeconds?: unknown } | undefined;
    if (!query?.waitSeconds) metrics.httpSeconds.observe({ route }, reply.elapsedTime / 1000);
    const facts = {
      route,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
      requestId: request.id,
    };
    if (reply.statusCode >= 400) log.info('http.answered', facts);
    else log.debug('http.answered', facts);
    done();
  });
};

const routeNameOf = (request: FastifyRequest): string => {
  const { name } = request.routeOptions.config as { name?: string };
  return name ?? request.routeOptions.url ?? 'unknown';
};

/** For what no route took: below `/hooks` there is nothing that is "not found". */
const answerOutside = (error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log) => {
  if (isHookPath(request.url)) answerHook(request, reply, 401);
  else answerProblem(error, request, reply, log);
};

const answerProblem = (error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log) => {
  const { status, problem, unexpected } = toProblem(error, request.id);
  if (unexpected) log.error('http.failed', { requestId: request.id, error });
  const { retryAfterSeconds } = (error ?? {}) as { retryAfterSeconds?: unknown };
  if (typeof retryAfterSeconds === 'number') reply.header('retry-after', retryAfterSeconds);
  reply.code(status).header('x-request-id', request.id).type('application/json').send(problem);
};
