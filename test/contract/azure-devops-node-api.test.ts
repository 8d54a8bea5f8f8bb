import { Readable } from 'node:stream';
import * as azureDevOps from 'azure-devops-node-api';
import {
  WorkItemErrorPolicy,
  WorkItemExpand,
} from 'azure-devops-node-api/interfaces/WorkItemTrackingInterfaces.js';
import type { IWorkItemTrackingApi } from 'azure-devops-node-api/WorkItemTrackingApi.js';
import { type AzureDevOpsSimulator, startAzureDevOps } from '../sandbox/azure-devops/server.ts';
import { set } from './azure-devops-call.ts';

/** Microsoft's own client against the simulator: what it asks for and can read is what the real service speaks. */
let simulator: AzureDevOpsSimulator;
let api: IWorkItemTrackingApi;
let connection: azureDevOps.WebApi;
beforeAll(async () => {
  simulator = await startAzureDevOps();
  const token = simulator.users.byKey('contributor').pats[0]?.token ?? '';
  connection = new azureDevOps.WebApi(
    simulator.organizationUrl,
    azureDevOps.getPersonalAccessTokenHandler(token),
  );
  api = await connection.getWorkItemTrackingApi();
});
afterAll(() => simulator.close());

const title = set('System.Title', 'From the node client');

test('projects and teams', async () => {
  const core = await connection.getCoreApi();
  const projects = await core.getProjects();
  expect([...projects].map((project) => project.name)).toEqual(['Fabrikam']);
  expect((await core.getProject('Fabrikam')).defaultTeam?.name).toBe('Fabrikam Team');
  expect((await core.getTeams('Fabrikam'))[0]?.projectName).toBe('Fabrikam');
});

test('create, update, read, batch, delete and restore', async () => {
  const created = await api.createWorkItem({}, [title], 'Fabrikam', 'User Story');
  const id = created.id ?? 0;
  const updated = await api.updateWorkItem(
    {},
    [{ op: 'test', path: '/rev', value: 1 }, set('System.State', 'Active')],
    id,
  );
  expect([updated.rev, updated.fields?.['System.State']]).toEqual([2, 'Active']);
  await expect(
    api.updateWorkItem({}, [{ op: 'test', path: '/rev', value: 1 }, title], id),
  ).rejects.toMatchObject({ statusCode: 412 });
  expect((await api.getWorkItem(id, undefined, undefined, WorkItemExpand.All)).fields?.['System.Id']).toBe(
    id,
  );
  expect(await api.getWorkItem(99_999)).toBeNull();
  const batch = await api.getWorkItemsBatch({
    ids: [id, 99_999],
    fields: ['System.Title'],
    errorPolicy: WorkItemErrorPolicy.Omit,
  });
  expect(batch.map((entry) => entry?.id)).toEqual([id, undefined]);
  expect((await api.getUpdates(id)).map((update) => update.rev)).toEqual([1, 2]);
  expect((await api.getRevisions(id)).length).toBe(2);
  expect((await api.deleteWorkItem(id, 'Fabrikam')).id).toBe(id);
  expect((await api.restoreWorkItem({ isDeleted: false }, id, 'Fabrikam')).resource?.rev).toBe(4);
});

test('a query, with the time', async () => {
  const found = await api.queryByWiql(
    { query: "SELECT [System.Id] FROM WorkItems WHERE [System.WorkItemType] = 'Issue'" },
    { project: 'Fabrikam' },
    true,
    5,
  );
  expect(found.workItems?.map((item) => item.id)).toEqual([8]);
});

test('comments', async () => {
  const added = await api.addComment({ text: '<b>Hi</b>' }, 'Fabrikam', 2);
  await api.updateComment({ text: 'Changed' }, 'Fabrikam', 2, added.id ?? 0);
  const list = await api.getComments('Fabrikam', 2);
  expect(list.comments?.map((comment) => [comment.text, comment.version])).toEqual([['Changed', 2]]);
  await api.deleteComment('Fabrikam', 2, added.id ?? 0);
  expect((await api.getComments('Fabrikam', 2)).totalCount).toBe(0);
});

test('attachments', async () => {
  const uploaded = await api.createAttachment(
    {},
    Readable.from([Buffer.from('hello')]),
    'hello.txt',
    'Simple',
    'Fabrikam',
  );
  const value = { rel: 'AttachedFile', url: uploaded.url };
  const item = await api.updateWorkItem({}, [{ op: 'add', path: '/relations/-', value }], 3);
  expect(item.relations?.at(-1)?.attributes?.name).toBe('hello.txt');
  const chunks: Buffer[] = [];
  for await (const chunk of await api.getAttachmentContent(uploaded.id ?? ''))
    chunks.push(Buffer.from(chunk));
  expect(Buffer.concat(chunks).toString()).toBe('hello');
});

test('types, states, fields, areas, tags, relation types, reporting', async () => {
  expect((await api.getWorkItemTypes('Fabrikam')).map((type) => type.name)).toEqual([
    'Bug',
    'Task',
    'User Story',
    'Issue',
  ]);
  expect((await api.getWorkItemTypeStates('Fabrikam', 'Bug')).map((state) => state.category)).toEqual([
    'Proposed',
    'InProgress',
    'Resolved',
    'Completed',
  ]);
  const fields = await api.getWorkItemTypeFieldsWithReferences('Fabrikam', 'Bug', 3);
  expect(fields.find((field) => field.referenceName === 'System.State')?.allowedValues).toContain('Resolved');
  expect((await api.getField('Custom.TicketNumber', 'Fabrikam')).name).toBe('Ticket Number');
  // Iterations (1): the client loses the group when its number is 0.
  expect((await api.getClassificationNode('Fabrikam', 1, 'Sprint 1')).attributes).toHaveProperty('startDate');
  expect((await api.getTags('Fabrikam')).map((tag) => tag.name)).toContain('support');
  expect((await api.getRelationTypes()).map((type) => type.referenceName)).toContain(
    'System.LinkTypes.Dependency-forward',
  );
  expect((await api.readReportingRevisionsGet('Fabrikam')).values?.length).toBeGreaterThan(12);
});
