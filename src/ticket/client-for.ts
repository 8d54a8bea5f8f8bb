import { type Client, createClient } from '../api/client.ts';
import { accessToken, appToken, type HostContext } from '../host/sdk.ts';

const clients = new Map<string, Client>();

/**
 * The page's client for a backend and a project, opened with the tokens of the person at the screen. A frame that is
 * reused for the next work item keeps its session, and so asks the backend one thing less.
 */
export function clientFor(host: HostContext, backendUrl: string, projectId: string | undefined): Client {
  const key = `${backendUrl} ${projectId}`;
  const client =
    clients.get(key) ??
    createClient({
      backendUrl,
      organization: host.organization.name,
      hostId: host.organization.id,
      projectId,
      appToken,
      accessToken,
    });
  clients.set(key, client);
  return client;
}

/** Id of the page's project when the work item is in it, else the name of the work item's own project. */
export const projectOf = (host: HostContext, project: string | undefined): string | undefined =>
  !project || project === host.project?.name ? (host.project?.id ?? project) : project;
