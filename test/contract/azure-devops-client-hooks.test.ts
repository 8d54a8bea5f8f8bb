import { randomUUID } from 'node:crypto';
import { readHook, workItemEventTypes } from '../../backend/azure-devops/index.ts';
import type { Failure } from '../../backend/sync/failure.ts';
import { type Receiver, startReceiver } from './azure-devops-call.ts';
import { type AzureDevOpsHarness, openAzureDevOps } from './azure-devops-harness.ts';
import { createRecord, failureOf, newMark, wantsFields } from './conformance/system.ts';

let side: AzureDevOpsHarness;
let receiver: Receiver;
const open = async (options: Parameters<typeof openAzureDevOps>[0] = {}) => {
  await side?.close();
  side = await openAzureDevOps(options);
};
beforeEach(async () => {
  side = await openAzureDevOps();
  receiver = await startReceiver();
});
afterEach(async () => {
  await receiver.close();
  await side.close();
});

const minuteMs = 60_000;
const password = 'correct-horse-battery';
const expected = (more = {}) => ({
  projectId: side.simulator.store.project('Fabrikam')?.id ?? '',
  url: receiver.url,
  username: 'tandem',
  filter: { areaPath: '', workItemType: '' },
  ...more,
});
const ensure = (more = {}, options = {}) =>
  side.system.hooks.ensure({ ...expected(more), password }, options);
const inspect = (more = {}) => side.system.hooks.inspect(expected(more));
const subscriptions = () => [...side.simulator.hooks.subscriptions.values()];
const of = (eventType: string) =>
  subscriptions().find((subscription) => subscription.eventType === eventType);
const patOf = (key: string) => side.simulator.users.byKey(key).pats[0]?.token ?? '';

describe('subscriptions', () => {
  test('all five are made once, and are healthy', async () => {
    const missing = await inspect();
    expect(missing.findings.map((finding) => finding.health)).toEqual(Array(5).fill('missing'));
    const made = await ensure();
    expect(made.changes.map((change) => change.done)).toEqual(Array(5).fill('created'));
    expect(made.findings.map(({ eventType, health }) => [eventType, health])).toEqual(
      workItemEventTypes.map((eventType) => [eventType, 'healthy']),
    );
    expect((await ensure()).changes).toEqual([]);
    expect(subscriptions()).toHaveLength(5);
    expect(subscriptions().every((subscription) => subscription.resourceVersion === '5.1-preview.3')).toBe(
      true,
    );
  });

  test('a server that does not know the newest shapes gets the oldest', async () => {
    await open({ flavor: 'server-2019' });
    await ensure();
    expect(new Set(subscriptions().map((subscription) => subscription.resourceVersion))).toEqual(
      new Set(['1.0']),
    );
  });

  test('without the right to view, an empty list is not taken for "missing"', async () => {
    await ensure();
    const blind = side.connect({}, { pat: patOf('contributor') });
    const report = await blind.hooks.inspect(expected());
    expect(report.rights).toMatchObject({
      mayView: false,
      mayEdit: false,
      needs: expect.stringContaining('View'),
    });
    expect(report.findings.map((finding) => finding.health)).toEqual(Array(5).fill('unknown'));
    const { kind, error } = await failureOf(blind.hooks.ensure({ ...expected(), password }));
    expect(kind).toBe('forbidden');
    expect((error as Failure).details.missingRight).toMatch(/Subscriptions/);
    expect((await failureOf(blind.hooks.remove(expected()))).kind).toBe('forbidden');
    expect(subscriptions()).toHaveLength(5);
  });

  test('those of others, and of other projects, are left alone', async () => {
    await ensure({ url: `${receiver.url}/somebody-else` });
    const second = side.simulator.store.projects.find((project) => project.name !== 'Fabrikam');
    side.simulator.users.byKey('service').roles.set(second?.id ?? '', 'contributor');
    await ensure({ projectId: second?.id });
    await ensure();
    expect(await side.system.hooks.remove(expected())).toBe(5);
    expect(subscriptions()).toHaveLength(10);
  });

  test('a former address is replaced in place, and the real password goes along', async () => {
    await ensure({ url: `${receiver.url}/old` });
    const ids = subscriptions().map((subscription) => subscription.id);
    const before = await inspect({ formerUrls: [`${receiver.url}/old`] });
    expect(before.findings[0]).toMatchObject({ health: 'differs', reason: 'It leads to a former address.' });
    const after = await ensure({ formerUrls: [`${receiver.url}/old`] });
    expect(after.changes.map((change) => change.done)).toEqual(Array(5).fill('replaced'));
    expect(subscriptions().map((subscription) => subscription.id)).toEqual(ids);
    expect(subscriptions().map((subscription) => subscription.consumerInputs.basicAuthPassword)).toEqual(
      Array(5).fill(password),
    );
  });

  test.each([
    ['a filter', { publisherInputs: { areaPath: 'Fabrikam\\Web' } }, 'areaPath'],
    ['another user', { consumerInputs: { basicAuthUsername: 'else' } }, 'user name'],
    ['no resource', { consumerInputs: { resourceDetailsToSend: 'none' } }, 'resource'],
  ])('%s that somebody entered is found and put right', async (_words, change, words) => {
    await ensure();
    const updated = of('workitem.updated');
    for (const [part, inputs] of Object.entries(change)) {
      Object.assign(updated?.[part as 'publisherInputs'] ?? {}, inputs);
    }
    const finding = (await inspect()).findings.find(({ eventType }) => eventType === 'workitem.updated');
    expect(finding).toMatchObject({ health: 'differs', reason: expect.stringContaining(words) });
    expect((await ensure()).changes).toEqual([{ eventType: 'workitem.updated', done: 'replaced' }]);
  });

  test('a filter that is chosen, changed and taken back is the same five subscriptions', async () => {
    await ensure();
    const ids = subscriptions().map(({ id }) => id);
    const filters = [
      { areaPath: 'Fabrikam\\Web', workItemType: 'Bug' },
      { areaPath: '', workItemType: 'Task' },
      { areaPath: '', workItemType: '' },
    ];
    for (const filter of filters) {
      expect((await inspect({ filter })).findings.map(({ health }) => health)).toEqual(
        Array(5).fill('differs'),
      );
      const report = await ensure({ filter });
      expect(report.changes.map(({ done }) => done)).toEqual(Array(5).fill('replaced'));
      expect(report.findings.map((finding) => finding.filter)).toEqual(Array(5).fill(filter));
      expect((await ensure({ filter })).changes).toEqual([]);
      expect(subscriptions().map(({ id }) => id)).toEqual(ids);
    }
    expect(subscriptions().map(({ publisherInputs }) => Object.keys(publisherInputs).sort())).toEqual(
      Array(5).fill(['hostId', 'projectId', 'tfsSubscriptionId']),
    );
  });

  test('of two the one that is narrowed as chosen stays', async () => {
    const filter = { areaPath: 'Fabrikam\\Web', workItemType: '' };
    await ensure({ filter });
    const updated = of('workitem.updated');
    const { areaPath: _area, ...publisherInputs } = updated?.publisherInputs ?? {};
    const wide = { ...structuredClone({ ...updated, notifications: [] }), id: '0-first', publisherInputs };
    side.simulator.hooks.subscriptions.set(wide.id, wide as never);
    expect((await ensure({ filter })).changes).toEqual([
      { eventType: 'workitem.updated', done: 'removedDuplicate' },
    ]);
    expect(of('workitem.updated')?.id).toBe(updated?.id);
    expect(await side.system.hooks.remove(expected())).toBe(5);
  });

  test('areas are told as work items show them', async () => {
    expect(await side.system.areas('Fabrikam')).toEqual([
      'Fabrikam',
      'Fabrikam\\Web',
      'Fabrikam\\Web\\Mobile',
      'Fabrikam\\Identity',
      'Fabrikam\\Operations',
    ]);
  });

  test('duplicates are removed', async () => {
    await ensure();
    const updated = of('workitem.updated');
    const copy = { ...structuredClone({ ...updated, notifications: [] }), id: randomUUID() };
    side.simulator.hooks.subscriptions.set(copy.id, copy as never);
    expect((await inspect()).findings[1]?.duplicates).toEqual([copy.id]);
    expect((await ensure()).changes).toEqual([{ eventType: 'workitem.updated', done: 'removedDuplicate' }]);
    expect(subscriptions()).toHaveLength(5);
  });

  test('everything again after the password was renewed', async () => {
    await ensure();
    const report = await side.system.hooks.ensure(
      { ...expected(), password: 'a-new-one' },
      { everything: true },
    );
    expect(report.changes).toHaveLength(5);
    expect(of('workitem.deleted')?.consumerInputs.basicAuthPassword).toBe('a-new-one');
  });
});

describe('watchdog', () => {
  test('probation and its end are told with their reason, and repaired', async () => {
    await ensure();
    receiver.status = 500;
    await side.simulator.act({ do: 'update', id: 5, fields: { 'System.Title': 'x' } });
    await side.simulator.hooks.idle();
    const updated = async () =>
      (await inspect()).findings.find(({ eventType }) => eventType === 'workitem.updated');
    expect(await updated()).toMatchObject({
      health: 'onProbation',
      reason: expect.stringContaining('500'),
      probationRetries: expect.any(Number),
    });
    for (let hour = 0; hour < 40; hour++) {
      side.simulator.clock.advance(60 * minuteMs);
      await side.simulator.hooks.idle();
    }
    expect(await updated()).toMatchObject({ health: 'disabled' });
    expect((await updated())?.disabledByPerson).toBeUndefined();
    receiver.status = 200;
    expect((await ensure()).changes).toEqual([{ eventType: 'workitem.updated', done: 'replaced' }]);
    expect((await updated())?.health).toBe('healthy');
    receiver.received.length = 0;
    await side.simulator.act({ do: 'update', id: 5, fields: { 'System.Title': 'y' } });
    await side.simulator.hooks.idle();
    expect(receiver.received).toHaveLength(1);
  });

  test('what a person disabled stays so until a person says otherwise', async () => {
    await ensure();
    const deleted = of('workitem.deleted');
    if (deleted) deleted.status = 'disabledByUser';
    expect((await ensure()).changes).toEqual([]);
    const finding = (await inspect()).findings.find(({ eventType }) => eventType === 'workitem.deleted');
    expect(finding).toMatchObject({ health: 'disabled', disabledByPerson: true });
    await ensure({}, { everything: true });
    expect(of('workitem.deleted')?.status).toBe('enabled');
  });

  test('an owner who left is told as such', async () => {
    await ensure();
    const created = of('workitem.created');
    if (created) created.status = 'disabledByInactiveIdentity';
    expect((await inspect()).findings[0]).toMatchObject({
      health: 'disabled',
      reason: expect.stringContaining('no longer active'),
    });
  });
});

describe('deliveries', () => {
  const arrived = async () => {
    await side.simulator.hooks.idle();
    const ownId = side.simulator.users.byKey('service').id;
    return receiver.received.map(({ headers, body }) =>
      readHook(JSON.stringify(body), headers as Record<string, string>, { ownId }),
    );
  };

  test('every event names the work item, its revision, and whether it was us', async () => {
    await ensure();
    const id = await createRecord(side);
    await side.simulator.act({ do: 'comment', id: Number(id), text: 'Hello' });
    await side.simulator.act({ do: 'delete', id: Number(id) });
    await side.simulator.act({ do: 'restore', id: Number(id) });
    const { snapshot } = await side.system.read(id, wantsFields([]));
    await side.system.update(id, [{ field: 'System.Title', value: 'Ours', row: 'r' }], {
      revision: snapshot.revision,
    });
    const readings = await arrived();
    const hints = readings.flatMap((reading) => (reading.verdict === 'hints' ? reading.hints : []));
    expect(hints).toHaveLength(6);
    expect(new Set(hints.map((hint) => hint.recordId))).toEqual(new Set([id]));
    const told = hints.map(({ what, own }) => `${what} ${own}`).toSorted();
    expect(told).toEqual([
      'commented false',
      'created true',
      'deleted false',
      'restored false',
      'updated false',
      'updated true',
    ]);
    expect(new Set(hints.map((hint) => hint.dedupeKey)).size).toBe(6);
    expect(readings.map((reading) => reading.facts.projectId)).toEqual(Array(6).fill(expected().projectId));
    const own = hints.find((hint) => hint.what === 'updated' && hint.own);
    expect(own?.revision).toBe(String(Number(snapshot.revision) + 1));
    const authorization = `Basic ${Buffer.from(`tandem:${password}`).toString('base64')}`;
    expect(receiver.received.every(({ headers }) => headers.authorization === authorization)).toBe(true);
    // Nothing is sent that nobody reads.
    expect(receiver.received.every(({ body }) => !body.message && !body.detailedMessage)).toBe(true);
  });

  test('a comment is two events with one meaning', async () => {
    await ensure();
    const id = await createRecord(side);
    await side.system.addComment(id, {
      body: { kind: 'rich', format: 'html', text: '<p>Hi</p>' },
      visibility: 'public',
      mark: newMark(),
    });
    const about = (await arrived()).flatMap((reading) =>
      reading.verdict === 'hints' ? reading.hints.filter((hint) => hint.what !== 'created') : [],
    );
    expect(about.map((hint) => hint.what).toSorted()).toEqual(['commented', 'updated']);
    expect(about.map((hint) => [hint.recordId, hint.revision])).toEqual([
      [id, '2'],
      [id, '2'],
    ]);
  });

  test('version 1.0, in which people are words, is understood', async () => {
    await open({ flavor: 'server-2019' });
    await ensure();
    const id = await createRecord(side);
    await side.other.changeTitle(id, 'Theirs');
    const hints = (await arrived()).flatMap((reading) => (reading.verdict === 'hints' ? reading.hints : []));
    expect(hints).toMatchObject([
      { recordId: id, what: 'created' },
      { recordId: id, what: 'updated', own: false, revision: '2' },
    ]);
  });

  test('a test delivery arrives, is known as a sample, and its outcome is told', async () => {
    await ensure();
    const { subscriptionId } = (await inspect()).findings[1] ?? {};
    const sent = await side.system.hooks.sendTest(subscriptionId ?? '', password);
    expect(sent).toMatchObject({ status: 'completed', result: 'succeeded' });
    const [reading] = await arrived();
    expect(reading).toMatchObject({ verdict: 'ignored', facts: { isSample: true } });
    receiver.status = 401;
    const refused = await side.system.hooks.sendTest(subscriptionId ?? '', password);
    expect(refused).toMatchObject({ result: 'failed', problem: expect.stringContaining('401') });
    const history = await side.system.hooks.deliveries(subscriptionId ?? '', 1);
    expect(history).toMatchObject([{ notificationId: refused.notificationId, result: 'failed' }]);
  });
});
