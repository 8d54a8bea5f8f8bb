import type { FrameLocator, Page } from 'playwright-core';
import { sandboxMapping } from '../sandbox/seed-mapping.ts';
import { openStage, type Stage } from './extension-stage.ts';
import { hubOf, patience } from './places.ts';

let stage: Stage;
let page: Page;
let hub: FrameLocator;

beforeAll(async () => {
  stage = await openStage();
  const api = stage.sandbox.apiAs();
  const params = { projectId: stage.sandbox.projectId };
  const [first] = (await api('listMappings', { params })).mappings;
  for (const name of ['Second', 'Third']) {
    const body = { ...sandboxMapping(first?.connectionId ?? ''), name };
    await api('createMapping', { params, body });
  }
}, 120_000);
beforeEach(async () => {
  page = await stage.open('_settings', { user: 'admin' });
  hub = hubOf(page);
  await hub.getByRole('tab', { name: 'Mappings' }).click(patience);
  await hub.getByRole('listitem').nth(2).waitFor(patience);
});
afterEach(async () => {
  expect(await stage.clear()).toEqual([]);
});
afterAll(() => stage?.close());

const shown = () => hub.getByRole('listitem').getByRole('heading').allTextContents();
const row = (name: string) => hub.getByRole('listitem').filter({ hasText: name });

/** What the person sees, what the backend keeps, and what a reload shows are one. */
async function isKept(order: string[]): Promise<void> {
  await hub.getByText('is now').waitFor({ ...patience, state: 'attached' });
  expect(await shown()).toEqual(order);
  const params = { projectId: stage.sandbox.projectId };
  const { mappings } = await stage.sandbox.apiAs()('listMappings', { params });
  expect(mappings.toSorted((a, b) => a.position - b.position).map((one) => one.name)).toEqual(order);
  await page.reload();
  await hub.getByRole('listitem').nth(2).waitFor(patience);
  expect(await shown()).toEqual(order);
}

test('a mapping is dragged to another place with the mouse, and stays there', async () => {
  const [first = '', second = '', third = ''] = await shown();
  await row(third).locator('.drag-handle').dragTo(row(first));
  await isKept([third, first, second]);
  await row(third).locator('.drag-handle').dragTo(row(second));
  await isKept([first, second, third]);
});

test('a mapping is moved with the keyboard alone, and its button keeps the focus', async () => {
  const [first = '', second = '', third = ''] = await shown();
  const focused = () => hub.locator(':focus').getAttribute('aria-label');
  await row(third).getByRole('button', { name: 'Move up' }).focus();
  await page.keyboard.press('Enter');
  await hub.getByText(`${third} is now 2 of 3`).waitFor({ ...patience, state: 'attached' });
  expect(await focused()).toBe('Move up');
  await page.keyboard.press('Enter');
  await hub.getByText(`${third} is now 1 of 3`).waitFor({ ...patience, state: 'attached' });
  // At the top there is no way up; the button is spent but keeps the focus, so that the next Tab goes on from there.
  expect(await focused()).toBe('Move up');
  expect(await row(third).locator(':focus').count()).toBe(1);
  await isKept([third, first, second]);
});

/** The first saving of an order waits until `end`; each then has its outcome, and those after them are stored. */
async function holdSaving(...outcomes: ('stored' | 'lost')[]) {
  const held = Promise.withResolvers<void>();
  const sent: string[][] = [];
  await page.route(/\/mapping-order$/, async (route) => {
    if (route.request().method() !== 'PUT') return route.continue();
    const outcome = outcomes[sent.push(route.request().postDataJSON().mappingIds) - 1];
    await held.promise;
    await (outcome === 'lost' ? route.abort() : route.continue());
  });
  return { sent, end: () => held.resolve() };
}

const move = (name: string, way: 'Move up' | 'Move down') =>
  row(name).getByRole('button', { name: way }).click();
const isTold = (words: string) => hub.getByText(words).waitFor({ ...patience, state: 'attached' });
const problem = () => hub.getByText('Tandem’s backend does not answer');

test('of the moves while an order is being saved the newest order is stored', async () => {
  const [first = '', second = '', third = ''] = await shown();
  const saving = await holdSaving();
  await move(third, 'Move up');
  await move(third, 'Move up');
  await move(first, 'Move down');
  expect(await shown()).toEqual([third, second, first]);
  saving.end();
  await isTold(`${first} is now 3 of 3`);
  expect(saving.sent).toHaveLength(2);
  await isKept([third, second, first]);
});

test('an order that could not be saved is made good by the newer one that waited', async () => {
  const [first = '', second = '', third = ''] = await shown();
  const saving = await holdSaving('lost');
  await move(third, 'Move up');
  await move(third, 'Move up');
  saving.end();
  await isTold(`${third} is now 1 of 3`);
  expect(await problem().count()).toBe(0);
  await isKept([third, first, second]);
});

test('where the order that waited cannot be saved, the one before it shows, with the problem', async () => {
  const [first = '', second = '', third = ''] = await shown();
  const saving = await holdSaving('stored', 'lost');
  await move(third, 'Move up');
  await move(third, 'Move up');
  saving.end();
  await problem().waitFor(patience);
  await isKept([first, third, second]);
});
