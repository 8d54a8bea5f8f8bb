import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';

import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { Agent, request } from 'undici';
import type { z } from 'zod';
import type { RetryPolicy } from '../../backend/contract/connections.ts';
import type { MappingSettings } from '../../backend/contract/mapping.ts';
import { type RouteName, type Routes, routes } from '../../backend/contract/routes.ts';
import { freePort } from '../sandbox/ports.ts';
import { type Child, readyJson, startChild } from './child.ts';

/** Both simulators and the real backend, each in a process of its own, as in production. */
export interface Rig {
  azure: {
    url: string;
    organizationUrl: string;
    users: Record<string, RigUser>;
    project: { id: string; name: string };
  };
  alemba: { url: string; baseUrl: string };
  /** The backend's DATA_DIR. */
  dataDir: string;
  /** As the backend is started, for scripts that take the same settings. */
  environment: Readonly<Record<string, string>>;
  backendUrl(): string;
  backend(): Child;
  startBackend(env?: Record<string, string>): Promise<void>;
  /** Another backend on the same database, as behind a load balancer. Stopped by `close`. */
  startReplica(env?: Record<string, string>): Promise<Child & { ready: string }>;
  /** The session that `api` and `ask` use for the user, opened when there is none. */
  token(as?: string): Promise<string>;
  /** As `api`, without judging the answer. */
  ask(name: RouteName, input?: ApiInput, as?: string | null): Promise<{ status: number; body: unknown }>;
  /** Calls the product's own API as a seeded user. Throws with the problem when it is not 2xx. */
  api<N extends RouteName>(name: N, input?: ApiInput, as?: string): Promise<z.output<Routes[N]['response']>>;
  /** The control API of a simulator. */
  control<T = unknown>(system: 'azure' | 'alemba', method: string, path: string, body?: unknown): Promise<T>;
  close(): Promise<void>;
}

export interface RigUser {
  key: string;
  id: string;
  displayName: string;
  uniqueName: string;
  accessToken: string;
  pat: string;
}

export interface ApiInput {
  params?: Record<string, string>;
  query?: Record<string, string | number>;
  body?: unknown;
}

export interface RigOptions {
  latencyMs?: number;
  /** A server's database; without it the backend runs its own PostgreSQL with fsync on. */
  databaseUrl?: string;
  env?: Record<string, string>;
  /** Of Node.js, for both simulators. */
  simulatorArgs?: string;
  /** Priority of both simulators, as `os.setPriority` takes it; 0 when absent. */
  simulatorPriority?: number;
  /** Every line that a backend prints. */
  onLine?: (line: string) => void;
}

const appTokenKey = 'sandbox-certificate-of-the-extension-0123456789abcdef';
const agent = new Agent({ connections: 64, keepAliveTimeout: 4000 });

export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tandem-rig-'));
  // PostgreSQL's account must be able to enter it; else its data would go elsewhere and outlive the test.
  await chmod(dataDir, 0o755);
  const latency = String(options.latencyMs ?? 0);
  const simulators = { NODE_ARGS: options.simulatorArgs ?? '' };
  const [azureChild, alembaChild] = await Promise.all([
    startChild(
      'test/sandbox/azure-devops/main.ts',
      ['--latencyMs', latency, '--appTokenSecret', appTokenKey],
      simulators,
      readyJson<{
        url: string;
        organizationUrl: string;
        identityUrl: string;
        organizationId: string;
        appTokenAudience: string;
      }>,
    ),
    startChild(
      'test/sandbox/itsm/alemba/main.ts',
      ['--latency-ms', latency],
      simulators,
      readyJson<{ url: string; baseUrl: string }>,
    ),
  ]);
  for (const { process: child } of [azureChild, alembaChild])
    setPriority(child.pid as number, options.simulatorPriority ?? 0);
  const azure = azureChild.ready;
  const alemba = alembaChild.ready;
  const state = await json<{ users: RigUser[]; projects: { id: string; name: string }[] }>(
    'GET',
    `${azure.url}/_sandbox/state`,
  );
  const users = Object.fromEntries(state.users.map((user) => [user.key, user]));
  const project = state.projects.find((one) => one.name === 'Fabrikam') as { id: string; name: string };

  let backend: (Child & { ready: string }) | undefined;
  const replicas: Child[] = [];
  const sessions = new Map<string, string>();
  const environment = {
    DATA_DIR: dataDir,
    PORT: '0',
    TANDEM_SANDBOX: 'true',
    LOG_LEVEL: 'info',
    ALLOW_PRIVATE_ADDRESSES: '127.0.0.0/8',
    ALLOW_HTTP_ADDRESSES: 'true',
    APP_TOKEN_KEYS: appTokenKey,
    APP_TOKEN_AUDIENCE: azure.appTokenAudience,
    ...(options.databaseUrl === undefined ? {} : { DATABASE_URL: options.databaseUrl }),
    ORGANIZATIONS: JSON.stringify([
      {
        name: 'fabrikam',
        url: azure.organizationUrl,
        identitiesUrl: azure.identityUrl,
        requiresAppToken: true,
        auth: { kind: 'pat', pat: users.service?.pat },
      },
    ]),
    ...options.env,
  };

  const startProduct = (env: Record<string, string>) =>
    startChild(
      'backend/main.ts',
      [],
      { ...environment, PUBLIC_URL: '', ...env },
      (line) => {
        if (!line.includes('backend.ready')) return undefined;
        return (JSON.parse(line) as { address: string }).address;
      },
      60_000,
      options.onLine,
    );

  const rig: Rig = {
    azure: { ...azure, users, project },
    alemba,
    dataDir,
    environment,
    backendUrl: () => backend?.ready as string,
    backend: () => backend as Child,
    async startBackend(env = {}) {
      // The same port again after a restart, so that hooks find it.
      const port = backend === undefined ? String(await freePort(0)) : new URL(backend.ready).port;
      backend = await startProduct({ PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}`, ...env });
    },
    async startReplica(env = {}) {
      const replica = await startProduct({ PUBLIC_URL: new URL(rig.backendUrl()).origin, ...env });
      replicas.push(replica);
      return replica;
    },
    token: async (as = 'admin') => sessions.get(as) ?? (await openSession(as)),
    async ask(name, input = {}, as = 'admin') {
      if (as === null) return callRoute(rig.backendUrl(), name, input);
      const answer = await callRoute(
        rig.backendUrl(),
        name,
        input,
        sessions.get(as) ?? (await openSession(as)),
      );
      // As the extension does, once: a session ends when the organisation is switched off.
      return answer.status === 401 ? callRoute(rig.backendUrl(), name, input, await openSession(as)) : answer;
    },
    async api(name, input = {}, as = 'admin') {
      const token = sessions.get(as) ?? (await openSession(as));
      const answer = await callRoute(rig.backendUrl(), name, input, token);
      if (answer.status === 401) {
        sessions.delete(as);
        return rig.api(name, input, as);
      }
      if (answer.status >= 300)
        throw new Error(`${name} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      return answer.body as never;
    },
    control: (system, method, path, body) =>
      json(method, `${system === 'azure' ? azure.url : alemba.url}/_sandbox${path}`, body),
    async close() {
      await Promise.all(replicas.map((replica) => replica.stop()));
      await backend?.stop();
      await stopLeftStore(dataDir);
      await Promise.all([azureChild.stop(), alembaChild.stop()]);
      await rm(dataDir, { recursive: true, force: true });
    },
  };

  const openSession = async (as: string): Promise<string> => {
    const user = users[as] as RigUser;
    const appToken = await new SignJWT({
      nameid: user.id,
      tid: azure.organizationId,
      jti: crypto.randomUUID(),
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer('app.vstoken.visualstudio.com')
      .setAudience(azure.appTokenAudience)
      .setNotBefore('-1m')
      .setExpirationTime('70m')
      .sign(new TextEncoder().encode(appTokenKey));
    const answer = await callRoute(rig.backendUrl(), 'openSession', {
      body: {
        organization: 'fabrikam',
        hostId: azure.organizationId,
        projectId: project.id,
        appToken,
        accessToken: user.accessToken,
      },
    });
    if (answer.status !== 200)
      throw new Error(`No session for ${as}: ${answer.status} ${JSON.stringify(answer.body)}`);
    const { token } = answer.body as { token: string };
    sessions.set(as, token);
    return token;
  };

  try {
    await rig.startBackend();
  } catch (error) {
    // Simulators that nobody knows of would keep the test run from ending.
    await rig.close();
    throw error;
  }
  return rig;
}

/** A backend that was killed leaves its PostgreSQL running for the next one; here there is no next one. */
async function stopLeftStore(dataDir: string): Promise<void> {
  const pid = storePid(dataDir);
  if (pid === undefined) return;
  process.kill(pid, 'SIGINT');
  await until('the left PostgreSQL is gone', () => storePid(dataDir) === undefined || undefined);
}

/** Process id of the embedded PostgreSQL, or undefined when it does not run. */
export function storePid(dataDir: string): number | undefined {
  const file = join(dataDir, 'postgres', 'data', 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  return existsSync(`/proc/${pid}`) ? pid : undefined;
}

async function callRoute(url: string, name: RouteName, input: ApiInput, token?: string) {
  const route = routes[name];
  const path = route.path.replace(/:(\w+)/g, (_, key: string) =>
    encodeURIComponent(input.params?.[key] ?? ''),
  );
  const query = new URLSearchParams(
    Object.entries(input.query ?? {}).map(([key, value]) => [key, String(value)]),
  ).toString();
  const answer = await request(`${url}${path}${query === '' ? '' : `?${query}`}`, {
    method: route.method,
    dispatcher: agent,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(input.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: input.body === undefined ? undefined : JSON.stringify(input.body),
  });
  const text = await answer.body.text();
  return { status: answer.statusCode, body: text === '' ? undefined : JSON.parse(text) };
}

export async function json<T>(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const answer = await request(url, {
    method: method as 'GET',
    dispatcher: agent,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${method} ${url} answered ${answer.statusCode}: ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** Between two looks: soon at first; whoever asks a slow backend all the time makes it slower, or is told to wait. */
const lookAgainMs = (waitedMs: number): number => (waitedMs < 2000 ? 20 : 100);

/** Looks again until `check` gives something, and says what it waited for when it never does; `everyMs` for limited routes. */
export async function until<T>(
  what: string | (() => string),
  check: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 20_000,
  everyMs?: number,
): Promise<T> {
  const startedAt = Date.now();
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found as T;
    const waitedMs = Date.now() - startedAt;
    if (waitedMs > timeoutMs) {
      throw new Error(
        `It did not happen within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs ?? lookAgainMs(waitedMs)));
  }
}

export interface Joined {
  connectionId: string;
  mappingId: string;
}

/** A connection to the simulated Alemba with its webhook, service hooks, and one mapping of Bugs. */
export async function joinSystems(
  rig: Rig,
  change: (settings: MappingSettings) => MappingSettings = (same) => same,
  connect: { retry?: Partial<RetryPolicy>; settings?: Record<string, string> } = {},
): Promise<Joined> {
  const projectId = rig.azure.project.id;
  const connection = await rig.api('createConnection', {
    params: { projectId },
    body: {
      kind: 'alemba',
      name: 'Alemba Production',
      settings: { ...alembaSettings(rig.alemba.baseUrl), ...connect.settings },
      secrets: { password: 'sandbox' },
      ...(connect.retry === undefined ? {} : { retry: connect.retry }),
      budget: { requestsPerSecond: 1000, concurrent: 16 },
    },
  });
  const { secret } = await rig.api('rotateHookSecret', {
    params: { projectId, connectionId: connection.id },
  });
  await rig.control(
    'alemba',
    'POST',
    '/webhooks',
    alembaWebhook(`${rig.backendUrl()}${new URL(connection.hook.url).pathname}`, secret),
  );
  const suggestion = await rig.api('suggestMapping', {
    params: { projectId },
    query: { connectionId: connection.id, workItemType: 'Bug' },
  });
  const mapping = await rig.api('createMapping', { params: { projectId }, body: change(suggestion) });
  await rig.api('ensureSubscriptions', { params: { projectId } });
  return { connectionId: connection.id, mappingId: mapping.id };
}

/** The form of a connection to the simulated Alemba, as an admin fills it in. */
export const alembaSettings = (baseUrl: string) => ({
  address: baseUrl,
  clientId: '3566bf8b-08bc-5655-9f61-f21d2bfb1e90',
  username: 'integration',
  partition: '1',
});

/** What the connection's instructions tell an Alemba administrator to register. */
export const alembaWebhook = (url: string, secret: string) => ({
  PayloadUrl: url,
  Active: true,
  EntityType: 'Call',
  PayloadSelect: 'Ref,CallStatus,LastActionDate,LastHistoryOrder,LastActionedBy',
  Secret: secret,
});
