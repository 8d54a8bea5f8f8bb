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
