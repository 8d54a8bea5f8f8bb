import type { OrganizationSetting } from '../config.ts';
import { retryPolicy } from '../contract/connections.ts';
import { type SettingsCache, UnknownTenant } from '../engine/settings.ts';
import type { RegisteredOrganization } from '../http/access.ts';
import type { Organizations } from '../http/session.ts';
import { randomId, randomPassword } from '../security/random.ts';
import { recordAudit } from '../store/audit.ts';
import { azureDevOps, findConnection, insertConnection, noteSettings } from '../store/connections.ts';
import type { Sql, Store } from '../store/pool.ts';
import { rememberAddress } from '../store/public-addresses.ts';
import {
  bindHost,
  findTenant,
  listTenants,
  readmitTenant,
  registerTenant,
  withdrawTenant,
} from '../store/tenants.ts';
import { hookPasswordName } from './hook-keeper.ts';
import type { Secrets } from './secrets.ts';

/** Services allows about 200 TSTU in 5 minutes; ordinary reads and writes stay far below at this pace. */
const azureDevOpsBudget = { requestsPerSecond: 60, concurrent: 12 };

/**
 * Brings the store in line with the operator's list: a tenant for each organisation, and Azure DevOps as its
 * connection. A secret given in the configuration replaces the stored one; one that is left out stays. An organisation
 * that a list leaves out is not served any more; no list at all changes nothing.
 */
export async function registerOrganizations(
  store: Store,
  secrets: Secrets,
  organizations: readonly OrganizationSetting[],
): Promise<void> {
  for (const organization of organizations) {
    const tenant = await registerTenant(store, {
      organization: organization.name,
      url: organization.url,
      hostId: organization.hostId,
    });
    await store.asTenant(tenant, async (sql) => {
      if (await readmitTenant(sql, tenant))
        await audit(sql, tenant, 'organization.readmitted', organization.name);
      const { auth } = organization;
      const settings: Record<string, string | boolean> = {
        authKind: auth.kind,
        ...(auth.kind === 'entra' && { tenantId: auth.tenantId, clientId: auth.clientId }),
        ...(organization.identitiesUrl && { identitiesUrl: organization.identitiesUrl }),
        ...(organization.entraUrl && { entraUrl: organization.entraUrl }),
      };
      const known = await findConnection(sql, azureDevOps);
      if (known === undefined) {
        await insertConnection(sql, tenant, {
          id: azureDevOps,
          kind: azureDevOps,
          name: 'Azure DevOps',
          settings,
          retry: retryPolicy.parse({}),
          budget: azureDevOpsBudget,
          hookId: randomId(),
        });
        await secrets.write(sql, tenant, azureDevOps, hookPasswordName, randomPassword());
      } else if (Object.entries(settings).some(([name, value]) => known.settings[name] !== value)) {
        await sql.rows(
          'update connection set settings = settings || $2, updated_at = clock_timestamp() where id = $1',
          [azureDevOps, settings],
        );
      }
      const name = auth.kind === 'pat' ? 'pat' : 'clientSecret';
      const given = auth.kind === 'pat' ? auth.pat : auth.clientSecret;
      // Only what is new in the configuration: a secret that was renewed in the hub since must not be undone by every
      // start.
      if (
        given !== undefined &&
        given !== (await secrets.readIn(sql, tenant, azureDevOps, `configured:${name}`))
      ) {
        await secrets.write(sql, tenant, azureDevOps, name, given);
        await secrets.write(sql, tenant, azureDevOps, `configured:${name}`, given);
      }
      await noteSettings(sql, tenant);
    });
  }
  await withdrawOthers(store, organizations);
}

async function withdrawOthers(store: Store, organizations: readonly OrganizationSetting[]): Promise<void> {
  if (organizations.length === 0) return;
  const listed = new Set(organizations.map(({ name }) => name.toLowerCase()));
  for (const { tenant, organization } of await listTenants(store)) {
    if (listed.has(organization.toLowerCase())) continue;
    await store.asTenant(tenant, async (sql) => {
      if (await withdrawTenant(sql, tenant)) await audit(sql, tenant, 'organization.withdrawn', organization);
    });
  }
}

const audit = (sql: Sql, tenant: number, action: string, subject: string) =>
  recordAudit(sql, tenant, { by: 'The operator', action, subject });

/**
 * Makes the configured address the present one of all tenants. Returns those that had another: their service hooks lead
 * to where nobody listens any more.
 */
export async function rememberPublicUrl(store: Store, publicUrl: string): Promise<number[]> {
  const moved: number[] = [];
  for (const { tenant } of await listTenants(store)) {
    if (await store.asTenant(tenant, (sql) => rememberAddress(sql, tenant, publicUrl))) moved.push(tenant);
  }
  return moved;
}

/** The number that a tenant's sessions must carry, from settings that are forgotten as soon as they change. */
export const sessionGenerations =
  (settings: SettingsCache) =>
  async (tenant: number): Promise<number | undefined> => {
    try {
      return (await settings.of(tenant)).sessionGeneration;
    } catch (error) {
      if (error instanceof UnknownTenant) return undefined;
      throw error;
    }
  };

/** The registered organisations as sessions look them up. */
export function storedOrganizations(store: Store, settings: readonly OrganizationSetting[]): Organizations {
  const asks = new Map(settings.map((one) => [one.name.toLowerCase(), one.requiresAppToken]));
  return {
    async find(name): Promise<RegisteredOrganization | undefined> {
      const row = await findTenant(store, name);
      if (row === undefined || row.withdrawn_while_on !== null) return undefined;
      return {
        tenant: row.tenant,
        name: row.organization,
        url: row.url,
        hostId: row.host_id ?? undefined,
        sessionGeneration: row.session_generation,
        // Without a list the stricter rule holds.
        requiresAppToken: asks.get(row.organization.toLowerCase()) ?? true,
      };
    },
    bindHost: (tenant, hostId) => bindHost(store, tenant, hostId),
  };
}
