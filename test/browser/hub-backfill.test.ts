import { openStage, type Stage } from './extension-stage.ts';
import { hubOf, newBug, newCall, patience } from './places.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterEach(async () => {
  expect(await stage.clear()).toEqual([]);
});
afterAll(() => stage?.close());

/** A mapping that is used by hand, for work items whose title begins so. */
async function addMapping(name: string, begin: string): Promise<void> {
  const call = stage.sandbox.apiAs();
  const params = { projectId: stage.sandbox.projectId };
  const [first] = (await call('listMappings', { params })).mappings;
  const read = await call('readMapping', { params: { ...params, mappingId: first?.id ?? '' } });
  const { id: _i, version: _v, position: _p, updatedAt: _a, updatedBy: _b, ...settings } = read;
  const rule = { kind: 'condition', field: 'System.Title', operator: 'startsWith', value: begin } as const;
  const createTicket = { mode: 'manual', isDefault: false, onStates: [], rule } as const;
  const body = { ...settings, name, createTicket, referenceField: 'Custom.TicketNumber' };
  await call('createMapping', { params, body });
}

test('the preview of a backfill tells apart what would be linked and what would be created', async () => {
  const ticket = await newCall(stage.sandbox, { Subject: 'Was there before' });
  await newBug(stage.sandbox, 'Older one that names it', { 'Custom.TicketNumber': ticket });
  await newBug(stage.sandbox, 'Older one without');
  await newBug(stage.sandbox, 'Older one without, too');
  await addMapping('Older ones', 'Older one');
  const hub = hubOf(await stage.open('_settings', { user: 'admin' }));
  await hub.getByRole('tab', { name: 'Mappings' }).click(patience);
  await hub.getByRole('button', { name: 'Older ones', exact: true }).click(patience);
  await hub.getByRole('button', { name: 'Existing records' }).click(patience);
  const part = hub.getByRole('region', { name: 'Existing records' });
  await part.getByRole('button', { name: 'Count' }).click(patience);
  await part.getByText(/1 would be linked with the one they name, 2 would be created\.$/).waitFor(patience);

  await part.getByRole('button', { name: 'Link 1, Create 2' }).click();
  await part.getByText(/, 2 created, 0 failed/).waitFor(patience);
  await part.getByText('done', { exact: true }).waitFor(patience);
  await part.getByRole('button', { name: 'Count' }).click(patience);
  await part.getByText(/0 would be linked with the one they name, 0 would be created\.$/).waitFor(patience);
  expect(await part.getByRole('button', { name: /^(Link|Create)/ }).count()).toBe(0);
}, 60_000);
