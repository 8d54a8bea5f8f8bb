import { appendFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import {
  type AzureDevOps,
  type AzureDevOpsContext,
  connectAzureDevOps,
  readServiceHook,
} from '../../backend/azure-devops/index.ts';
import type { Transport } from '../../backend/connectors/transport.ts';
import { instructionsOf } from '../../backend/http/routes/connection-view.ts';
import { verifyServiceHook } from '../../backend/intake/service-hook.ts';
import { hookUsername } from '../../backend/security/hook-credential.ts';
import {
  type AzureDevOpsOptions,
  type AzureDevOpsSimulator,
  startAzureDevOps,
} from '../sandbox/azure-devops/server.ts';
import { type LoopbackContext, loopbackContext } from '../support/connector-context.ts';
import { workItemHook } from '../support/hooks.ts';
import type { ConformanceSystem } from './conformance/system.ts';

export interface AzureDevOpsHarness extends ConformanceSystem {
  simulator: AzureDevOpsSimulator;
  system: AzureDevOps;
  /** A client of its own, with other settings or secrets. */
  connect(more?: Partial<AzureDevOpsContext>, secrets?: Record<string, string>): AzureDevOps;
  /** Pauses that were asked for by answers that succeeded. */
  pauses: number[];
}

/** For scripts/check-azure-devops-contract.ts `--record`: everything that the client sends, one exchange a line. */
const recordPath = process.env.RECORD_EXCHANGES;

function recorded(transport: Transport): Transport {
  if (!recordPath) return transport;
  return {
    ...transport,
    async send(request) {
      const answer = await transport.send(request);
      const { method, url, body } = request;
      const isJson = body !== undefined && !Buffer.isBuffer(body) && !(body instanceof Readable);
      const exchange = {
        method,
        url,
        ...(isJson && { requestBody: body }),
        status: answer.status,
        responseBody: answer.json,
      };
      appendFileSync(recordPath, `${JSON.stringify(exchange)}\n`);
      return answer;
    },
  };
}

const readRoutes = /^(workItem\.(batch|list|read)|comment\.list|recycleBin\.read)$/;
const writeRoutes = /^(workItem\.(create|update)|comment\.add)$/;

export async function openAzureDevOps(options: AzureDevOpsOptions = {}): Promise<AzureDevOpsHarness> {
  const simulator = await startAzureDevOps(options);
  const origin = new URL(simulator.url).origin;
  const contexts: LoopbackContext[] = [];
  const pauses: number[] = [];
  const patOf = (key: string) => simulator.users.byKey(key).pats[0]?.token ?? '';

  const connect: AzureDevOpsHarness['connect'] = (more = {}, secrets = { pat: patOf('service') }) => {
    const context = loopbackContext({ origin, secrets });
    contexts.push(context);
    return connectAzureDevOps({
      ...context,
      transport: recorded(context.transport),
      organizationUrl: simulator.organizationUrl,
      identitiesUrl: simulator.identityUrl,
      auth: { kind: 'pat' },
      slowDown: (delayMs) => pauses.push(delayMs),
      ...more,
    });
  };

  let fromRequest = 0;
  const requestsNow = () => simulator.ledger.entries((entry) => entry.kind === 'request');
  const act = (id: string, deed: Omit<Parameters<AzureDevOpsSimulator['act']>[0], 'id'>) =>
    simulator.act({ ...deed, id: Number(id) });

  return {
    simulator,
    pauses,
    system: connect(),
    connect,
    another: () => connect(),
    misconfigured: {
      address: () => connect({ organizationUrl: `${simulator.url}/nowhere` }),
      password: () => connect({}, { pat: 'wrong' }),
      rights: () => connect({}, { pat: patOf('reader') }),
    },
    roles: { title: 'System.Title', description: 'System.Description', status: 'System.State' },
    newRecord: (title, description = '<p>As described</p>') => ({
      type: 'User Story',
      project: 'Fabrikam',
      fields: {
        'System.Title': title,
        'System.Description': { kind: 'rich', format: 'html', text: description },
      },
    }),
    statuses: { open: 'New', working: 'Active', done: 'Closed' },
    refused: { field: 'Microsoft.VSTS.Common.Priority', value: 99 },
    person: {
      kind: 'principal',
      id: simulator.users.byKey('developer').id,
      email: simulator.users.byKey('developer').uniqueName,
    },
    async hiddenId() {
      const item = await simulator.act({
        as: 'admin',
        do: 'create',
        type: 'Bug',
        fields: { 'System.Title': 'Confidential' },
      });
      simulator.users.byKey('service').roles.delete(item.projectId);
      return String(item.id);
    },
    other: {
      changeTitle: async (id, title) =>
        void (await act(id, { do: 'update', fields: { 'System.Title': title } })),
      comment: async (id, text) => void (await act(id, { do: 'comment', text: `<p>${text}</p>` })),
      attach: async (id, fileName, bytes) =>
        void (await act(id, { do: 'attach', fileName, contentBase64: bytes.toString('base64') })),
    },
    faults: simulator.faults,
    paths: {
      create: { method: 'POST', path: '/_apis/wit/workitems/(\\$|%24)' },
      read: { method: 'POST', path: '/_apis/wit/workitemsbatch' },
      update: { method: 'PATCH', path: '/_apis/wit/workitems/\\d+' },
      comment: { method: 'POST', path: '/_apis/wit/workItems/\\d+/comments' },
      attach: { method: 'PATCH', path: '/_apis/wit/workitems/\\d+' },
    },
    requests() {
      const all = requestsNow()
        .slice(fromRequest)
        .map((entry) => (entry.kind === 'request' ? entry.route : ''));
      return {
        all,
        reads: all.filter((route) => readRoutes.test(route)).length,
        writes: all.filter((route) => writeRoutes.test(route)).length,
      };
    },
    forgetRequests() {
      fromRequest = requestsNow().length;
    },
    countCreated: () => simulator.ledger.effects('workItem.created').length,
    // No connector of the registry, so these come from where the backend has them: its intake and its hub.
    hooks: {
      verifyHook: verifyServiceHook,
      readHook: readServiceHook,
      hookInstructions: ({ url, secret }) => instructionsOf(undefined, url, secret),
      sample: (id, secret) => ({
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from(`${hookUsername}:${secret}`).toString('base64')}`,
        },
        query: {},
        body: Buffer.from(workItemHook(Number(id), 8, 12)),
      }),
    },
    hasVisibility: false,
    async close() {
      simulator.faults.clear();
      await Promise.all(contexts.map((context) => context.transport.close(1000)));
      await simulator.close();
    },
  };
}
