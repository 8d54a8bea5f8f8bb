import {
  type AzureDevOps,
  type ExpectedHooks,
  type HookDelivery,
  type HookReport,
  type WorkItemEventType,
  workItemEventNames,
  workItemEventTypes,
} from '../azure-devops/operations.ts';
import type { HookKeeper } from '../engine/ports.ts';
import type { SettingsCache } from '../engine/settings.ts';
import { findingsOf } from '../engine/watchdog.ts';
import { hookUsername } from '../security/hook-credential.ts';
import { randomPassword } from '../security/random.ts';
import { azureDevOps } from '../store/connections.ts';
import type { Store } from '../store/pool.ts';
import { listAddresses } from '../store/public-addresses.ts';
import { Failure } from '../sync/failure.ts';
import type { Secrets } from './secrets.ts';
import type { OpenSystems } from './systems.ts';

export type { HookReport } from '../azure-devops/operations.ts';

/** Secret of the connection `azure-devops` with which its service hooks prove themselves. */
export const hookPasswordName = 'hookPassword';

/** Name under which the intake looks for the secret of a connection's hooks. */
export const hookSecretName = (kind: string): string =>
  kind === azureDevOps ? hookPasswordName : 'webhookSecret';

export interface HookKeeperOptions {
  store: Store;
  systems: Pick<OpenSystems, 'azureDevOps'>;
  secrets: Secrets;
  settings: SettingsCache;
  /** Address under which Azure DevOps reaches the backend, without a slash at the end. */
  publicUrl: string;
}

/** The service hooks of a tenant's projects, for the watchdog and for the hub. All throw `Failure`. */
export interface ServiceHookKeeper extends HookKeeper {
  /** The hooks that every project should have, with words for people. */
  expected: readonly { eventType: WorkItemEventType; name: string }[];
  /** As `inspect`, with all that Azure DevOps told. */
  report(tenant: number, project: string): Promise<HookReport>;
  /** With `everything` also what is healthy gets the present password, and what a person disabled runs again. */
  repair(tenant: number, project: string, options?: { everything?: boolean }): Promise<HookReport>;
  /** Removes what leads to this backend; returns how many there were. */
  remove(tenant: number, project: string): Promise<number>;
  sendTest(tenant: number, subscriptionId: string): Promise<HookDelivery>;
  deliveries(tenant: number, subscriptionId: string, limit: number): Promise<readonly HookDelivery[]>;
  /** What must be entered where hooks are made by hand. */
  address(tenant: number): Promise<{ url: string; username: string }>;
}

export function hookKeeper(options: HookKeeperOptions): ServiceHookKeeper {
  const { store, systems, secrets, settings, publicUrl } = options;

  /**
   * The stored address decides, not this process's own: during a change replicas with the old and the new one run side
   * by side, and must not move the hooks to and fro. A former address counts with the connection's own random path
   * only, so nobody else's hooks at the same host are touched.
   */
  const addresses = async (
    tenant: number,
  ): Promise<{ url: string; username: string; formerUrls: string[] }> => {
    const connection = (await settings.of(tenant)).connections.get(azureDevOps);
    if (connection === undefined) {
      throw new Failure({
        kind: 'unauthorized',
        message: 'Azure DevOps is not set up for this organisation.',
      });
    }
    const under = (base: string) => `${base}/hooks/${connection.hook_id}`;
    const [present = publicUrl, ...former] = await store.asTenant(tenant, listAddresses);
    return { url: under(present), username: hookUsername, formerUrls: former.map(under) };
  };

  const address: ServiceHookKeeper['address'] = async (tenant) => {
    const { url, username } = await addresses(tenant);
    return { url, username };
  };

  const expectedOf = async (
    tenant: number,
    project: string,
  ): Promise<{ system: AzureDevOps; expected: ExpectedHooks }> => {
    const system = await systems.azureDevOps(tenant);
    const projectId = await projectIdOf(system, project);
    return { system, expected: { projectId, ...(await addresses(tenant)) } };
  };

  const passwordOf = async (tenant: number): Promise<string> => {
    const known = await secrets.read(tenant, azureDevOps, hookPasswordName);
    if (known !== undefined) return known;
    await store.asTenant(tenant, async (sql) => {
      // Two at once must not register hooks with different passwords: the second finds the first one's.
      await sql.rows('select from connection where id = $1 for update', [azureDevOps]);
      const since = await secrets.setAt(sql, azureDevOps);
      if (since[hookPasswordName] !== undefined) return;
      await secrets.write(sql, tenant, azureDevOps, hookPasswordName, randomPassword());
    });
    return (await secrets.read(tenant, azureDevOps, hookPasswordName)) as string;
  };

  const report: ServiceHookKeeper['report'] = async (tenant, project) => {
    const { system, expected } = await expectedOf(tenant, project);
    return system.hooks.inspect(expected);
  };

  const repair: ServiceHookKeeper['repair'] = async (tenant, project, how = {}) => {
    const { system, expected } = await expectedOf(tenant, project);
    return system.hooks.ensure({ ...expected, password: await passwordOf(tenant) }, how);
  };

  return {
    expected: workItemEventTypes.map((eventType) => ({ eventType, name: workItemEventNames[eventType] })),
    address,
    report,
    repair,
    inspect: async (tenant, project) => findingsOf(await report(tenant, project)),
    ensure: async (tenant, project) => findingsOf(await repair(tenant, project)),
    async remove(tenant, project) {
      const { system, expected } = await expectedOf(tenant, project);
      return system.hooks.remove(expected);
    },
    async sendTest(tenant, subscriptionId) {
      const { hooks } = await systems.azureDevOps(tenant);
      return hooks.sendTest(subscriptionId, await passwordOf(tenant));
    },
    async deliveries(tenant, subscriptionId, limit) {
      return (await systems.azureDevOps(tenant)).hooks.deliveries(subscriptionId, limit);
    },
  };
}

/** Mappings name their project; subscriptions want its id. */
async function projectIdOf(system: AzureDevOps, project: string): Promise<string> {
  const wanted = project.toLowerCase();
  const found = (await system.projects()).find(
    ({ id, name }) => id.toLowerCase() === wanted || name.toLowerCase() === wanted,
  );
  if (found === undefined) {
    throw new Failure({
      kind: 'notFound',
      message: `The account of the backend does not see the project ${project}.`,
    });
  }
  return found.id;
}
