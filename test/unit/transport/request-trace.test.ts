import { Readable } from 'node:stream';
import { createAddressGuard } from '../../../backend/connectors/address-guard.ts';
import { createTransport, type HttpTransport } from '../../../backend/connectors/http-transport.ts';
import { RemoteFailure } from '../../../backend/connectors/remote-failure.ts';
import {
  maxTraceBytes,
  newRequestTrace,
  type RequestTrace,
  requestTrace,
  showUnreadable,
  tracedRequests,
} from '../../../backend/connectors/request-trace.ts';
import type { RemoteAnswer, RemoteRequest } from '../../../backend/connectors/transport.ts';
import { createRedactor } from '../../../backend/security/redaction.ts';
import { Failure } from '../../../backend/sync/failure.ts';
import { serveHttp, type TestServer } from './servers.ts';

const secret = 'correct horse/battery+staple';
const redactor = createRedactor();
redactor.add(secret);

interface Planned {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}
let answer: Planned;
let server: TestServer;
let transport: HttpTransport;
let trace: RequestTrace;

beforeAll(async () => {
  server = await serveHttp((request, response) => {
    request.resume();
    const { status = 200, headers = { 'content-type': 'application/json' }, body = '{}' } = answer;
    request.once('end', () => response.writeHead(status, headers).end(body));
  });
  transport = createTransport({
    guard: createAddressGuard({ allowPrivate: ['127.0.0.0/8'], allowHttp: true }),
    origins: [server.url],
    budget: { take: async () => {}, throttled: () => {}, concurrent: 4 },
    redact: (text) => redactor.text(text),
    requestIdHeaders: ['activityid'],
  });
});
afterAll(async () => {
  await transport.close(100);
  await server.close();
});
beforeEach(() => {
  answer = {};
  trace = newRequestTrace();
});

const ask = async (more: Partial<RemoteRequest>): Promise<RemoteAnswer | Failure> => {
  const request: RemoteRequest = { method: 'POST', url: `${server.url}/a/1?v=2`, route: 'test', ...more };
  try {
    return await requestTrace.run(trace, () => transport.send(request));
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
};
const only = () => {
  expect(trace.requests).toHaveLength(1);
  return trace.requests[0];
};

test('a write that goes well keeps what was sent and not what was answered', async () => {
  answer = { body: '{"id":1,"title":"personal"}' };
  await ask({ method: 'PATCH', body: [{ op: 'add', path: '/fields/Title', value: 'Ä title' }] });
  expect(only()).toEqual({
    route: 'test',
    status: 200,
    durationMs: expect.any(Number),
    sent: {
      method: 'PATCH',
      path: '/a/1?v=2',
      body: {
        contentType: 'application/json; charset=utf-8',
        text: '[{"op":"add","path":"/fields/Title","value":"Ä title"}]',
      },
    },
  });
});

test('a read that goes well keeps neither', async () => {
  answer = { body: '{"title":"personal"}' };
  await ask({ method: 'GET' });
  expect(only()).toEqual({ route: 'test', status: 200, durationMs: expect.any(Number) });
});

test.each([
  [400, undefined],
  [409, [409]],
])('an answer %d is kept with the headers that tell something (wanted: %p)', async (status, accept) => {
  answer = {
    status,
    headers: {
      'content-type': 'application/json',
      'retry-after': '7',
      'x-ratelimit-remaining': '0',
      activityid: 'abc-1',
      'set-cookie': 'session=1',
    },
    body: '{"message":"Title is too long"}',
  };
  await ask({ method: 'GET', ...(accept && { accept }) });
  expect(only()).toMatchObject({
    status,
    sent: { method: 'GET', path: '/a/1?v=2' },
    answer: {
      headers: { 'retry-after': '7', 'x-ratelimit-remaining': '0', activityid: 'abc-1' },
      body: { contentType: 'application/json', text: '{"message":"Title is too long"}' },
    },
  });
  expect(only()?.answer?.headers).not.toHaveProperty('set-cookie');
});

test('what cannot be read is kept as it came, an HTML page too', async () => {
  answer = {
    headers: { 'content-type': 'text/html' },
    body: '<title>Sign in</title><script>alert(1)</script>',
  };
  await ask({ method: 'GET' });
  expect(only()).toMatchObject({
    failure: 'unauthorized',
    answer: { body: { text: '<title>Sign in</title><script>alert(1)</script>' } },
  });
});

test('an answer that the connector cannot read is shown after all, and only that one', async () => {
  answer = { body: '{"unexpected":true}' };
  const read = (await ask({ method: 'GET', route: 'odd' })) as RemoteAnswer;
  await ask({ method: 'GET', route: 'fine' });
  showUnreadable(new Error('run', { cause: new RemoteFailure({ kind: 'malformed', message: 'odd' }, read) }));
  expect(trace.requests).toMatchObject([
    { route: 'odd', status: 200, failure: 'malformed', answer: { body: { text: '{"unexpected":true}' } } },
    { route: 'fine' },
  ]);
  expect(trace.requests[1]).not.toHaveProperty('answer');
});

describe('long bodies', () => {
  test('the beginning is kept, and how long the whole is', async () => {
    answer = { status: 400, headers: { 'content-type': 'text/plain' }, body: 'b'.repeat(100_000) };
    await ask({ body: 'a'.repeat(12_345), contentType: 'text/plain' });
    expect(only()).toMatchObject({
      sent: { body: { text: 'a'.repeat(2000), characters: 12_345 } },
      answer: { body: { text: 'b'.repeat(4000), characters: 100_000 } },
    });
  });

  test.each([-20, -1, 0, 5])('a secret across the edge (at %d) leaves no half', async (shift) => {
    const at = 2000 + shift;
    await ask({ body: `${'a'.repeat(at)}${secret}${'b'.repeat(50_000)}`, contentType: 'text/plain' });
    const { text = '' } = only()?.sent?.body ?? {};
    expect(text.length).toBeLessThanOrEqual(2000);
    expect(text).not.toContain(secret.slice(0, 5));
  });

  test('long secrets make the text so much shorter that the end of what was read shows: no half of one', async () => {
    const long = `long-${'0123456789'.repeat(19)}`;
    redactor.add(long);
    await ask({ body: `abc${long.repeat(100)}`, contentType: 'text/plain' });
    const { text, characters } = only()?.sent?.body ?? {};
    expect(text).toMatch(/^(abc(\[secret\])*)?$/);
    expect(characters).toBe(3 + 100 * long.length);
  });

  test('half a character at the edge, NUL and marks that turn the text round are made harmless', async () => {
    await ask({ body: `${'a'.repeat(1999)}😀${'b'.repeat(20)}`, contentType: 'text/plain' });
    await ask({ body: 'a\0b\u202ec\td', contentType: 'text/plain' });
    const [first, second] = trace.requests.map(({ sent }) => sent?.body?.text ?? '');
    expect(first?.isWellFormed()).toBe(true);
    expect(second).toBe('a\\u0000b\\u202ec\td');
  });
});

describe('what is never kept', () => {
  test('secrets that are known, named or shaped, in body, path, header and answer', async () => {
    const echo = `no: ${secret} Bearer abcdefgh12345678 ${Buffer.from(`u:${secret}`).toString('base64')}`;
    answer = {
      status: 403,
      headers: { 'content-type': 'application/json', 'x-request-id': secret },
      body: JSON.stringify({ message: echo, password: 'hunter2', said: 'own-token-1234567' }),
    };
    await ask({
      url: `${server.url}/a?key=${encodeURIComponent(secret)}`,
      headers: { 'x-api-key': 'own-token-1234567' },
      body: { note: secret, basicAuthPassword: 'hunter2', value: 'own-token-1234567' },
    });
    const kept = JSON.stringify(only());
    expect(kept).toContain('[secret]');
    expect(kept).not.toMatch(/horse|staple|hunter2|abcdefgh|own-token|Y29ycmVjd|b3JyZWN0/);
  });

  test('a sign-in: neither what was sent nor what was answered', async () => {
    answer = { status: 400, body: '{"error":"invalid_grant","hint":"letmein"}' };
    await ask({ confidential: true, body: 'grant=letmein', contentType: 'text/plain' });
    await ask({ body: { user: 'u', pin: 'letmein' }, contentType: 'application/x-www-form-urlencoded' });
    expect(trace.requests[0]).toMatchObject({
      sent: { body: { withheld: 'credentials' } },
      answer: { body: { withheld: 'credentials' } },
    });
    expect(trace.requests[1]).toMatchObject({ sent: { body: { withheld: 'credentials' } } });
    expect(JSON.stringify(trace.requests.map(({ sent }) => sent))).not.toContain('letmein');
    expect(JSON.stringify(trace.requests[0])).not.toContain('letmein');
  });

  test('files: their type and size only', async () => {
    await ask({ body: Buffer.from('letmein'), contentType: 'image/png' });
    await ask({
      body: Readable.from([Buffer.from('letmein')]),
      contentType: 'multipart/form-data; boundary=x',
      headers: { 'content-length': '7' },
    });
    answer = { status: 500, headers: { 'content-type': 'image/png', 'content-length': '3' }, body: 'png' };
    await ask({ method: 'GET' });
    expect(trace.requests).toMatchObject([
      { sent: { body: { contentType: 'image/png', bytes: 7, withheld: 'binary' } } },
      { sent: { body: { contentType: 'multipart/form-data; boundary=x', bytes: 7, withheld: 'binary' } } },
      { answer: { body: { contentType: 'image/png', bytes: 3, withheld: 'binary' } } },
    ]);
    expect(JSON.stringify(trace.requests)).not.toContain('letmein');
  });
});

describe('room', () => {
  const size = () => Buffer.byteLength(JSON.stringify(tracedRequests(trace).requests));

  test('many writes stay within 32 kB, and the failure that comes last is told in full', async () => {
    for (let n = 0; n < 60; n++) await ask({ body: { n, text: 'ü'.repeat(1500) } });
    answer = { status: 400, body: JSON.stringify({ message: 'x'.repeat(3000) }) };
    await ask({ route: 'last', body: { text: 'y'.repeat(1500) } });
    expect(size()).toBeLessThanOrEqual(maxTraceBytes);
    expect(trace.bytes).toBeGreaterThanOrEqual(size());
    expect(trace.requests[0]?.sent?.body?.text).toBeDefined();
    expect(trace.requests[20]?.sent?.body).toMatchObject({ withheld: 'room', characters: 1500 + 18 });
    const last = trace.requests.at(-1);
    expect(last).toMatchObject({ route: 'last', failure: 'rejected' });
    expect(last?.sent?.body?.text).toContain('yyy');
    expect(last?.answer?.body?.text).toContain('xxx');
  });

  test('what has no room at all is counted', async () => {
    answer = { status: 400, body: JSON.stringify({ message: 'x'.repeat(3000) }) };
    for (let n = 0; n < 260; n++) await ask({ method: 'GET' });
    expect(size()).toBeLessThanOrEqual(maxTraceBytes);
    const { requests, requestsOmitted } = tracedRequests(trace);
    expect(requests.length + (requestsOmitted ?? 0)).toBe(260);
    expect(requestsOmitted).toBeGreaterThan(0);
  });
});
