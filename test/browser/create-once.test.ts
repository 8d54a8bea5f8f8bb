import type { Page } from 'playwright-core';
import { openStage, type Stage } from './extension-stage.ts';
import { contribution, newBug, panelOf, patience } from './places.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterEach(async () => {
  stage.sandbox.faults.clear();
  stage.sandbox.alemba.faults.clear();
  expect(await stage.clear()).toEqual([]);
});
afterAll(() => stage?.close());

const callsNamed = (...subjects: string[]) =>
  [...stage.sandbox.alemba.store.calls.values()]
    .filter(({ values, submitted }) => submitted && subjects.includes(String(values.Subject)))
    .map(({ values }) => String(values.Subject))
    .sort();

async function openDialog(list: Page, bugs: number[]) {
  for (const bug of bugs)
    await list.getByLabel(`Choose work item ${bug}`, { exact: true }).setChecked(true, patience);
  await list.getByRole('button', { name: 'Create ticket' }).click();
  return contribution(list, 'ticket-dialog');
}

const createKeys = (page: Page): string[] => {
  const keys: string[] = [];
  page.on('request', (request) => {
    if (request.method() === 'POST' && /\/tickets$/.test(request.url()))
      keys.push((request.postDataJSON() as { requestKey: string }).requestKey);
  });
  return keys;
};

test('a dialog that is closed midway and opened again makes one ticket for each work item', async () => {
  const titles = ['Ordered in haste', 'Ordered behind it'];
  const bugs = [];
  for (const title of titles) bugs.push(await newBug(stage.sandbox, title));
  const list = await stage.open('_queries');
  const keys = createKeys(list);
  // The dialog goes while the first order is under way, however long that takes.
  const { faults } = stage.sandbox.alemba;
  const held = Promise.withResolvers<void>();
  faults.set({ id: 'held', match: { path: '/submit$' }, fault: { kind: 'held', until: held.promise } });
  const first = await openDialog(list, bugs);
  await first.getByRole('button', { name: 'Create 2 tickets' }).click(patience);
  // The order has reached the desk, but the call is not finished.
  const isBegun = () =>
    [...stage.sandbox.alemba.store.calls.values()].some(({ values }) => values.Subject === titles[0]);
  const deadlineMs = Date.now() + patience.timeout;
  while (!isBegun() && Date.now() < deadlineMs) await list.waitForTimeout(20);
  expect(callsNamed(...titles)).toEqual([]);
  await list.reload();
  const again = await openDialog(list, bugs);
  const repeated = list.waitForRequest((one) => one.method() === 'POST' && /\/tickets$/.test(one.url()));
  await again.getByRole('button', { name: 'Create 2 tickets' }).click(patience);
  await repeated;
  held.resolve();
  await again.getByText('2 of 2').waitFor({ timeout: 40_000 });
  expect(callsNamed(...titles)).toEqual([...titles].sort());
  expect(keys[1]).toBe(keys[0]);
  expect(new Set(keys).size).toBe(2);
});

test('an order that the desk refused is repeated under its key and makes one ticket', async () => {
  const bug = await newBug(stage.sandbox, 'Refused at first');
  const form = await stage.form(bug);
  const keys = createKeys(form);
  stage.sandbox.alemba.faults.set({
    id: 'refusal',
    match: { method: 'POST', path: '/call' },
    remaining: 1,
    fault: { kind: 'status', status: 400, body: { Message: 'Not like this' } },
  });
  await panelOf(form).getByRole('button', { name: 'Create call' }).click(patience);
  const create = panelOf(form).locator('.view-foot').getByRole('button', { name: 'Create call' });
  await create.click(patience);
  await panelOf(form).locator('.view-foot .notice').waitFor(patience);
  await create.click();
  await panelOf(form)
    .getByRole('article', { name: /Refused at first/ })
    .waitFor({ timeout: 40_000 });
  expect(callsNamed('Refused at first')).toHaveLength(1);
  expect(new Set(keys).size).toBe(1);
});

test('who orders another ticket after the first gets another', async () => {
  const bug = await newBug(stage.sandbox, 'Wanted twice');
  const form = await stage.form(bug);
  for (const count of [1, 2]) {
    await panelOf(form).getByRole('button', { name: 'Create call' }).click(patience);
    await panelOf(form).locator('.view-foot').getByRole('button', { name: 'Create call' }).click(patience);
    await panelOf(form)
      .getByRole('article', { name: /Wanted twice/ })
      .nth(count - 1)
      .waitFor(patience);
  }
  expect(callsNamed('Wanted twice')).toHaveLength(2);
});
