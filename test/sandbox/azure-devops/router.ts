import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ApiVersion, checkApiVersion, type RouteVersion } from './api-version.ts';
import { authenticate, checkScope } from './auth.ts';
import { AzureDevOpsProblem, frameworkProblem, projectNotFound } from './problem.ts';
import type { Simulator } from './simulator.ts';
import type { Project } from './store.ts';
import type { SandboxUser } from './users.ts';

export interface CallContext {
  simulator: Simulator;
  request: FastifyRequest;
  reply: FastifyReply;
  user: SandboxUser;
  params: Record<string, string>;
  query: URLSearchParams;
  /** Set when the address names one; its access has been checked. */
  project: Project | undefined;
  version: ApiVersion;
  body: unknown;
}

/** Where a route may stand: below the organisation, below a project, or both (the team variant counts as project). */
export type RouteLevel = 'organization' | 'project' | 'both';

export interface Route {
  /** For the ledger: `workItem.read`. */
  id: string;
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Below `_apis/`; `{name}` takes a segment, `${name}` one that starts with a dollar, `{*name}` the rest. */
  path: string;
  level: RouteLevel;
  version: RouteVersion;
  /** The OAuth scope a token needs; empty for none. */
  scope: string;
  /** What the service accepts as content type, when it is strict about it. */
  contentType?: string;
  handle: (context: CallContext) => unknown;
}

interface CompiledRoute {
  route: Route;
  segments: string[];
}

interface Target {
  scope: string[];
  path: string[];
}

export class Router {
  readonly routes: Route[];
  #byArea = new Map<string, CompiledRoute[]>();
  readonly #simulator: Simulator;

  constructor(simulator: Simulator, routes: Route[]) {
    this.#simulator = simulator;
    this.routes = routes;
    for (const route of routes) {
      const segments = route.path.toLowerCase().split('/');
      // `workitems` and friends are static in every path, so that two segments narrow the search to a few routes.
      const key = areaKey(segments);
      const known = this.#byArea.get(key);
      const compiled = { route, segments: route.path.split('/') };
      if (known === undefined) this.#byArea.set(key, [compiled]);
      else known.push(compiled);
    }
  }

  async handle(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const questionMark = request.url.indexOf('?');
    const path = questionMark < 0 ? request.url : request.url.slice(0, questionMark);
    const target = this.#parse(path);
    if (target === undefined)
      throw frameworkProblem(404, 'VssResourceNotFoundException', `Page not found: ${path}`);
    const found = this.#find(request.method, target);
    if (found !== undefined && found !== 'wrongMethod') request.routeId = found.route.id;
    const credential = authenticate(this.#simulator, request, reply);
    if (credential === undefined) return reply;
    if (found === undefined)
      throw frameworkProblem(
        404,
        'VssResourceNotFoundException',
        `API resource location for ${path} is not registered.`,
      );
    if (found === 'wrongMethod')
      return reply.code(405).send({
        count: 1,
        value: { Message: `The requested resource does not support http method '${request.method}'.` },
      });
    const { route, params } = found;
    const query = new URLSearchParams(questionMark < 0 ? '' : request.url.slice(questionMark + 1));
    const version = checkApiVersion(request, query, this.#simulator.flavor, route.version);
    if (version.number < route.version.since)
      return reply.code(405).send({
        count: 1,
        value: { Message: `The requested resource does not support http method '${request.method}'.` },
      });
    checkScope(credential, route.scope);
    const verdict = this.#simulator.rateLimit.take(credential.user.id, request.method);
    reply.headers(verdict.headers);
    if (verdict.refused)
      throw frameworkProblem(
        429,
        'RequestBlockedException',
        `TF400733: The request has been canceled: Request was blocked due to exceeding usage of resource 'Core' in namespace 'User.'. For more information on why your request was blocked, see the topic "Rate limits" on the Microsoft Web site.`,
      );
    if (verdict.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, verdict.delayMs));
    this.#checkContentType(request, route);
    const context: CallContext = {
      simulator: this.#simulator,
      request,
      reply,
      user: credential.user,
      params,
      query,
      project: this.#project(credential.user, target.scope[0]),
      version,
      body: request.body,
    };
    reply.header(
      'content-type',
      `application/json; charset=utf-8; api-version=${version.number.toFixed(1)}${version.isPreview ? `-preview.${version.revision ?? route.version.revision}` : ''}`,
    );
    return route.handle(context);
  }

  /** `{organization}/[project/[team/]]_apis/...`, with `tfs/{collection}` or `vssps/{organization}` in front. */
  #parse(path: string): Target | undefined {
    const segments = path
      .split('/')
      .filter((segment) => segment !== '')
      .map(decode);
    const at = segments.findIndex((segment) => segment.toLowerCase() === '_apis');
    if (at < 0) return undefined;
    const base =
      this.#simulator.flavor === 'services' ? [this.#simulator.organization] : ['tfs', 'DefaultCollection'];
    const head = segments.slice(0, at);
    if (this.#simulator.flavor === 'services' && head[0]?.toLowerCase() === 'vssps') head.shift();
    for (const expected of base) if (head.shift()?.toLowerCase() !== expected.toLowerCase()) return undefined;
    if (head.length > 2) return undefined;
    return { scope: head, path: segments.slice(at + 1) };
  }

  #find(
    method: string,
    target: Target,
  ): { route: Route; params: Record<string, string> } | 'wrongMethod' | undefined {
    const lower = target.path.map((segment) => segment.toLowerCase());
    const candidates = [
      ...(this.#byArea.get(areaKey(lower)) ?? []),
      ...(this.#byArea.get(lower[0] ?? '') ?? []),
    ];
    let hasPath = false;
    for (const { route, segments } of candidates) {
      const level = target.scope.length === 0 ? 'organization' : 'project';
      if (route.level !== 'both' && route.level !== level) continue;
      const params = match(segments, target.path, lower);
      if (params === undefined) continue;
      hasPath = true;
      if (route.method === method) return { route, params };
    }
    return hasPath ? 'wrongMethod' : undefined;
  }

  #project(user: SandboxUser, nameOrId: string | undefined): Project | undefined {
    if (nameOrId === undefined) return undefined;
    const project = this.#simulator.store.project(nameOrId);
    if (project === undefined || !user.roles.has(project.id)) throw projectNotFound(nameOrId);
    return project;
  }

  #checkContentType(request: FastifyRequest, route: Route): void {
    if (route.contentType === undefined) return;
    // Without a body there is no type to judge: a chunked upload is registered with an empty POST.
    const { 'content-length': lengthBytes, 'transfer-encoding': encoding } = request.headers;
    if (encoding === undefined && Number(lengthBytes ?? 0) === 0) return;
    const given = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
    if (given === route.contentType) return;
    throw frameworkProblem(
      400,
      'VssRequestContentTypeNotSupportedException',
      `The request indicated a Content-Type of "${given}" for method type "${request.method}" which is not supported. Valid content types for this method are: ${route.contentType}.`,
    );
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function areaKey(segments: string[]): string {
  const [first = '', second] = segments;
  return second === undefined || /[{$]/.test(second) ? first : `${first}/${second}`;
}

function match(pattern: string[], path: string[], lower: string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [index, segment] of pattern.entries()) {
    const value = path[index];
    if (segment.startsWith('{*')) {
      params[segment.slice(2, -1)] = path.slice(index).join('/');
      return params;
    }
    if (value === undefined) return undefined;
    if (segment.startsWith('${')) {
      if (!value.startsWith('$')) return undefined;
      params[segment.slice(2, -1)] = value.slice(1);
    } else if (segment.startsWith('{')) {
      // `$Bug` is a type, never an id; the extensions' own collection is called `$settings`.
      if (value.startsWith('$') && segment !== '{collection}') return undefined;
      params[segment.slice(1, -1)] = value;
    } else if (segment.toLowerCase() !== lower[index]) return undefined;
  }
  return pattern.length === path.length ? params : undefined;
}

/** Every error leaves in the service's own shape; what is not expected becomes a 500 that names the message. */
export function sendProblem(error: unknown, reply: FastifyReply): FastifyReply {
  const problem =
    error instanceof AzureDevOpsProblem
      ? error
      : frameworkProblem(500, 'VssServiceException', error instanceof Error ? error.message : String(error));
  return reply
    .code(problem.status)
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(problem.body()));
}

/** A list answer. */
export function list<T>(value: T[]): { count: number; value: T[] } {
  return { count: value.length, value };
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The route's id, for the ledger. */
    routeId?: string;
  }
}
