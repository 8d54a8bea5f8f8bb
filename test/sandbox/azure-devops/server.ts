import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify, { type FastifyInstance } from 'fastify';
import { Faults, registerFaults } from '../faults.ts';
import { Ledger } from '../ledger.ts';
import { recordRequests } from '../request-ledger.ts';
import { attachmentRoutes } from './attachments.ts';
import { extensionGuid, issueAppToken, registerTokenEndpoint, tenantId } from './auth.ts';
import { SandboxClock } from './clock.ts';
import { commentRoutes } from './comments.ts';
import { act, type Deed, registerControl } from './control.ts';
import { extensionDataRoutes } from './extension-data.ts';
import { HookDispatcher } from './hooks/delivery.ts';
import { hookRoutes } from './hooks/routes.ts';
import { identityRoutes } from './identity-routes.ts';
import { metadataRoutes } from './metadata-routes.ts';
import { permissionRoutes } from './permissions.ts';
import { frameworkProblem } from './problem.ts';
import { areaLocations, connectionDataRoute, projectRoutes, resourceAreasRoute } from './project-routes.ts';
import { RateLimit } from './rate-limit.ts';
import { recycleBinRoutes } from './recycle-bin.ts';
import { reportingRoutes } from './reporting.ts';
import { type Route, Router, sendProblem } from './router.ts';
import { seed, seedUsers } from './seed.ts';
import type { Flavor, Simulator } from './simulator.ts';
import { type AzureDevOpsSnapshot, restoreFrom, snapshotOf } from './snapshot.ts';
import { Store, type WorkItemRecord } from './store.ts';
import { toggles } from './toggles.ts';
import { type SandboxUser, stableGuid, Users } from './users.ts';
import { wiqlRoute } from './wiql.ts';
import { workItemRoutes } from './work-item-routes.ts';

export interface AzureDevOpsOptions {
  /** 0 takes a free port. */
  port?: number;
  host?: string;
  organization?: string;
  flavor?: Flavor;
  /** Milliseconds since the epoch; wall time when absent. */
  now?: () => number;
  /** Added to every answer below the organisation. */
  latencyMs?: number;
  /** Of the random mishaps; the same seed repeats the same run. */
  seed?: number;
  /** The HS256 key of app tokens, as the Marketplace shows it. */
  appTokenSecret?: string;
  maxAttachmentBytes?: number;
  /** False starts without projects and work items. */
  isSeeded?: boolean;
  /** Where attachments stay after the end; a folder of its own, removed at the end, when absent. */
  attachmentFolder?: string;
  /** Where the web pages of the organisation are shown; requests for a page are sent there. */
  pagesUrl?: string;
}

export interface AzureDevOpsSimulator {
  /** `http://127.0.0.1:{port}` */
  readonly url: string;
  /** Where `_apis` starts for the organisation or collection. */
  readonly organizationUrl: string;
  /** Base of identities and graph. */
  readonly identityUrl: string;
  readonly organization: string;
  readonly organizationId: string;
  readonly tenantId: string;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly clock: SandboxClock;
  readonly store: Store;
  readonly users: Users;
  readonly hooks: HookDispatcher;
  readonly rateLimit: RateLimit;
  readonly appTokenSecret: string;
  /** The `aud` of the app tokens. */
  readonly appTokenAudience: string;
  /** The routes it serves, for the contract check. */
  readonly routes: readonly Route[];
  issueAppToken(userId: string): Promise<string>;
  /** Lets a seeded user do something, past HTTP but through the same rules. */
  act(deed: Deed): Promise<WorkItemRecord>;
  /** All that it holds, as plain data. */
  snapshot(): AzureDevOpsSnapshot;
  /** Goes on from a snapshot; for a simulator that was started without its seed. */
  restore(snapshot: AzureDevOpsSnapshot): void;
  reset(): void;
  close(): Promise<void>;
}

/** mulberry32: small, and the same numbers for the same seed on every machine. */
function seededRandom(seedNumber: number): () => number {
  let state = seedNumber >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const maxJsonBytes = 32 * 1_048_576;
const defaultMaxAttachmentBytes = 60 * 1_048_576;

function allRoutes(hooks: HookDispatcher): Route[] {
  return [
    ...projectRoutes,
    connectionDataRoute,
    resourceAreasRoute,
    ...permissionRoutes,
    ...workItemRoutes,
    ...recycleBinRoutes,
    ...commentRoutes,
    ...attachmentRoutes,
    wiqlRoute,
    ...metadataRoutes,
    ...reportingRoutes,
    ...identityRoutes,
    ...hookRoutes(hooks),
    ...extensionDataRoutes,
  ];
}

/** Starts the simulator on loopback and resolves once it listens. */
export async function startAzureDevOps(options: AzureDevOpsOptions = {}): Promise<AzureDevOpsSimulator> {
  const simulator = createSimulator(options);
  const hooks = new HookDispatcher(simulator);
  simulator.publish = (event) => hooks.publish(event);
  const router = new Router(simulator, allRoutes(hooks));
  const app = fastify({ bodyLimit: maxJsonBytes, forceCloseConnections: true, exposeHeadRoutes: false });
  const reset = () => {
    hooks.reset();
    simulator.clock.clear();
    simulator.rateLimit.clear();
    simulator.faults.clear();
    toggles(simulator).conflictStyle = 'testFailed';
    simulator.store.clear();
    for (const user of simulator.users.all) user.roles.clear();
    if (options.isSeeded !== false) seed(simulator);
    simulator.ledger.clear();
  };
  registerBodies(app);
  registerLedger(app, simulator);
  registerCors(app);
  registerFaults(app, simulator.faults);
  registerControl(app, simulator, hooks, reset);
  registerTokenEndpoint(app, simulator);
  if (options.pagesUrl !== undefined) registerPages(app, options.pagesUrl);
  registerApi(app, simulator, router, options.latencyMs ?? 0);
  await app.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  simulator.url = `http://${options.host ?? '127.0.0.1'}:${port}`;
  const isHosted = simulator.flavor === 'services';
  simulator.organizationUrl = `${simulator.url}${isHosted ? `/${simulator.organization}` : '/tfs/DefaultCollection'}`;
  simulator.identityUrl = isHosted
    ? `${simulator.url}/vssps/${simulator.organization}`
    : simulator.organizationUrl;
  try {
    seedUsers(simulator);
    if (options.isSeeded !== false) seed(simulator);
  } catch (error) {
    // A listening server nobody holds would keep the process, and a test run, alive for ever.
    await app.close();
    throw error;
  }
  const appTokenSecret = options.appTokenSecret ?? `sandbox-${randomBytes(48).toString('base64url')}`;
  return {
    url: simulator.url,
    organizationUrl: simulator.organizationUrl,
    identityUrl: simulator.identityUrl,
    organization: simulator.organization,
    organizationId: simulator.organizationId,
    tenantId,
    ledger: simulator.ledger,
    faults: simulator.faults,
    clock: simulator.clock,
    store: simulator.store,
    users: simulator.users,
    hooks,
    rateLimit: simulator.rateLimit,
    appTokenSecret,
    appTokenAudience: extensionGuid,
    routes: router.routes,
    issueAppToken: (userId) => issueAppToken(simulator, appTokenSecret, requireUser(simulator, userId)),
    act: (deed) => act(simulator, deed),
    snapshot: () => snapshotOf(simulator, hooks),
    restore: (snapshot) => restoreFrom(snapshot, simulator, hooks),
    reset,
    close: async () => {
      simulator.clock.close();
      await hooks.close();
      await app.close();
      if (options.attachmentFolder === undefined)
        rmSync(simulator.attachmentFolder, { recursive: true, force: true });
    },
  };
}

function requireUser(simulator: Simulator, userId: string): SandboxUser {
  const user = simulator.users.byId(userId);
  if (user === undefined) throw new Error(`no sandbox user with id ${userId}`);
  return user;
}

function createSimulator(options: AzureDevOpsOptions): Simulator {
  const clock = new SandboxClock(options.now);
  const random = seededRandom(options.seed ?? 1);
  const organization = options.organization ?? 'fabrikam';
  const simulator: Simulator = {
    flavor: options.flavor ?? 'services',
    organization,
    url: '',
    organizationUrl: '',
    identityUrl: '',
    organizationId: stableGuid(`organization:${organization}`),
    clock,
    store: new Store(),
    users: new Users(
      () => simulator.organizationUrl,
      () => simulator.identityUrl,
    ),
    ledger: new Ledger(),
    faults: new Faults(random),
    rateLimit: new RateLimit(() => clock.nowMs()),
    random,
    attachmentFolder: attachmentFolder(options.attachmentFolder),
    maxAttachmentBytes: options.maxAttachmentBytes ?? defaultMaxAttachmentBytes,
    publish: () => {},
  };
  return simulator;
}

function attachmentFolder(given: string | undefined): string {
  if (given === undefined) return join(tmpdir(), `tandem-azure-devops-${randomUUID()}`);
  mkdirSync(given, { recursive: true });
  return given;
}

/** JSON and JSON patches are parsed here; everything else, attachments above all, is passed on as a stream. */
function registerBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ['application/json', 'application/json-patch+json'],
    { parseAs: 'string' },
    (_request, body, done) => {
      if (body === '') return done(null, null);
      try {
        done(null, JSON.parse(body as string));
      } catch (error) {
        done(
          frameworkProblem(
            400,
            'JsonReaderException',
            `The request body is not valid JSON: ${(error as Error).message}`,
          ),
        );
      }
    },
  );
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, new URLSearchParams(body as string)),
  );
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
}

function registerLedger(app: FastifyInstance, simulator: Simulator): void {
  recordRequests(app, simulator.ledger, (request) =>
    request.url.startsWith('/_sandbox')
      ? undefined
      : { at: simulator.clock.iso(), route: request.routeId ?? 'other' },
  );
}

/** The service lets extension pages, which live on another origin, call it with a bearer token. */
function registerCors(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.origin === undefined) return;
    reply.header('access-control-allow-origin', '*');
    reply.header(
      'access-control-expose-headers',
      'ActivityId, X-TFS-Session, X-MS-ContinuationToken, Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset',
    );
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined)
      return;
    const wanted = request.headers['access-control-request-headers'] ?? 'authorization';
    return reply
      .code(200)
      .header('access-control-allow-methods', 'OPTIONS,GET,POST,PATCH,PUT,DELETE')
      .header('access-control-allow-headers', wanted)
      .header('access-control-max-age', '3600')
      .send();
  });
}

/** On the real service the pages and the API share one address; the sandbox shows its pages elsewhere. */
function registerPages(app: FastifyInstance, pagesUrl: string): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'GET' || !/^\/[^/]+\/[^/]+\/_(workitems|queries|settings)\b/.test(request.url))
      return;
    return reply
      .code(302)
      .header('location', pagesUrl + request.url)
      .send();
  });
}

function registerApi(app: FastifyInstance, simulator: Simulator, router: Router, latencyMs: number): void {
  app.get('/_signin', (_request, reply) =>
    reply.type('text/html; charset=utf-8').send('<!DOCTYPE html><title>Sign In</title>'),
  );
  app.setErrorHandler((error, _request, reply) => sendProblem(error, reply));
  app.route({
    method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    url: '/*',
    handler: async (request, reply) => {
      if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
      const answer = await router.handle(request, reply);
      return answer === reply || reply.sent
        ? reply
        : typeof answer === 'string'
          ? answer
          : JSON.stringify(answer);
    },
  });
  app.options('/*', (request, reply) => {
    const area = /_apis\/([^/?]+)/i.exec(request.url)?.[1] ?? '';
    reply.type('application/json; charset=utf-8');
    return JSON.stringify(areaLocations(simulator, area));
  });
}
