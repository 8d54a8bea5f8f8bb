import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AzureDevOpsSimulator } from './azure-devops/server.ts';
import type { Contribution, PageData, PageUser, WorkItemChange } from './host/page-data.ts';

interface Manifest {
  publisher: string;
  id: string;
  version: string;
  contributions: (Omit<Contribution, 'id'> & { id: string })[];
}

export const projectName = 'Fabrikam';
const lookEveryMs = 100;

/** What is really declared, so that the sandbox shows what an installation would. */
export const readManifest = (): Manifest =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, '../../vss-extension.json'), 'utf8')) as Manifest;

export const extensionIdOf = ({ publisher, id }: Manifest): string => `${publisher}.${id}`;

/** Makes the data of the pages: who looks, where the service is, what the extension contributes. */
export function pageSource(azureDevOps: AzureDevOpsSimulator, extensionUrl: string) {
  const manifest = readManifest();
  const extensionId = extensionIdOf(manifest);
  const full = (id: string) => (id.startsWith('.') ? extensionId + id : `${extensionId}.${id}`);
  const contributions = manifest.contributions.map((one) => ({ ...one, id: full(one.id) }));
  const people = () => azureDevOps.users.all.filter(({ key }) => key !== 'service');
  return {
    pageData(userKey: string): PageData | undefined {
      const project = azureDevOps.store.project(projectName);
      const user = people().find(({ key }) => key === userKey);
      if (project === undefined || user === undefined) return undefined;
      const show = (one: typeof user): PageUser => {
        const { key, id, displayName, uniqueName, descriptor, roles } = one;
        return { key, id, displayName, uniqueName, descriptor, role: roles.get(project.id) ?? 'none' };
      };
      const [team] = project.teams;
      return {
        user: { ...show(user), accessToken: user.accessToken },
        users: people().map(show),
        organization: {
          id: azureDevOps.organizationId,
          name: azureDevOps.organization,
          apiUrl: azureDevOps.organizationUrl,
          identityUrl: azureDevOps.identityUrl,
          isHosted: true,
        },
        project: { id: project.id, name: project.name, team: { id: team?.id ?? '', name: team?.name ?? '' } },
        extension: {
          id: extensionId,
          publisherId: manifest.publisher,
          extensionId: manifest.id,
          version: manifest.version,
          baseUrl: extensionUrl,
        },
        contributions,
      };
    },
    async appToken(userKey: string): Promise<string | undefined> {
      const user = people().find(({ key }) => key === userKey);
      return user && azureDevOps.issueAppToken(user.id);
    },
  };
}

/** Tells of every new revision, by the simulator's log; a look costs nothing when nothing happened. */
export class WorkItemChanges {
  readonly #azureDevOps: AzureDevOpsSimulator;
  readonly #listeners = new Set<(change: WorkItemChange) => void>();
  readonly #timer: NodeJS.Timeout;
  #seen: number;

  constructor(azureDevOps: AzureDevOpsSimulator) {
    this.#azureDevOps = azureDevOps;
    this.#seen = azureDevOps.store.watermark;
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
    this.#timer.unref();
  }

  listen(listener: (change: WorkItemChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { store } = this.#azureDevOps;
    if (store.watermark === this.#seen) return;
    const from = this.#seen;
    this.#seen = store.watermark;
    for (let index = store.log.length - 1; index >= 0; index -= 1) {
      const line = store.log[index];
      if (line === undefined || line.watermark <= from) break;
      for (const listener of this.#listeners) listener({ id: line.workItemId, rev: line.rev });
    }
  }
}
