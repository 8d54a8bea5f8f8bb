import { once } from 'node:events';
import { Readable } from 'node:stream';
import { createAddressGuard } from '../../../backend/connectors/address-guard.ts';
import {
  createTransport,
  type HttpTransport,
  type TransportOptions,
} from '../../../backend/connectors/http-transport.ts';
import type { RemoteFailure } from '../../../backend/connectors/remote-failure.ts';
import type { RequestBudget } from '../../../backend/connectors/request-budget.ts';
import { newRequestTrace, requestTrace } from '../../../backend/connectors/request-trace.ts';
import type { RemoteRequest } from '../../../backend/connectors/transport.ts';
import { Failure } from '../../../backend/sync/failure.ts';
import { closedPort, serveHttp, serveRaw, type TestServer } from './servers.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const part of open.splice(0).reverse()) await part.close();
});
const keep = async <T extends { close(): Promise<void> }>(part: T | Promise<T>): Promise<T> => {
  const made = await part;
  open.push(made);
  return made;
};

let pauses: number[];
beforeEach(() => {
  pauses = [];
});
const budget: RequestBudget = {
  take: async () => {},
  throttled: (delayMs) => void pauses.push(delayMs),
  concurrent: 8,
};

const transportTo = (origin: string, more: Partial<TransportOptions> = {}): HttpTransport => {
  const guard = createAddressGuard({ allowPrivate: ['127.0.0.0/8'], allowHttp: true });
  const transport = createTransport({ guard, origins: [origin], budget, connectTimeoutMs: 2000, ...more });
  open.push({ close: () => transport.close(100) });
  return transport;
};

const failureOf = async (asking: Promise<unknown>): Promise<RemoteFailure> => {
  const error = await asking.then(
    () => new Error('It did not fail'),
    (failure) => failure,
  );
  if (!(error instanceof Failure)) throw error;
  return error as RemoteFailure;
};

const read = (server: TestServer, more: Partial<RemoteRequest> = {}): RemoteRequest => ({
  method: 'GET',
  url: `${server.url}/x`,
  route: 'test.read',
  ...more,
});
const write = (server: TestServer, more: Partial<RemoteRequest> = {}) =>
  read(server, { method: 'POST', route: 'test.write', body: { a: 1 }, ...more });

const json = { 'content-type': 'application/json' };

describe('answers', () => {
  const answering = (status: number, headers: Record<string, string>, body: string | Buffer = '') =>
    keep(serveHttp((_request, response) => response.writeHead(status, headers).end(body)));

  test('JSON is parsed, by its type and with a mark at its start', async () => {
    for (const type of [
      'application/json',
      'application/json; charset=utf-8',
      'application/problem+json',
      'text/json',
    ]) {
      const server = await answering(200, { 'content-type': type, 'X-Some': 'Thing' }, '\ufeff{"ä":[1]}');
      const answer = await transportTo(server.url).send(read(server));
      expect(answer).toMatchObject({ status: 200, json: { ä: [1] }, headers: { 'x-some': 'Thing' } });
    }
  });

  test('other types and empty bodies have no JSON', async () => {
    const text = await answering(200, { 'content-type': 'text/plain' }, '{"a":1}');
    expect(await transportTo(text.url).send(read(text))).toMatchObject({ json: undefined, text: '{"a":1}' });
    for (const status of [200, 201, 204]) {
      const empty = await answering(status, json);
      expect(await transportTo(empty.url).send(read(empty))).toMatchObject({
        status,
        json: undefined,
        text: '',
      });
    }
  });

  test('other charsets are read', async () => {
    const server = await answering(
      200,
      { 'content-type': 'application/json; charset=iso-8859-1' },
      Buffer.from('{"a":"\xe4"}', 'latin1'),
    );
    expect((await transportTo(server.url).send(read(server))).json).toEqual({ a: 'ä' });
  });

  const kinds: [number, string, Record<string, string>?][] = [
    [400, 'rejected'],
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'notFound'],
    [405, 'rejected'],
    [408, 'unavailable'],
    [409, 'stale'],
    [410, 'notFound'],
    [412, 'stale'],
    [415, 'rejected'],
    [422, 'rejected'],
    [423, 'stale'],
    [425, 'unavailable'],
    [429, 'throttled'],
    [429, 'throttled', { 'retry-after': '3' }],
    [500, 'unavailable'],
    [501, 'unavailable'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [503, 'throttled', { 'retry-after': '3' }],
    [504, 'unavailable'],
    [304, 'malformed'],
    [302, 'unauthorized', { location: 'https://login.example.com/signin' }],
    [302, 'unauthorized', { location: '/_signin?reply_to=x' }],
    [302, 'malformed', { location: '/x/' }],
    [301, 'malformed', { location: 'https://new.example.com/' }],
    [307, 'unauthorized', { location: 'https://x.example.com/oauth2/authorize' }],
    [203, 'unauthorized', { 'content-type': 'text/html' }],
    [200, 'unauthorized', { 'content-type': 'text/html' }],
  ];
  test.each(kinds)('status %i is %s %p', async (status, kind, headers = {}) => {
    const server = await answering(
      status,
      headers,
      status === 304 ? '' : '<html><title>Sign in</title></html>',
    );
    const failure = await failureOf(transportTo(server.url).send(read(server)));
    expect(failure).toMatchObject({ kind, details: { status } });
    expect(failure.answer?.status).toBe(status);
  });

  test.each([
    [500, 'unavailable'],
    [502, 'ambiguous'],
    [503, 'unavailable'],
    [504, 'ambiguous'],
    [409, 'stale'],
    [429, 'throttled'],
  ])('status %i to a write that must not be repeated is %s', async (status, kind) => {
    const server = await answering(status, {});
    expect((await failureOf(transportTo(server.url).send(write(server)))).kind).toBe(kind);
  });

  test('statuses that the caller accepts are answers', async () => {
    const server = await answering(404, json, '{"a":1}');
    const answer = await transportTo(server.url).send(read(server, { accept: [404] }));
    expect(answer).toMatchObject({ status: 404, json: { a: 1 } });
  });

  test.each([
    ['broken', '{"a":'],
    ['two documents', '{}{}'],
    ['__proto__', '{"__proto__":{"x":1}}'],
    ['constructor.prototype', '{"a":{"constructor":{"prototype":{"x":1}}}}'],
    ['too deep', '['.repeat(50_000) + ']'.repeat(50_000)],
  ])('JSON that is %s is malformed and quotes nothing', async (_name, body) => {
    const server = await answering(200, json, body);
    const failure = await failureOf(transportTo(server.url).send(read(server)));
    expect(failure.kind).toBe('malformed');
    expect(failure.message).not.toContain('{');
  });

  test('packed answers are malformed: unpacking would undo the cap', async () => {
    const server = await answering(200, { ...json, 'content-encoding': 'gzip' }, Buffer.from([31, 139, 8]));
    expect((await failureOf(transportTo(server.url).send(read(server)))).kind).toBe('malformed');
  });

  test('HTML is fine when it was asked for', async () => {
    const server = await answering(200, { 'content-type': 'text/html' }, '<html>');
    const answer = await transportTo(server.url).send(read(server, { headers: { Accept: 'text/html' } }));
    expect(answer.text).toBe('<html>');
  });

  test('large answers are malformed, announced or not', async () => {
    const big = Buffer.alloc(200_000, 32);
    const announced = await answering(200, { ...json, 'content-length': String(big.length) }, big);
    let streamedBytes = 0;
    const endless = await keep(
      serveHttp((_request, response) => {
        response.writeHead(200, json);
        const source = new Readable({
          read() {
            streamedBytes += 10_000;
            this.push(Buffer.alloc(10_000, 32));
          },
        });
        source.pipe(response);
        response.on('close', () => source.destroy());
      }),
    );
    for (const server of [announced, endless]) {
      const failure = await failureOf(
        transportTo(server.url).send(read(server, { maxAnswerBytes: 100_000 })),
      );
      expect(failure.kind).toBe('malformed');
    }
    expect(streamedBytes).toBeLessThan(50_000_000);
    const within = await transportTo(announced.url).send(read(announced, { maxAnswerBytes: 200_000 }));
    expect(within.text).toHaveLength(200_000);
  });
});

describe('what breaks', () => {
  const kindOf = async (server: TestServer, request: RemoteRequest) =>
    (await failureOf(transportTo(server.url).send(request))).kind;

  /** The three ways to ask, and what a lost answer means for each. */
  const lost = async (server: TestServer, more: Partial<RemoteRequest> = {}) => [
    await kindOf(server, read(server, more)),
    await kindOf(server, write(server, { ...more, repeat: 'safe' })),
    await kindOf(server, write(server, more)),
    await kindOf(server, read(server, { ...more, repeat: 'unsafe' })),
  ];
  const lostKinds = ['unavailable', 'unavailable', 'ambiguous', 'ambiguous'];
  const unsentKinds = ['unavailable', 'unavailable', 'unavailable', 'unavailable'];

  test('refused connections are unavailable, whatever was asked', async () => {
    const port = await closedPort();
    const server = { url: `http://127.0.0.1:${port}` } as TestServer;
    expect(await lost(server)).toEqual(unsentKinds);
    expect((await failureOf(transportTo(server.url).send(read(server)))).message).toContain('refused');
  });

  test('names that are not known, and lookups that fail, are unavailable', async () => {
    const server = { url: 'http://itsm.example.invalid:8080' } as TestServer;
    const failing = Object.assign(new Error('canary'), { code: 'EAI_AGAIN' });
    for (const resolve of [async () => [], async () => Promise.reject(failing)]) {
      const guard = createAddressGuard({ allowHttp: true, resolve });
      const failure = await failureOf(transportTo(server.url, { guard }).send(write(server)));
      expect(failure.kind).toBe('unavailable');
      expect(`${failure.message}${failure.cause}`).not.toContain('canary');
    }
  });

  test('TLS that fails before anything is sent is unavailable and says so', async () => {
    const server = await keep(serveHttp((_request, response) => response.end()));
    const https = { ...server, url: server.url.replace('http:', 'https:') };
    expect(await lost(https)).toEqual(unsentKinds);
  });

  test('a reset after the request was sent loses the answer', async () => {
    const server = await keep(serveRaw((socket) => socket.resetAndDestroy()));
    expect(await lost(server)).toEqual(lostKinds);
  });

  test('an end before the answer loses it', async () => {
    const server = await keep(serveRaw((socket) => socket.end()));
    expect(await lost(server)).toEqual(lostKinds);
  });

  test('an answer that is cut short is lost', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
    const cut = [
      `${head}content-length: 100\r\n\r\n{"a"`,
      `${head}transfer-encoding: chunked\r\n\r\n5\r\n{"a":`,
      `${head.slice(0, 30)}`,
    ];
    for (const text of cut) {
      const server = await keep(serveRaw((socket) => socket.end(text)));
      expect(await lost(server)).toEqual(lostKinds);
    }
  });

  test('a status that arrived decides although its words are cut short', async () => {
    const text = 'HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 100\r\n\r\nWa';
    const server = await keep(serveRaw((socket) => socket.end(text)));
    const failure = await failureOf(transportTo(server.url).send(write(server)));
    expect(failure.details).toMatchObject({ kind: 'throttled', status: 429, retryAfterMs: 7000 });
    expect(pauses).toEqual([7000]);
  });

  test('a gateway’s error tells how long to wait too', async () => {
    const text = 'HTTP/1.1 504 Gone\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n';
    const server = await keep(serveRaw((socket) => socket.end(text)));
    const failed = await failureOf(transportTo(server.url).send(read(server)));
    expect(failed.details).toMatchObject({ kind: 'unavailable', retryAfterMs: 7000 });
    const lostOne = await failureOf(transportTo(server.url).send(write(server)));
    expect(lostOne.details).toMatchObject({ kind: 'ambiguous', retryAfterMs: 7000 });
  });

  test('silence ends after the timeout: before the answer and within it', async () => {
    const silent = await keep(serveRaw(() => {}));
    expect(await lost(silent, { timeoutMs: 60 })).toEqual(lostKinds);
    const stalling = await keep(
      serveRaw((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12')),
    );
    expect(await lost(stalling, { timeoutMs: 60 })).toEqual(lostKinds);
  });

  test('the timeout covers the whole answer, also one that drips', async () => {
    const server = await keep(
      serveRaw((socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
        const drip = setInterval(() => socket.write('x'), 10);
        socket.on('close', () => clearInterval(drip));
      }),
    );
    const startedAt = performance.now();
    expect(await kindOf(server, read(server, { timeoutMs: 150 }))).toBe('unavailable');
    expect(performance.now() - startedAt).toBeLessThan(1500);
  });

  test('what is no HTTP is malformed where it may be asked again, else ambiguous', async () => {
    const server = await keep(serveRaw((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n')));
    expect(await lost(server)).toEqual(['malformed', 'malformed', 'ambiguous', 'ambiguous']);
  });

  test('endless headers are cut off', async () => {
    const server = await keep(
      serveRaw((socket) => socket.write(`HTTP/1.1 200 OK\r\n${'x: yyyyyyyyyyyyyyyyyyyy\r\n'.repeat(5000)}`)),
    );
    expect(await kindOf(server, read(server))).toBe('malformed');
  });

  test('cancelling before and after it was sent', async () => {
    const silent = await keep(serveRaw(() => {}));
    expect(await kindOf(silent, write(silent, { signal: AbortSignal.abort() }))).toBe('unavailable');
    expect(silent.connections()).toBe(0);
    const controller = new AbortController();
    const answering = await keep(serveRaw(() => controller.abort()));
    expect(await kindOf(answering, write(answering, { signal: controller.signal }))).toBe('ambiguous');
  });

  test('a failure does not hold up what comes after it', async () => {
    let count = 0;
    const server = await keep(
      serveHttp((request, response) => {
        count += 1;
        if (count % 2) request.socket.destroy();
        else response.writeHead(200, json).end('{}');
      }),
    );
    const transport = transportTo(server.url);
    const outcomes: string[] = [];
    for (let i = 0; i < 20; i++) {
      outcomes.push(
        await transport.send(read(server)).then(
          () => 'done',
          (failure) => failure.kind,
        ),
      );
    }
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === 'unavailable')).toHaveLength(10);
  });
});

describe('requests', () => {
  const echo = () =>
    keep(
      serveHttp(async (request, response) => {
        const chunks: Buffer[] = [];
        try {
          for await (const chunk of request) chunks.push(chunk);
        } catch {
          return; // The caller broke off; there is nobody to answer.
        }
        const { method, headers } = request;
        response
          .writeHead(200, json)
          .end(JSON.stringify({ method, headers, body: Buffer.concat(chunks).toString() }));
      }),
    );

  test.each([
    ['an object', { a: 'ä' }, undefined, '{"a":"ä"}', 'application/json; charset=utf-8'],
    ['a text', 'x', undefined, '"x"', 'application/json; charset=utf-8'],
    [
      'a patch',
      [{ op: 'test' }],
      'application/json-patch+json',
      '[{"op":"test"}]',
      'application/json-patch+json',
    ],
    ['XML', '<a/>', 'application/xml', '<a/>', 'application/xml'],
    [
      'a form',
      { a: 'b c', d: '&' },
      'application/x-www-form-urlencoded',
      'a=b+c&d=%26',
      'application/x-www-form-urlencoded',
    ],
    ['bytes', Buffer.from('raw'), undefined, 'raw', 'application/octet-stream'],
    [
      'a stream',
      Readable.from([Buffer.from('st'), Buffer.from('ream')]),
      'text/plain',
      'stream',
      'text/plain',
    ],
  ])('%s is sent as it should', async (_name, body, contentType, sent, type) => {
    const server = await echo();
    const { json: seen } = await transportTo(server.url).send(
      write(server, { body, ...(contentType && { contentType }), headers: { 'X-Own': 'yes' } }),
    );
    expect(seen).toMatchObject({
      method: 'POST',
      body: sent,
      headers: { 'content-type': type, 'x-own': 'yes' },
    });
  });

  test('a stream that breaks off with a failure is that failure', async () => {
    const server = await echo();
    const source = Readable.from(
      (async function* () {
        yield Buffer.from('part');
        throw new Failure({ kind: 'notFound', message: 'The attachment is gone' });
      })(),
    );
    const failure = await failureOf(transportTo(server.url).send(write(server, { body: source })));
    expect(failure).toMatchObject({ kind: 'notFound', message: 'The attachment is gone' });
  });

  test('headers cannot be smuggled', async () => {
    const server = await echo();
    const asking = transportTo(server.url).send(read(server, { headers: { 'x-a': 'b\r\nx-evil: 1' } }));
    expect(['rejected', 'unavailable']).toContain((await failureOf(asking)).kind);
    expect(server.requests).toEqual([]);
  });

  test('no more at once than the budget says, in the order they came', async () => {
    let running = 0;
    let most = 0;
    const server = await keep(
      serveHttp((_request, response) => {
        running += 1;
        most = Math.max(most, running);
        // Long enough for others to come in, were they let.
        setTimeout(() => {
          running -= 1;
          response.writeHead(200, json).end('{}');
        }, 5);
      }),
    );
    const transport = transportTo(server.url, { budget: { ...budget, concurrent: 3 } });
    await Promise.all(Array.from({ length: 50 }, () => transport.send(read(server))));
    expect(most).toBe(3);
  });

  test('every request is counted and traced where it was sent', async () => {
    const server = await keep(
      serveHttp((request, response) => response.writeHead(request.method === 'GET' ? 200 : 500).end()),
    );
    const counted: string[] = [];
    const transport = transportTo(server.url, {
      count: (route, outcome) => void counted.push(`${route} ${outcome}`),
    });
    const [first, second] = [newRequestTrace(), newRequestTrace()];
    await Promise.all([
      requestTrace.run(first, async () => {
        await transport.send(read(server));
        await failureOf(transport.send(write(server)));
      }),
      requestTrace.run(second, () => transport.send(read(server, { route: 'other.read' }))),
    ]);
    expect(first.requests).toMatchObject([
      { route: 'test.read', status: 200 },
      { route: 'test.write', status: 500, failure: 'unavailable' },
    ]);
    expect(second.requests).toMatchObject([
      { route: 'other.read', status: 200, durationMs: expect.any(Number) },
    ]);
    expect(counted.sort()).toEqual(['other.read done', 'test.read done', 'test.write unavailable']);
  });
});

describe('words of failures', () => {
  const secret = 'canary-Pässword/+1';
  const basic = Buffer.from(`user:${secret}`).toString('base64');

  const saying = async (body: string, type = 'text/plain', headers: Record<string, string> = {}) => {
    const server = await keep(
      serveHttp((_request, response) =>
        response.writeHead(422, { 'content-type': type, ...headers }).end(body),
      ),
    );
    const asking = { headers: { authorization: `Basic ${basic}`, 'x-api-key': 'canary-key-2' } };
    return failureOf(transportTo(server.url).send(read(server, asking)));
  };

  test.each([
    ['message', '{"message":"Priority is missing"}'],
    ['nested', '{"error":{"code":1,"message":"Priority is missing"}}'],
    ['list', '{"errors":[{"detail":"Priority is missing"}]}'],
    ['oauth', '{"error":"invalid","error_description":"Priority is missing"}'],
  ])('the sentence for people is found: %s', async (_name, body) => {
    expect((await saying(body, 'application/json')).message).toBe('Priority is missing');
  });

  test('credentials of the request are not repeated, in whatever form they come back', async () => {
    const forms = [secret, basic, `Basic ${basic}`, encodeURIComponent(secret), 'canary-key-2'];
    for (const form of forms) {
      const failure = await saying(`You sent ${form} to us`);
      expect(failure.message).toBe('You sent [secret] to us');
    }
  });

  test('registered secrets are taken out before the text is cut', async () => {
    const server = await keep(
      serveHttp((_request, response) => response.writeHead(400).end(`${'x'.repeat(990)}registered-secret`)),
    );
    const redact = (text: string) => text.replaceAll('registered-secret', '[secret]');
    const failure = await failureOf(transportTo(server.url, { redact }).send(read(server)));
    expect(failure.message).not.toContain('registered');
    expect(failure.message).toHaveLength(998);
  });

  test('control characters go, long texts are cut, pages give their title', async () => {
    expect((await saying('a\r\nlog.forged\u001b[31m\u202eb\u0000')).message).toBe('a log.forged [31m b');
    expect((await saying('y'.repeat(50_000))).message).toHaveLength(1000);
    expect((await saying('<html><title> Oops </title><body>…', 'text/html')).message).toBe(
      'Oops (status 422)',
    );
    expect((await saying('')).message).toMatch(/answered with status 422$/);
  });

  test('the id of the request for the other side goes along', async () => {
    expect((await saying('x', 'text/plain', { 'x-request-id': 'abc-1' })).details.requestId).toBe('abc-1');
  });
});

describe('pauses', () => {
  const asking = async (status: number, headers: Record<string, string>) => {
    const server = await keep(
      serveHttp((_request, response) => {
        response.sendDate = false;
        response.writeHead(status, headers).end();
      }),
    );
    const transport = transportTo(server.url, { now: () => Date.parse('2026-01-01T00:00:00Z') });
    return transport.send(read(server)).then(
      () => undefined,
      (failure: Failure) => failure.details.retryAfterMs,
    );
  };
  const dayMs = 86_400_000;

  test.each([
    ['5', 5000],
    [' 5 ', 5000],
    ['0', 0],
    ['1.5', 1500],
    ['86400', dayMs],
    ['99999999999999', dayMs],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Thu, 01 Jan 2099 00:01:00 GMT', dayMs],
    ['Thu, 01 Jan 2025 00:01:00 GMT', 0],
    ['-5', undefined],
    ['soon', undefined],
    ['', undefined],
    ['5 minutes', undefined],
    ['1e3', undefined],
  ])('Retry-After "%s" is %p ms', async (text, expected) => {
    const told = await asking(429, { 'retry-after': text });
    expect(told).toBe(expected);
    expect(pauses).toEqual([expected || 2000]);
  });

  test('dates are compared with the clock of the answer', async () => {
    const headers = { 'retry-after': 'Fri, 02 Jan 2026 10:00:30 GMT', date: 'Fri, 02 Jan 2026 10:00:00 GMT' };
    expect(await asking(429, headers)).toBe(30_000);
  });

  test('a pause is honoured on 200 too, but not where it means something else', async () => {
    await asking(200, { 'retry-after': '4' });
    expect(pauses).toEqual([4000]);
    await asking(202, { 'retry-after': '4' });
    await asking(301, { 'retry-after': '4', location: '/y' });
    expect(pauses).toEqual([4000]);
  });
});

describe('work that another worker has taken over', () => {
  /** What the server got whole, by method. */
  const taking = async () => {
    const got: string[] = [];
    const server = await keep(
      serveHttp((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('error', () => {});
        request.on('end', () => {
          got.push(`${request.method} ${Buffer.concat(chunks)}`);
          response.writeHead(200, json).end('{}');
        });
      }),
    );
    return { server, got };
  };
  const post = (server: { url: string }, body: unknown) =>
    ({ method: 'POST', route: 'file.add', url: `${server.url}/files`, body }) as const;

  test('sends nothing that must not be repeated, and reads and releases all the same', async () => {
    const { server, got } = await taking();
    const transport = transportTo(server.url, { mayWrite: () => () => false });
    const failure = await failureOf(transport.send(post(server, { a: 1 })));
    // Ambiguous: the other worker may be sending the same, so nothing may be noted as "not sent".
    expect(failure).toMatchObject({ kind: 'ambiguous', message: /taken this over/ });
    await transport.send({ ...post(server, { release: 1 }), repeat: 'safe' });
    await transport.send(read(server));
    expect(got).toEqual(['POST {"release":1}', 'GET ']);
  });

  test('is asked for the run that sends, at the last moment', async () => {
    const { server, got } = await taking();
    let held = true;
    const transport = transportTo(server.url, {
      mayWrite: () => {
        const run = held;
        return () => run;
      },
    });
    await transport.send(post(server, { first: 1 }));
    held = false;
    await expect(transport.send(post(server, { second: 1 }))).rejects.toThrow(/taken this over/);
    expect(got).toEqual(['POST {"first":1}']);
  });

  test('breaks off a file whose source was waited for meanwhile', async () => {
    const { server, got } = await taking();
    let held = true;
    const transport = transportTo(server.url, { mayWrite: () => () => held });
    const body = Readable.from(
      (async function* () {
        yield Buffer.from('first half, ');
        held = false;
        yield Buffer.from('second half');
      })(),
    );
    const failure = await failureOf(transport.send(post(server, body)));
    expect(failure).toMatchObject({ kind: 'ambiguous', message: /taken this over/ });
    await transport.send(read(server));
    expect(got).toEqual(['GET ']);
  });
});

describe('streams', () => {
  test('a large body passes through without being kept, no faster than it is read', async () => {
    const sizeBytes = 64 * 1024 * 1024;
    let sentBytes = 0;
    const server = await keep(
      serveHttp((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' });
        const source = new Readable({
          read() {
            if (sentBytes >= sizeBytes) this.push(null);
            else this.push(Buffer.alloc(65_536));
            sentBytes += 65_536;
          },
        });
        source.pipe(response);
      }),
    );
    const { body } = await transportTo(server.url).stream(read(server));
    await once(body, 'readable');
    const iterator = body[Symbol.asyncIterator]();
    let readBytes = (await iterator.next()).value.length;
    // Nobody reads on: what is under way is what sockets hold, not the file.
    await new Promise((resolve) => setImmediate(resolve));
    expect(sentBytes).toBeLessThan(sizeBytes);
    for (let step = await iterator.next(); !step.done; step = await iterator.next())
      readBytes += step.value.length;
    expect(readBytes).toBe(sizeBytes);
  });

  test('a break in the middle ends the body with a failure', async () => {
    const server = await keep(
      serveRaw((socket) => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n12345');
        setImmediate(() => socket.resetAndDestroy());
      }),
    );
    const { body } = await transportTo(server.url).stream(read(server));
    const failure = await failureOf(body.toArray());
    expect(failure.kind).toBe('unavailable');
  });

  test('statuses fail as elsewhere, with their words', async () => {
    const server = await keep(
      serveHttp((_request, response) => response.writeHead(404, json).end('{"message":"No such file"}')),
    );
    const failure = await failureOf(transportTo(server.url).stream(read(server)));
    expect(failure).toMatchObject({ kind: 'notFound', message: 'No such file' });
  });

  test('a body that is not wanted any more frees its place', async () => {
    const server = await keep(
      serveHttp((_request, response) => {
        response.writeHead(200);
        const source = Readable.from(
          (async function* () {
            for (;;) yield Buffer.alloc(10_000);
          })(),
        );
        source.pipe(response);
        response.on('close', () => source.destroy());
      }),
    );
    const transport = transportTo(server.url, { budget: { ...budget, concurrent: 1 } });
    for (let i = 0; i < 5; i++) {
      const { body } = await transport.stream(read(server));
      body.destroy();
    }
    expect(server.requests).toHaveLength(5);
  });
});

test('after closing nothing is sent', async () => {
  const server = await keep(serveHttp((_request, response) => response.writeHead(200, json).end('{}')));
  const transport = transportTo(server.url);
  await transport.send(read(server));
  await transport.close();
  expect((await failureOf(transport.send(write(server)))).kind).toBe('unavailable');
  expect(server.requests).toHaveLength(1);
});
