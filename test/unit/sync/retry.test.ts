import fc from 'fast-check';
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
    [7_200_000, 7_200_000],
    [1e12, 86_400_000],
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

describe('the wait between attempts', () => {
  const attempts = fc.integer({ min: 1, max: 99 });
  const random = fc.double({ min: 0, max: 1, noNaN: true });
  const fixedDelayMs = fc.integer({ min: 1000, max: 86_400_000 });
  const patient = { ...limits, maxAttempts: 100 };
  const counted = fc.constantFrom('notFound' as const, 'unavailable' as const, 'ambiguous' as const);

  test('a fixed one is the same after each attempt, and at most a tenth longer than asked', () => {
    fc.assert(
      fc.property(counted, attempts, random, fixedDelayMs, (kind, tries, dice, fixed) => {
        const { delayMs = 0 } = decide({ kind }, tries, { ...patient, fixedDelayMs: fixed }, dice);
        expect(delayMs).toBeGreaterThanOrEqual(fixed);
        expect(delayMs).toBeLessThanOrEqual(Math.ceil(fixed * 1.1));
        expect(delayMs).toBe(decide({ kind }, 1, { ...patient, fixedDelayMs: fixed }, dice).delayMs);
      }),
    );
    const tenth = decide({ kind: 'unavailable' }, 9, { ...patient, fixedDelayMs: 1_800_000 }, 1);
    expect(tenth.delayMs).toBe(1_980_000);
  });

  test('is never shorter than the system asks for, and as without it where it asks for less', () => {
    const asked = fc.integer({ min: 1000, max: 86_400_000 });
    const kind = fc.constantFrom('unavailable' as const, 'ambiguous' as const, 'throttled' as const);
    const fixed = fc.option(fixedDelayMs, { nil: undefined });
    fc.assert(
      fc.property(kind, attempts, random, asked, fixed, (of, tries, dice, retryAfterMs, delay) => {
        const own = { ...patient, fixedDelayMs: delay };
        const { delayMs = 0 } = decide({ kind: of, retryAfterMs }, tries, own, dice);
        expect(delayMs).toBeGreaterThanOrEqual(retryAfterMs);
        const { delayMs: alone = 0 } = decide({ kind: of }, tries, own, dice);
        if (of !== 'throttled') expect(delayMs).toBe(Math.max(alone, retryAfterMs));
      }),
    );
  });

  test('being slowed down is no failed attempt: the fixed wait does not hold up the whole connection', () => {
    const slowed = decide(
      { kind: 'throttled', retryAfterMs: 5000 },
      1,
      { ...patient, fixedDelayMs: 1_800_000 },
      1,
    );
    expect(slowed).toMatchObject({ delayMs: 5000, countsAsAttempt: false });
  });
});
