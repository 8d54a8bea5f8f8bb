import type { ServerResponse } from 'node:http';
import { createAddressGuard } from '../../../backend/connectors/address-guard.ts';
import { outsideAttempt, sharedWork, withinAttempt } from '../../../backend/connectors/attempt.ts';
import { createTransport } from '../../../backend/connectors/http-transport.ts';
import type { RemoteRequest } from '../../../backend/connectors/transport.ts';
import { Failure } from '../../../backend/sync/failure.ts';
import { serveHttp, type TestServer } from './servers.ts';

const longestSeconds = 0.2;

let server: TestServer;
/** Requests that were not answered. */
let held: ServerResponse[];
beforeEach(async () => {
  // The test turns the clock of an attempt: how soon a request gets to the server is up to the machine.
  jest.useFakeTimers({
    doNotFake: [
      'Date',
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
    ],
  });
  held = [];
  server = await serveHttp((request, response) => {
    if (request.url === '/silent') held.push(response);
    else response.end();
  });
});
afterEach(async () => {
  await server.close();
  jest.useRealTimers();
});

const transportFor = (concurrent: number) =>
  createTransport({
    guard: createAddressGuard({ allowPrivate: ['127.0.0.0/8'], allowHttp: true }),
    origins: [server.url],
    budget: { take: async () => {}, throttled: () => {}, concurrent },
  });

const asking = (method: RemoteRequest['method'], path: string, concurrent = 8) =>
  transportFor(concurrent).send({ method, url: server.url + path, route: 'test' });

/** Of an attempt whose time is over once `unanswered` requests wait at the server. */
const failureOf = async (work: () => Promise<unknown>, unanswered = 1): Promise<Failure> => {
  const outcome = withinAttempt(longestSeconds, work).then(
    () => new Error('It did not fail'),
    (failure) => failure,
  );
  while (held.length < unanswered) await new Promise((resolve) => setImmediate(resolve));
  jest.advanceTimersByTime(longestSeconds * 1000);
  const error = await outcome;
  if (!(error instanceof Failure)) throw error;
  return error;
};

test('a reading that takes longer is called off, in words that name the limit', async () => {
  const startedAt = performance.now();
  const failure = await failureOf(() => asking('GET', '/silent'));
  expect(performance.now() - startedAt).toBeLessThan(5000);
  expect(failure.kind).toBe('unavailable');
  expect(failure.message).toMatch(
    /^The attempt took longer than 0.2 seconds, and 127.0.0.1:\d+ had not answered$/,
  );
});

test('a write that may have arrived is in doubt', async () => {
  const failure = await failureOf(() => asking('POST', '/silent'));
  expect(failure.kind).toBe('ambiguous');
  expect(failure.message).toContain('took longer than 0.2 seconds');
});

test('nothing more is sent once the time is over, writes included', async () => {
  const failure = await failureOf(async () => {
    await asking('GET', '/silent').catch(() => undefined);
    return asking('POST', '/late');
  });
  expect(failure.kind).toBe('unavailable');
  expect(failure.message).toMatch(/took longer than 0.2 seconds, before 127.0.0.1:\d+ was asked$/);
  expect(server.requests).toEqual(['GET /silent']);
});

test('waiting for a turn ends too, and gives up the place', async () => {
  const transport = transportFor(1);
  const ask = (path: string) => transport.send({ method: 'GET', url: server.url + path, route: 'test' });
  const first = ask('/silent');
  const failure = await failureOf(() => ask('/waits'));
  expect(failure.kind).toBe('unavailable');
  const next = ask('/next');
  for (const response of held) response.end();
  expect(await Promise.all([first, next])).toMatchObject([{ status: 200 }, { status: 200 }]);
  expect(server.requests).toEqual(['GET /silent', 'GET /next']);
});

test('what others wait for too goes on, without the attempt that began it', async () => {
  let answered: (() => void) | undefined;
  let shared: Promise<string> | undefined;
  const failure = await failureOf(
    () =>
      sharedWork(() => {
        shared = new Promise<void>((resolve) => {
          answered = resolve;
        }).then(async () => {
          await asking('GET', '/shared');
          return 'for all';
        });
        return shared;
      }),
    0,
  );
  expect(failure.message).toBe('The attempt took longer than 0.2 seconds');
  answered?.();
  expect(await shared).toBe('for all');
  expect(server.requests).toEqual(['GET /shared']);
});

test('a lock is given back after the end', async () => {
  await failureOf(() =>
    asking('GET', '/silent').finally(() => outsideAttempt(() => asking('PUT', '/unlock'))),
  );
  expect(server.requests).toEqual(['GET /silent', 'PUT /unlock']);
});

test('the end of one attempt touches no other, and one that ended in time is not called off later', async () => {
  const other = asking('GET', '/silent');
  let later: Promise<unknown> | undefined;
  await withinAttempt(longestSeconds, async () => {
    later = asking('GET', '/silent');
    await asking('GET', '/quick');
  });
  expect((await failureOf(() => asking('GET', '/silent'), 3)).kind).toBe('unavailable');
  for (const response of held) response.end();
  expect(await Promise.all([other, later])).toMatchObject([{ status: 200 }, { status: 200 }]);
});
