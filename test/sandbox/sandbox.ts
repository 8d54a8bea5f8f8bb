import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ActivityFeed } from './activity.ts';
import { type AzureDevOpsSimulator, startAzureDevOps } from './azure-devops/server.ts';
import type { AzureDevOpsSnapshot } from './azure-devops/snapshot.ts';
import { type BackendApi, createBackendApi } from './backend-api.ts';
import { BackendProcess } from './backend-process.ts';
import { buildExtension } from './extension-build.ts';
import { serveExtension } from './extension-server.ts';
import { FaultBoard } from './fault-board.ts';
import { claimFolder } from './instance.ts';
import { type AlembaSimulator, startAlemba } from './itsm/alemba/server.ts';
import type { CallsSnapshot } from './itsm/alemba/store.ts';
import type { WebhookRegistration } from './itsm/alemba/webhook-registration.ts';
import { keepState, readKept } from './keep-state.ts';
import { bundlePages } from './page-bundle.ts';
import { extensionIdOf, pageSource, projectName, readManifest, WorkItemChanges } from './page-source.ts';
import { freePort } from './ports.ts';
import { seedProduct } from './seed.ts';
import { startWeb } from './web.ts';

export interface SandboxPorts {
  home: number;
  backend: number;
  azureDevOps: number;
  alemba: number;
  extension: number;
}

export interface SandboxOptions {
  /** Wanted ports; the next free one when taken, any free one for 0. */
  ports: SandboxPorts;
  /** Keeps the backend's data, and under `sandbox/` the simulators' state. */
  dataDir: string;
  /** Absent: the backend runs its own PostgreSQL in `dataDir`. */
  databaseUrl?: string;
  /** A built extension; absent: built from the sources. */
  extensionFolder?: string;
  /** False leaves the product as it is after its installation. */
  isSeeded?: boolean;
  /** For the backend, beyond what the sandbox gives it. */
  environment?: Record<string, string>;
  say?(line: string): void;
}

export interface Sandbox {
  /** The one address to open. */
  url: string;
  extensionUrl: string;
  backend: BackendProcess;
  azureDevOps: AzureDevOpsSimulator;
  alemba: AlembaSimulator;
  faults: FaultBoard;
  projectId: string;
  /** The product's API as a user of the simulated organisation; `admin` when absent. */
  apiAs(userKey?: string): BackendApi;
  close(): Promise<void>;
}

interface Kept {
  azureDevOps: AzureDevOpsSnapshot;
  alemba: CallsSnapshot;
  webhooks: WebhookRegistration[];
}

/** Short, because nobody wants to wait in a sandbox for what a lost hook left behind. */
const sweepEveryMs = 10_000;
const watchdogEveryMs = 30_000;

/** Everything that a newcomer sees: both simulated systems, the extension, the real backend, and the pages around them. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const say = options.say ?? (() => undefined);
  const folder = join(options.dataDir, 'sandbox');
  mkdirSync(folder, { recursive: true });
  const ports = await choosePorts(options.ports);
  const url = `http://127.0.0.1:${ports.home}`;
  const ends: (() => unknown)[] = [await claimFolder(folder, url)];
  const close = async () => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    return await startParts({ options, say, folder, ports, url, ends, close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Start {
  options: SandboxOptions;
  say(line: string): void;
  folder: string;
  ports: SandboxPorts;
  url: string;
  /** Run backwards at the end. */
  ends: (() => unknown)[];
  close(): Promise<void>;
}

async function startParts({ options, say, folder, ports, url, ends, close }: Start): Promise<Sandbox> {
  const { azureDevOps, alemba } = await startSimulators({ folder, ports, url, ends });
  const extensionUrl = `http://127.0.0.1:${ports.extension}`;
  const backend = new BackendProcess({
    port: ports.backend,
    logPath: join(folder, 'backend.log'),
    say,
    environment: environmentOf({ options, azureDevOps, extensionUrl, ports }),
  });
  ends.push(() => backend.stop());
  // The backend opens its store while the extension is built.
  const backendReady = backend.start();
  backendReady.catch(() => undefined);
  const extensionFolder = options.extensionFolder ?? (await buildExtension(say));
  const extension = await serveExtension(extensionFolder, ports.extension);
  ends.push(() => extension.close());
  const bundles = await bundlePages();
  await backendReady;

  const pages = pageSource(azureDevOps, extensionUrl);
  const projectId = azureDevOps.store.project(projectName)?.id ?? '';
  // One for each person, with one session: the backend opens only so many a minute for one address.
  const apis = new Map<string, BackendApi>();
  const apiAs = (userKey = 'admin') => {
    const known = apis.get(userKey);
    if (known !== undefined) return known;
    const made = createBackendApi(backend.url, async () => {
      const user = azureDevOps.users.byKey(userKey);
      const { organization, organizationId: hostId } = azureDevOps;
      const appToken = await azureDevOps.issueAppToken(user.id);
      return { organization, hostId, projectId, appToken, accessToken: user.accessToken };
    });
    apis.set(userKey, made);
    return made;
  };
  const api = apiAs();
  if (options.isSeeded !== false) {
    const extensionId = extensionIdOf(readManifest());
    await seedProduct({ api, azureDevOps, alemba, projectId, publicUrl: backend.url, extensionId });
  }
  const faults = new FaultBoard(azureDevOps, alemba);
  const changes = new WorkItemChanges(azureDevOps);
  const activity = new ActivityFeed(api, projectId);
  ends.push(
    () => changes.close(),
    () => activity.close(),
  );
  const web = await startWeb(ports.home, {
    bundles,
    organization: azureDevOps.organization,
    ...pages,
    faults,
    backend,
    home: () => homeOf({ azureDevOps, alemba, backend }),
    agentPageOf: async (workItemId) => {
      const { tickets } = await api('readPanel', { params: { workItemId: String(workItemId) } });
      return tickets[0] && `${alemba.url}/agent/calls/${tickets[0].ticketId}`;
    },
    onWorkItemChange: (listener) => changes.listen(listener),
    onActivity: (listener) => activity.listen(listener),
  });
  ends.push(() => web.close());
  return { url, extensionUrl, backend, azureDevOps, alemba, faults, projectId, apiAs, close };
}

async function choosePorts(wanted: SandboxPorts): Promise<SandboxPorts> {
  const taken = new Set<number>();
  const chosen = { ...wanted };
  for (const name of Object.keys(wanted) as (keyof SandboxPorts)[]) {
    chosen[name] = await freePort(wanted[name], taken);
    taken.add(chosen[name]);
  }
  return chosen;
}

/** Both simulated systems, going on where they stopped: the backend's store remembers what it saw in them. */
async function startSimulators({
  folder,
  ports,
  url,
  ends,
}: Pick<Start, 'folder' | 'ports' | 'url' | 'ends'>) {
  const path = join(folder, 'state.json');
  const address = (port: number) => `http://127.0.0.1:${port}`;
  const addresses = {
    azureDevOps: address(ports.azureDevOps),
    alemba: address(ports.alemba),
    backend: address(ports.backend),
  };
  const kept = readKept<Kept>(path, addresses);
  const azureDevOps = await startAzureDevOps({
    port: ports.azureDevOps,
    isSeeded: kept === undefined,
    attachmentFolder: join(folder, 'azure-devops-files'),
    pagesUrl: url,
  });
  ends.push(() => azureDevOps.close());
  const alemba = await startAlemba({
    port: ports.alemba,
    seed: kept === undefined,
    attachmentFolder: join(folder, 'alemba-files'),
  });
  ends.push(() => alemba.close());
  if (kept !== undefined) {
    azureDevOps.restore(kept.azureDevOps);
    alemba.store.restore(kept.alemba);
    alemba.webhooks.restore(kept.webhooks);
  }
  const snapshot = (): Kept => ({
    azureDevOps: azureDevOps.snapshot(),
    alemba: alemba.store.snapshot(),
    webhooks: alemba.webhooks.snapshot(),
  });
  ends.push(keepState(path, addresses, snapshot));
  return { azureDevOps, alemba };
}

function environmentOf(parts: {
  options: SandboxOptions;
  azureDevOps: AzureDevOpsSimulator;
  extensionUrl: string;
  ports: SandboxPorts;
}): Record<string, string> {
  const { options, azureDevOps, extensionUrl, ports } = parts;
  const service = azureDevOps.users.byKey('service');
  const organization = {
    name: azureDevOps.organization,
    url: azureDevOps.organizationUrl,
    hostId: azureDevOps.organizationId,
    identitiesUrl: azureDevOps.identityUrl,
    requiresAppToken: true,
    auth: { kind: 'pat', pat: service.pats[0]?.token },
  };
  return {
    TANDEM_SANDBOX: 'true',
    PUBLIC_URL: `http://127.0.0.1:${ports.backend}`,
    DATA_DIR: options.dataDir,
    ...(options.databaseUrl !== undefined && { DATABASE_URL: options.databaseUrl }),
    ALLOW_PRIVATE_ADDRESSES: '127.0.0.0/8',
    ALLOW_HTTP_ADDRESSES: 'true',
    APP_TOKEN_KEYS: azureDevOps.appTokenSecret,
    APP_TOKEN_AUDIENCE: azureDevOps.appTokenAudience,
    CORS_ORIGINS: extensionUrl,
    // The host page can show the extension as on premises, where frames have no origin.
    ALLOW_NULL_ORIGIN: 'true',
    ORGANIZATIONS: JSON.stringify([organization]),
    SWEEP_EVERY_MS: String(sweepEveryMs),
    WATCHDOG_EVERY_MS: String(watchdogEveryMs),
    ...options.environment,
  };
}

/** What the home page needs beyond faults and backend. */
function homeOf({
  azureDevOps,
  alemba,
  backend,
}: Pick<Sandbox, 'azureDevOps' | 'alemba' | 'backend'>): object {
  const state = (id: number) => {
    const fields = azureDevOps.store.workItems.get(id)?.revisions.at(-1)?.fields;
    return {
      id,
      title: String(fields?.['System.Title'] ?? ''),
      type: azureDevOps.store.workItems.get(id)?.typeName,
    };
  };
  const project = `/${azureDevOps.organization}/${projectName}`;
  return {
    project,
    agentUrl: `${alemba.url}/agent`,
    backendUrl: backend.url,
    workItems: [...azureDevOps.store.workItems.values()]
      .filter(({ deleted }) => deleted === undefined)
      .map(({ id }) => state(id)),
    settingsPath: `${project}/_settings/${extensionIdOf(readManifest())}.settings-hub`,
    queriesPath: `${project}/_queries`,
  };
}
