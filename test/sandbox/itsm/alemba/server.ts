import type { AddressInfo } from 'node:net';
import multipart from '@fastify/multipart';
import Fastify, { type FastifyInstance } from 'fastify';
import { Faults, registerFaults } from '../../faults.ts';
import { Ledger } from '../../ledger.ts';
import { recordRequests } from '../../request-ledger.ts';
import { MovableClock } from './clock.ts';
import { AlembaError } from './errors.ts';
import { AttachmentFiles } from './files.ts';
import { registerAgentActions, registerAgentPage } from './routes/agent.ts';
import { registerAttachments } from './routes/attachments.ts';
import { registerCalls } from './routes/calls.ts';
import { registerAdoReceiver, registerConnector } from './routes/connector.ts';
import { registerLookups } from './routes/lookups.ts';
import { registerOAuth } from './routes/oauth.ts';
import { type ApiParams, registerErrors } from './routes/respond.ts';
import { registerSandbox } from './routes/sandbox.ts';
import { seedReference } from './seed.ts';
import { seedCalls } from './seed-calls.ts';
import { Sessions } from './sessions.ts';
import { AlembaStore } from './store.ts';
import type { AlembaSystem } from './system.ts';
import { Webhooks } from './webhooks.ts';

export interface AlembaOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  host?: string;
  /** The virtual directory of the system. */
  system?: string;
  now?: () => Date;
  /** Added to every answer of the API, not to the sandbox's own routes. */
  latencyMs?: number;
  /** `false` leaves out the dozen calls; the tables around calls are always there. */
  seed?: boolean;
  /** `$top` when a search gives none. */
  pageSize?: number;
  /** Where attachments stay after the end; a folder of its own, removed at the end, when absent. */
  attachmentFolder?: string;
  /** For the faults and for what happens to webhooks. */
  random?: () => number;
}

export interface AlembaSimulator {
  url: string;
  /** `url` with the system's name. */
  baseUrl: string;
  close(): Promise<void>;
  ledger: Ledger;
  faults: Faults;
  store: AlembaStore;
  sessions: Sessions;
  webhooks: Webhooks;
  clock: { advance(ms: number): void; nowMs(): number };
}

/** Starts a stand-in for one Alemba Service Manager system on loopback. */
export async function startAlemba(options: AlembaOptions = {}): Promise<AlembaSimulator> {
  const { host = '127.0.0.1', latencyMs = 0, seed = true } = options;
  const system = buildSystem(options, seed);
  const app = Fastify({
    bodyLimit: 10 * 1024 * 1024,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
  });
  registerErrors(app);
  registerBodies(app);
  await app.register(multipart, { limits: { fileSize: Number.POSITIVE_INFINITY, files: 20 } });
  registerSandbox(app, system);
  registerAgentActions(app, system);
  const endPages = registerAgentPage(app, system);
  // Faults, latency and the ledger are for the product's side only: agents keep working while the API is down.
  await app.register(async (api) => {
    registerRequestLedger(api, system);
    if (latencyMs > 0) {
      api.addHook('onRequest', () => new Promise((resolve) => setTimeout(resolve, latencyMs)));
    }
    registerFaults(api, system.faults);
    registerOAuth(api, system);
    registerConnector(api, system);
    await api.register(async (versioned) => registerVersion(versioned, system), {
      prefix: `/${system.name}/alemba.api/api/:version(^v[12]$)`,
    });
  });
  await app.listen({ port: options.port ?? 0, host });
  const { port } = app.server.address() as AddressInfo;
  const url = `http://${host}:${port}`;
  return {
    url,
    baseUrl: `${url}/${system.name}`,
    ledger: system.ledger,
    faults: system.faults,
    store: system.store,
    sessions: system.sessions,
    webhooks: system.webhooks,
    clock: system.clock,
    close: async () => {
      endPages();
      await system.webhooks.close();
      await app.close();
      system.files.close();
    },
  };
}

function buildSystem(options: AlembaOptions, seed: boolean): AlembaSystem {
  const clock = new MovableClock(options.now);
  const ledger = new Ledger();
  const store = new AlembaStore(clock, ledger);
  const sessions = new Sessions(store);
  const faults = new Faults(options.random);
  const fill = () => {
    seedReference(store, sessions);
    if (seed) seedCalls(store);
  };
  fill();
  const webhooks = new Webhooks(store, options.random);
  const files = new AttachmentFiles(options.attachmentFolder);
  const reset = async () => {
    const paths = [...store.calls.values()].flatMap((call) => call.attachments.map(({ path }) => path));
    webhooks.clear();
    sessions.clear();
    faults.clear();
    store.clear();
    fill();
    ledger.clear();
    await Promise.all(paths.map((path) => files.remove(path)));
  };
  const { system: name = 'Production', pageSize = 100 } = options;
  return { name, pageSize, store, sessions, webhooks, files, ledger, faults, clock, reset };
}

function registerVersion(app: FastifyInstance, system: AlembaSystem): void {
  registerAdoReceiver(app, system);
  registerCalls(app, system);
  registerAttachments(app, system);
  registerLookups(app, system);
}

function registerRequestLedger(app: FastifyInstance, system: AlembaSystem): void {
  recordRequests(app, system.ledger, (request) => {
    const { action } = request.params as Partial<ApiParams>;
    const name = request.routeOptions.config.name ?? 'unknown';
    return { at: system.clock.nowIso(), route: name === 'call.action' ? `call.${action}` : name };
  });
}

/** Forms for the token endpoint; JSON as usual, where an empty body is a body without properties. */
function registerBodies(app: FastifyInstance): void {
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    if (body === '') return done(null, undefined);
    try {
      done(null, JSON.parse(body as string));
    } catch (error) {
      done(new AlembaError(400, `The request body is not JSON: ${(error as Error).message}`), undefined);
    }
  });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body as string))),
  );
}
