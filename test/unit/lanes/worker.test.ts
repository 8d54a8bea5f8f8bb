import type { ClaimedLane } from '../../../backend/lanes/lane.ts';
import type { LaneQueue } from '../../../backend/lanes/queue.ts';
import { startWorker } from '../../../backend/lanes/worker.ts';
import { StoreUnavailable } from '../../../backend/store/pool.ts';

const lane: ClaimedLane = {
  tenant: 1,
  key: 'link:1',
  kind: 'link',
  connection: 'itsm',
  link: '1',
  loaded: undefined,
  hints: [],
  queued: 1,
  lastInbox: 1,
  leaseToken: 1,
  attempts: 1,
  claimedAtMs: 0,
  facts: {},
};

/** Runs one lane whose settlements fail with these errors first. Resolves to how often it was settled, and the errors told. */
async function settledWith(failures: Error[]): Promise<{ tries: number; told: unknown[]; written: boolean }> {
  const left = [...failures];
  const told: unknown[] = [];
  let tries = 0;
  const waiting = [[lane]];
  let written = false;
  const queue: LaneQueue = {
    claim: async () => waiting.shift() ?? [],
    settle: async () => {
      tries += 1;
      const failure = left.shift();
      if (failure !== undefined) throw failure;
      return true;
    },
    extend: async (lanes) => [...lanes],
    enqueue: async () => undefined,
    wake: async () => undefined,
  };
  const worker = startWorker({
    queue,
    runners: { link: async () => ({ verdict: 'done' }) },
    concurrent: 4,
    leaseSeconds: 30,
    pollMs: 1000,
    onFault: (_lane, error) => {
      throw error;
    },
    onStoreError: (error) => void told.push(error),
    onSettled: () => {
      written = true;
    },
  });
  const deadline = Date.now() + 5000;
  while ((tries === 0 || worker.busy > 0) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await worker.stop(0);
  return { tries, told, written };
}

test('a settlement is sent again while the store is away', async () => {
  const away = new StoreUnavailable(new Error('restarting'));
  expect(await settledWith([away, away])).toEqual({ tries: 3, told: [away, away], written: true });
});

test('a settlement that the store refuses for what it holds is told once and left to the lease', async () => {
  const refused = new Error('invalid input syntax');
  expect(await settledWith([refused])).toEqual({ tries: 1, told: [refused], written: false });
});
