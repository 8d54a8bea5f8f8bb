import { batcher } from '../../../backend/store/batcher.ts';

const pace = { perItemMs: 4, atMostMs: 20, enoughItems: 12 };

describe('calls to the store keep apart under load', () => {
  let sent: { atMs: number; items: number[] }[];
  let item: (item: number) => Promise<number>;

  beforeEach(() => {
    jest.useFakeTimers();
    sent = [];
    item = batcher<number, number>(
      async (items) => {
        sent.push({ atMs: performance.now(), items: [...items] });
        return items;
      },
      { maxItems: 16, pace },
    );
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const add = async (...items: number[]) => {
    for (const one of items) void item(one);
    await jest.advanceTimersByTimeAsync(0);
  };
  const count = (length: number, from = 1) => Array.from({ length }, (_, index) => from + index);
  const batches = () => sent.map(({ items }) => items);

  test('a lone call goes at once, and so does the next one 4 ms later', async () => {
    await add(1);
    expect(batches()).toEqual([[1]]);
    await jest.advanceTimersByTimeAsync(4);
    await add(2);
    expect(batches()).toEqual([[1], [2]]);
  });

  test('after a batch of three the next gathers for 12 ms', async () => {
    await add(1, 2, 3);
    await add(4);
    await jest.advanceTimersByTimeAsync(11);
    await add(5);
    expect(batches()).toEqual([[1, 2, 3]]);
    await jest.advanceTimersByTimeAsync(1);
    expect(batches()).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  test('never for longer than 20 ms', async () => {
    await add(...count(10));
    await add(11);
    await jest.advanceTimersByTimeAsync(20);
    expect(batches()).toEqual([count(10), [11]]);
  });

  test('enough of them go at once: whoever waits may have nothing else to send', async () => {
    await add(...count(10));
    await add(...count(12, 11));
    expect(batches()).toEqual([count(10), count(12, 11)]);
    expect(sent[0]?.atMs).toBe(sent[1]?.atMs);
  });

  test('what does not fit into one call follows at once while it is enough, the rest after the pause', async () => {
    await add(...count(40));
    expect(batches()).toEqual([count(16), count(16, 17)]);
    await jest.advanceTimersByTimeAsync(20);
    expect(batches()).toEqual([count(16), count(16, 17), count(8, 33)]);
  });

  test('a call that fails fails those that it carried, and the next go on', async () => {
    let fails = true;
    const fragile = batcher<number, number>(
      async (items) => {
        if (fails) throw new Error('The store is away');
        return items;
      },
      { maxItems: 16, pace },
    );
    const first = Promise.allSettled([fragile(1), fragile(2)]);
    await jest.advanceTimersByTimeAsync(0);
    expect((await first).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    const second = fragile(3);
    await jest.advanceTimersByTimeAsync(20);
    expect(await second).toBe(3);
  });
});
