import type { AzureDevOpsAuth } from '../azure-devops/context.ts';
import { azureDevOpsTransport, connectAzureDevOps, isRestVersion } from '../azure-devops/index.ts';
import type { AzureDevOps } from '../azure-devops/operations.ts';
import type { AddressGuard } from '../connectors/address-guard.ts';
import { outsideAttempt, sharedWork } from '../connectors/attempt.ts';
import type { Connector, RecordSystem, SystemDescription } from '../connectors/connector.ts';
import { createTransport, type HttpTransport } from '../connectors/http-transport.ts';
import { connectors } from '../connectors/registry.ts';
import type { RequestBudget } from '../connectors/request-budget.ts';
import { createMemoryBudget } from '../connectors/request-budget.ts';
import type { Systems } from '../engine/ports.ts';
import type { SettingsCache } from '../engine/settings.ts';
import { leaseQuestion } from '../lanes/lease.ts';
import { createKnownValues } from '../security/redaction.ts';
import { azureDevOps, type ConnectionRow } from '../store/connections.ts';
import type { Store } from '../store/pool.ts';
import { vaultPrefix } from '../store/secrets.ts';
import { Failure } from '../sync/failure.ts';
import { storeBudget } from './budget.ts';
import { type Crossings, crossedTransport } from './failpoints.ts';
import type { Secrets } from './secrets.ts';

export interface SystemsOptions {
  store: Store;
  settings: SettingsCache;
  secrets: Secrets;
  guard: AddressGuard;
  /** Where a test ends the process. */
  crossed?: Crossings | undefined;
  redact(text: string): string;
  count?(kind: string, route: string, outcome: string, durationMs: number): void;
  log(line: string, facts?: Record<string, unknown>): void;
  now(): Date;
}

export interface OpenSystems extends Systems {
  azureDevOps(tenant: number): Promise<AzureDevOps>;
  /** A system from a form that is not saved: secrets that are not given come from the stored connection. */
  openUnsaved(input: UnsavedConnection): Promise<{ system: RecordSystem; close(): Promise<void> }>;
  /** Ends the sessions (and gives back the licences) of a connection that is deleted or stands still. */
  release(tenant: number, connection: string): Promise<void>;
  close(): Promise<void>;
}

export interface UnsavedConnection {
  tenant: number;
  kind: string;
  settings: Record<string, string | number | boolean>;
  secrets: Record<string, string | null>;
  /** The stored connection that the form changes. */
  connectionId?: string;
}

interface Open {
  version: string;
  system: RecordSystem;
  transport: HttpTransport;
}

const descriptionMaxAgeMs = 5 * 60_000;
const secretMaxAgeMs = 60_000;

/** Keeps the systems of all tenants open, and opens them anew when an admin changes their connection. */
export function openSystems(options: SystemsOptions): OpenSystems {
  const open = new Map<string, Promise<Open>>();
  const descriptions = new Map<
    string,
    { at: number; value: Promise<SystemDescription>; last?: SystemDescription }
  >();

  const close = async (entry: Promise<Open>) => {
    const { system, transport } = await entry;
    await system.close();
    await transport.close(2000);
  };

  const openOne = async (tenant: number, connectionId: string): Promise<Open> => {
    const settings = await options.settings.of(tenant);
    const connection = settings.connections.get(connectionId);
    if (connection === undefined) {
      throw new Failure({ kind: 'unauthorized', message: `The connection ${connectionId} is not set up.` });
    }
    const key = `${tenant} ${connectionId}`;
    const known = open.get(key);
    if (known !== undefined) {
      const current = await known;
      if (current.version === versionOf(connection, settings.url)) return current;
      // Two may find the old one at the same time: the second must not throw away what the first has opened.
      if (open.get(key) === known) {
        open.delete(key);
        for (const name of descriptions.keys()) if (name.startsWith(`${key} `)) descriptions.delete(name);
        outsideAttempt(() => close(known)).catch((error) =>
          options.log('system.close_failed', { connection: connectionId, error: String(error) }),
        );
      }
    }
    const again = open.get(key);
    if (again !== undefined) return again;
    const opening = openConnection(options, tenant, connection, settings.url);
    open.set(key, opening);
    opening.catch(() => open.delete(key));
    return opening;
  };

  const describe: OpenSystems['describe'] = async (tenant, connection, scope) => {
    const key = `${tenant} ${connection} ${JSON.stringify([scope.project, scope.type, scope.template])}`;
    const known = descriptions.get(key);
    if (known !== undefined && Date.now() - known.at < descriptionMaxAgeMs) return known.value;
    const { system } = await openOne(tenant, connection);
    const value = system.describe(scope);
    const entry = { at: Date.now(), value, last: known?.last };
    descriptions.set(key, entry);
    try {
      entry.last = await value;
      return entry.last;
    } catch (error) {
      descriptions.delete(key);
      // The last good copy serves while the system is away; without one nobody knows the fields.
      if (known?.last === undefined) throw error;
      descriptions.set(key, {
        at: Date.now() - descriptionMaxAgeMs + 10_000,
        value: Promise.resolve(known.last),
        last: known.last,
      });
      return known.last;
    }
  };

  return {
    connectorOf: (kind) => connectors.get(kind),
    open: async (tenant, connection) => (await openOne(tenant, connection)).system,
    azureDevOps: async (tenant) => (await openOne(tenant, azureDevOps)).system as AzureDevOps,
    // Kept and waited for by all lanes of the connection.
    describe: (tenant, connection, scope) => sharedWork(() => describe(tenant, connection, scope)),
    openUnsaved: (input) => openUnsaved(options, input),
    async release(tenant, connection) {
      const key = `${tenant} ${connection}`;
      const entry = open.get(key);
      open.delete(key);
      for (const name of descriptions.keys()) if (name.startsWith(`${key} `)) descriptions.delete(name);
      if (entry === undefined) return;
      await close(entry).catch((error) =>
        options.log('system.close_failed', { connection, error: String(error) }),
      );
    },
    async close() {
      await Promise.all(
        [...open.values()].map((entry) =>
          close(entry).catch((error) => options.log('system.close_failed', { error: String(error) })),
        ),
      );
    },
  };
}

const versionOf = (connection: ConnectionRow, url: string): string =>
  `${connection.updated_at.toISOString()} ${url}`;

async function openConnection(
  options: SystemsOptions,
  tenant: number,
  connection: ConnectionRow,
  url: string,
): Promise<Open> {
  const version = versionOf(connection, url);
  const budget = storeBudget(options.store, tenant, connection.id, connection.budget);
  // Asked for with every request; the store's copy is the truth, and a change of the connection opens it anew.
  const opened = new Map<string, { value: string; at: number }>();
  const secret = async (name: string) => {
    const known = opened.get(name);
    if (known !== undefined && Date.now() - known.at < secretMaxAgeMs) return known.value;
    const value = await options.secrets.read(tenant, connection.id, name);
    if (value === undefined) {
      throw new Failure({
        kind: 'unauthorized',
        message: `The secret "${name}" of ${connection.name} is not set.`,
      });
    }
    opened.set(name, { value, at: Date.now() });
    return value;
  };
  const { system, transport } = assemble(options, {
    tenant,
    connectionId: connection.id,
    kind: connection.kind,
    settings: connection.settings,
    organizationUrl: url,
    budget,
    secret,
    vault: storedVault(options, tenant, connection.id),
  });
  return { version, system, transport };
}

interface Parts {
  tenant: number;
  connectionId: string;
  kind: string;
  settings: Record<string, string | number | boolean>;
  organizationUrl: string;
  budget: RequestBudget;
  secret(name: string): Promise<string>;
  vault: Parameters<Connector['connect']>[0]['vault'];
}

function assemble(options: SystemsOptions, parts: Parts): { system: RecordSystem; transport: HttpTransport } {
  const isAzureDevOps = parts.kind === azureDevOps;
  const connector = isAzureDevOps ? undefined : connectors.get(parts.kind);
  if (!isAzureDevOps && connector === undefined) {
    throw new Failure({
      kind: 'rejected',
      message: `There is no connector for systems of kind "${parts.kind}".`,
    });
  }
  const azure = {
    organizationUrl: parts.organizationUrl,
    identitiesUrl: textOf(parts.settings.identitiesUrl),
    entraUrl: textOf(parts.settings.entraUrl),
    auth: authOf(parts.settings),
  };
  const { origins, requestIdHeaders } = isAzureDevOps
    ? azureDevOpsTransport(azure)
    : { origins: addressesIn(parts.settings), requestIdHeaders: undefined };
  // The backend's redactor forgets the oldest secrets of very many; those of the connection itself never.
  const own = createKnownValues(ownSecrets);
  const plain = createTransport({
    guard: options.guard,
    origins,
    budget: parts.budget,
    redact: (text) => options.redact(own.text(text)),
    count: (route, outcome, durationMs) => options.count?.(parts.kind, route, outcome, durationMs),
    requestIdHeaders,
    mayWrite: leaseQuestion,
  });
  const transport = crossedTransport(plain, options.crossed);
  const shared = {
    connectionId: parts.connectionId,
    secret: async (name: string) => {
      const value = await parts.secret(name);
      own.add(value);
      return value;
    },
    vault: parts.vault,
    transport,
    now: options.now,
    log: options.log,
  };
  if (connector !== undefined)
    return { system: connector.connect({ ...shared, settings: parts.settings }), transport };
  const { apiVersion } = parts.settings;
  const system = connectAzureDevOps({
    ...shared,
    ...azure,
    // "automatic", and connections that were stored before there was a choice, leave it to be found.
    ...(isRestVersion(apiVersion) && { apiVersion }),
    allowStatePath: parts.settings.allowStatePath === true,
    slowDown: (delayMs) => parts.budget.throttled(delayMs),
  });
  return { system, transport };
}

/** Secrets of one connection with their former values; a connector declares a handful. */
const ownSecrets = 50;

/** A connector may send to the addresses that the admin typed, and nowhere else. */
const addressesIn = (settings: Parts['settings']): string[] =>
  Object.values(settings).filter(
    (value): value is string => typeof value === 'string' && URL.canParse(value),
  );

const authOf = (settings: Parts['settings']): AzureDevOpsAuth =>
  settings.authKind === 'entra'
    ? { kind: 'entra', tenantId: String(settings.tenantId ?? ''), clientId: String(settings.clientId ?? '') }
    : { kind: 'pat' };

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Waiting for the store's lock takes a connection of the pool: so many names of this process may wait at once. */
const maxExclusive = 3;
const exclusiveNames = new Map<string, Promise<unknown>>();
let exclusiveAtWork = 0;
const exclusiveWaiting: (() => void)[] = [];

function storedVault(options: SystemsOptions, tenant: number, connection: string): Parts['vault'] {
  const { store, secrets } = options;
  const locked = async <T>(key: string, use: () => Promise<T>): Promise<T> => {
    while (exclusiveAtWork >= maxExclusive)
      await new Promise<void>((resolve) => exclusiveWaiting.push(resolve));
    exclusiveAtWork += 1;
    try {
      // The lock lives as long as its transaction, so a replica that dies sets it free.
      return await store.asTenant(tenant, async (sql) => {
        await sql.rows('select pg_advisory_xact_lock(hashtextextended($1, 0))', [key]);
        return use();
      });
    } finally {
      exclusiveAtWork -= 1;
      exclusiveWaiting.shift()?.();
    }
  };
  return {
    read: (name) => secrets.read(tenant, connection, vaultPrefix + name),
    write: (name, value) =>
      store.asTenant(tenant, (sql) =>
        secrets.write(sql, tenant, connection, vaultPrefix + name, value ?? null),
      ),
    exclusive(name, use) {
      // Within this process callers queue here; with a pool connection each, sixteen of them would leave none for the
      // one whose turn it is.
      const key = `${tenant} ${connection} ${name}`;
      const before = exclusiveNames.get(key) ?? Promise.resolve();
      const mine = before.then(
        () => locked(key, use),
        () => locked(key, use),
      );
      exclusiveNames.set(key, mine);
      const forget = () => {
        if (exclusiveNames.get(key) === mine) exclusiveNames.delete(key);
      };
      mine.then(forget, forget);
      return mine;
    },
  };
}

async function openUnsaved(options: SystemsOptions, input: UnsavedConnection) {
  const { tenant } = input;
  const kept = new Map<string, string>();
  const settings = await options.settings.of(tenant);
  const { system, transport } = assemble(options, {
    tenant,
    connectionId: input.connectionId ?? 'unsaved',
    kind: input.kind,
    settings: input.settings,
    organizationUrl: settings.url,
    budget: createMemoryBudget({ requestsPerSecond: 10, concurrent: 2 }),
    secret: async (name) => {
      // An entry of null takes the secret away; only one that is not named stays as it is stored.
      const value =
        Object.hasOwn(input.secrets, name) || input.connectionId === undefined
          ? input.secrets[name]
          : await options.secrets.read(tenant, input.connectionId, name);
      if (value === undefined || value === null)
        throw new Failure({ kind: 'unauthorized', message: `The secret "${name}" is not set.` });
      return value;
    },
    // A test of typed credentials must not touch the tokens of the running connection.
    vault: {
      read: async (name) => kept.get(name),
      write: async (name, value) => {
        if (value === undefined) kept.delete(name);
        else kept.set(name, value);
      },
      exclusive: (_name, use) => use(),
    },
  });
  return {
    system,
    close: async () => {
      await system.close();
      await transport.close(1000);
    },
  };
}
