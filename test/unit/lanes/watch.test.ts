import { type LaneWatch, type NextLane, watchLanes } from '../../../backend/lanes/watch.ts';

const lane: NextLane = { tenant: 1, key: 'link:1', kind: 'link', leaseToken: 3 };

let watch: LaneWatch;
let clockMs: number;
let next: NextLane | undefined | Error;
let hasRoom: boolean;
let told: unknown[];

beforeEach(() => {
  clockMs = 0;
  next = lane;
  hasRoom = true;
  told = [];
  watch = watchLanes({
    nextLane: async () => {
      if (next instanceof Error) throw next;
      return next;
    },
    hasRoom: () => hasRoom,
    stuckAfterMs: 60_000,
    onError: (error) => told.push(error),
    nowMs: () => clockMs,
  });
});
afterEach(() => watch.stop());

/** Looks every 15 s, as the timer does. */
const watchFor = async (seconds: number) => {
  for (const endMs = clockMs + seconds * 1000; clockMs < endMs; ) {
    clockMs += 15_000;
    await watch.look();
  }
};

test('a lane that stays at the head with room is told, and no more once it is taken', async () => {
  await watch.look();
  await watchFor(45);
  expect(watch.problem()).toBeUndefined();
  await watchFor(15);
  expect(watch.problem()).toMatch(
    /^a link lane is due for 60 s and not taken, although this worker has room/,
  );
  next = { ...lane, leaseToken: 4 };
  await watchFor(15);
  expect(watch.problem()).toBeUndefined();
});

test.each([
  ['another lane is at the head', () => ({ ...lane, key: `link:${clockMs}` }), true],
  ['the head is taken again and again', () => ({ ...lane, leaseToken: clockMs }), true],
  ['nothing is due', () => undefined, true],
  ['all places are taken', () => lane, false],
  ['the store does not answer', () => new Error('away'), true],
])('no alarm while %s', async (_name, head, room) => {
  hasRoom = room;
  for (let look = 0; look < 20; look += 1) {
    next = head();
    await watchFor(15);
    expect(watch.problem()).toBeUndefined();
  }
});

test('what went on while nobody watched does not count', async () => {
  await watch.look();
  clockMs += 600_000;
  await watch.look();
  expect(watch.problem()).toBeUndefined();
  next = new Error('away');
  await watchFor(15);
  expect(told).toHaveLength(1);
  next = lane;
  await watchFor(60);
  expect(watch.problem()).toBeUndefined();
  await watchFor(15);
  expect(watch.problem()).toBeDefined();
});
