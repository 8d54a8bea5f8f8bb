import type { RecordSystem } from '../../backend/connectors/connector.ts';
import { type AlembaHarness, openAlemba } from './alemba-harness.ts';
import { failureOf, newMark } from './conformance/system.ts';

let side: AlembaHarness;

beforeEach(async () => {
  side = await openAlemba();
});

afterEach(async () => {
  await side.close();
});

const softwareFault = '96';
type Scope = Parameters<RecordSystem['describe']>[0];

/** How a field may be used, for calls of the scope. */
const fieldFor = async (id: string, scope: Scope = {}, system = side.system) => {
  const { fields } = await system.describe(scope);
  const { required, readOnly, barredBy } = fields.find((field) => field.id === id) ?? {};
  return { required, readOnly, barredBy };
};

const free = { required: false, readOnly: false, barredBy: undefined };
const related = (source: string, target: string, type: number, scope = 2) =>
  side.agent('PUT', '/settings', { relations: [{ source, target, behaviors: [{ type, scope }] }] });

describe('fields for a template', () => {
  test('the template keeps IPK status and stream, as the create does that writes them', async () => {
    const scope = { template: softwareFault };
    expect(await fieldFor('IpkStatus')).toEqual(free);
    expect(await fieldFor('IpkStatus', scope)).toEqual({ ...free, barredBy: 'template' });
    expect(await fieldFor('IpkStream', scope)).toEqual({ ...free, barredBy: 'template' });
    expect(await fieldFor('Impact', scope)).toEqual(free);
    const create = (fields: Record<string, number>) =>
      side.system.create({ ...scope, fields: { Subject: 'x', ...fields }, mark: newMark() });
    const { kind, error } = await failureOf(create({ IpkStatus: 2 }));
    expect(kind).toBe('rejected');
    expect(error).toMatchObject({ details: { fields: [{ field: 'IpkStatus' }] } });
    await create({ Impact: 2 });
  });

  test('the template of the connection counts where the mapping has none', async () => {
    const system = side.connect({ 'call.template': softwareFault });
    expect(await fieldFor('IpkStatus', {}, system)).toEqual({ ...free, barredBy: 'template' });
  });

  test('without a template they are required, unless the connection gives them', async () => {
    const system = side.connect({ 'call.ipkStatus': '', 'call.ipkStream': '' });
    expect(await fieldFor('IpkStatus', {}, system)).toEqual({ ...free, required: true });
    expect(await fieldFor('IpkStatus', { template: softwareFault }, system)).toMatchObject({
      required: false,
    });
  });

  test('a field that a template makes required is marked so', async () => {
    await related('Template', 'Urgency', 14);
    expect(await fieldFor('Urgency')).toEqual(free);
    expect(await fieldFor('Urgency', { template: softwareFault })).toEqual({ ...free, required: true });
  });

  test('officer and group are written by an action of their own, which the template does not touch', async () => {
    await related('Template', 'AssignedGroup', 16);
    expect(await fieldFor('AssignedGroup', { template: softwareFault })).toEqual(free);
  });
});

describe('fields for a type', () => {
  test('a type keeps what the system says, halves of a rich text together', async () => {
    await related('Type', 'SolutionHtml', 16);
    expect(await fieldFor('Solution', { type: '149' })).toEqual({ ...free, barredBy: 'type' });
    expect(await fieldFor('Solution')).toEqual(free);
  });

  test('what only screens hold does not count', async () => {
    await related('Type', 'Solution', 16, 0);
    expect(await fieldFor('Solution', { type: '149' })).toEqual(free);
  });
});

describe('fields that calls of an entity lack', () => {
  const [accessRequest, signIn, applicationFault] = ['97', '150', '149'];
  const lacking = (properties: Record<string, string[]>) =>
    side.agent('PUT', '/settings', { absentProperties: properties });

  test('are kept by the template that leads there, as the create says that writes them', async () => {
    await lacking({ 'service-request': ['CustomInteger1'] });
    const template = accessRequest;
    expect(await fieldFor('CustomInteger1', { template })).toEqual({ ...free, barredBy: 'template' });
    expect(await fieldFor('CustomInteger1', { template: softwareFault })).toEqual(free);
    expect(await fieldFor('CustomInteger1')).toEqual(free);
    const { kind } = await failureOf(
      side.system.create({ template, fields: { Subject: 'x', CustomInteger1: 1 }, mark: newMark() }),
    );
    expect(kind).toBe('rejected');
  });

  test('are kept by a type when no call of the type has them', async () => {
    await side.agent('POST', '/calls', { Subject: 'A problem', Type: 149, IpkStatus: 2 });
    await lacking({ incident: ['CustomInteger1', 'CustomInteger2'], problem: ['CustomInteger2'] });
    const scope = { type: applicationFault };
    expect(await fieldFor('CustomInteger1', scope)).toEqual(free);
    expect(await fieldFor('CustomInteger2', scope)).toEqual({ ...free, barredBy: 'type' });
  });

  test('are not known where no call has the type, nor where the metadata cannot be had', async () => {
    await lacking({ incident: ['CustomInteger1'], 'service-request': ['CustomInteger1'] });
    expect(await fieldFor('CustomInteger1', { type: '300' })).toEqual(free);
    side.faults.set({
      id: 'metadata',
      match: { path: '/incident/\\$metadata' },
      fault: { kind: 'status', status: 403 },
    });
    expect(await fieldFor('CustomInteger1', { template: softwareFault })).toEqual(free);
    expect(await fieldFor('CustomInteger1', { type: `${signIn}||true` })).toEqual(free);
  });
});

test('a template costs two requests once, and describing it again none', async () => {
  await side.system.describe({});
  side.forgetRequests();
  await side.system.describe({ template: softwareFault });
  expect(side.requests().all.toSorted()).toEqual(['call.search', 'ipk.read']);
  side.forgetRequests();
  await side.system.describe({ template: softwareFault });
  expect(side.requests().all).toEqual([]);
});
