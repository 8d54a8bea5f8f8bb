import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AlembaSimulator, startAlemba } from '../sandbox/itsm/alemba/server.ts';
import { control, type Json, RawSession, send, until } from './alemba-simulator-session.ts';

interface Received {
  headers: IncomingHttpHeaders;
  body: Json & { Call: Json };
  atMs: number;
}

let alemba: AlembaSimulator;
let receiver: Server;
let received: Received[] = [];
let answerStatus = 200;
let PayloadUrl = '';

beforeAll(async () => {
  alemba = await startAlemba();
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      received.push({ headers: request.headers, body, atMs: performance.now() });
      response.writeHead(answerStatus).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  PayloadUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
beforeEach(async () => {
  await control(alemba, 'POST', '/reset');
  received = [];
  answerStatus = 200;
});
afterAll(async () => {
  await alemba.close();
  await new Promise((resolve) => receiver.close(resolve));
});

const register = (more: Json = {}) =>
  control(alemba, 'POST', '/webhooks', {
    PayloadUrl,
    Secret: 'shared',
    PayloadSelect: 'Ref,Subject',
    ...more,
  });
const actions = () => received.map(({ body }) => body.Action);

test('every change is one POST with the selected columns and the shared secret', async () => {
  await register({ PayloadSelect: 'Ref,Status:CallStatus.Name,LastActionDate' });
  const session = await RawSession.open(alemba);
  const ref = await session.createCall();
  await session.send('PUT', `/call/${ref}/lock`);
  await session.send('PUT', `/call/${ref}`, { CallStatus: 2 });
  const Description = { Description: 'x', DescriptionHtml: '<p>x</p>' };
  await session.send('PUT', `/call/${ref}/defer`, { $action: { Description } });
  await session.send('PUT', `/call/${ref}/forward`, { $action: { AssignedGroup: 16 } });
  await session.send('PUT', `/call/${ref}/close`);
  await session.send('PUT', `/call/${ref}/reopen`);
  await until(() => received.length === 7);
  expect(actions().sort()).toEqual(
    ['Actioned', 'Closed', 'Created', 'Forwarded', 'Reopened', 'Submitted', 'Updated'].sort(),
  );
  const updated = received.find(({ body }) => body.Action === 'Updated');
  expect(updated?.headers['x-alemba-secret']).toBe('shared');
  expect(updated?.body).toEqual({
    Action: 'Updated',
    Call: { Ref: ref, Status: 'In Progress', LastActionDate: expect.stringMatching(/^\S+:\d\dZ$/) },
    ActionHistoryId: 3,
  });
});

test('triggers, filter, the secret in the body, and attachments within limits', async () => {
  await register({
    Triggers: ['AttachmentAdded'],
    SecretLocation: 'body',
    PayloadFilter: 'AssignedGroup==13',
    Attachments: { NameRegex: '\\.txt$', MaxKilobytes: 1, MaxCount: 5 },
  });
  const attach = (ref: number, Name: string, text: string) =>
    control(alemba, 'POST', `/calls/${ref}/attachments`, {
      Name,
      ContentType: 'text/plain',
      BinaryData: Buffer.from(text).toString('base64'),
    });
  await attach(10041, 'other-group.txt', 'x');
  await attach(10040, 'Test3.txt', 'test');
  await attach(10040, 'big.txt', 'x'.repeat(2000));
  await control(alemba, 'POST', '/calls/10040/comments', { text: 'no trigger' });
  // What must not be sent would have gone out before this one.
  await attach(10040, 'last.txt', 'end');
  await until(() => received.some(({ body }) => JSON.stringify(body).includes('last.txt')));
  await until(() => received.length >= 3);
  const sorted = received
    .map(({ body }) => body)
    .sort((a, b) => Number(a.ActionHistoryId) - Number(b.ActionHistoryId));
  expect(sorted).toMatchObject([
    {
      Action: 'AttachmentAdded',
      Secret: 'shared',
      Attachments: [{ Name: 'Test3.txt', FileSize: 4, ContentType: 'text/plain', Data: 'dGVzdA==' }],
    },
    { Attachments: [] },
    { Attachments: [{ Name: 'last.txt' }] },
  ]);
  expect(received[0]?.headers['x-alemba-secret']).toBeUndefined();
});

test('registered through the connector layer with Basic credentials', async () => {
  const url = `${alemba.baseUrl}/alemba.api/connector/webhook?categoryId=1`;
  const post = (login: string, body: Json) =>
    send(url, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(login).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
  const body = { PayloadUrl, Active: true, EntityType: 'Call', Secret: 's', IndividualTriggers: ['Closed'] };
  expect((await post('integration:wrong', body)).status).toBe(401);
  const added = await post('integration:sandbox', body);
  expect(added.status).toBe(201);
  expect(added.text).not.toContain('"Secret"');
  expect((await post('integration:sandbox', { ...body, IndividualTriggers: ['Exploded'] })).status).toBe(400);
  expect((await post('integration:sandbox', { ...body, PayloadUrl: 'file:///etc/passwd' })).status).toBe(400);
  await control(alemba, 'POST', '/calls/10040/close', {});
  await until(() => received.length === 1);
  expect(received[0]?.body).toMatchObject({ Action: 'Closed', Call: { Ref: 10040, CallStatus: 5 } });
});

test('at most once: a refused delivery is not sent again', async () => {
  answerStatus = 503;
  await register();
  await control(alemba, 'POST', '/calls/10040/comments', { text: 'hello' });
  await until(() => alemba.webhooks.counts().failed === 1);
  alemba.clock.advance(3_600_000);
  await control(alemba, 'POST', '/calls/10041/comments', { text: 'hello' });
  await until(() => alemba.webhooks.counts().failed === 2);
  expect(received.map(({ body }) => body.Call.Ref)).toEqual([10040, 10041]);
});

test('deliveries can be lost, doubled and held back', async () => {
  await register();
  const comment = () => control(alemba, 'POST', '/calls/10040/comments', { text: 'hello' });
  await control(alemba, 'PUT', '/hooks', { lose: 1 });
  await comment();
  await until(() => alemba.webhooks.counts().lost === 1);
  expect(received).toEqual([]);
  await control(alemba, 'PUT', '/hooks', { lose: 0, double: 1 });
  await comment();
  await until(() => received.length === 2);
  expect(received[0]?.body).toEqual(received[1]?.body);
  await control(alemba, 'PUT', '/hooks', { double: 0, delayMs: 100 });
  const before = performance.now();
  await comment();
  await until(() => received.length === 3);
  expect((received[2]?.atMs ?? 0) - before).toBeGreaterThanOrEqual(95);
  received = [];
  await control(alemba, 'PUT', '/hooks', { delayMs: 0, reorder: 0.5 });
  for (let count = 0; count < 30; count += 1) await comment();
  await until(() => received.length === 30);
  const orders = received.map(({ body }) => Number(body.ActionHistoryId));
  expect(orders).not.toEqual([...orders].sort((a, b) => a - b));
  expect((await control(alemba, 'PUT', '/hooks', { lose: 2 })).status).toBe(400);
});
