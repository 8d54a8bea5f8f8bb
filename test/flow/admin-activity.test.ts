import { type Admin, startAdmin } from '../support/admin.ts';
import { type Joined, joinSystems, until } from '../support/rig.ts';

let admin: Admin;
let joined: Joined;

beforeAll(async () => {
  admin = await startAdmin();
});
afterAll(() => admin?.close());

const act = (deed: Record<string, unknown>) =>
  admin.rig.control<{ id: number }>('azure', 'POST', '/act', { as: 'contributor', ...deed });

async function linkedPair(title: string): Promise<{ workItemId: string; linkId: string; ticketId: string }> {
  const bug = await act({ do: 'create', type: 'Bug', fields: { 'System.Title': title } });
  const call = await admin.rig.control<{ Ref: number }>('alemba', 'POST', '/calls', {
    Subject: title,
    Impact: 3,
    Urgency: 3,
  });
  const workItemId = String(bug.id);
  const ticketId = String(call.Ref);
  const { link } = await admin.rig.api('linkTicket', {
    params: { workItemId },
    body: { mappingId: joined.mappingId, ticketId, onLink: 'workItemWins' },
  });
  return { workItemId, ticketId, linkId: link?.linkId as string };
}

const overview = () => admin.call('readOverview');
/** No hook is on its way any more, and none waits, for a lane that was tried again neither. */
const quiet = () =>
  until('everything is handled', async () => {
    const { pendingTimers, hooks } = await admin.rig.control<{
      pendingTimers: number;
      hooks: { counts: Record<'fired' | 'delivered' | 'dropped', number> };
    }>('azure', 'GET', '/state');
    const { fired, delivered, dropped } = hooks.counts;
    if (pendingTimers > 0 || delivered + dropped < fired) return undefined;
    const { pending, parked } = (await overview()).books;
    return (pending === 0 && parked === 0) || undefined;
  });

describe('from an empty organisation to the first ticket', () => {
  test('the overview says what to do next', async () => {
    const empty = await overview();
    expect(empty).toMatchObject({ enabled: true, next: 'addConnection', parked: 0 });
    expect(empty.connections).toEqual([
      expect.objectContaining({ id: 'azure-devops', ticketNoun: 'work item', status: 'live' }),
    ]);
    expect(empty.hooks).toEqual({ expected: 0, healthy: 0 });
    expect(empty.links.total).toBe(0);
    expect(empty.traffic).toHaveLength(24);
    const spare = await admin.connectAlemba('Spare');
    expect((await overview()).next).toBe('addMapping');
    await admin.call('deleteConnection', { params: { connectionId: spare }, query: { confirmLinks: 0 } });
  });

  test('service hooks are registered, tested, and known to the overview', async () => {
    const before = await admin.call('listSubscriptions');
    expect(before.mayManage).toBe(true);
    expect(before.subscriptions.map(({ health }) => health)).toEqual(Array(5).fill('missing'));
    expect(before.manual).toMatchObject({
      username: 'tandem',
      url: expect.stringMatching(/\/hooks\/[\w-]{22}$/),
    });
    joined = await joinSystems(admin.rig, (settings) => ({
      ...settings,
      createWorkItem: { ...settings.createWorkItem, mode: 'never' },
    }));
    const after = await admin.call('listSubscriptions');
    expect(after.subscriptions.map(({ health }) => health)).toEqual(Array(5).fill('healthy'));
    const now = await overview();
    expect(now).toMatchObject({ next: 'createFirstTicket', hooks: { expected: 5, healthy: 5 } });

    const subscriptionId = after.subscriptions[0]?.subscriptionId as string;
    const tested = await admin.call('testSubscription', { params: { subscriptionId } });
    expect(tested).toMatchObject({ received: true });
    // The same bytes once more: a duplicate in the inbox, and all the same a delivery that arrived.
    expect(await admin.call('testSubscription', { params: { subscriptionId } })).toMatchObject({
      received: true,
    });
    for (const strange of ['none', '00000000-0000-0000-0000-000000000000']) {
      expect((await admin.refused('testSubscription', { params: { subscriptionId: strange } })).status).toBe(
        404,
      );
    }
  });

  test('a new password for hooks reaches those that are registered', async () => {
    const { password, username, url } = await admin.call('revealManualPassword');
    expect(username).toBe('tandem');
    const send = (secret: string) =>
      fetch(url, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}` },
        body: JSON.stringify({ eventType: 'build.complete', id: secret.length }),
      }).then(({ status }) => status);
    await until('the password is taken', async () => (await send(password)) === 200 || undefined);
    expect(await send('wrong')).toBe(401);
    // The day of the former one is over: what is registered must have the new one by now.
    await admin.rows(
      `update secret set valid_until = now() - interval '1 second' where name = 'hookPassword.former'`,
    );
    const { subscriptions } = await admin.call('listSubscriptions');
    const subscriptionId = subscriptions[0]?.subscriptionId as string;
    await admin.rows(`select pg_notify('settings', '')`);
    expect(await admin.call('testSubscription', { params: { subscriptionId } })).toMatchObject({
      received: true,
    });
  });

  test('what came in and what was done is listed by pages', async () => {
    const pair = await linkedPair('Listed');
    await act({ do: 'update', id: Number(pair.workItemId), fields: { 'System.Title': 'Listed again' } });
    const { deliveries } = await until('hooks of the work item came in', async () => {
      const found = await admin.call('listDeliveries', { query: { recordId: pair.workItemId } });
      return found.deliveries.some(({ outcome }) => outcome === 'handled') ? found : undefined;
    });
    expect(deliveries[0]).toMatchObject({ source: 'azureDevOps', connectionId: 'azure-devops' });
    await quiet();
    const first = await admin.call('listDeliveries', { query: { limit: 1 } });
    expect(first).toMatchObject({ more: true, deliveries: [{}] });
    const second = await admin.call('listDeliveries', {
      query: { limit: 1, before: first.deliveries[0]?.id as string },
    });
    expect(Number(second.deliveries[0]?.id)).toBeLessThan(Number(first.deliveries[0]?.id));

    const { attempts } = await admin.call('listAttempts', { query: { linkId: pair.linkId } });
    expect(attempts[0]).toMatchObject({ linkId: pair.linkId, workItemId: pair.workItemId, outcome: 'done' });
    const detail = await admin.call('readAttempt', { params: { attemptId: attempts.at(-1)?.id as string } });
    expect(detail.requests.length).toBeGreaterThan(0);
    // An hour may have begun since.
    const [last, now] = (await overview()).traffic.slice(-2);
    expect((last?.done ?? 0) + (now?.done ?? 0)).toBeGreaterThan(0);
    expect(await overview()).toMatchObject({ next: 'none', links: { total: 1, inAgreement: 1 } });
  });

  test('a delivery is shown without secrets, cut at 64 KiB', async () => {
    const [row] = await admin.rows<{ tenant: number }>('select tenant from tenant');
    const store = async (body: string, encoding = 'utf8') => {
      const [inserted] = await admin.rows<{ id: string }>(
        `insert into inbox (tenant, dedupe, source, connection, what, outcome, body, encoding)
         values ($1, md5(random()::text), 'ticketSystem', $2, 'ignored', 'handled', $3, $4) returning id`,
        [row?.tenant, joined.connectionId, body, encoding],
      );
      await admin.rows('update books set received = received + 1');
      return admin.call('readDelivery', { params: { deliveryId: String(inserted?.id) } });
    };
    const pat = admin.rig.azure.users.service?.pat as string;
    const named = await store(
      JSON.stringify({ Secret: 'never-seen-before', Call: { Ref: 7 }, text: `x ${pat}` }),
    );
    expect(named.body).toContain('"Ref": 7');
    expect(named.body).not.toContain('never-seen-before');
    expect(named.body).not.toContain(pat);
    const binary = await store(Buffer.from(`\0 ${pat}`).toString('base64'), 'base64');
    expect(binary.body).not.toContain(pat);
    expect(binary.body).not.toContain(Buffer.from(pat).toString('base64').slice(0, 20));
    const long = await store('y'.repeat(100_000));
    expect(long).toMatchObject({ truncated: true });
    expect(long.body).toHaveLength(65_536);
    expect((await overview()).books.balanced).toBe(true);
  });

  test('a delivery is replayed without a second entry in the books', async () => {
    const pair = await linkedPair('Replayed');
    await act({ do: 'update', id: Number(pair.workItemId), fields: { 'System.Title': 'Replayed again' } });
    const handled = await until('the hook is handled', async () => {
      const { deliveries } = await admin.call('listDeliveries', {
        query: { recordId: pair.workItemId, outcome: 'handled' },
      });
      return deliveries.find(({ what }) => what === 'updated');
    });
    await quiet();
    const rows = () => admin.rows('select id from inbox where record_id = $1 order by id', [pair.workItemId]);
    const [known, { received }] = [await rows(), (await overview()).books];
    const attempts = async () =>
      (await admin.call('listAttempts', { query: { linkId: pair.linkId } })).attempts.length;
    const before = await attempts();
    const replayed = await admin.call('replayDelivery', { params: { deliveryId: handled.id } });
    expect(replayed.id).toBe(handled.id);
    await until('it was looked at again', async () => (await attempts()) > before || undefined);
    expect(await rows()).toEqual(known);
    expect(received).toBeGreaterThan(0);
    expect((await overview()).books.balanced).toBe(true);
    const { deliveries } = await admin.call('listDeliveries', { query: { outcome: 'handled' } });
    const nameless = deliveries.find(({ recordId }) => recordId === undefined);
    const problem = await admin.refused('replayDelivery', { params: { deliveryId: nameless?.id as string } });
    expect(problem).toMatchObject({ status: 400, fields: [{ field: 'deliveryId' }] });
  });
});

describe('what an attempt sent and was answered', () => {
  const refuse = (status: number, body: unknown, headers: Record<string, string> = {}) =>
    admin.rig.control('alemba', 'PUT', '/faults', {
      id: 'refuse',
      fault: { kind: 'status', status, headers, body },
      match: { method: 'PUT', path: '/call/' },
    });
  const healthy = () => admin.rig.control('alemba', 'DELETE', '/faults');
  afterEach(healthy);

  test('a write that went well shows its body, a read nothing, and the summary says what went where', async () => {
    const pair = await linkedPair('Shown');
    await quiet();
    const title = `Shown "again" ${'ü'.repeat(20)}`;
    await act({ do: 'update', id: Number(pair.workItemId), fields: { 'System.Title': title } });
    const told = await until('the title went over', async () => {
      const { attempts } = await admin.call('listAttempts', { query: { linkId: pair.linkId } });
      return attempts.find(({ summary }) => summary === 'Title went to the call.');
    });
    const { requests } = await admin.call('readAttempt', { params: { attemptId: told.id } });
    const write = requests.find(({ sent }) => sent?.body?.text?.includes(title.slice(-20)));
    expect(write).toMatchObject({
      status: 200,
      sent: {
        method: 'PUT',
        path: expect.stringContaining(`/call/${pair.ticketId}`),
        body: { contentType: expect.stringContaining('json') },
      },
    });
    expect(requests.every(({ answer }) => answer === undefined)).toBe(true);
    // Neither side's record as it was read.
    expect(JSON.stringify(requests)).not.toContain('AssignedOfficer');
  });

  test('a refusal shows the answer with its headers, cut, and what was written all the same', async () => {
    const pair = await linkedPair('Refused');
    await quiet();
    const said = `<img src=x onerror=alert(1)> ${'no '.repeat(4000)}`;
    await refuse(400, { Message: said }, { 'x-request-id': 'abc-1', 'x-ratelimit-remaining': '3' });
    await act({ do: 'update', id: Number(pair.workItemId), fields: { 'System.Title': 'Refused again' } });
    const failed = await until('the system refused', async () => {
      const query = { linkId: pair.linkId, outcome: 'failure' };
      return (await admin.call('listAttempts', { query })).attempts[0];
    });
    const { requests } = await admin.call('readAttempt', { params: { attemptId: failed.id } });
    expect(requests.find(({ failure }) => failure === 'rejected')).toMatchObject({
      status: 400,
      sent: { method: 'PUT' },
      answer: {
        headers: { 'x-request-id': 'abc-1', 'x-ratelimit-remaining': '3' },
        body: { characters: JSON.stringify({ Message: said }).length },
      },
    });
    const [row] = await admin.rows<{ bytes: number; text: string }>(
      `select octet_length(detail->>'requests') as bytes, detail->>'requests' as text from attempt where id = $1`,
      [failed.id],
    );
    expect(row?.text).toContain('onerror=alert(1)');
    expect(Buffer.byteLength(JSON.stringify(JSON.parse(row?.text ?? '')))).toBeLessThanOrEqual(32 * 1024);
    await healthy();
    await admin.call('retryParked', { body: { ids: [`link:${pair.linkId}`] } });
    await quiet();
  });

  test('what the store would not take does not hold up the lane: NUL, half characters', async () => {
    const pair = await linkedPair('Odd');
    await quiet();
    await refuse(400, 'no\0pe \u202e \ud83d', { 'content-type': 'text/plain' });
    await act({ do: 'update', id: Number(pair.workItemId), fields: { 'System.Title': 'Odd again' } });
    const failed = await until('the system refused', async () => {
      const query = { linkId: pair.linkId, outcome: 'failure' };
      return (await admin.call('listAttempts', { query })).attempts[0];
    });
    const { requests } = await admin.call('readAttempt', { params: { attemptId: failed.id } });
    expect(requests.find(({ failure }) => failure === 'rejected')?.answer?.body?.text).toContain(
      'no\\u0000pe',
    );
    await healthy();
    await admin.call('retryParked', { body: { ids: [`link:${pair.linkId}`] } });
    await quiet();
  });
});

describe('what stands still', () => {
  test('is listed, tried again, given up', async () => {
    const pair = await linkedPair('Parked');
    await quiet();
    const key = `link:${pair.linkId}`;
    const park = async () => {
      const [row] = await admin.rows<{ tenant: number }>('select tenant from tenant');
      // As a refusal leaves it, with a delivery that waits for it.
      await admin.rows(
        `update lane set queued = 1, parked = true, parked_at = now(), attempts = 3,
           failure = '{"kind":"rejected","message":"The system said no."}' where key = $1`,
        [key],
      );
      const [inbox] = await admin.rows<{ id: string }>(
        `insert into inbox (tenant, dedupe, source, connection, what, record_id, outcome)
         values ($1, md5(random()::text), 'ticketSystem', $2, 'updated', $3, 'parked') returning id`,
        [row?.tenant, joined.connectionId, pair.ticketId],
      );
      await admin.rows('insert into inbox_lane (tenant, lane_key, inbox) values ($1, $2, $3)', [
        row?.tenant,
        key,
        inbox?.id,
      ]);
      await admin.rows('update lane set last_inbox = $2 where key = $1', [key, inbox?.id]);
      await admin.rows('update books set received = received + 1');
      return String(inbox?.id);
    };
    const first = await park();
    const { parked } = await admin.call('listParked');
    expect(parked).toEqual([
      expect.objectContaining({
        id: key,
        kind: 'link',
        reason: 'The system said no.',
        failure: 'rejected',
        workItemId: pair.workItemId,
        attempts: 3,
      }),
    ]);
    expect(await overview()).toMatchObject({ parked: 1, books: { parked: 1, balanced: true } });
    expect(await admin.call('retryParked', { body: { ids: [key, key, 'link:999999'] } })).toEqual({
      retried: 1,
    });
    await until('the delivery was handled after all', async () => {
      const [row] = await admin.rows<{ outcome: string }>('select outcome from inbox where id = $1', [first]);
      return row?.outcome === 'handled' || undefined;
    });

    const second = await park();
    // The other one waits for nobody: it is left as it is, and the answer says so.
    const ids = [key, 'link:999999'];
    const given = await admin.call('discardParked', { body: { ids, reason: 'Not worth it' } });
    expect(given).toEqual({ discarded: 1, left: 1 });
    expect(await admin.call('listParked')).toEqual({ parked: [], more: false });
    // More than fits into one answer: it says so.
    await admin.rows(
      `insert into lane (tenant, key, kind, connection, queued, parked, parked_at)
       select tenant, 'many:' || n, 'record', $1, 1, true, now() from tenant, generate_series(1, 1001) as n`,
      [joined.connectionId],
    );
    const many = await admin.call('listParked');
    expect([many.parked.length, many.more]).toEqual([1000, true]);
    await admin.rows(`delete from lane where key like 'many:%'`);
    const row = await admin.call('readDelivery', { params: { deliveryId: second } });
    expect(row).toMatchObject({
      outcome: 'discarded',
      reason: 'Avery Lindqvist gave up on it: Not worth it',
    });
    expect((await overview()).books).toMatchObject({ parked: 0, pending: 0, balanced: true });
    expect((await admin.call('listAudit')).entries[0]).toMatchObject({
      action: 'parked.discarded',
      subject: key,
      detail: `Not worth it: ${key}`,
    });
  });

  test('a delivery that cannot be read is given up, not tried again', async () => {
    const { connections } = await admin.call('listConnections');
    const { hook } = connections.find(({ id }) => id === 'azure-devops') as (typeof connections)[number];
    const { password, username } = await admin.call('revealManualPassword');
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    await until('the hook is taken', async () => {
      const { status } = await fetch(hook.url, {
        method: 'POST',
        headers: { authorization },
        body: 'not json',
      });
      return status === 200 || undefined;
    });
    const { parked } = await admin.call('listParked');
    expect(parked).toEqual([expect.objectContaining({ kind: 'delivery', connectionId: 'azure-devops' })]);
    const ids = [parked[0]?.id as string];
    expect(await admin.refused('retryParked', { body: { ids } })).toMatchObject({
      fields: [{ field: 'ids' }],
    });
    const replay = await admin.refused('replayDelivery', { params: { deliveryId: ids[0] as string } });
    expect(replay.fields?.[0]).toMatchObject({
      field: 'deliveryId',
      problem: expect.stringContaining('read'),
    });
    const discarded = await admin.call('discardParked', { body: { ids, reason: 'Sent by hand' } });
    expect(discarded).toEqual({ discarded: 1, left: 0 });
    expect(await overview()).toMatchObject({ parked: 0, books: { parked: 0, balanced: true } });
  });

  test('a create that was given up is not tried again by its intent', async () => {
    const [row] = await admin.rows<{ tenant: number }>('select tenant from tenant');
    const intent = 'create:person:4:abandoned-key';
    await admin.rows(
      `insert into intent (tenant, key, kind, side, mapping, source_id, mark, entered) values ($1, $2, 'create', 'ticket', $3, '4', 'mark', '{}')`,
      [row?.tenant, intent, joined.mappingId],
    );
    await admin.rows(
      `insert into lane (tenant, key, kind, connection, queued, parked, parked_at, facts)
       values ($1, $2, 'create', $3, 1, true, now(), $4)`,
      [row?.tenant, `create:${intent}`, joined.connectionId, { intentKey: intent }],
    );
    const { parked } = await admin.call('listParked');
    expect(parked).toEqual([expect.objectContaining({ kind: 'command', workItemId: '4' })]);
    await admin.call('discardParked', { body: { ids: [`create:${intent}`], reason: 'No more wanted' } });
    expect(await admin.rows('select state from intent where key = $1', [intent])).toEqual([
      { state: 'abandoned' },
    ]);
  });
});

describe('small print', () => {
  test.each(['abc', '0', '-1', '99999999', '1.5', '9'.repeat(30)])('there is no row %s', async (id) => {
    expect((await admin.refused('readDelivery', { params: { deliveryId: id } })).status).toBe(404);
    expect((await admin.refused('replayDelivery', { params: { deliveryId: id } })).status).toBe(404);
    expect((await admin.refused('readAttempt', { params: { attemptId: id } })).status).toBe(404);
  });

  test.each(['listDeliveries', 'listAttempts', 'listAudit'] as const)(
    '%s names a wrong cursor',
    async (name) => {
      const problem = await admin.refused(name, { query: { before: 'yesterday' } });
      expect(problem).toMatchObject({
        status: 400,
        fields: [{ field: 'before', remedy: expect.any(String) }],
      });
      expect((await admin.refused(name, { query: { limit: 0 } })).status).toBe(400);
    },
  );

  test('a wrong link is named', async () => {
    const problem = await admin.refused('listAttempts', { query: { linkId: 'x' } });
    expect(problem.fields?.[0]?.field).toBe('linkId');
  });

  test('the whole organisation is switched by its own admins', async () => {
    expect(await admin.call('switchTenant', { body: { enabled: false } })).toEqual({ enabled: false });
    expect((await overview()).enabled).toBe(false);
    await admin.call('switchTenant', { body: { enabled: true } });
    expect((await overview()).enabled).toBe(true);
    expect(
      (await admin.call('listAudit', { query: { limit: 2 } })).entries.map(({ action }) => action),
    ).toEqual(['organization.switchedOn', 'organization.switchedOff']);
    expect((await admin.refused('switchTenant', { body: { enabled: false } }, 'contributor')).code).toBe(
      'notAllowed',
    );
  });

  test('removed hooks stay removed', async () => {
    const after = await admin.call('removeSubscriptions');
    expect(after.subscriptions.map(({ health }) => health)).toEqual(Array(5).fill('missing'));
    expect((await overview()).hooks).toMatchObject({ expected: 5, healthy: 0, reason: expect.any(String) });
    expect(await admin.rows('select 1 from subscription where subscription_id is not null')).toEqual([]);
  });
});
