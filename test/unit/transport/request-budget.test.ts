import { createMemoryBudget } from '../../../backend/connectors/request-budget.ts';

beforeEach(() => jest.useFakeTimers({ advanceTimers: false, doNotFake: ['nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

/** When each of `count` takers may leave, in ms, on a clock that this function moves. */
const leaveTimes = async (
  count: number,
  perSecond: number,
  during: (at: number, pause: (ms: number) => void) => void = () => {},
) => {
  const waits: number[] = [];
  let clock = 1_000_000;
  const budget = createMemoryBudget({
    requestsPerSecond: perSecond,
    concurrent: 1,
    now: () => clock,
    maxWaitMs: 1e9,
  });
  jest.useRealTimers();
  for (let i = 0; i < count; i++) {
    during(clock - 1_000_000, budget.throttled);
    const before = budget.take();
    const immediate = await Promise.race([
      before.then(() => true),
      new Promise((resolve) => setImmediate(() => resolve(false))),
    ]);
    if (!immediate) clock += 1000 / perSecond;
    waits.push(clock - 1_000_000);
    await before;
  }
  return waits;
};

test('a second worth goes at once, then one after the other', async () => {
  const times = await leaveTimes(12, 10);
  expect(times.filter((at) => at === 0)).toHaveLength(10);
  expect(times.slice(10)).toEqual([100, 200]);
});

test('a longer wait than makes sense is throttled, with the time to wait', async () => {
  let clock = 0;
  const budget = createMemoryBudget({
    requestsPerSecond: 10,
    concurrent: 1,
    now: () => clock,
    maxWaitMs: 5000,
  });
  await budget.take();
  budget.throttled(60_000);
  await expect(budget.take()).rejects.toMatchObject({ kind: 'throttled', details: { retryAfterMs: 60_000 } });
  clock += 59_999;
  budget.throttled(10_000_000);
  clock += 10_000_000;
  await expect(budget.take()).resolves.toBeUndefined();
});

test('nothing leaves before a pause ends, also what waited already', async () => {
  jest.useRealTimers();
  const budget = createMemoryBudget({ requestsPerSecond: 20, concurrent: 1 });
  for (let i = 0; i < 20; i++) await budget.take();
  const startedAt = Date.now();
  const waiting = budget.take();
  budget.throttled(200);
  await Promise.all([waiting, budget.take()]);
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(200);
});

test('waiting can be cancelled', async () => {
  jest.useRealTimers();
  const budget = createMemoryBudget({ requestsPerSecond: 1, concurrent: 1 });
  await budget.take();
  const controller = new AbortController();
  const waiting = budget.take(controller.signal);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ kind: 'unavailable' });
});
