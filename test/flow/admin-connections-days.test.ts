import { type Admin, startAdmin } from '../support/admin.ts';
import { alembaSettings, until } from '../support/rig.ts';

let admin: Admin;
beforeAll(async () => {
  admin = await startAdmin();
});
afterEach(async () => {
  const { connections } = await admin.call('listConnections');
  for (const { id, kind } of connections) {
    if (kind !== 'alemba') continue;
    await admin.call('deleteConnection', { params: { connectionId: id }, query: { confirmLinks: 0 } });
  }
});
afterAll(() => admin?.close());

const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const form = (more: Record<string, unknown> = {}) => ({
  kind: 'alemba',
  name: 'Days',
  settings: alembaSettings(admin.rig.alemba.baseUrl),
  secrets: { password: 'sandbox' },
  ...more,
});
const create = (secretEnds: Record<string, string | null> = {}) =>
  admin.call('createConnection', { body: form({ secretEnds }) });
const change = (connectionId: string, more: Record<string, unknown>) =>
  admin.call('updateConnection', { params: { connectionId }, body: form({ secrets: {}, ...more }) });
/** As time would: a day that has passed cannot be entered. */
const letPass = (id: string, days: number) =>
  admin.rows(
    `update secret set ends_on = (now() at time zone 'UTC')::date + $2::int where connection = $1 and name = 'password'`,
    [id, days],
  );
const lastAudit = async () => (await admin.call('listAudit')).entries[0];
const overview = async () => (await admin.call('readOverview')).endingCredentials;

test('a day is stored with its secret, kept by other changes, and dropped by a new secret without one', async () => {
  const { id, secrets } = await create({ password: dayIn(40) });
  expect(secrets.password?.ends).toEqual({ on: dayIn(40), daysLeft: 40, standing: 'valid' });
  expect((await lastAudit())?.detail).toBe(`alemba, end of secret password (not known → ${dayIn(40)})`);
  expect((await change(id, { name: 'Days kept' })).secrets.password?.ends?.on).toBe(dayIn(40));
  expect((await lastAudit())?.detail).toBe('name');
  const later = await change(id, { name: 'Days kept', secretEnds: { password: dayIn(50) } });
  expect(later.secrets.password?.ends?.on).toBe(dayIn(50));
  expect(await lastAudit()).toMatchObject({
    action: 'connection.changed',
    by: 'Avery Lindqvist',
    detail: `end of secret password (${dayIn(40)} → ${dayIn(50)})`,
  });
  const replaced = await change(id, { name: 'Days kept', secrets: { password: 'sandbox' } });
  expect(replaced.secrets.password).toEqual({ setAt: expect.any(String) });
  expect((await lastAudit())?.detail).toBe(
    `secret password, end of secret password (${dayIn(50)} → not known)`,
  );
  const both = { secrets: { password: 'sandbox' }, secretEnds: { password: dayIn(0) } };
  expect((await change(id, both)).secrets.password?.ends?.on).toBe(dayIn(0));
  expect((await change(id, { secretEnds: { password: null } })).secrets.password?.ends?.on).toBeUndefined();
});

test('the webhook secret may have a day too; a new one has none', async () => {
  const { id } = await create();
  const params = { connectionId: id };
  const dated = await change(id, { secretEnds: { webhookSecret: dayIn(5) } });
  expect(dated.secrets.webhookSecret?.ends?.on).toBe(dayIn(5));
  expect((await overview()).map(({ label }) => label)).toEqual(['Webhook secret']);
  await admin.call('rotateHookSecret', { params });
  expect(await overview()).toEqual([]);
  expect(await lastAudit()).toMatchObject({
    action: 'connection.hookSecretRenewed',
    detail: `end of secret webhookSecret (${dayIn(5)} → not known)`,
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ['no date', { password: 'soon' }, 'body.secretEnds.password'],
  ['a date that no calendar has', { password: '2027-02-30' }, 'body.secretEnds.password'],
  ['a time', { password: '2027-03-03T10:00:00Z' }, 'body.secretEnds.password'],
  ['a day that has passed', { password: dayIn(-1) }, 'secretEnds.password'],
  ['a secret that the connector does not have', { pin: dayIn(3) }, 'secretEnds.pin'],
  ['a secret that is not set', { clientSecret: dayIn(3) }, 'secretEnds.clientSecret'],
])('refuses %s and names the field', async (_, secretEnds, field) => {
  for (const name of ['createConnection', 'testConnectionInput'] as const) {
    const problem = await admin.refused(name, { body: form({ secretEnds }) });
    expect(problem).toMatchObject({ status: 400, code: 'invalidRequest' });
    expect(problem.fields).toEqual([
      expect.objectContaining({ field, remedy: expect.stringMatching(/.{6}/) }),
    ]);
  }
});

test('a form is saved again although its day has passed meanwhile', async () => {
  const { id } = await create({ password: dayIn(3) });
  await letPass(id, -2);
  const same = { secretEnds: { password: dayIn(-2) } };
  expect((await change(id, { ...same, name: 'Renamed' })).secrets.password?.ends?.on).toBe(dayIn(-2));
  const other = { ...form({ secrets: {} }), secretEnds: { password: dayIn(-1) } };
  const refused = await admin.refused('updateConnection', { params: { connectionId: id }, body: other });
  expect(refused.fields?.[0]?.field).toBe('secretEnds.password');
});

test('the backend gauges the days that are left, under the number of the connection', async () => {
  const { id } = await create({ password: dayIn(40) });
  const gauge = async () =>
    (await (await fetch(`${admin.rig.backendUrl()}/metrics`)).text())
      .split('\n')
      .filter((line) => line.startsWith('tandem_credential_days_left{') && line.includes(`"${id}"`));
  const days = await until('the day is in the gauge', async () => {
    const lines = await gauge();
    return lines.length > 0 ? lines : undefined;
  });
  expect(days).toEqual([
    expect.stringMatching(/^\S+\{tenant="\d+",connection="\S+",credential="password"\} 40$/),
  ]);
  await change(id, { secretEnds: { password: null } });
  await until('the day is out of the gauge', async () => (await gauge()).length === 0 || undefined);
});

test('the overview tells from two weeks before the end', async () => {
  const { id } = await create({ password: dayIn(15) });
  expect(await overview()).toEqual([]);
  await letPass(id, 14);
  const told = { connectionId: id, connection: 'Days', label: 'Password', origin: 'typed' };
  expect(await overview()).toEqual([{ ...told, ends: { on: dayIn(14), daysLeft: 14, standing: 'ending' } }]);
  await letPass(id, -1);
  expect(await overview()).toEqual([{ ...told, ends: { on: dayIn(-1), daysLeft: -1, standing: 'ended' } }]);
});

test.each<[number | undefined, string, RegExp]>([
  [undefined, 'skipped', /^Password: the day on which it ends is not known/],
  [30, 'passed', /^Password is valid until \d{4}-\d\d-\d\d \(UTC\)/],
  [9, 'warning', /^Password ends in 9 days/],
  [0, 'warning', /^Password ends today/],
  [-2, 'warning', /^Password ended on /],
])(
  'a test of the connection has a check for a secret that ends in %p days',
  async (days, outcome, finding) => {
    const { id } = await create(days === undefined ? {} : { password: dayIn(Math.max(days, 0)) });
    if (days !== undefined) await letPass(id, days);
    const stored = await admin.call('testConnection', { params: { connectionId: id } });
    const unsaved = await admin.call('testConnectionInput', {
      body: { ...form({ secrets: {} }), connectionId: id },
    });
    for (const { checks } of [stored, unsaved]) {
      expect(checks.filter(({ code }) => code === 'credentialEnds')).toEqual([
        expect.objectContaining({ outcome, finding: expect.stringMatching(finding) }),
      ]);
    }
  },
);

test('a passed day does not keep a connection paused whose sign-in works', async () => {
  const { id } = await create({ password: dayIn(3) });
  await letPass(id, -1);
  await admin.rows(`update connection set status = 'paused', reason = 'Login refused' where id = $1`, [id]);
  expect(await admin.call('testConnection', { params: { connectionId: id } })).toMatchObject({
    resumed: true,
  });
});
