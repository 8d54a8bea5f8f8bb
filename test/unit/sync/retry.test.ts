import { failureKinds } from '../../../backend/sync/failure.ts';
import { backoffMs, decide } from '../../../backend/sync/retry.ts';

const limits = { maxAttempts: 3, firstDelayMs: 2000, longestDelayMs: 900_000 };

describe('one decision for each failure', () => {
  test.each([
    ['unauthorized', 'pauseConnection', false, true],
    ['forbidden', 'parkLink', false, true],
    ['notFound', 'planAgain', true, false],
    ['rejected', 'parkCommand', false, true],
    ['stale', 'planAgain', true, false],
    ['throttled', 'wait', false, false],
    ['unavailable', 'wait', true, false],
    ['ambiguous', 'lookForMark', true, false],
    ['malformed', 'parkLink', false, true],
  ] as const)('%s: %s', (kind, decision, countsAsAttempt, needsPerson) => {
    expect(decide({ kind }, 1, limits, 0.5)).toMatchObject({ decision, countsAsAttempt, needsPerson });
  });

  test('what keeps failing ends with a person, except waiting as told', () => {
    for (const kind of failureKinds) {
      const { needsPerson } = decide({ kind }, 100, limits, 0.5);
      expect([kind, needsPerson]).toEqual([kind, kind !== 'throttled']);
    }
  });

  test.each([
    [undefined, 30_000],
    [Number.NaN, 30_000],
    [-5, 1000],
    [7000, 7000],
    [1e12, 3_600_000],
  ])('Retry-After of %s ms waits %s ms, the whole connection', (retryAfterMs, delayMs) => {
    expect(decide({ kind: 'throttled', retryAfterMs }, 1, limits, 0)).toMatchObject({
      delayMs,
      wholeConnection: true,
    });
  });

  test('backing off doubles up to the longest delay, with jitter', () => {
    expect([1, 2, 3, 60].map((attempts) => backoffMs(attempts, 2000, 900_000, 1))).toEqual([
      2000, 4000, 8000, 900_000,
    ]);
    expect(backoffMs(3, 2000, 900_000, 0)).toBe(2000);
  });
});
