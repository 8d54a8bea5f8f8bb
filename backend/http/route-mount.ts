import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RouteShape } from '../contract/route.ts';
import { type RouteName, routes } from '../contract/routes.ts';
import type { Session } from '../security/session-token.ts';
import { checkInput } from './body.ts';
import { checkGuard, requireSession } from './guard.ts';
import { ProblemError } from './problem.ts';
import { createRateLimit, type RateLimit } from './rate-limit.ts';
import type { ServerOptions } from './server.ts';

type MountOptions = ServerOptions & { closing: AbortSignal };

interface RouteInput {
  params: Readonly<Record<string, string>>;
  query: unknown;
  body: unknown;
  session: Session;
  requestId: string;
  signal: AbortSignal;
}

type AnyHandler = (input: RouteInput) => Promise<unknown>;

const defaultRates = { sessions: 300, administration: 600 };

/** Mounts every route of the contract: session and rate first, then the body is read, then guard, check, handler. */
export const mountRoutes = (app: FastifyInstance, options: MountOptions) => {
  const { sessions, handlers, access } = options;
  const rates = options.rates ?? defaultRates;
  const sessionRate = createRateLimit(rates.sessions);
  const administrationRate = createRateLimit(rates.administration);
  const known = new WeakMap<FastifyRequest, Session>();

  const refuseEnded = async (session: Session) => {
    if (!(await sessions.isCurrent(session))) throw new ProblemError('signInRequired');
  };

  const admit = (route: RouteShape) => async (request: FastifyRequest) => {
    if (route.guard === 'open') {
      limit(sessionRate, request.ip);
      return;
    }
    const session = requireSession(request.headers.authorization, sessions.verify);
    await refuseEnded(session);
    known.set(request, session);
    const administers = route.guard === 'projectAdmin' || route.guard === 'tenantAdmin';
    if (administers) limit(administrationRate, `${session.tenant} ${session.user.id}`);
  };

  const run = async (name: RouteName, route: RouteShape, request: FastifyRequest, reply: FastifyReply) => {
    const params = request.params as Record<string, string>;
    const raw = { params, query: request.query, body: request.body };
    if (name === 'openSession') {
      const input = checkInput(route, raw);
      return sessions.open(input.body as Parameters<typeof sessions.open>[0]);
    }
    const session = known.get(request);
    if (!session || route.guard === 'open') throw new ProblemError('signInRequired');
    // The path is checked before it is asked for at Azure DevOps.
    checkInput({}, { params, query: {}, body: undefined });
    await checkGuard(route.guard, session, params, access);
    const input = checkInput(route, raw);
    const handle = handlers[name] as unknown as AnyHandler;
    const signal = AbortSignal.any([options.closing, hangUpOf(reply)]);
    const answer = await handle({ ...input, session, requestId: request.id, signal });
    // A read may have waited for half a minute. What was changed is answered: a caller who hears "sign in" tries again.
    if (route.method === 'GET') await refuseEnded(session);
    return answer;
  };

  for (const [name, route] of Object.entries(routes) as [RouteName, RouteShape][]) {
    app.route({
      method: route.method,
      url: route.path,
      config: { name },
      onRequest: admit(route),
      async handler(request, reply) {
        const answer = await run(name, route, request, reply);
        return options.checkResponses ? checkAnswer(name, route, answer) : answer;
      },
    });
  }
};

const limit = (rate: RateLimit, key: string) => {
  const retryAfterSeconds = rate.take(key);
  if (retryAfterSeconds === undefined) return;
  throw Object.assign(new ProblemError('tooManyRequests'), { retryAfterSeconds });
};

/** Aborted when the caller's connection goes before the answer. */
const hangUpOf = (reply: FastifyReply): AbortSignal => {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
};

const checkAnswer = (name: RouteName, route: RouteShape, answer: unknown): unknown => {
  const checked = route.response.safeParse(answer);
  if (checked.success) return checked.data;
  const places = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`The answer of ${name} breaks the contract: ${places.join('; ')}`);
};
