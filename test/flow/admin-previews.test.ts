import { Ajv2020 } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import type { MappingSettings } from '../../backend/contract/mapping.ts';
import { createWorkItem, openScene, type Scene } from '../support/scene.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene?.close());

const params = () => ({ projectId: scene.projectId });

async function draft(): Promise<MappingSettings> {
  const {
    id: _id,
    version: _v,
    position: _p,
    updatedAt: _a,
    updatedBy: _b,
    ...settings
  } = await scene.rig.api('readMapping', { params: { ...params(), mappingId: scene.mappingId } });
  return settings;
}

test('a preview shows what a template makes of a work item, names unknown words, and writes nothing', async () => {
  const id = await createWorkItem(scene, { 'System.Title': 'Door does not open' });
  const settings = await draft();
  const template = '{{ workItem.title | upcase }}{{ workItem.nonsense }}';
  const fields = settings.fields.map((row) =>
    row.workItemField === 'System.Title'
      ? { ...row, out: { kind: 'template' as const, template, rich: false } }
      : row,
  );
  const before = await scene.rows<{ count: string }>('select count(*) as count from attempt');
  const { record, rows } = await scene.rig.api('previewMapping', {
    params: params(),
    body: { settings: { ...settings, fields }, workItemId: String(id) },
  });
  expect(record).toEqual({ key: String(id), title: 'Door does not open' });
  const title = rows.find(
    ({ row }) => fields.find((one) => one.id === row)?.workItemField === 'System.Title',
  );
  expect(title).toMatchObject({ to: 'DOOR DOES NOT OPEN', problem: expect.stringContaining('nonsense') });
  expect(await scene.rows<{ count: string }>('select count(*) as count from attempt')).toEqual(before);
});

test('a preview of a record that is not there says so', async () => {
  const { status, body } = await scene.rig.ask('previewMapping', {
    params: params(),
    body: { settings: await draft(), workItemId: '999999' },
  });
  expect(status).toBe(400);
  expect(body).toMatchObject({ fields: [{ field: 'workItemId' }] });
});

test('an exported file meets the published schema and comes back as settings that are off', async () => {
  const { connectionId, project: _project, ...mapping } = await draft();
  const file = { format: 'tandem-mapping' as const, version: 1 as const, mapping };
  const schema = await (await fetch(`${scene.rig.backendUrl()}/api/schemas/mapping.json`)).json();
  const ajv = new Ajv2020({ strict: false });
  // Its type has a default export, its CommonJS form is the function itself.
  (ajvFormats.default ?? ajvFormats)(ajv);
  const isValid = ajv.compile(schema);
  expect(isValid(file) ? [] : isValid.errors).toEqual([]);
  expect(isValid({ ...file, mapping: { ...mapping, conflict: 'whoever' } })).toBe(false);

  const settings = await scene.rig.api('readMappingFile', { params: params(), body: { connectionId, file } });
  expect(settings).toMatchObject({ name: mapping.name, enabled: false, connectionId });
});

test('a file with settings that cannot be is refused with their names', async () => {
  const { connectionId, project: _project, ...mapping } = await draft();
  const { status, body } = await scene.rig.ask('readMappingFile', {
    params: params(),
    body: {
      connectionId,
      file: { format: 'tandem-mapping', version: 1, mapping: { ...mapping, conflict: 'whoever' } },
    },
  });
  expect(status).toBe(400);
  expect(JSON.stringify(body)).toContain('conflict');
});

test('many deliveries are replayed at once; those that name no record are counted', async () => {
  await scene.rows(
    `insert into inbox (tenant, dedupe, source, connection, what, record_id, outcome, body)
     values (1, 'one', 'azureDevOps', 'azure-devops', 'updated', '424242', 'handled', '{}'),
       (1, 'two', 'azureDevOps', 'azure-devops', 'ignored', null, 'handled', '{}')`,
  );
  const found = await scene.rows<{ id: string }>(`select id from inbox where dedupe in ('one', 'two')`);
  const ids = found.map(({ id }) => String(id));
  const answer = await scene.rig.api('replayDeliveries', { params: params(), body: { ids } });
  expect(answer).toEqual({ replayed: 1, left: 1 });
  const lanes = await scene.rows(`select from lane where key = 'record:workItem:azure-devops:424242'`);
  expect(lanes).toHaveLength(1);
});
