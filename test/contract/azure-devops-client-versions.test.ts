import { Readable } from 'node:stream';
import { apiVersionOf } from '../../backend/azure-devops/api-versions.ts';
import { azureDevOpsManifest } from '../../backend/azure-devops/manifest.ts';
import type { Failure } from '../../backend/sync/failure.ts';
import { type AzureDevOpsHarness, openAzureDevOps } from './azure-devops-harness.ts';
import { createRecord, failureOf, newMark, wantsAll } from './conformance/system.ts';

let side: AzureDevOpsHarness;
const open = async (options: Parameters<typeof openAzureDevOps>[0] = {}) => {
  await side?.close();
  side = await openAzureDevOps(options);
};
beforeEach(async () => {
  side = await openAzureDevOps();
});
afterEach(() => side.close());

/** What was asked of the simulator since the first `from` requests. */
const requests = (from = 0) =>
  side.simulator.ledger
    .entries()
    .flatMap((entry) => (entry.kind === 'request' ? [entry] : []))
    .slice(from);

test('automatic and every version can be chosen in the form of the connection', () => {
  const field = azureDevOpsManifest.settings.find(({ name }) => name === 'apiVersion');
  expect(field).toMatchObject({ type: 'choice', default: 'automatic' });
  expect(field?.choices?.map(({ id }) => id)).toEqual(['automatic', '7.2', '7.1', '7.0', '6.0', '5.0']);
});

test('7.2 is taken by choice, with the preview of each resource; found by asking is what is released', async () => {
  expect((await side.system.server()).version).toBe('7.1');
  const me = side.connect({ apiVersion: '7.2' });
  const cursor = (await me.changes(undefined, {})).cursor;
  const from = requests().length;
  const id = await createRecord({ ...side, system: me });
  const body = { kind: 'rich', format: 'markdown', text: 'Hello' } as const;
  await me.addComment(id, { body, visibility: 'public', mark: newMark() });
  const { revision } = (await me.read(id, wantsAll([]))).snapshot;
  const active = { field: 'System.State', value: { kind: 'choice', id: 'Active' }, row: 'state' } as const;
  await me.update(id, [active], { revision });
  const open = async () => Readable.from([Buffer.from('abc')]);
  await me.addAttachment(id, { name: 'a.txt', contentType: 'text/plain', mark: newMark(), open });
  const [file] = await me.listAttachments(id);
  if (!file) throw new Error('The file is missing');
  await (await me.openAttachment(id, file)).toArray();
  await me.describe({ project: 'Fabrikam', type: 'Bug' });
  await me.changes(cursor, {});
  await me.search('x', { limit: 1 });
  await me.findPerson(side.person);
  const projectId = side.simulator.store.project('Fabrikam')?.id ?? '';
  await me.hooks.rights(projectId);
  const filter = { areaPath: '', workItemType: '' };
  await me.hooks.inspect({
    projectId,
    url: 'https://tandem.example.com/hooks/1',
    username: 'tandem',
    filter,
  });
  await me.areas('Fabrikam');
  await me.askAsUser(side.simulator.users.byKey('developer').accessToken).rights(projectId);
  expect((await me.read(id, wantsAll([]))).snapshot.comments).toHaveLength(1);
  await side.simulator.act({ do: 'delete', id: Number(id) });
  expect(await me.whyMissing(id)).toBe('deleted');
  expect((await me.test()).filter((check) => check.outcome !== 'passed')).toEqual([]);
  const asked = requests(from);
  const versions = asked.map(({ path }) => /api-version=([^&]*)/.exec(path)?.[1]);
  expect(new Set(versions.map((version) => version?.replace(/\.\d$/, '')))).toEqual(new Set(['7.2-preview']));
  expect(asked.filter(({ status }) => status === 400)).toEqual([]);
  // Asked for only where the type leaves its states out, as old Servers do.
  expect(apiVersionOf('workItemStates', '7.2')).toBe('7.2-preview.1');
});

test.each([
  ['server-2022', '7.1'],
  ['server-2022', '7.2'],
  ['server-2022.1', '7.2'],
] as const)(
  '%s does not know %s: the test and every refusal name the setting',
  async (flavor, apiVersion) => {
    await open({ flavor });
    const system = side.connect({ apiVersion });
    expect((await system.test()).filter((check) => check.outcome === 'failed')).toEqual([
      {
        code: 'version',
        outcome: 'failed',
        finding: expect.stringContaining(`REST version ${apiVersion}, which is chosen under "API version"`),
        remedy: expect.stringMatching(/"API version".*Automatic/),
      },
    ]);
    const { kind, error } = await failureOf(system.projects());
    expect(kind).toBe('rejected');
    expect((error as Failure).message).toMatch(/"API version".*Automatic.*server supports is 7/);
  },
);

test('a chosen version does not hide that the credentials are wrong', async () => {
  await open({ flavor: 'server-2022' });
  const checks = await side.connect({ apiVersion: '7.2' }, { pat: 'wrong' }).test();
  expect(checks.find((check) => check.outcome === 'failed')?.code).toBe('credentials');
});
