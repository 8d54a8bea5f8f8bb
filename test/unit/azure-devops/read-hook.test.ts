import fc from 'fast-check';
import { readHook, readServiceHook } from '../../../backend/azure-devops/index.ts';

const projectId = '5f1d8a53-4c8a-4f0b-9a7d-0a9a6a1f1c11';
const ownId = '0f4e7e1a-2b3c-4d5e-8f90-a1b2c3d4e5f6';
const subscriptionId = 'c8a7a1de-1111-4222-8333-944455556666';
const base = 'https://dev.azure.com/contoso/_apis/wit';

const envelope = (eventType: string, resource: unknown, more: Record<string, unknown> = {}) => ({
  subscriptionId,
  notificationId: 12,
  id: '7d3c1d0e-9a3f-4d55-b1a4-0c9f5d1e2f30',
  eventType,
  publisherId: 'tfs',
  resource,
  resourceVersion: '5.1-preview.3',
  resourceContainers: { collection: { id: 'col' }, project: { id: projectId } },
  createdDate: '2026-03-01T10:00:00Z',
  ...more,
});

const updated = (more: Record<string, unknown> = {}) => ({
  id: 9,
  workItemId: 4711,
  rev: 8,
  revisedBy: { id: ownId, displayName: 'Tandem' },
  fields: { 'System.State': { oldValue: 'New', newValue: 'Active' } },
  url: `${base}/workItems/4711/updates/9`,
  revision: { id: 4711, rev: 8, fields: {} },
  ...more,
});

const read = (body: unknown, headers: Record<string, string> = {}) =>
  readHook(JSON.stringify(body), headers, { ownId });
const hintOf = (body: unknown, headers?: Record<string, string>) => {
  const reading = read(body, headers);
  return reading.verdict === 'hints' ? reading.hints[0] : reading;
};

describe('an update', () => {
  test('is about the work item, not about the number of the update', () => {
    expect(hintOf(envelope('workitem.updated', updated()))).toEqual({
      recordId: '4711',
      revision: '8',
      what: 'updated',
      own: true,
      dedupeKey: `${subscriptionId}/12`,
    });
  });

  test.each([
    ['no workItemId', updated({ workItemId: undefined })],
    ['only the url (minimal, older servers)', { id: 9, url: `${base}/workItems/4711/updates/9` }],
    ['only a link to its parent', { id: 9, _links: { parent: { href: `${base}/workItems/4711` } } }],
    ['numbers as text', updated({ workItemId: '4711' })],
  ])('with %s still names it', (_words, resource) => {
    expect(hintOf(envelope('workitem.updated', resource))).toMatchObject({ recordId: '4711' });
  });

  test('without anything but the number of the update is not readable', () => {
    expect(read(envelope('workitem.updated', { id: 9, rev: 8 }))).toMatchObject({
      verdict: 'unreadable',
      facts: { eventType: 'workitem.updated', projectId },
    });
  });

  test('by somebody else is not own, and by nobody known is neither', () => {
    const by = (revisedBy: unknown) => hintOf(envelope('workitem.updated', updated({ revisedBy })));
    expect(by({ id: 'ffffffff-2b3c-4d5e-8f90-a1b2c3d4e5f6' })).toMatchObject({ own: false });
    expect(by({ id: ownId.toUpperCase() })).toMatchObject({ own: true });
    for (const nobody of [null, undefined, 'Tandem <t@contoso.example>', { name: 'Tandem' }]) {
      expect(by(nobody)).not.toHaveProperty('own');
    }
  });

  test('in the damaged shape of the documentation (a snapshot) is read by its url', () => {
    const snapshot = { id: 5, rev: 1, fields: {}, url: `${base}/workItems/5` };
    expect(hintOf(envelope('workitem.updated', snapshot))).toMatchObject({ recordId: '5', revision: '1' });
  });
});

describe('other events', () => {
  test.each([
    ['workitem.created', 'created'],
    ['workitem.commented', 'commented'],
    ['workitem.deleted', 'deleted'],
    ['workitem.restored', 'restored'],
  ])('%s carries the id itself', (eventType, what) => {
    const resource = {
      id: 17,
      rev: 3,
      fields: { 'System.ChangedBy': { id: ownId, displayName: 'Tandem' } },
      url: `${base}/${what === 'deleted' ? 'recyclebin' : 'workItems'}/17`,
    };
    expect(hintOf(envelope(eventType, resource))).toMatchObject({
      recordId: '17',
      revision: '3',
      what,
      own: true,
    });
    expect(hintOf(envelope(eventType, { id: 17 }))).toMatchObject({ recordId: '17', what });
  });

  test('people as text (version 1.0) tell nothing about own changes', () => {
    const resource = { id: 17, rev: 3, fields: { 'System.ChangedBy': 'Tandem <t@contoso.example>' } };
    expect(hintOf(envelope('workitem.created', resource))).not.toHaveProperty('own');
  });

  test('events that are not used are told by name', () => {
    expect(read(envelope('git.push', {}))).toMatchObject({
      verdict: 'ignored',
      reason: expect.stringContaining('git.push'),
    });
  });
});

describe('samples', () => {
  test.each([
    [
      'with scope instead of a subscription',
      {
        ...envelope('workitem.updated', updated()),
        scope: 'all',
        subscriptionId: undefined,
        notificationId: undefined,
      },
    ],
    [
      'with the empty subscription',
      envelope('workitem.updated', updated(), { subscriptionId: '00000000-0000-0000-0000-000000000000' }),
    ],
    ['about no work item', envelope('workitem.updated', updated({ workItemId: 0 }))],
  ])('%s are ignored', (_words, body) => {
    expect(read(body, { 'x-vss-subscriptionid': subscriptionId })).toMatchObject({
      verdict: 'ignored',
      facts: { isSample: true },
    });
  });
});

test('retries share their key, deliveries without a number use the event or the activity', () => {
  const one = hintOf(envelope('workitem.updated', updated()));
  expect(hintOf(envelope('workitem.updated', updated(), { createdDate: 'later' }))).toEqual(one);
  const other = hintOf(envelope('workitem.updated', updated(), { notificationId: 13 }));
  expect(other).not.toMatchObject({ dedupeKey: `${subscriptionId}/12` });
  const bare = { eventType: 'workitem.created', resource: { id: 1 } };
  expect(hintOf(bare, { 'x-vss-activityid': 'act' })).toMatchObject({ dedupeKey: 'act' });
  expect(hintOf({ ...bare, id: 'event' }, { 'x-vss-subscriptionid': 'sub' })).toMatchObject({
    dedupeKey: 'sub/event',
  });
});

test.each([
  ['nothing', ''],
  ['no JSON', '{"eventType":'],
  ['a list', '[]'],
  ['null', 'null'],
  ['no event', '{"resource":{"id":5}}'],
  ['a poisoned object', '{"eventType":"workitem.created","__proto__":{"x":1},"resource":{"id":5}}'],
  ['a huge number', '{"eventType":"workitem.created","resource":{"id":1e99}}'],
  ['a negative number', '{"eventType":"workitem.created","resource":{"id":-5}}'],
])('%s is unreadable', (_words, body) => {
  expect(readHook(body, {}).verdict).toBe('unreadable');
});

test('a byte order mark is skipped', () => {
  const body = Buffer.from(`\uFEFF${JSON.stringify(envelope('workitem.updated', updated()))}`);
  expect(readServiceHook({ headers: {}, query: {}, body }).verdict).toBe('hints');
});

test('no body makes it throw', () => {
  const text = JSON.stringify(envelope('workitem.updated', updated()));
  const mutated = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((json) => Buffer.from(json)),
    fc.jsonValue().map((resource) => Buffer.from(JSON.stringify(envelope('workitem.updated', resource)))),
    fc
      .tuple(fc.nat(text.length), fc.nat(30), fc.string({ maxLength: 20 }))
      .map(([at, count, put]) => Buffer.from(text.slice(0, at) + put + text.slice(at + count))),
  );
  fc.assert(
    fc.property(mutated, (body) => {
      const reading = readHook(body, {}, { ownId });
      expect(['hints', 'ignored', 'unreadable']).toContain(reading.verdict);
      if (reading.verdict === 'hints') expect(reading.hints[0]?.recordId).toMatch(/^[1-9]\d*$/);
    }),
    { numRuns: 2000 },
  );
});
