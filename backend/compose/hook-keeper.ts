import {
  type AzureDevOps,
  type ExpectedHooks,
  type HookDelivery,
  type HookReport,
  type WorkItemEventType,
  workItemEventNames,
  workItemEventTypes,
} from '../azure-devops/operations.ts';
import { suggestFilter } from '../azure-devops/suggest-filter.ts';
import type { MappingSettings } from '../contract/mapping.ts';
import type { HookFilter } from '../contract/subscriptions.ts';
import type { HookKeeper } from '../engine/ports.ts';
import type { SettingsCache } from '../engine/settings.ts';
import { findingsOf } from '../engine/watchdog.ts';
import { hookUsername } from '../security/hook-credential.ts';
import { randomPassword } from '../security/random.ts';
import { azureDevOps } from '../store/connections.ts';
import { findHookFilter, forgetHookFilter, keepHookFilter } from '../store/hook-filters.ts';
import type { Store } from '../store/pool.ts';
import { listAddresses } from '../store/public-addresses.ts';
import { Failure, isFailure } from '../sync/failure.ts';
import type { Secrets } from './secrets.ts';
import type { OpenSystems } from './systems.ts';

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

/** With what the hooks should be narrowed to. */
export interface ProjectHookReport extends HookReport {
  filter: HookFilter;
}

/** Undefined where the backend's identity may not read them: unknown is not empty. */
export interface FilterChoices {
  areaPaths?: string[];
  workItemTypes?: string[];
}

/** The service hooks of a tenant's projects, for the watchdog and for the hub. All throw `Failure`. */
export interface ServiceHookKeeper extends HookKeeper {
  /** The hooks that every project should have, with words for people. */
  expected: readonly { eventType: WorkItemEventType; name: string }[];
  /** As `inspect`, with all that Azure DevOps told. */
  report(tenant: number, project: string): Promise<ProjectHookReport>;
  /** With `everything` also what is healthy gets the present password, and what a person disabled runs again. */
  repair(tenant: number, project: string, options?: { everything?: boolean }): Promise<ProjectHookReport>;
  /** What the project's hooks are to be narrowed to. */
  filter(tenant: number, project: string): Promise<HookFilter>;
  /** Keeps it; the hooks follow with the next repair. */
  setFilter(tenant: number, project: string, filter: HookFilter): Promise<void>;
  filterChoices(tenant: number, project: string): Promise<FilterChoices>;
  suggestFilter(mappings: readonly MappingSettings[]): Partial<HookFilter>;
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
    const filter = await store.asTenant(tenant, (sql) => findHookFilter(sql, projectId));
    return { system, expected: { projectId, filter, ...(await addresses(tenant)) } };
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
    return { ...(await system.hooks.inspect(expected)), filter: expected.filter };
  };

  const repair: ServiceHookKeeper['repair'] = async (tenant, project, how = {}) => {
    const { system, expected } = await expectedOf(tenant, project);
    const done = await system.hooks.ensure({ ...expected, password: await passwordOf(tenant) }, how);
    return { ...done, filter: expected.filter };
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
      const removed = await system.hooks.remove(expected);
      await store.asTenant(tenant, (sql) => forgetHookFilter(sql, expected.projectId));
      return removed;
    },
    filter: async (tenant, project) => (await expectedOf(tenant, project)).expected.filter,
    async setFilter(tenant, project, filter) {
      const projectId = await projectIdOf(await systems.azureDevOps(tenant), project);
      await store.asTenant(tenant, (sql) => keepHookFilter(sql, tenant, projectId, filter));
    },
    async filterChoices(tenant, project) {
      const system = await systems.azureDevOps(tenant);
      const [areaPaths, workItemTypes] = await Promise.all([
        whereReadable(system.areas(project)),
        whereReadable(system.describe({ project }).then(({ types }) => types.map(({ id }) => id))),
      ]);
      return { areaPaths, workItemTypes };
    },
    suggestFilter,
    async sendTest(tenant, subscriptionId) {
      const { hooks } = await systems.azureDevOps(tenant);
      return hooks.sendTest(subscriptionId, await passwordOf(tenant));
    },
    async deliveries(tenant, subscriptionId, limit) {
      return (await systems.azureDevOps(tenant)).hooks.deliveries(subscriptionId, limit);
    },
  };
}

/** Undefined for what is hidden from the backend's identity. */
const whereReadable = async <T>(reading: Promise<T>): Promise<T | undefined> => {
  try {
    return await reading;
  } catch (error) {
    if (isFailure(error) && (error.kind === 'forbidden' || error.kind === 'notFound')) return undefined;
    throw error;
  }
};

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
