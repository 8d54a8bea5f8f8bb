import type { ConnectionRow } from '../store/connections.ts';
import { listConnections } from '../store/connections.ts';
import { listMappings, type MappingRow } from '../store/mappings.ts';
import type { Store } from '../store/pool.ts';
import { listTenants } from '../store/tenants.ts';

/** What a tenant's admins have set, as the engine uses it. */
export interface TenantSettings {
  tenant: number;
  organization: string;
  url: string;
  hostId: string | undefined;
  enabled: boolean;
  /** Sessions of another number have ended; undefined while the operator's list lacks the organisation. */
  sessionGeneration: number | undefined;
  connections: ReadonlyMap<string, ConnectionRow>;
  /** In the order in which triggers are asked. */
  mappings: readonly MappingRow[];
}

export interface SettingsCache {
  /** Throws `UnknownTenant` when it does not exist. */
  of(tenant: number): Promise<TenantSettings>;
  forget(tenant?: number): void;
}

/** Somebody names a tenant that the store lacks, as a session does that is older than a restored backup. */
export class UnknownTenant extends Error {
  override name = 'UnknownTenant';
}

const maxAgeMs = 30_000;

/** Settings change seldom and are read for every lane: kept until the store says that they changed. */
export function settingsCache(store: Store): SettingsCache {
  const known = new Map<number, { settings: Promise<TenantSettings>; readAt: number }>();
  store.listen('settings', (tenant) => (tenant === '' ? known.clear() : known.delete(Number(tenant))));
  return {
    of(tenant) {
      const entry = known.get(tenant);
      if (entry !== undefined && Date.now() - entry.readAt < maxAgeMs) return entry.settings;
      const settings = readSettings(store, tenant);
      known.set(tenant, { settings, readAt: Date.now() });
      settings.catch(() => known.delete(tenant));
      return settings;
    },
    forget: (tenant) => (tenant === undefined ? known.clear() : void known.delete(tenant)),
  };
}

async function readSettings(store: Store, tenant: number): Promise<TenantSettings> {
  const row = (await listTenants(store)).find((candidate) => candidate.tenant === tenant);
  if (row === undefined) throw new UnknownTenant(`There is no tenant ${tenant}`);
  const { connections, mappings } = await store.asTenant(tenant, async (sql) => ({
    connections: await listConnections(sql),
    mappings: await listMappings(sql),
  }));
  return {
    tenant,
    organization: row.organization,
    url: row.url,
    hostId: row.host_id ?? undefined,
    enabled: row.enabled,
    sessionGeneration: row.withdrawn_while_on === null ? row.session_generation : undefined,
    connections: new Map(connections.map((connection) => [connection.id, connection])),
    mappings,
  };
}
