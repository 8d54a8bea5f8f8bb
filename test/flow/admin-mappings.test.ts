import type { MappingSettings } from '../../backend/contract/mapping.ts';
import { type Admin, startAdmin } from '../support/admin.ts';
import { until } from '../support/rig.ts';

let admin: Admin;
let connectionId: string;
let suggestion: MappingSettings;

beforeAll(async () => {
  admin = await startAdmin();
  connectionId = await admin.connectAlemba('Alemba Production');
  suggestion = await admin.call('suggestMapping', { query: { connectionId, workItemType: 'Bug' } });
});
afterAll(() => admin?.close());

const create = (change: Partial<MappingSettings> = {}) =>
  admin.call('createMapping', { body: { ...suggestion, ...change } });

const remove = async (mappingId: string) => {
  const { mappings } = await admin.call('listMappings');
  const links = mappings.find(({ id }) => id === mappingId)?.links ?? 0;
  return admin.call('deleteMapping', { params: { mappingId }, query: { confirmLinks: links } });
};

const createCall = (title: string) =>
  admin.rig.control<{ Ref: number }>('alemba', 'POST', '/calls', { Subject: title, Impact: 3, Urgency: 3 });

const createBug = (title: string) =>
  admin.rig.control<{ id: number }>('azure', 'POST', '/act', {
    do: 'create',
    type: 'Bug',
    as: 'contributor',
    fields: { 'System.Title': title },
  });

async function link(mappingId: string): Promise<string> {
  const [bug, call] = await Promise.all([createBug('Linked'), createCall('Linked')]);
  const workItemId = String(bug.id);
  const answer = await admin.rig.api('linkTicket', {
    params: { workItemId },
    body: { mappingId, ticketId: String(call.Ref), onLink: 'workItemWins' },
  });
  expect(answer.link?.condition).toBe('inAgreement');
  return workItemId;
}

describe('mappings', () => {
  test('a suggestion can be saved as it is, and is listed with its sentence', async () => {
    expect(suggestion).toMatchObject({ connectionId, project: 'Fabrikam', workItemTypes: ['Bug'] });
    const { problems } = await admin.call('checkMapping', { body: suggestion });
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    const created = await create({ project: admin.projectId });
    // The project may be given by its id; it is kept under its name.
    expect(created).toMatchObject({ version: 1, project: 'Fabrikam', updatedBy: 'Avery Lindqvist' });
    const { mappings } = await admin.call('listMappings');
    expect(mappings).toHaveLength(1);
    expect(mappings[0]).toMatchObject({ id: created.id, links: 0 });
    expect(mappings[0]?.sentence).toMatch(/^Bugs in Fabrikam .*Alemba Production.*\.$/);
    expect(await admin.call('readMapping', { params: { mappingId: created.id } })).toEqual(created);
    await remove(created.id);
    expect((await admin.refused('readMapping', { params: { mappingId: created.id } })).status).toBe(404);
  });

  test.each<[string, (settings: MappingSettings) => unknown, string]>([
    ['another project', (s) => ({ ...s, project: 'Research Lab' }), 'project'],
    ['no such connection', (s) => ({ ...s, connectionId: 'none' }), 'connectionId'],
    ['Azure DevOps on both sides', (s) => ({ ...s, connectionId: 'azure-devops' }), 'connectionId'],
    [
      'an unknown field',
      (s) => ({ ...s, fields: s.fields.map((row) => ({ ...row, ticketField: 'Nowhere' })) }),
      'fields[title].ticketField',
    ],
    ['an unknown type', (s) => ({ ...s, workItemTypes: ['Elephant'] }), 'workItemTypes[0]'],
    [
      'an unknown state',
      (s) => ({
        ...s,
        states: { ...s.states, rows: [{ workItemState: 'Nowhere', ticketStatus: '1', direction: 'both' }] },
      }),
      'states.rows[0].workItemState',
    ],
    ['no name', (s) => ({ ...s, name: '' }), 'body.name'],
  ])('refuses %s and names the field and the remedy', async (_, change, field) => {
    const problem = await admin.refused('createMapping', { body: change(suggestion) });
    expect(problem).toMatchObject({ status: 400, code: 'invalidRequest' });
    expect(problem.fields?.map((one) => one.field)).toContain(field);
    for (const one of problem.fields ?? []) expect(one.remedy.length).toBeGreaterThan(5);
  });

  test('a field that the template keeps is described so and warned of, which saving does not mind', async () => {
    const template = '96';
    const kept = async (query: { template?: string }) => {
      const { fields } = await admin.call('describeConnection', { params: { connectionId }, query });
      return fields.filter(({ barredBy }) => barredBy).map(({ id, barredBy }) => [id, barredBy]);
    };
    expect(await kept({})).toEqual([]);
    expect(await kept({ template })).toEqual([
      ['IpkStatus', 'template'],
      ['IpkStream', 'template'],
    ]);
    const stream = {
      id: 'stream',
      workItemField: 'System.Reason',
      ticketField: 'IpkStream',
      direction: 'out' as const,
      when: 'always' as const,
      out: { kind: 'constant' as const, value: '0' },
      in: { kind: 'copy' as const },
    };
    const withRow = { ...suggestion, fields: [...suggestion.fields, stream] };
    const warnings = async (settings: MappingSettings) =>
      (await admin.call('checkMapping', { body: settings })).problems.filter(
        ({ field }) => field === 'fields[stream].ticketField',
      );
    expect(await warnings(withRow)).toEqual([]);
    expect(await warnings({ ...withRow, ticketTemplate: template })).toEqual([
      {
        field: 'fields[stream].ticketField',
        severity: 'warning',
        problem: 'The template keeps Ipk Stream from being written in a new ticket',
        remedy: expect.stringContaining('choose another field'),
      },
    ]);
    const saved = await create({ ...withRow, ticketTemplate: template });
    await remove(saved.id);
  });

  test('a draft may be wrong until it is switched on', async () => {
    const draft = await create({ enabled: false, workItemTypes: ['Elephant'] });
    const { mappings } = await admin.call('listMappings');
    expect(mappings.find(({ id }) => id === draft.id)?.problems).toEqual([
      expect.objectContaining({ severity: 'error', field: 'workItemTypes[0]' }),
    ]);
    const problem = await admin.refused('updateMapping', {
      params: { mappingId: draft.id },
      body: { baseVersion: 1, settings: { ...suggestion, workItemTypes: ['Elephant'] } },
    });
    expect(problem.fields?.[0]?.field).toBe('workItemTypes[0]');
    await remove(draft.id);
  });

  test('a system that is away breaks neither the list nor the rest', async () => {
    const mapping = await create();
    await admin.call('updateConnection', {
      params: { connectionId },
      body: {
        kind: 'alemba',
        name: 'Alemba Production',
        settings: {
          ...(await settingsNow()),
          address: 'http://127.0.0.1:19998/Production',
        },
        secrets: { password: 'sandbox' },
      },
    });
    const { mappings } = await admin.call('listMappings');
    expect(mappings[0]?.problems).toEqual([
      expect.objectContaining({
        severity: 'warning',
        problem: expect.stringContaining('could not be checked'),
      }),
    ]);
    const failed = await admin.refused('checkMapping', { body: suggestion });
    expect(failed).toMatchObject({ status: 502, code: 'remoteFailed', failure: 'unavailable' });
    await admin.call('updateConnection', {
      params: { connectionId },
      body: {
        kind: 'alemba',
        name: 'Alemba Production',
        settings: { ...(await settingsNow()), address: admin.rig.alemba.baseUrl },
        secrets: { password: 'sandbox' },
      },
    });
    await admin.call('testConnection', { params: { connectionId } });
    await remove(mapping.id);
  });

  const settingsNow = async () =>
    (await admin.call('listConnections')).connections.find(({ id }) => id === connectionId)?.settings;

  test('versions guard against overwriting, and stay readable', async () => {
    const first = await create();
    const params = { mappingId: first.id };
    const update = (baseVersion: number, name: string) => ({
      params,
      body: { baseVersion, settings: { ...suggestion, name } },
    });
    expect((await admin.call('updateMapping', update(1, 'Second'))).version).toBe(2);
    const late = await admin.refused('updateMapping', update(1, 'Late'));
    expect(late).toMatchObject({ status: 409, code: 'conflict', fields: [{ field: 'baseVersion' }] });
    const { versions } = await admin.call('listMappingVersions', { params });
    expect(versions.map(({ version, settings }) => [version, settings.name])).toEqual([
      [2, 'Second'],
      [1, suggestion.name],
    ]);
    await remove(first.id);
  });

  test('order must name every mapping once', async () => {
    const [a, b] = [await create({ name: 'A' }), await create({ name: 'B' })];
    const order = await admin.call('orderMappings', { body: { mappingIds: [b.id, a.id] } });
    expect(order.mappingIds).toEqual([b.id, a.id]);
    const { mappings } = await admin.call('listMappings');
    expect(mappings.map(({ name }) => name)).toEqual(['B', 'A']);
    for (const mappingIds of [[a.id], [a.id, a.id], [a.id, b.id, 'none']]) {
      const problem = await admin.refused('orderMappings', { body: { mappingIds } });
      expect(problem.fields?.[0]?.field).toBe('mappingIds');
    }
    await remove(a.id);
    await remove(b.id);
  });

  test('a new version has links looked at again, but only when their plan changed', async () => {
    const mapping = await create();
    const workItemId = await link(mapping.id);
    const params = { mappingId: mapping.id };
    const attempts = async () =>
      (await admin.call('listAttempts', { query: { workItemId } })).attempts.map(({ cause }) => cause).length;
    const before = await attempts();
    await admin.call('updateMapping', {
      params,
      body: { baseVersion: 1, settings: { ...suggestion, name: 'Renamed' } },
    });
    const lane = await admin.rows('select queued from lane where link is not null and queued > 0');
    expect(lane).toEqual([]);
    await admin.call('updateMapping', {
      params,
      body: { baseVersion: 2, settings: { ...suggestion, name: 'Renamed', conflict: 'ask' } },
    });
    await until('the link was looked at again', async () => (await attempts()) > before || undefined);
    const { entries } = await admin.call('listAudit');
    expect(entries[0]?.detail).toBe('version 3, 1 links looked at again');

    const other = await admin.connectAlemba('Other');
    const moved = await admin.refused('updateMapping', {
      params,
      body: { baseVersion: 3, settings: { ...suggestion, connectionId: other } },
    });
    expect(moved.fields?.[0]?.field).toBe('connectionId');
    const unconfirmed = await admin.refused('deleteMapping', { params, query: { confirmLinks: 0 } });
    expect(unconfirmed).toMatchObject({ status: 409, code: 'conflict' });
    expect(await remove(mapping.id)).toEqual({ links: 1 });
    expect(await admin.rows('select 1 from lane where link is not null')).toEqual([]);
  });
});

describe('dry runs', () => {
  test('of a work item without a ticket', async () => {
    const bug = await createBug('Not linked');
    const run = await admin.call('dryRunMapping', {
      body: { settings: suggestion, workItemId: String(bug.id) },
    });
    expect(run.matches).toBe(true);
    expect(run.steps[0]).toMatchObject({ side: 'ticket', action: 'Create a new call' });
    expect(run.steps).toContainEqual(expect.objectContaining({ action: 'Set', to: 'Not linked' }));
    expect(run.notes).toContainEqual(expect.objectContaining({ code: 'notAutomatic' }));
    const picky = {
      ...suggestion,
      createTicket: {
        ...suggestion.createTicket,
        rule: { kind: 'condition' as const, field: 'System.Title', operator: 'equals' as const, value: 'x' },
      },
    };
    const other = await admin.call('dryRunMapping', {
      body: { settings: picky, workItemId: String(bug.id) },
    });
    expect(other.matches).toBe(false);
    expect(other.notes[0]).toMatchObject({
      code: 'notMatched',
      reason: expect.stringContaining('conditions'),
    });
    expect(await admin.rows('select 1 from link where work_item_id = $1', [String(bug.id)])).toEqual([]);
  });

  test('of a pair that is linked, with the settings given', async () => {
    const mapping = await create();
    const workItemId = await link(mapping.id);
    const settled = await admin.call('dryRunMapping', { body: { settings: suggestion, workItemId } });
    expect(settled).toMatchObject({ matches: true, steps: [] });
    // While the connection stands still nothing is carried over, so there is something to plan.
    await admin.call('pauseConnection', { params: { connectionId } });
    await admin.rig.control('azure', 'POST', '/act', {
      do: 'update',
      id: Number(workItemId),
      fields: { 'System.Title': 'Changed title' },
    });
    const planned = await admin.call('dryRunMapping', { body: { settings: suggestion, workItemId } });
    expect(planned.steps).toEqual([
      { side: 'ticket', action: 'Set', field: expect.any(String), from: 'Linked', to: 'Changed title' },
    ]);
    await admin.call('resumeConnection', { params: { connectionId } });
    await remove(mapping.id);
  });

  test('of a ticket', async () => {
    const call = await createCall('From the service desk');
    const settings: MappingSettings = {
      ...suggestion,
      createWorkItem: { mode: 'automatic', isDefault: false, onStates: [] },
    };
    const run = await admin.call('dryRunMapping', { body: { settings, ticketId: String(call.Ref) } });
    expect(run).toMatchObject({
      matches: true,
      steps: [{ side: 'workItem', action: 'Create a new Bug' }, { field: 'Title' }, { field: 'Priority' }],
    });
  });

  test('a suggestion for what is not there is refused', async () => {
    for (const [query, field] of [
      [{ connectionId: 'none', workItemType: 'Bug' }, 'connectionId'],
      [{ connectionId: 'azure-devops', workItemType: 'Bug' }, 'connectionId'],
      [{ connectionId, workItemType: 'Elephant' }, 'workItemType'],
    ] as const) {
      const problem = await admin.refused('suggestMapping', { query });
      expect(problem).toMatchObject({ status: 400, fields: [{ field }] });
    }
  });

  test.each([
    ['nothing', {}, 'workItemId'],
    ['both', { workItemId: '4', ticketId: '10040' }, 'workItemId'],
    ['no number', { workItemId: 'four' }, 'workItemId'],
    ['no such work item', { workItemId: '999999' }, 'workItemId'],
    ['no such ticket', { ticketId: '99999999' }, 'ticketId'],
    ['no ticket number', { ticketId: ' ' }, 'ticketId'],
  ])('refuses %s', async (_, record, field) => {
    const problem = await admin.refused('dryRunMapping', { body: { settings: suggestion, ...record } });
    expect(problem).toMatchObject({ status: 400, fields: [{ field, remedy: expect.any(String) }] });
  });
});

describe('backfills', () => {
  const tagged = (settings: MappingSettings): MappingSettings => ({
    ...settings,
    createTicket: {
      ...settings.createTicket,
      rule: { kind: 'condition', field: 'System.Title', operator: 'startsWith', value: 'Backfilled' },
    },
  });

  test('previews, runs, pauses, resumes', async () => {
    for (let n = 1; n <= 3; n += 1) await createBug(`Backfilled ${n}`);
    const mapping = await create(tagged(suggestion));
    const params = { mappingId: mapping.id };
    const preview = await admin.call('previewBackfill', { params, query: { from: 'workItem' } });
    expect(preview).toMatchObject({ linked: 0, toCreate: 3, unread: 0 });
    expect(preview.records).toBeGreaterThanOrEqual(3);
    expect(preview.sample.map(({ title }) => title).sort()).toEqual([
      'Backfilled 1',
      'Backfilled 2',
      'Backfilled 3',
    ]);

    await admin.call('pauseConnection', { params: { connectionId } });
    const started = await admin.call('startBackfill', { params, body: { from: 'workItem' } });
    expect(started).toMatchObject({ mappingId: mapping.id, status: 'running', created: 0 });
    const twice = await admin.refused('startBackfill', { params, body: { from: 'workItem' } });
    expect(twice).toMatchObject({ status: 409, code: 'conflict' });
    const backfillId = started.id;
    expect(await admin.call('pauseBackfill', { params: { backfillId } })).toMatchObject({ status: 'paused' });
    expect((await admin.refused('pauseBackfill', { params: { backfillId } })).code).toBe('conflict');
    await admin.call('resumeConnection', { params: { connectionId } });
    expect(await admin.call('resumeBackfill', { params: { backfillId } })).toMatchObject({
      status: 'running',
    });
    const done = await until('the backfill is done', async () => {
      const { backfills } = await admin.call('listBackfills');
      return backfills.find(({ id, status }) => id === backfillId && status === 'done');
    });
    expect(done).toMatchObject({ created: 3, failed: 0 });
    expect(await admin.call('previewBackfill', { params, query: { from: 'workItem' } })).toMatchObject({
      linked: 3,
      toCreate: 0,
    });
    await remove(mapping.id);
  });

  test.each(['abc', '0', '99999', '1e3', '-1'])('there is no backfill %s', async (backfillId) => {
    expect((await admin.refused('pauseBackfill', { params: { backfillId } })).status).toBe(404);
    expect((await admin.refused('resumeBackfill', { params: { backfillId } })).status).toBe(404);
  });
});
