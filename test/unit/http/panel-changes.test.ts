import { panelChanges } from '../../../backend/http/routes/panel-changes.ts';
import type { Store } from '../../../backend/store/pool.ts';

const listening = () => {
  let tell: (payload: string) => void = () => {};
  const store = {
    listen: (_channel: string, heard: (payload: string) => void) => {
      tell = heard;
    },
  } as unknown as Store;
  return { changes: panelChanges(store), tell: (payload: string) => tell(payload) };
};
const patient = new AbortController().signal;
/** A wait that only a change can end within this test. */
const longMs = 600_000;

test('a change between reading and waiting is not missed', async () => {
  const { changes, tell } = listening();
  const seen = changes.count(1);
  tell('1 77');
  await changes.next(1, seen, longMs, patient);
});

test('a change while waiting ends the wait of its tenant only', async () => {
  const { changes, tell } = listening();
  const ended: number[] = [];
  const waits = [1, 2].map((tenant) =>
    changes.next(tenant, changes.count(tenant), tenant === 1 ? longMs : 50, patient).then(() => {
      ended.push(tenant);
    }),
  );
  tell('1 77');
  await waits[0];
  expect(ended).toEqual([1]);
  await waits[1];
});

test('after the listener was away every tenant looks again, whether it waits yet or not', async () => {
  const { changes, tell } = listening();
  const early = changes.count(2);
  const waiting = changes.next(1, changes.count(1), longMs, patient);
  tell('');
  await waiting;
  await changes.next(2, early, longMs, patient);
});
