import { type AzureDevOpsHarness, openAzureDevOps } from './azure-devops-harness.ts';
import { createRecord, failureOf } from './conformance/system.ts';

let side: AzureDevOpsHarness;
beforeAll(async () => {
  side = await openAzureDevOps();
});
afterAll(() => side.close());

const user = (key: string) => side.simulator.users.byKey(key);
const as = (key: string) => side.system.askAsUser(user(key).accessToken);
const projectId = () => side.simulator.store.project('Fabrikam')?.id ?? '';

test('says who the user is, and which organisation answered', async () => {
  expect(await as('contributor').whoAmI()).toEqual({
    id: user('contributor').id,
    name: 'Noor Haddad',
    account: 'noor.haddad@fabrikam.example',
    instanceId: side.simulator.organizationId,
  });
});

test.each([
  ['admin', { projectAdmin: true, changeWorkItems: true }],
  ['contributor', { projectAdmin: false, changeWorkItems: true }],
  ['reader', { projectAdmin: false, changeWorkItems: false }],
])('knows the rights of the %s', async (key, rights) => {
  expect(await as(key).rights(projectId())).toMatchObject(rights);
});

test('a project is found by id and name, and hidden from those without access', async () => {
  expect(await as('reader').readProject(projectId())).toEqual({ id: projectId(), name: 'Fabrikam' });
  expect((await as('reader').readProject('Fabrikam'))?.id).toBe(projectId());
  expect(await as('guest').readProject(projectId())).toBeUndefined();
  expect(await as('admin').readProject('No such project')).toBeUndefined();
});

test('work items are readable and writable by right, and asking changes nothing', async () => {
  const id = await createRecord(side);
  const before = side.simulator.store.workItems.get(Number(id))?.revisions.length;
  const place = { project: 'Fabrikam', type: 'User Story' };
  expect(await as('contributor').workItem(id)).toEqual({ readable: true, writable: true, ...place });
  expect(await as('reader').workItem(id)).toEqual({ readable: true, writable: false, ...place });
  expect(await as('guest').workItem(id)).toEqual({ readable: false });
  expect(await as('admin').workItem('99999999')).toEqual({ readable: false });
  expect(side.simulator.store.workItems.get(Number(id))?.revisions.length).toBe(before);
  expect(side.simulator.store.workItems.get(Number(id))?.comments).toEqual([]);
});

test('a token that is not taken is unauthorized, whatever the service answers with', async () => {
  for (const token of [
    'nonsense',
    user('stranger').accessToken,
    await side.simulator.issueAppToken(user('admin').id),
  ]) {
    const { kind, error } = await failureOf(side.system.askAsUser(token).whoAmI());
    expect(kind).toBe('unauthorized');
    expect(String((error as Error).message)).not.toContain(token);
  }
  for (const status of [200, 203, 302] as const) {
    side.faults.set({ id: 's', fault: { kind: 'signInPage', status }, match: { path: 'connectionData' } });
    expect((await failureOf(as('admin').whoAmI())).kind).toBe('unauthorized');
  }
  side.faults.clear();
});

test('works while the credentials of the backend itself do not', async () => {
  const broken = side.connect({}, { pat: 'wrong' });
  expect((await broken.askAsUser(user('admin').accessToken).whoAmI()).id).toBe(user('admin').id);
  expect((await failureOf(broken.whoAmI())).kind).toBe('unauthorized');
});
