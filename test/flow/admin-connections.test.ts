import { type Admin, startAdmin } from '../support/admin.ts';
import { workItemHook } from '../support/hooks.ts';
import { alembaSettings, until } from '../support/rig.ts';

let admin: Admin;
beforeAll(async () => {
  admin = await startAdmin();
});
// Each holds a licence of the simulated system, and there are only so many.
afterEach(async () => {
  const { connections } = await admin.call('listConnections');
  for (const { id, kind } of connections) {
    if (kind !== 'alemba') continue;
    await admin.call('deleteConnection', { params: { connectionId: id }, query: { confirmLinks: 0 } });
  }
});
afterAll(() => admin?.close());

const form = (more: Record<string, unknown> = {}) => ({
  kind: 'alemba',
  name: 'Form',
  settings: alembaSettings(admin.rig.alemba.baseUrl) as Record<string, unknown>,
  secrets: { password: 'sandbox' } as Record<string, string | null>,
  ...more,
});

const licences = async () =>
  (await admin.rig.control<{ sessions: unknown[] }>('alemba', 'GET', '/state')).sessions.length;

const azureId = 'azure-devops';
const secretsIn = (value: unknown) => /sandbox"|"pat":"/.test(JSON.stringify(value));

describe('connections', () => {
  test('connectors and connections begin with Azure DevOps, without its secrets', async () => {
    const { connectors } = await admin.call('listConnectors');
    expect(connectors.map(({ kind }) => kind)).toEqual([azureId, 'alemba']);
    const { connections } = await admin.call('listConnections');
    expect(connections).toHaveLength(1);
    expect(connections[0]).toMatchObject({ id: azureId, kind: azureId, status: 'live', links: 0 });
    expect(connections[0]?.secrets.pat).toEqual({ setAt: expect.any(String) });
    expect(connections[0]?.secrets.clientSecret).toBeNull();
    expect(JSON.stringify(connections)).not.toContain(admin.rig.azure.users.service?.pat);
  });

  test('creates one with defaults and a webhook secret, and sweeps it', async () => {
    const created = await admin.call('createConnection', { body: form({ name: 'First' }) });
    expect(created).toMatchObject({ kind: 'alemba', name: 'First', enabled: true, status: 'live' });
    expect(created.settings['correlation.field']).toBe('CustomString1');
    expect(created.retry.maxAttempts).toBe(30);
    expect(created.budget).toEqual({ requestsPerSecond: 20, concurrent: 2 });
    expect(created.secrets).toMatchObject({
      password: { setAt: expect.any(String) },
      clientSecret: null,
      webhookSecret: { setAt: expect.any(String) },
    });
    expect(created.hook.url).toMatch(/\/hooks\/[\w-]{22}$/);
    expect(created.hook.instructions.join('\n')).toContain(created.hook.url);
    expect(secretsIn(created)).toBe(false);
    const lanes = await admin.rows('select key from lane where key = $1', [`sweep:${created.id}`]);
    expect(lanes).toHaveLength(1);
    const { entries } = await admin.call('listAudit');
    expect(entries[0]).toMatchObject({
      action: 'connection.created',
      subject: 'First',
      by: 'Avery Lindqvist',
    });
    const changed = await admin.call('updateConnection', {
      params: { connectionId: created.id },
      body: {
        ...form({ name: 'First again' }),
        settings: { ...created.settings, 'comment.visibilityField': '' },
      },
    });
    expect(changed.name).toBe('First again');
    // Emptied on purpose, which is not the same as left out.
    expect(changed.settings['comment.visibilityField']).toBe('');
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['kind', { kind: 'jira' }, 'kind'],
    ['Azure DevOps again', { kind: azureId, settings: {} }, 'kind'],
    ['unknown setting', { settings: { colour: 'red' } }, 'settings.colour'],
    ['prototype name', { settings: JSON.parse('{"constructor": "x"}') }, 'settings.constructor'],
    ['missing setting', { settings: { clientId: undefined } }, 'settings.clientId'],
    ['blank setting', { settings: { clientId: '  ' } }, 'settings.clientId'],
    ['wrong type', { settings: { clientId: 7 } }, 'settings.clientId'],
    ['pattern', { settings: { partition: 'one' } }, 'settings.partition'],
    ['choice', { settings: { apiVersion: 'v9' } }, 'settings.apiVersion'],
    ['number as text', { settings: { 'lock.maxWaitSeconds': '3' } }, 'settings.lock.maxWaitSeconds'],
    ['number too large', { settings: { 'lock.maxWaitSeconds': 31 } }, 'settings.lock.maxWaitSeconds'],
    ['no address', { settings: { address: 'alemba' } }, 'settings.address'],
    ['private address', { settings: { address: 'https://10.0.0.1/x' } }, 'settings.address'],
    ['metadata', { settings: { address: 'http://169.254.169.254/' } }, 'settings.address'],
    ['missing secret', { secrets: {} }, 'secrets.password'],
    ['removed secret', { secrets: { password: null } }, 'secrets.password'],
    ['unknown secret', { secrets: { password: 'x', pin: '1' } }, 'secrets.pin'],
    ['generated secret', { secrets: { password: 'x', webhookSecret: 'mine' } }, 'secrets.webhookSecret'],
  ])('refuses input with %s and names the field and the remedy', async (_, change, field) => {
    const base = form();
    const settings = { ...base.settings, ...(change.settings as object) };
    const body = { ...base, ...change, settings: change.kind === azureId ? {} : settings };
    for (const name of ['createConnection', 'testConnectionInput'] as const) {
      if (name === 'testConnectionInput' && change.kind === azureId) continue;
      const problem = await admin.refused(name, { body });
      expect(problem).toMatchObject({ status: 400, code: 'invalidRequest' });
      expect(problem.fields?.map((one) => one.field)).toContain(field);
      for (const one of problem.fields ?? []) expect(one.remedy.length).toBeGreaterThan(5);
    }
  });

  test('a fixed wait between attempts is kept until it is left out; too long a one names field and limit', async () => {
    const retry = { fixedDelaySeconds: 1800 };
    const created = await admin.call('createConnection', { body: form({ name: 'Steady', retry }) });
    expect(created.retry).toMatchObject({ fixedDelaySeconds: 1800, firstDelaySeconds: 2 });
    const params = { connectionId: created.id };
    const same = form({ name: 'Steady', settings: created.settings });
    expect((await admin.call('updateConnection', { params, body: same })).retry).toEqual(created.retry);
    const tooLong = { ...same, retry: { fixedDelaySeconds: 90_000 } };
    const { fields } = await admin.refused('updateConnection', { params, body: tooLong });
    expect(fields).toEqual([
      {
        field: 'body.retry.fixedDelaySeconds',
        problem: 'A fixed wait takes at most 86400 seconds, which is a day',
        remedy: 'Send less.',
      },
    ]);
    const growing = await admin.call('updateConnection', { params, body: { ...same, retry: {} } });
    expect(growing.retry).not.toHaveProperty('fixedDelaySeconds');
  });

  test('refuses a second one of the same name', async () => {
    const id = await admin.connectAlemba('Twin');
    const problem = await admin.refused('createConnection', { body: form({ name: 'TWIN' }) });
    expect(problem.fields).toEqual([expect.objectContaining({ field: 'name' })]);
    const other = await admin.connectAlemba('Other twin');
    const renamed = await admin.refused('updateConnection', {
      params: { connectionId: other },
      body: form({ name: 'Twin' }),
    });
    expect(renamed.fields?.[0]?.field).toBe('name');
    const kind = await admin.refused('updateConnection', {
      params: { connectionId: id },
      body: { ...form(), kind: azureId },
    });
    expect(kind.fields?.[0]?.field).toBe('kind');
  });

  test('tests what is stored and what is not saved yet', async () => {
    const id = await admin.connectAlemba('Tested');
    const stored = await admin.call('testConnection', { params: { connectionId: id } });
    expect(stored.resumed).toBe(false);
    expect(stored.checks.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    const wrong = await admin.call('testConnectionInput', { body: form({ secrets: { password: 'wrong' } }) });
    expect(wrong.checks.find(({ outcome }) => outcome === 'failed')?.remedy).toEqual(expect.any(String));
    // The stored password stands in for the one that was not typed.
    const same = await admin.call('testConnectionInput', {
      body: { ...form({ secrets: {} }), connectionId: id },
    });
    expect(same.checks.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    const strange = await admin.refused('testConnectionInput', {
      body: { ...form({ secrets: {} }), connectionId: 'nobody' },
    });
    expect(strange.fields?.[0]?.field).toBe('connectionId');
    const azure = await admin.call('testConnection', { params: { connectionId: azureId } });
    expect(azure.checks.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  });

  test('never sends a stored secret to another server', async () => {
    const id = await admin.connectAlemba('Moved');
    const moved = { ...alembaSettings('http://127.0.0.1:19999/Production') };
    const body = { kind: 'alemba', name: 'Moved', settings: moved };
    for (const refusal of [
      await admin.refused('testConnectionInput', { body: { ...body, connectionId: id } }),
      await admin.refused('updateConnection', { params: { connectionId: id }, body }),
    ]) {
      expect(refusal.fields).toEqual([
        expect.objectContaining({ field: 'secrets.password', remedy: expect.stringContaining('again') }),
      ]);
    }
    await admin.call('updateConnection', {
      params: { connectionId: id },
      body: { ...body, secrets: { password: 'another' } },
    });
  });

  test('a person’s pause holds through a test; one for refused credentials ends with it', async () => {
    const id = await admin.connectAlemba('Paused');
    const params = { connectionId: id };
    const paused = await admin.call('pauseConnection', { params });
    expect(paused).toMatchObject({ enabled: false, status: 'paused', reason: 'Paused by Avery Lindqvist.' });
    expect(await admin.call('testConnection', { params })).toMatchObject({ resumed: false });
    expect(await admin.call('resumeConnection', { params })).toMatchObject({ enabled: true, status: 'live' });

    await admin.rows(`update connection set status = 'paused', reason = 'Login refused' where id = $1`, [id]);
    expect(await admin.call('testConnection', { params })).toMatchObject({ resumed: true });
    const { connections } = await admin.call('listConnections');
    expect(connections.find((one) => one.id === id)).toMatchObject({ status: 'live', enabled: true });
  });

  test('a new webhook secret is shown once; the one before is still taken', async () => {
    const id = await admin.connectAlemba('Rotated');
    const params = { connectionId: id };
    const first = await admin.call('rotateHookSecret', { params });
    const second = await admin.call('rotateHookSecret', { params });
    expect(second.secret).not.toBe(first.secret);
    expect(second.instructions.join('\n')).toContain(second.secret);
    const { connections } = await admin.call('listConnections');
    expect(JSON.stringify(connections)).not.toContain(second.secret);
    const url = new URL(connections.find((one) => one.id === id)?.hook.url as string);
    const send = (secret: string) =>
      fetch(`${admin.rig.backendUrl()}${url.pathname}`, {
        method: 'POST',
        body: JSON.stringify({ Action: 'Test', Secret: secret, n: secret.slice(0, 4) }),
      }).then(({ status }) => status);
    await until('the new secret is taken', async () => (await send(second.secret)) === 200 || undefined);
    expect([await send(first.secret), await send('wrong-secret')]).toEqual([200, 401]);
    expect(
      (await admin.call('listConnections')).connections.find((one) => one.id === id)?.hook.lastReceivedAt,
    ).toEqual(expect.any(String));
    await admin.rows(
      `update secret set valid_until = now() - interval '1 second' where name like '%.former'`,
    );
    const after = await admin.call('rotateHookSecret', { params });
    // The intake hears of it a moment later.
    await until('the new secret is taken', async () => (await send(after.secret)) === 200 || undefined);
    expect(await send(first.secret)).toBe(401);
  });

  test('so it is with the password of the service hooks', async () => {
    const params = { connectionId: azureId };
    const first = await admin.call('rotateHookSecret', { params });
    const { connections } = await admin.call('listConnections');
    const path = new URL(connections.find(({ id }) => id === azureId)?.hook.url as string).pathname;
    let notificationId = 0;
    const send = async (password: string, user = 'tandem') => {
      const { status } = await fetch(`${admin.rig.backendUrl()}${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
        },
        body: workItemHook(4, 1, ++notificationId),
      });
      return status;
    };
    const taken = (password: string) =>
      until('the new password is taken', async () => (await send(password)) === 200 || undefined);
    await taken(first.secret);
    const second = await admin.call('rotateHookSecret', { params });
    expect(second.secret).not.toBe(first.secret);
    expect(second.instructions.join('\n')).toContain(second.secret);
    await taken(second.secret);
    expect([
      await send(first.secret),
      await send('wrong-password'),
      await send(second.secret, 'somebody'),
      await send(''),
    ]).toEqual([200, 401, 401, 401]);
    // When its day is over, the former is refused without anything else happening.
    await admin.rows(
      `update secret set valid_until = now() - interval '1 second' where connection = $1 and name like '%.former'`,
      [azureId],
    );
    // The intake would look again within ten seconds.
    await admin.rows(`select pg_notify('settings', tenant::text) from tenant`);
    await until('the former is refused', async () => (await send(first.secret)) === 401 || undefined, 20_000);
    expect(await send(second.secret)).toBe(200);
  });

  test('deletes with the number of links confirmed, and lets go of what waited', async () => {
    // Sessions of the connections before end when what was at work on them notices.
    await until('all licences are given back', async () => (await licences()) === 0 || undefined);
    const id = await admin.connectAlemba('Deleted');
    const params = { connectionId: id };
    await admin.call('testConnection', { params });
    expect(await licences()).toBe(1);
    const [{ tenant }] = (await admin.rows('select tenant from tenant')) as [{ tenant: number }];
    await admin.rows(
      `insert into lane (tenant, key, kind, connection, queued, due) values ($1, 'record:ticket:x:1', 'record', $2, 1, now() + interval '1 hour')`,
      [tenant, id],
    );
    const [{ id: inbox }] = (await admin.rows(
      `insert into inbox (tenant, dedupe, source, connection, what, record_id) values ($1, 'delete-me', 'ticketSystem', $2, 'updated', '1') returning id`,
      [tenant, id],
    )) as [{ id: string }];
    await admin.rows(
      `insert into inbox_lane (tenant, lane_key, inbox) values ($1, 'record:ticket:x:1', $2)`,
      [tenant, inbox],
    );
    const problem = await admin.refused('deleteConnection', { params, query: { confirmLinks: 3 } });
    expect(problem).toMatchObject({ status: 409, code: 'conflict', fields: [{ field: 'confirmLinks' }] });
    expect(await admin.call('deleteConnection', { params, query: { confirmLinks: 0 } })).toEqual({
      links: 0,
    });
    expect(await admin.rows('select outcome from inbox where id = $1', [inbox])).toEqual([
      { outcome: 'discarded' },
    ]);
    expect(await admin.rows('select key from lane where connection = $1', [id])).toEqual([]);
    expect((await admin.refused('pauseConnection', { params })).status).toBe(404);
    await until('the licence is given back', async () => (await licences()) === 0 || undefined);

    const azure = await admin.refused('deleteConnection', {
      params: { connectionId: azureId },
      query: { confirmLinks: 0 },
    });
    expect(azure).toMatchObject({ status: 409, code: 'inUse' });
  });

  test('Azure DevOps takes new credentials, each way to sign in with its own', async () => {
    const { connections } = await admin.call('listConnections');
    const azure = connections[0] as (typeof connections)[number];
    const body = { kind: azureId, name: azure.name, settings: azure.settings };
    const params = { connectionId: azureId };
    const entra = await admin.refused('updateConnection', {
      params,
      body: { ...body, settings: { ...azure.settings, authKind: 'entra' } },
    });
    expect(entra.fields?.map(({ field }) => field)).toEqual([
      'settings.tenantId',
      'settings.clientId',
      'secrets.clientSecret',
    ]);
    const none = await admin.refused('updateConnection', {
      params,
      body: { ...body, secrets: { pat: null } },
    });
    expect(none.fields?.[0]?.field).toBe('secrets.pat');
    await admin.call('updateConnection', { params, body: { ...body, secrets: { pat: 'wrong-token' } } });
    const failed = await admin.call('testConnection', { params });
    expect(failed.checks.find(({ outcome }) => outcome === 'failed')).toMatchObject({ code: 'credentials' });
    const pat = admin.rig.azure.users.service?.pat as string;
    await admin.call('updateConnection', { params, body: { ...body, secrets: { pat } } });
    const passed = await admin.call('testConnection', { params });
    expect(passed.checks.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  });

  test('Azure DevOps is spoken to in the version that is chosen, and one it does not have is refused', async () => {
    const { connections } = await admin.call('listConnections');
    const azure = connections[0] as (typeof connections)[number];
    const params = { connectionId: azureId };
    const versionFound = async (apiVersion: string) => {
      const settings = { ...azure.settings, apiVersion };
      await admin.call('updateConnection', { params, body: { kind: azureId, name: azure.name, settings } });
      const { checks } = await admin.call('testConnection', { params });
      return checks.find(({ code }) => code === 'version')?.finding;
    };
    expect(await versionFound('7.2')).toBe('REST version 7.2, as chosen.');
    expect(await versionFound('6.0')).toBe('REST version 6.0, as chosen.');
    expect(await versionFound('automatic')).toBe('REST version 7.1, found by asking.');
    const body = { kind: azureId, name: azure.name, settings: { ...azure.settings, apiVersion: '7.3' } };
    const refusal = await admin.refused('updateConnection', { params, body });
    expect(refusal.fields).toEqual([
      expect.objectContaining({ field: 'settings.apiVersion', remedy: expect.stringContaining('7.2') }),
    ]);
  });

  test('describes both sides', async () => {
    const id = await admin.connectAlemba('Described');
    const tickets = await admin.call('describeConnection', { params: { connectionId: id } });
    expect(tickets.fields.map((field) => field.id)).toContain(tickets.roles.title);
    const workItems = await admin.call('describeWorkItems', { query: { type: 'Bug' } });
    expect(workItems.types.map(({ name }) => name)).toContain('Bug');
    expect(workItems.statuses.length).toBeGreaterThan(2);
    expect((await admin.refused('describeConnection', { params: { connectionId: 'none' } })).status).toBe(
      404,
    );
  });

  test('kinds that the operator does not offer are not added, and those that are there go on', async () => {
    expect((await admin.call('listConnectors')).connectors).toMatchObject([
      { kind: azureId, offered: false },
      { kind: 'alemba', offered: true },
    ]);
    await expect(admin.rig.startReplica({ CONNECTORS: 'alemba,servicenow' })).rejects.toThrow(
      /CONNECTORS: .*"servicenow"\. Write some of alemba/,
    );
    const restart = async (env: Record<string, string>) => {
      await admin.rig.backend().stop();
      await admin.rig.startBackend(env);
    };
    await restart({ CONNECTORS: 'none' });
    try {
      expect((await admin.call('listConnectors')).connectors.map(({ kind }) => kind)).toEqual([azureId]);
      for (const name of ['createConnection', 'testConnectionInput'] as const) {
        expect((await admin.refused(name, { body: form() })).fields).toEqual([
          { field: 'kind', problem: expect.any(String), remedy: expect.stringContaining('CONNECTORS') },
        ]);
      }
      await restart({});
      const id = await admin.connectAlemba('Here already');
      await restart({ CONNECTORS: 'none' });
      expect((await admin.call('listConnectors')).connectors).toMatchObject([
        { kind: azureId },
        { kind: 'alemba', offered: false },
      ]);
      const params = { connectionId: id };
      const { checks } = await admin.call('testConnection', { params });
      expect(checks.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
      const body = form({ name: 'Here still', secrets: {} });
      await admin.call('testConnectionInput', { body: { ...body, connectionId: id } });
      expect((await admin.call('updateConnection', { params, body })).name).toBe('Here still');
    } finally {
      await restart({});
    }
  });

  test('nobody but admins of the project', async () => {
    for (const name of ['listConnections', 'listConnectors', 'readOverview', 'listDeliveries'] as const) {
      expect((await admin.refused(name, {}, 'contributor')).code).toBe('notAllowed');
    }
  });
});
