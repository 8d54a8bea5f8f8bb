import { clientSecret, publicClientId, secretClientId } from '../sandbox/itsm/alemba/seed.ts';
import { type AlembaSimulator, startAlemba } from '../sandbox/itsm/alemba/server.ts';
import { actionsOf, control, type Json, RawSession, send } from './alemba-simulator-session.ts';

let alemba: AlembaSimulator;

beforeAll(async () => {
  alemba = await startAlemba();
});
beforeEach(async () => {
  await control(alemba, 'POST', '/reset');
});
afterAll(() => alemba.close());

const password = { grant_type: 'password', username: 'integration', password: 'sandbox' };

describe('tokens', () => {
  test('a login answers the documented shape, on both paths, and only for correct details', async () => {
    const raw = new RawSession(alemba);
    const scope = 'session-type:Analyst';
    const login = await raw.token({ ...password, scope });
    expect(login.status).toBe(200);
    expect(login.body).toEqual({
      expires_in: 600,
      access_token: expect.stringMatching(/^eyJ/),
      refresh_token: expect.any(String),
      scope,
    });
    expect((await raw.token({ ...password, scope }, 'alemba.api/oauth/token')).status).toBe(200);
    const wrong = await raw.token({ ...password, scope, password: 'no' });
    expect([wrong.status, wrong.body.error]).toEqual([400, 'invalid_grant']);
    const client = await raw.token({ ...password, scope, client_id: 'nobody' });
    expect([client.status, client.body]).toEqual([401, { error: 'invalid_client' }]);
    const lowerCase = await raw.token({ ...password, scope: 'session-type:analyst' });
    expect([lowerCase.status, lowerCase.body.error]).toEqual([400, 'invalid_scope']);
    const user = await raw.token({ ...password, username: 'owilson', scope });
    expect([user.status, user.body.error]).toEqual([400, 'invalid_grant']);
  });

  test('a client with a secret needs it, and only its own grants', async () => {
    const raw = new RawSession(alemba);
    const form = { ...password, scope: 'session-type:Analyst', client_id: secretClientId };
    expect((await raw.token(form)).status).toBe(401);
    expect((await raw.token({ ...form, client_secret: clientSecret })).status).toBe(200);
    const grant = {
      grant_type: 'client_credentials',
      client_id: secretClientId,
      client_secret: clientSecret,
    };
    expect((await raw.token(grant)).status).toBe(401);
  });

  test('access tokens live ten minutes; refresh tokens rotate and work once, within a day', async () => {
    const session = await RawSession.open(alemba);
    alemba.clock.advance(599_000);
    expect((await session.get('/call/10040')).status).toBe(200);
    alemba.clock.advance(2_000);
    const expired = await session.get('/call/10040');
    expect([expired.status, expired.body.Type]).toEqual([401, 'HttpStatusException']);
    const form = { grant_type: 'refresh_token', refresh_token: session.refreshToken };
    const renewed = await session.token(form);
    expect(renewed.status).toBe(200);
    expect(renewed.body.refresh_token).not.toBe(session.refreshToken);
    const again = await session.token(form);
    expect([again.status, again.body.error]).toEqual([400, 'invalid_grant']);
    session.accessToken = String(renewed.body.access_token);
    expect((await session.get('/call/10040')).status).toBe(200);
    alemba.clock.advance(24 * 3_600_000);
    const late = { grant_type: 'refresh_token', refresh_token: String(renewed.body.refresh_token) };
    expect((await session.token(late)).status).toBe(400);
  });

  test('a session holds a licence until it logs out or its refresh token expires', async () => {
    await control(alemba, 'PUT', '/settings', { licences: 2 });
    const first = await RawSession.open(alemba);
    await RawSession.open(alemba);
    const form = { ...password, scope: 'session-type:Analyst' };
    const third = await first.token(form);
    expect([third.status, third.body]).toEqual([
      400,
      { error: 'invalid_grant', error_description: 'There is no free licence' },
    ]);
    expect((await first.logout()).status).toBe(200);
    expect((await first.get('/call/10040')).status).toBe(401);
    expect((await first.token(form)).status).toBe(200);
    expect((await first.token(form)).status).toBe(400);
    alemba.clock.advance(24 * 3_600_000);
    expect((await first.token(form)).status).toBe(200);
  });

  test('user and anonymous sessions cannot write', async () => {
    const user = await RawSession.open(alemba, 'owilson', 'session-type:User');
    const refused = await user.send('POST', '/call', { Template: 96 });
    expect([refused.status, refused.body.SubStatus]).toEqual([403, 'NotAllowed']);
    expect((await user.get('/call/10040')).status).toBe(200);
    expect((await user.get('/call/10041')).status).toBe(404);
    const anonymous = new RawSession(alemba);
    const token = await anonymous.token({ grant_type: 'client_credentials', scope: '' });
    expect(token.body.refresh_token).toBeUndefined();
    anonymous.accessToken = String(token.body.access_token);
    expect((await anonymous.get('/call-status')).status).toBe(200);
    expect((await anonymous.get('/call/10040')).status).toBe(404);
  });
});

describe('create and submit', () => {
  test('the answer is a delta, and nobody else sees the call until it is submitted', async () => {
    const mine = await RawSession.open(alemba);
    const other = await RawSession.open(alemba, 'jmercato');
    const created = await mine.send('POST', '/call', { Template: 96, CustomString1: 'ADO:1' });
    expect(created.status).toBe(201);
    expect(created.body).toEqual({
      ActualLogDate: expect.stringMatching(/\.0000000Z$/),
      Template: 96,
      CustomString1: 'ADO:1',
      Ref: 10056,
      _context: 'api:v2/call/$metadata',
      _self: 'api:v2/call/10056',
      _actions: {
        Submit: [{ _self: 'api:v2/call/$Submit', href: 'api:v2/call/10056/submit' }],
        Update: [{ _self: 'api:v2/call/$Update', href: 'api:v2/call/10056' }],
      },
    });
    expect((await other.get('/call/10056')).status).toBe(404);
    expect(await other.search('CustomString1=="ADO:1"')).toEqual([]);
    expect(await mine.search('CustomString1=="ADO:1"')).toHaveLength(1);
    expect((await other.send('PUT', '/call/10056/submit')).status).toBe(404);
    expect((await mine.send('PUT', '/call/10056/submit')).status).toBe(200);
    expect((await other.get('/call/10056')).status).toBe(200);
    const again = await mine.send('PUT', '/call/10056/submit');
    expect([again.status, again.body.SubStatus]).toEqual([403, 'NotAllowed']);
  });

  test('required fields without a template are those of the guide', async () => {
    const session = await RawSession.open(alemba);
    const refused = await session.send('POST', '/call', { Subject: 'Nothing else' });
    expect(refused.status).toBe(400);
    expect(refused.body).toEqual({
      Message: 'The request is invalid',
      Type: 'FieldValidationException',
      Errors: {
        IpkStatus: ['Required: IpkStatus must be set when Template is null'],
        IpkStream: ['Required: IpkStream must be set when Template is null'],
        Partition: ['Required'],
      },
    });
    await control(alemba, 'PUT', '/settings', { partitioning: false });
    expect((await session.send('POST', '/call', { IpkStatus: 1, IpkStream: 0 })).status).toBe(201);
    const both = await session.send<{ Errors: Json }>('POST', '/call', { Template: 96, IpkStatus: 1 });
    expect(both.body.Errors).toEqual({ IpkStatus: [expect.stringContaining('ReadOnly')] });
  });

  test.each([
    ['DescriptionHtml', { Description: 'text alone' }],
    ['Description', { DescriptionHtml: '<p>markup alone</p>' }],
    ['CustomString1', { CustomString1: 'x'.repeat(256) }],
    ['Subject', { Subject: 'x'.repeat(256) }],
    ['PhysicalStatus', { PhysicalStatus: 6 }],
    ['AssignedGroup', { AssignedGroup: 13 }],
    ['User', { User: 99 }],
    ['Impact', { Impact: 'high' }],
    ['Nonsense', { Nonsense: 1 }],
    ['CallStatus', { CallStatus: 5 }],
  ])('a create with a wrong %s says so', async (name, fields) => {
    const session = await RawSession.open(alemba);
    const refused = await session.send<{ Errors: Json; Type: string }>('POST', '/call', {
      Template: 96,
      ...fields,
    });
    expect([refused.status, refused.body.Type]).toEqual([400, 'FieldValidationException']);
    expect(Object.keys(refused.body.Errors)).toEqual([name]);
  });

  test('priority follows from impact and urgency, and the subject from the first line', async () => {
    const session = await RawSession.open(alemba);
    const description = { Description: 'First line\nsecond', DescriptionHtml: '<p>First line<br>second</p>' };
    const ref = await session.createCall({ ...description, Impact: 1, Urgency: 1 });
    const $select = 'Subject,Priority,Name:Priority.Name,AssignedGroup,LastHistoryOrder';
    const read = await session.get(`/call/${ref}`, { $select });
    expect(read.body).toMatchObject({
      Subject: 'First line',
      Priority: 1,
      Name: 'P1',
      AssignedGroup: 13,
      LastHistoryOrder: 2,
    });
    await session.send('PUT', `/call/${ref}/lock`);
    const changed = await session.send('PUT', `/call/${ref}`, { Impact: 3, Urgency: 4 });
    expect(changed.body).toMatchObject({ Impact: 3, Urgency: 4, Priority: 5 });
  });
});

describe('locks, updates and actions', () => {
  test('an update needs the own lock, and a foreign one answers the documented conflict', async () => {
    const mine = await RawSession.open(alemba);
    const other = await RawSession.open(alemba, 'jmercato');
    const bare = await mine.send('PUT', '/call/10040', { Subject: 'No lock' });
    expect([bare.status, bare.body.SubStatus]).toEqual([403, 'NotAllowed']);
    expect((await other.send('PUT', '/call/10040/lock')).status).toBe(200);
    const conflict = {
      Message: 'Record locked by Jessica Mercato',
      SubStatus: 'None',
      Type: 'HttpStatusException',
    };
    for (const path of ['/lock', '', '/defer', '/unlock', '/close']) {
      const refused = await mine.send('PUT', `/call/10040${path}`, {});
      expect([path, refused.status, refused.body]).toEqual([path, 403, conflict]);
    }
    const text = { Description: 'seen', DescriptionHtml: '<p>seen</p>' };
    expect((await mine.send('PUT', '/call/10040/note', { $action: { Description: text } })).status).toBe(200);
    await other.send('PUT', '/call/10040/unlock');
    expect((await mine.send('PUT', '/call/10040/lock')).status).toBe(200);
  });

  test('a lock outlives a client that crashed, by person or by session as installed', async () => {
    const crashed = await RawSession.open(alemba);
    await crashed.send('PUT', '/call/10040/lock');
    alemba.clock.advance(25 * 3_600_000);
    const restarted = await RawSession.open(alemba);
    const other = await RawSession.open(alemba, 'jmercato');
    expect((await other.send('PUT', '/call/10040/lock')).body.Message).toBe(
      'Record locked by Tandem Integration',
    );
    expect((await restarted.send('PUT', '/call/10040/lock')).status).toBe(200);
    await control(alemba, 'PUT', '/settings', { lockOwner: 'session' });
    const third = await RawSession.open(alemba);
    expect((await third.send('PUT', '/call/10040/lock')).status).toBe(403);
    await restarted.logout();
    expect((await third.send('PUT', '/call/10040/lock')).status).toBe(200);
  });

  test('the answer to an update is a delta; writing what is there already changes nothing', async () => {
    const session = await RawSession.open(alemba);
    await session.send('PUT', '/call/10040/lock');
    const changed = await session.send('PUT', '/call/10040', { Subject: 'New words', CallStatus: 3 });
    expect(changed.body).toMatchObject({
      Ref: 10040,
      Subject: 'New words',
      CallStatus: 3,
      CallState: 4,
      LastHistoryOrder: 7,
      LastActionedBy: 34001,
      LastActionDate: expect.any(String),
    });
    expect(changed.body).not.toHaveProperty('Description');
    const same = await session.send('PUT', '/call/10040', { Subject: 'New words' });
    expect(Object.keys(same.body).sort()).toEqual(['Ref', '_actions', '_context', '_self']);
    const fields = alemba.ledger
      .effects('field.updated', '10040')
      .map((entry) => (entry.detail as Json).field);
    expect(fields).toEqual(['Subject', 'CallStatus', 'CallState']);
  });

  test('what the call offers follows its state, and nothing else works', async () => {
    const session = await RawSession.open(alemba);
    const offered = async () => actionsOf((await session.get('/call/10040')).body);
    expect(await offered()).toEqual(['Close', 'Defer', 'Forward', 'Lock', 'Note']);
    await session.send('PUT', '/call/10040/lock');
    expect(await offered()).toEqual(['Close', 'Defer', 'Forward', 'Note', 'Unlock', 'Update']);
    const other = await RawSession.open(alemba, 'jmercato');
    expect(actionsOf((await other.get('/call/10040')).body)).toEqual(['Note']);
    expect((await session.send('PUT', '/call/10040/close', {})).status).toBe(200);
    expect(await offered()).toEqual(['Note', 'Reopen']);
    for (const action of ['lock', 'defer', 'forward', 'close', 'submit']) {
      const refused = await session.send('PUT', `/call/10040/${action}`, {});
      expect([action, refused.status, refused.body.SubStatus]).toEqual([action, 403, 'NotAllowed']);
    }
    expect((await session.send('PUT', '/call/10040/reopen')).status).toBe(200);
    expect(await offered()).toEqual(['Close', 'Defer', 'Forward', 'Lock', 'Note']);
    expect((await session.send('PUT', '/call/10040/dance')).status).toBe(404);
  });

  test('defer, forward and close unlock by themselves and write history', async () => {
    const session = await RawSession.open(alemba);
    for (const [action, input] of [
      ['defer', { ActionType: 2 }],
      ['forward', { AssignedGroup: 16 }],
      ['close', { ClosureReason: 1 }],
    ] as const) {
      await session.send('PUT', '/call/10040/lock');
      const Description = { Title: 'From outside', Description: action, DescriptionHtml: `<p>${action}</p>` };
      const done = await session.send('PUT', `/call/10040/${action}`, { $action: { ...input, Description } });
      expect([action, done.status]).toEqual([action, 200]);
      expect(alemba.store.calls.get(10040)?.lock).toBeUndefined();
    }
    const history = await session.get<{ results: Json[] }>('/call/10040/history', {
      $select:
        'Order,ActionTitle,ActionDescription,ActionDescriptionHtml,ActionType,By:ActionedBy.Name,VisibleInPortal',
      $filter: 'Order>6',
    });
    expect(history.body.results).toMatchObject([
      { Order: 7, ActionTitle: 'From outside', ActionDescription: 'defer', ActionType: 'Deferred' },
      { Order: 8, ActionDescriptionHtml: '<p>forward</p>', ActionType: 'Forwarded internally' },
      { Order: 9, ActionType: 'Closed', By: 'Tandem Integration', VisibleInPortal: false },
    ]);
    const read = await session.get('/call/10040', {
      $select: 'AssignedGroup,ClosureReason,PhysicalStatus,CallState',
    });
    expect(read.body).toMatchObject({ AssignedGroup: 16, ClosureReason: 1, PhysicalStatus: 6, CallState: 2 });
  });

  test('a comment needs both texts, and says whether the portal shows it', async () => {
    const session = await RawSession.open(alemba);
    const half = await session.send<{ Errors: Json }>('PUT', '/call/10040/defer', {
      $action: { Description: { Description: 'plain' } },
    });
    expect([half.status, Object.keys(half.body.Errors)]).toEqual([400, ['DescriptionHtml']]);
    const Description = { Description: 'plain', DescriptionHtml: '<p>plain</p>' };
    await session.send('PUT', '/call/10040/note', { $action: { Description, VisibleInPortal: true } });
    const joined = await session.get('/call/10040', {
      $select: 'LastAction.Description,Shown:LastAction.VisibleInPortal,LastHistoryOrder',
      $leftJoin: 'LastAction:CallHistory(TicketId==Ref && Order==LastHistoryOrder)',
    });
    expect(joined.body).toMatchObject({
      'LastAction.Description': 'plain',
      Shown: true,
      LastHistoryOrder: 7,
    });
    await control(alemba, 'PUT', '/settings', { noteAction: false });
    expect((await session.send('PUT', '/call/10040/note', { $action: { Description } })).status).toBe(404);
  });

  test('closing follows the configured rules', async () => {
    const session = await RawSession.open(alemba);
    await control(alemba, 'PUT', '/settings', { closure: { requireReason: true, requireComment: true } });
    const refused = await session.send<{ Errors: Json }>('PUT', '/call/10040/close', {});
    expect([refused.status, Object.keys(refused.body.Errors)]).toEqual([
      400,
      ['ClosureReason', 'Description'],
    ]);
    const Description = { Description: 'Done', DescriptionHtml: '<p>Done</p>' };
    const closed = await session.send('PUT', '/call/10040/close', {
      $action: { ClosureReason: 2, Description },
    });
    expect([closed.status, closed.body.ClosureReason]).toEqual([200, 2]);
  });
});

describe('what is not there', () => {
  test('a record of another partition does not exist, neither in a read nor in a search', async () => {
    const limited = await RawSession.open(alemba);
    const all = await RawSession.open(alemba, 'jmercato');
    const hidden = await limited.get('/call/10051');
    expect([hidden.status, hidden.body.SubStatus]).toEqual([404, 'RecordNotFound']);
    expect(await limited.search('Partition==2')).toEqual([]);
    expect((await all.search('Partition==2')).map((row) => row.Ref)).toEqual([10051]);
    const partitioned = await all.get<{ results: Json[] }>('/call', { $partition: '2' });
    expect(partitioned.body.results).toHaveLength(1);
  });

  test('unknown routes, verbs and bodies have the vendor’s error bodies', async () => {
    const session = await RawSession.open(alemba);
    expect((await session.get('/nonsense')).body).toMatchObject({
      Type: 'HttpStatusException',
      SubStatus: 'ResourceNotFound',
    });
    expect((await session.send('DELETE', '/call/10040')).status).toBe(405);
    expect((await session.get('/call/1')).body).toMatchObject({ SubStatus: 'RecordNotFound' });
    const api = `${alemba.baseUrl}/alemba.api/api/v2`;
    const headers = { authorization: `Bearer ${session.accessToken}` };
    const media = { ...headers, 'content-type': 'text/xml' };
    expect((await send(`${api}/call`, { method: 'POST', headers: media, body: '<a/>' })).status).toBe(415);
    const json = { ...headers, 'content-type': 'application/json' };
    expect((await send(`${api}/call`, { method: 'POST', headers: json, body: '{' })).status).toBe(400);
    expect((await send(`${alemba.baseUrl}/alemba.web/api/v2/call`, { headers })).status).toBe(404);
    expect((await send(`${api}/call/10040`)).status).toBe(401);
  });

  test('the vendor’s receiver for Azure DevOps takes the client id given twice', async () => {
    const url = `${alemba.baseUrl}/alemba.api/api/v1/webhook/azuredevops?$ClientId=?$ClientId=${publicClientId}`;
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    const body = JSON.stringify({ eventType: 'workitem.updated', resource: { workItemId: 7 } });
    const json = { 'content-type': 'application/json' };
    const post = (headers: Record<string, string>, text = body) =>
      send(url, { method: 'POST', headers: { ...json, ...headers }, body: text });
    expect((await post(basic('integration:sandbox'))).status).toBe(200);
    expect(alemba.ledger.effects('adoWebhook.received', '7')).toHaveLength(1);
    expect((await post(basic('integration:wrong'))).status).toBe(401);
    expect((await post(basic('owilson:sandbox'))).status).toBe(401);
    expect((await post(basic('integration:sandbox'), '{')).status).toBe(400);
    const unknown = url.replace(publicClientId, '00000000-0000-0000-0000-000000000000');
    const headers = { ...json, ...basic('integration:sandbox') };
    expect((await send(unknown, { method: 'POST', headers, body })).status).toBe(401);
  });
});
