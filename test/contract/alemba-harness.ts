import { alemba } from '../../backend/connectors/alemba/index.ts';
import type { RecordSystem } from '../../backend/connectors/connector.ts';
import { publicClientId, sandboxPassword } from '../sandbox/itsm/alemba/seed.ts';
import { type AlembaSimulator, startAlemba } from '../sandbox/itsm/alemba/server.ts';
import { type LoopbackContext, loopbackContext, memoryVault } from '../support/connector-context.ts';
import type { ConformanceSystem } from './conformance/system.ts';

export interface AlembaHarness extends ConformanceSystem {
  simulator: AlembaSimulator;
  /** A connection of its own, with other settings or secrets. */
  connect(settings?: Record<string, unknown>, secrets?: Record<string, string>): RecordSystem;
  /** The context of the connection under test. */
  context: LoopbackContext;
  /** Acts as an agent through the simulator's control API. */
  agent(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
}

/** Reading the revision under the lock, the lock and the unlock belong to the one write. */
const partsOfWrites = /^call\.(lock|unlock|read)$/;

export async function openAlemba(pageSize = 100): Promise<AlembaHarness> {
  const simulator = await startAlemba({ pageSize });
  const settings = {
    address: simulator.baseUrl,
    clientId: publicClientId,
    username: 'integration',
    partition: '1',
    'lock.maxWaitSeconds': 0.4,
    'changes.pageSize': 3,
  };
  const secrets = { password: sandboxPassword };
  const vault = memoryVault();
  const contexts: LoopbackContext[] = [];
  const make = (
    more: Record<string, unknown> = {},
    other: Record<string, string> = secrets,
    shared = false,
  ) => {
    const all = { ...settings, ...more };
    const origin = new URL(all.address).origin;
    const context = loopbackContext({ origin, settings: all, secrets: other, ...(shared && { vault }) });
    contexts.push(context);
    return { context, system: alemba.connect(context) };
  };
  const main = make({}, secrets, true);

  const agent = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${simulator.url}/_sandbox${path}`, {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };

  let fromRequest = 0;
  const routes = () =>
    simulator.ledger
      .entries((entry) => entry.kind === 'request')
      .slice(fromRequest)
      .map((entry) => (entry.kind === 'request' ? entry.route : ''));

  return {
    simulator,
    context: main.context,
    system: main.system,
    agent,
    another: () => make({}, secrets, true).system,
    connect: (more, other) => make(more, other).system,
    misconfigured: {
      address: () => make({ address: `${simulator.url}/Nowhere` }).system,
      password: () => make({}, { password: 'wrong' }).system,
      rights: () => make({ username: 'owilson', 'auth.scope': 'session-type:User' }).system,
    },
    roles: { title: 'Subject', description: 'Description', status: 'CallStatus' },
    newRecord: (title, description = '<p>As described</p>') => ({
      type: '149',
      fields: { Subject: title, Description: { kind: 'rich', format: 'html', text: description } },
    }),
    statuses: { open: '1', working: '2', done: '5' },
    refused: { field: 'CustomString2', value: 'x'.repeat(300) },
    person: { kind: 'principal', id: '34002', email: 'jessica.mercato@fabrikam.example' },
    async hiddenId() {
      const call = await agent('POST', '/calls', { Subject: 'Confidential', Partition: 2 });
      return String(call.Ref);
    },
    other: {
      changeTitle: async (id, title) => void (await agent('PATCH', `/calls/${id}`, { Subject: title })),
      comment: async (id, text, visibility) =>
        void (await agent('POST', `/calls/${id}/comments`, { text, visible: visibility === 'public' })),
      attach: async (id, name, bytes) =>
        void (await agent('POST', `/calls/${id}/attachments`, {
          Name: name,
          BinaryData: bytes.toString('base64'),
        })),
      lock: async (id) => void (await agent('POST', `/calls/${id}/lock`, {})),
    },
    faults: simulator.faults,
    paths: {
      create: { method: 'POST', path: '/api/v2/call$' },
      read: { method: 'GET', path: '/api/v2/call\\?' },
      update: { method: 'PUT', path: '/api/v2/call/\\d+$' },
      comment: { method: 'PUT', path: '/api/v2/call/\\d+/defer' },
      attach: { method: 'POST', path: '/attachments$' },
    },
    requests() {
      const all = routes();
      return {
        all,
        reads: all.filter((route) => route === 'call.search' || route === 'history.read').length,
        writes: all.filter(
          (route) => /^call\./.test(route) && route !== 'call.search' && !partsOfWrites.test(route),
        ).length,
      };
    },
    forgetRequests() {
      fromRequest = simulator.ledger.entries((entry) => entry.kind === 'request').length;
    },
    countCreated: () => simulator.ledger.effects('ticket.created').length,
    hooks: {
      verifyHook: alemba.verifyHook,
      readHook: alemba.readHook,
      hookInstructions: alemba.hookInstructions,
      sample: (id, secret) => ({
        headers: { 'content-type': 'application/json', 'x-alemba-secret': secret },
        query: {},
        body: Buffer.from(
          JSON.stringify({
            Action: 'Forwarded',
            Call: {
              Ref: Number(id),
              CallStatus: 3,
              LastActionDate: '2024-05-01T10:00:00Z',
              LastHistoryOrder: 18,
            },
            ActionHistoryId: 18,
          }),
        ),
      }),
    },
    hasVisibility: true,
    async close() {
      simulator.faults.clear();
      await Promise.all(contexts.map((context) => context.transport.close(1000)));
      await simulator.close();
    },
  };
}
