import { type AzureDevOpsSimulator, startAzureDevOps } from '../sandbox/azure-devops/server.ts';
import { call, type Json, type Receiver, startReceiver } from './azure-devops-call.ts';

let simulator: AzureDevOpsSimulator;
let receiver: Receiver;
beforeAll(async () => {
  simulator = await startAzureDevOps();
});
afterAll(() => simulator.close());
beforeEach(async () => {
  simulator.reset();
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

const minuteMs = 60_000;
const projectId = () => simulator.store.project('Fabrikam')?.id ?? '';

function subscription(eventType: string, change: Json = {}): Json {
  return {
    publisherId: 'tfs',
    eventType,
    resourceVersion: change.resourceVersion ?? '5.1-preview.3',
    consumerId: 'webHooks',
    consumerActionId: 'httpRequest',
    publisherInputs: { projectId: projectId(), ...change.publisherInputs },
    consumerInputs: {
      url: receiver.url,
      basicAuthUsername: 'ado',
      basicAuthPassword: 's3cret',
      ...change.consumerInputs,
    },
  };
}

async function subscribe(eventType: string, change: Json = {}): Promise<Json> {
  const answer = await call(simulator, 'POST', '/_apis/hooks/subscriptions', {
    as: 'service',
    body: subscription(eventType, change),
  });
  expect(answer.status).toBe(200);
  return answer.body;
}

const status = async (id: string): Promise<string> =>
  (await call(simulator, 'GET', `/_apis/hooks/subscriptions/${id}`, { as: 'service' })).body.status;
const rename = (title: string, id = 5) =>
  simulator.act({ do: 'update', id, fields: { 'System.Title': title } });

describe('subscriptions', () => {
  test('the password is masked, and a mask that is sent back becomes the password', async () => {
    const created = await subscribe('workitem.updated');
    expect(created).toMatchObject({
      status: 'enabled',
      consumerInputs: { basicAuthPassword: '********' },
      publisherInputs: { tfsSubscriptionId: expect.any(String) },
    });
    await call(simulator, 'PUT', `/_apis/hooks/subscriptions/${created.id}`, {
      as: 'service',
      body: created,
    });
    await rename('Again');
    await simulator.hooks.idle();
    expect(receiver.received[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('ado:********').toString('base64')}`,
    );
  });

  test('without the View permission lists are empty, not refused; writing is refused', async () => {
    const created = await subscribe('workitem.updated');
    const list = async (as: string) =>
      (await call(simulator, 'GET', '/_apis/hooks/subscriptions', { as })).body.count;
    expect([await list('admin'), await list('service'), await list('contributor')]).toEqual([1, 1, 0]);
    const refused = await call(simulator, 'DELETE', `/_apis/hooks/subscriptions/${created.id}`, {
      as: 'contributor',
    });
    expect([refused.status, refused.body.typeKey]).toEqual([403, 'AccessCheckException']);
  });

  test('they are found by their inputs', async () => {
    await subscribe('workitem.updated');
    await subscribe('workitem.created', { publisherInputs: { workItemType: 'Bug' } });
    const conditions = [{ inputId: 'workItemType', operator: 'equals', inputValue: 'Bug' }];
    const found = await call(simulator, 'POST', '/_apis/hooks/subscriptionsquery', {
      as: 'service',
      body: { publisherId: 'tfs', publisherInputFilters: [{ conditions }] },
    });
    expect(found.body.results.map((entry: Json) => entry.eventType)).toEqual(['workitem.created']);
  });

  test.each([
    ['an unknown event', (body: Json) => ({ ...body, eventType: 'workitem.exploded' }), 404],
    ['an address that is none', (body: Json) => ({ ...body, consumerInputs: { url: 'nonsense' } }), 400],
    ['an unknown resource version', (body: Json) => ({ ...body, resourceVersion: '9.9' }), 400],
  ])('%s is refused', async (_name, change, expected) => {
    const answer = await call(simulator, 'POST', '/_apis/hooks/subscriptions', {
      as: 'service',
      body: change(subscription('workitem.updated')),
    });
    expect(answer.status).toBe(expected);
  });

  test('a test notification is sent once and looks like the docs', async () => {
    const body = { details: subscription('workitem.created') };
    const sent = await call(simulator, 'POST', '/_apis/hooks/testnotifications', { as: 'service', body });
    expect(sent.body.result).toBe('succeeded');
    expect(receiver.received[0]?.body).toMatchObject({ scope: 'all', eventType: 'workitem.created' });
    expect(receiver.received[0]?.body.subscriptionId).toBeUndefined();
  });
});

describe('payloads', () => {
  test('updated carries the update number, the item, old and new values and the snapshot', async () => {
    const created = await subscribe('workitem.updated', {
      consumerInputs: { httpHeaders: 'X-Key:val\nX-Other: two' },
    });
    await rename('New title');
    await simulator.hooks.idle();
    const [delivery] = receiver.received;
    expect(delivery?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('ado:s3cret').toString('base64')}`,
      'x-key': 'val',
      'x-other': 'two',
      'x-vss-subscriptionid': created.id,
      'x-vss-activityid': expect.any(String),
    });
    const { update, item } = {
      update: simulator.store.workItems.get(5)?.updates.at(-1),
      item: simulator.store.workItems.get(5),
    };
    expect(delivery?.body).toMatchObject({
      subscriptionId: created.id,
      notificationId: 1,
      eventType: 'workitem.updated',
      publisherId: 'tfs',
      message: {
        text: expect.stringContaining('updated by Noor Haddad'),
        html: expect.any(String),
        markdown: expect.any(String),
      },
      resource: {
        id: update?.id,
        workItemId: 5,
        rev: item?.revisions.length,
        revisedBy: {
          id: simulator.users.byKey('contributor').id,
          name: 'Noor Haddad <noor.haddad@fabrikam.example>',
        },
        fields: {
          'System.Title': {
            oldValue: 'VPN client drops the connection after standby',
            newValue: 'New title',
          },
        },
        revision: {
          id: 5,
          rev: item?.revisions.length,
          fields: { 'System.Title': 'New title', 'System.WorkItemType': 'Bug' },
        },
      },
      resourceVersion: '5.1-preview.3',
      resourceContainers: {
        collection: { id: simulator.organizationId },
        account: { id: simulator.organizationId },
        project: { id: projectId() },
      },
    });
  });

  test('a cleared field has no new value', async () => {
    await subscribe('workitem.updated');
    await simulator.act({ do: 'update', id: 5, fields: { 'System.AssignedTo': null } });
    await simulator.hooks.idle();
    const change = receiver.received[0]?.body.resource.fields['System.AssignedTo'];
    expect([change.oldValue.displayName, 'newValue' in change]).toEqual(['Noor Haddad', false]);
  });

  test.each([
    ['1.0', (value: Json) => expect(value).toBe('Noor Haddad <noor.haddad@fabrikam.example>')],
    [
      '3.1-preview.3',
      (value: Json) => expect([value.displayName, value.id]).toEqual(['Noor Haddad', undefined]),
    ],
    [
      '5.1-preview.3',
      (value: Json) =>
        expect([value.displayName, value.descriptor]).toEqual(['Noor Haddad', expect.any(String)]),
    ],
  ])('version %s shows identities its own way', async (resourceVersion, check) => {
    await subscribe('workitem.created', { resourceVersion });
    await simulator.act({ do: 'create', type: 'Bug', fields: { 'System.Title': 'x' } });
    await simulator.hooks.idle();
    check(receiver.received[0]?.body.resource.fields['System.CreatedBy']);
  });

  test('a comment fires commented and updated', async () => {
    await subscribe('workitem.commented');
    await subscribe('workitem.updated');
    await simulator.act({ do: 'comment', as: 'contributor', id: 5, text: 'Warm up' });
    await simulator.hooks.idle();
    receiver.received.length = 0;
    await simulator.act({ do: 'comment', as: 'contributor', id: 5, text: 'Hello' });
    await simulator.hooks.idle();
    const of = (eventType: string) =>
      receiver.received.find((delivery) => delivery.body.eventType === eventType)?.body.resource;
    expect(of('workitem.commented')).toMatchObject({
      id: 5,
      fields: { 'System.History': 'Hello' },
      commentVersionRef: { commentId: expect.any(Number) },
    });
    expect(Object.keys(of('workitem.updated').fields).sort()).toEqual([
      'System.AuthorizedDate',
      'System.ChangedDate',
      'System.CommentCount',
      'System.History',
      'System.Rev',
      'System.RevisedDate',
      'System.Watermark',
    ]);
  });

  test('deleted points to the recycle bin, restored back to the item', async () => {
    await subscribe('workitem.deleted');
    await subscribe('workitem.restored');
    await simulator.act({ do: 'delete', id: 7 });
    await simulator.act({ do: 'restore', id: 7 });
    await simulator.hooks.idle();
    const urls = receiver.received.map((delivery) => [
      delivery.body.eventType,
      delivery.body.resource.id,
      delivery.body.resource.url,
    ]);
    expect(urls).toContainEqual(['workitem.deleted', 7, expect.stringContaining('/recyclebin/7')]);
    expect(urls).toContainEqual(['workitem.restored', 7, expect.stringContaining('/workItems/7')]);
  });

  test('inputs choose what is sent', async () => {
    await subscribe('workitem.updated', {
      consumerInputs: {
        resourceDetailsToSend: 'minimal',
        messagesToSend: 'text',
        detailedMessagesToSend: 'none',
      },
    });
    await rename('Small');
    await simulator.hooks.idle();
    const body = receiver.received[0]?.body;
    expect(Object.keys(body.message)).toEqual(['text']);
    expect(body.detailedMessage).toBeUndefined();
    expect(Object.keys(body.resource)).toEqual(['id', 'workItemId', 'rev', 'url']);
  });

  test('silent changes fire nothing', async () => {
    await subscribe('workitem.updated');
    await call(simulator, 'PATCH', '/_apis/wit/workitems/5?suppressNotifications=true', {
      as: 'service',
      body: [{ op: 'add', path: '/fields/System.Title', value: 'Silent' }],
    });
    expect(simulator.hooks.counts.fired).toBe(0);
  });
});

describe('filters', () => {
  test.each([
    [{ workItemType: 'Task' }, 0],
    [{ workItemType: 'Bug' }, 1],
    [{ areaPath: 'Fabrikam\\Web' }, 0],
    [{ areaPath: 'Fabrikam' }, 1],
    [{ areaPath: 'Fabrikam\\Oper' }, 0],
    [{ areaPath: '', workItemType: '' }, 1],
    [{ areaPath: 'Fabrikam\\Operations', workItemType: 'Task' }, 0],
    [{ areaPath: '\\Fabrikam\\Operations' }, 1],
    [{ tag: 'network' }, 1],
    [{ tag: 'portal' }, 0],
    [{ changedFields: 'System.State' }, 0],
    [{ changedFields: 'System.Title' }, 1],
    [{ linksChanged: 'true' }, 0],
  ])('%j lets %i through', async (publisherInputs, expected) => {
    await subscribe('workitem.updated', { publisherInputs });
    await rename('Filtered');
    expect(simulator.hooks.counts.fired).toBe(expected);
  });
});

describe('retries and probation', () => {
  test('503 is tried eight more times within about three minutes', async () => {
    const { id } = await subscribe('workitem.updated');
    receiver.status = 503;
    await rename('Down');
    await simulator.hooks.idle();
    expect(receiver.received).toHaveLength(1);
    await simulator.clock.advance(3 * minuteMs);
    expect([receiver.received.length, await status(id)]).toEqual([8, 'enabled']);
    receiver.status = 200;
    await simulator.clock.advance(4000);
    expect([receiver.received.length, await status(id)]).toEqual([9, 'enabled']);
    const ids = new Set(receiver.received.map((delivery) => delivery.body.notificationId));
    expect(ids.size).toBe(1);
  });

  test('500 means probation: new events are dropped, one retry that succeeds restores', async () => {
    const { id } = await subscribe('workitem.updated');
    receiver.status = 500;
    await rename('Broken');
    await simulator.hooks.idle();
    expect(await status(id)).toBe('onProbation');
    await rename('Lost');
    expect([simulator.hooks.counts.dropped, receiver.received.length]).toEqual([1, 1]);
    await simulator.clock.advance(19 * minuteMs);
    expect(receiver.received).toHaveLength(1);
    receiver.status = 200;
    await simulator.clock.advance(2 * minuteMs);
    expect([receiver.received.length, await status(id)]).toEqual([2, 'enabled']);
    // The snapshot is taken at delivery time: it already shows what the lost event was about.
    expect(receiver.received[1]?.body.resource.revision.fields['System.Title']).toBe('Lost');
  });

  test('after seven failed probation tries in 36 hours the subscription is disabled', async () => {
    const { id } = await subscribe('workitem.updated');
    receiver.status = 401;
    await rename('Refused');
    await simulator.hooks.idle();
    await simulator.clock.advance(35 * 60 * minuteMs);
    expect([receiver.received.length, await status(id)]).toEqual([7, 'onProbation']);
    await simulator.clock.advance(2 * 60 * minuteMs);
    expect([receiver.received.length, await status(id)]).toEqual([8, 'disabledBySystem']);
    const history = await call(
      simulator,
      'GET',
      `/_apis/hooks/subscriptions/${id}/notifications?result=failed`,
      { as: 'service' },
    );
    expect(history.body.value).toMatchObject([{ id: 1, status: 'completed', result: 'failed' }]);
  });

  test('410 disables at once; a replace enables again', async () => {
    const created = await subscribe('workitem.updated');
    receiver.status = 410;
    await rename('Gone');
    await simulator.hooks.idle();
    expect(await status(created.id)).toBe('disabledBySystem');
    const body = subscription('workitem.updated');
    await call(simulator, 'PUT', `/_apis/hooks/subscriptions/${created.id}`, { as: 'service', body });
    expect(await status(created.id)).toBe('enabled');
  });
});

describe('mishaps', () => {
  test('deliveries can be lost, doubled, delayed and reordered', async () => {
    await subscribe('workitem.updated');
    simulator.hooks.setMishaps({ loseNext: 1 });
    await rename('lost');
    await simulator.hooks.idle();
    expect(receiver.received).toHaveLength(0);
    simulator.hooks.setMishaps({ duplicateNext: 1 });
    await rename('twice');
    await simulator.hooks.idle();
    expect(receiver.received.map((delivery) => delivery.body.notificationId)).toEqual([2, 2]);
    simulator.hooks.setMishaps({ delayMs: minuteMs });
    await rename('late');
    await simulator.hooks.idle();
    expect(receiver.received).toHaveLength(2);
    await simulator.clock.advance(minuteMs);
    await simulator.hooks.idle();
    expect(receiver.received).toHaveLength(3);
    simulator.hooks.setMishaps({ delayMs: 0, isPaused: true });
    await rename('held');
    expect(receiver.received).toHaveLength(3);
    simulator.hooks.setMishaps({ isPaused: false });
    await simulator.hooks.idle();
    expect(receiver.received).toHaveLength(4);
  });
});
