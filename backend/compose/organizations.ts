import type { OrganizationSetting } from '../config.ts';
import { retryPolicy } from '../contract/connections.ts';
import type { RegisteredOrganization } from '../http/access.ts';
import type { Organizations } from '../http/session.ts';
import { randomId, randomPassword } from '../security/random.ts';
import { azureDevOps, findConnection, insertConnection, noteSettings } from '../store/connections.ts';
import type { Store } from '../store/pool.ts';
import { bindHost, findTenant, registerTenant } from '../store/tenants.ts';
import { hookPasswordName } from './hook-keeper.ts';
import type { Secrets } from './secrets.ts';

/** Services allows about 200 TSTU in 5 minutes; ordinary reads and writes stay far below at this pace. */
const azureDevOpsBudget = { requestsPerSecond: 60, concurrent: 12 };

/**
 * Brings the store in line with the operator's list: a tenant for each organisation, and Azure DevOps as its
 * connection. A secret given in the configuration replaces the stored one; one that is left out stays.
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
}

/** The registered organisations as sessions look them up. */
export function storedOrganizations(store: Store, settings: readonly OrganizationSetting[]): Organizations {
  const asks = new Map(settings.map((one) => [one.name.toLowerCase(), one.requiresAppToken]));
  return {
    async find(name): Promise<RegisteredOrganization | undefined> {
      const row = await findTenant(store, name);
      if (row === undefined) return undefined;
      return {
        tenant: row.tenant,
        name: row.organization,
        url: row.url,
        hostId: row.host_id ?? undefined,
        // A tenant that left the list keeps the stricter rule.
        requiresAppToken: asks.get(row.organization.toLowerCase()) ?? true,
      };
    },
    bindHost: (tenant, hostId) => bindHost(store, tenant, hostId),
  };
}
