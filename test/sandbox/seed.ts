import type { Connection } from '../../backend/contract/connections.ts';
import type { AzureDevOpsSimulator } from './azure-devops/server.ts';
import type { BackendApi } from './backend-api.ts';
import { publicClientId, sandboxPassword } from './itsm/alemba/seed.ts';
import type { AlembaSimulator } from './itsm/alemba/server.ts';
import { sandboxMapping } from './seed-mapping.ts';

export interface SeedParts {
  api: BackendApi;
  azureDevOps: AzureDevOpsSimulator;
  alemba: AlembaSimulator;
  projectId: string;
  publicUrl: string;
  /** `publisher.extension`, under which the extension keeps the backend's address. */
  extensionId: string;
}

const connectionName = 'Alemba Production';

/** Work items and calls of the simulators' seeds that belong together. */
const linkedFromTheStart: [workItemId: number, ticketId: string][] = [
  [4, '10040'],
  [5, '10041'],
];

/**
 * Sets the product up as an administrator would, through its own API. Repeated at each start: what is there already
 * stays, what moved (ports) is corrected.
 */
export async function seedProduct(parts: SeedParts): Promise<void> {
  await keepBackendAddress(parts);
  const connection = await seedConnection(parts);
  await seedWebhook(parts, connection);
  const mappingId = await seedMapping(parts, connection);
  await parts.api('ensureSubscriptions', { params: { projectId: parts.projectId } });
  if (mappingId.isNew) await seedLinks(parts, mappingId.id);
}

/** What an administrator enters in the hub's first step, in the organisation's store for extensions. */
async function keepBackendAddress({ azureDevOps, extensionId, publicUrl }: SeedParts): Promise<void> {
  const path = `InstalledExtensions/${extensionId.replace('.', '/')}/Data/Scopes/Default/Current/Collections/%24settings`;
  const answer = await fetch(
    `${azureDevOps.organizationUrl}/_apis/ExtensionManagement/${path}/Documents?api-version=7.1-preview.1`,
    {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${azureDevOps.users.byKey('admin').accessToken}`,
        'content-type': 'application/json',
        'x-sandbox-page': '1',
      },
      body: JSON.stringify({ id: 'backend', value: publicUrl, __etag: -1 }),
    },
  );
  if (!answer.ok) throw new Error(`The backend’s address could not be kept: ${await answer.text()}`);
}

async function seedConnection({ api, alemba, projectId }: SeedParts): Promise<Connection> {
  const params = { projectId };
  const { connections } = await api('listConnections', { params });
  const known = connections.find(({ name }) => name === connectionName);
  const body = {
    kind: 'alemba',
    name: connectionName,
    settings: {
      ...known?.settings,
      address: alemba.baseUrl,
      clientId: publicClientId,
      username: 'integration',
      partition: '1',
      'backlink.field': 'CustomString2',
      'web.callAddress': `${alemba.url}/agent/calls/{ref}`,
    },
  };
  if (known === undefined) {
    return api('createConnection', { params, body: { ...body, secrets: { password: sandboxPassword } } });
  }
  if (known.settings.address === alemba.baseUrl) return known;
  // Another port is another server, and for that the password has to be entered again.
  return api('updateConnection', {
    params: { ...params, connectionId: known.id },
    body: { ...body, secrets: { password: sandboxPassword } },
  });
}

/** In Alemba an administrator enters the webhook by hand; here the sandbox is that administrator. */
async function seedWebhook({ api, alemba, projectId }: SeedParts, connection: Connection): Promise<void> {
  const registered = alemba.webhooks.list();
  if (registered.some(({ PayloadUrl }) => PayloadUrl === connection.hook.url)) return;
  for (const { Ref } of registered) alemba.webhooks.remove(Ref);
  const { secret } = await api('rotateHookSecret', { params: { projectId, connectionId: connection.id } });
  alemba.webhooks.register({ PayloadUrl: connection.hook.url, Secret: secret, Triggers: '*' });
}

async function seedMapping({ api, projectId }: SeedParts, connection: Connection) {
  const params = { projectId };
  const { mappings } = await api('listMappings', { params });
  const known = mappings.find(({ connectionId }) => connectionId === connection.id);
  if (known !== undefined) return { id: known.id, isNew: false };
  const { id } = await api('createMapping', { params, body: sandboxMapping(connection.id) });
  return { id, isNew: true };
}

async function seedLinks({ api }: SeedParts, mappingId: string): Promise<void> {
  for (const [workItemId, ticketId] of linkedFromTheStart) {
    const params = { workItemId: String(workItemId) };
    const { tickets } = await api('readPanel', { params });
    if (tickets.some((ticket) => ticket.ticketId === ticketId)) continue;
    await api('linkTicket', { params, body: { mappingId, ticketId } });
  }
}
