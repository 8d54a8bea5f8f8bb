import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type AlembaSimulator, startAlemba } from '../sandbox/itsm/alemba/server.ts';
import { control, type Json, RawSession, send } from './alemba-simulator-session.ts';

let alemba: AlembaSimulator;

beforeAll(async () => {
  alemba = await startAlemba();
});
beforeEach(async () => {
  await control(alemba, 'POST', '/reset');
});
afterAll(() => alemba.close());

test('an agent does everything by the same rules', async () => {
  const created = await control(alemba, 'POST', '/calls', {
    as: 'pnair',
    Subject: 'From the agent',
    text: 'Two\n\nparagraphs',
    AssignedGroup: 16,
    Impact: 2,
    Urgency: 2,
  });
  expect(created.status).toBe(201);
  const ref = Number(created.body.Ref);
  expect(created.body).toMatchObject({ GroupName: 'ADO Development', Priority: 2, submitted: true });
  const changed = await control(alemba, 'PATCH', `/calls/${ref}`, {
    CallStatus: 3,
    Priority: 1,
    Subject: 'Renamed',
    AssignedOfficer: 34003,
  });
  expect(changed.body).toMatchObject({
    Subject: 'Renamed',
    StatusName: 'Pending',
    PriorityName: 'P1',
    OfficerName: 'Daniel Fox',
    GroupName: 'ADO Development',
    lockedBy: null,
  });
  await control(alemba, 'POST', `/calls/${ref}/comments`, { text: 'among us', visible: false });
  await control(alemba, 'POST', `/calls/${ref}/comments`, { text: 'to you', visible: true, as: 'dfox' });
  await control(alemba, 'POST', `/calls/${ref}/escalate`, {});
  const closed = await control<{ closed: boolean; history: Json[] }>(alemba, 'POST', `/calls/${ref}/close`, {
    reason: 1,
    text: 'Fixed',
  });
  expect(closed.body.closed).toBe(true);
  expect(closed.body.history.filter((entry) => entry.ActionDescription !== '').slice(-4)).toMatchObject([
    { ActionDescription: 'among us', VisibleInPortal: false, By: 'Jessica Mercato' },
    { ActionDescription: 'to you', VisibleInPortal: true, By: 'Daniel Fox' },
    { IsSystem: true, By: 'System' },
    { ActionDescription: 'Fixed', ActionType: 'Closed' },
  ]);
  expect((await control(alemba, 'PATCH', `/calls/${ref}`, { Subject: 'x' })).status).toBe(403);
  expect((await control(alemba, 'POST', `/calls/${ref}/reopen`, {})).body.closed).toBe(false);
  const session = await RawSession.open(alemba);
  const read = await session.get(`/call/${ref}`, { $select: 'Description,DescriptionHtml' });
  expect(read.body.DescriptionHtml).toBe('<p>Two</p><p>paragraphs</p>');
});

test('an agent’s lock keeps the API out until it is given up', async () => {
  const session = await RawSession.open(alemba);
  await control(alemba, 'POST', '/calls/10040/lock', {});
  expect((await session.send('PUT', '/call/10040/lock')).status).toBe(403);
  await control(alemba, 'PATCH', '/calls/10040', { Subject: 'Changed under the own lock' });
  expect((await session.send('PUT', '/call/10040/lock')).status).toBe(403);
  await control(alemba, 'POST', '/calls/10040/unlock', {});
  expect((await session.send('PUT', '/call/10040/lock')).status).toBe(200);
});

test('the ledger counts requests by route and shows effects; reset brings the seed back', async () => {
  const session = await RawSession.open(alemba);
  const ref = await session.createCall();
  await session.send('PUT', `/call/${ref}/lock`);
  const counts = await control<{ requests: Json; effects: Json }>(alemba, 'GET', '/ledger/counts');
  expect(counts.body.requests).toMatchObject({
    'oauth.token': 1,
    'call.create': 1,
    'call.submit': 1,
    'call.lock': 1,
  });
  expect(counts.body.effects).toMatchObject({ 'ticket.created': 1, 'ticket.submitted': 1 });
  const entries = await control<{ entries: Json[] }>(
    alemba,
    'GET',
    `/ledger?effect=ticket.created&recordId=${ref}`,
  );
  expect(entries.body.entries).toMatchObject([{ actor: 'Tandem Integration', recordId: String(ref) }]);
  await control(alemba, 'POST', '/reset');
  const state = await control(alemba, 'GET', '/state');
  expect(state.body).toMatchObject({ calls: 12, sessions: [], ledger: { requests: {}, effects: {} } });
});

test('faults hit the API alone, before or after the effect', async () => {
  const session = await RawSession.open(alemba);
  const fault = { kind: 'afterEffect', how: 'status500' };
  await control(alemba, 'PUT', '/faults', { id: 'a', fault, match: { method: 'POST' }, remaining: 1 });
  expect((await session.send('POST', '/call', { Template: 96, CustomString1: 'mark' })).status).toBe(500);
  expect(await session.search('CustomString1=="mark"')).toHaveLength(1);
  await control(alemba, 'PUT', '/faults', [{ id: 'b', fault: { kind: 'down' } }]);
  await expect(session.get('/call/10040')).rejects.toThrow();
  expect((await send(`${alemba.url}/agent`)).status).toBe(200);
  expect((await control(alemba, 'GET', '/calls')).status).toBe(200);
  await control(alemba, 'DELETE', '/faults/b');
  expect((await session.get('/call/10040')).status).toBe(200);
  expect((await control(alemba, 'PUT', '/faults', { id: 'c' })).status).toBe(400);
});

test('settings are checked', async () => {
  expect((await control(alemba, 'PUT', '/settings', { licences: 'many' })).status).toBe(400);
  expect((await control(alemba, 'PUT', '/settings', { nonsense: 1 })).status).toBe(400);
  const closure = await control(alemba, 'PUT', '/settings', { closure: { requireReason: true } });
  expect(closure.body.closure).toEqual({ requireReason: true, requireComment: false });
});

test('the agent’s page hears of changes and never serves an attachment as a page', async () => {
  const stop = new AbortController();
  const stream = await fetch(`${alemba.url}/agent/events`, { signal: stop.signal });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  await control(alemba, 'POST', '/calls/10040/comments', { text: 'news' });
  let text = '';
  while (!text.includes('"ref":10040')) text += (await reader?.read())?.value ?? '';
  stop.abort();
  const page = Buffer.from('<script>alert(1)</script>').toString('base64');
  const body = { Name: 'x.html', ContentType: 'text/html', BinaryData: page };
  const added = await control<{ attachments: Json[] }>(alemba, 'POST', '/calls/10040/attachments', body);
  const file = await fetch(
    `${alemba.url}/_sandbox/calls/10040/attachments/${added.body.attachments[0]?.Ref}`,
  );
  expect(file.headers.get('content-disposition')).toMatch(/^attachment/);
  expect(file.headers.get('content-type')).toBe('application/octet-stream');
});

test('standing alone it announces itself in one line and ends on a signal', async () => {
  const main = join(import.meta.dirname, '../sandbox/itsm/alemba/main.ts');
  const child = spawn(process.execPath, [main, '--port', '0', '--latency-ms', '20', '--no-seed']);
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  const line = JSON.parse(chunk.toString()) as { ready: boolean; url: string; baseUrl: string };
  expect(line).toMatchObject({ ready: true, baseUrl: `${line.url}/Production` });
  const before = performance.now();
  expect((await send(`${line.baseUrl}/alemba.api/api/v2/call`)).status).toBe(401);
  expect(performance.now() - before).toBeGreaterThanOrEqual(19);
  child.kill('SIGTERM');
  expect((await once(child, 'exit'))[0]).toBe(0);
});
