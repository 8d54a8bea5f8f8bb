import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { contribution, formAddress, panelOf, patience, soon, untilTriedAgain } from './places.ts';

let sandbox: TestSandbox;
let browser: TestBrowser;
let form: Page;

beforeAll(async () => {
  browser = await openBrowser();
  sandbox = await startTestSandbox();
}, 120_000);
afterEach(async () => {
  const faults = form === undefined ? [] : browser.faultsOf(form);
  await browser.closePages();
  expect(faults).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  await sandbox?.close();
});

const openForm = async (workItemId: number, query = '') => {
  form = await browser.open(formAddress(sandbox, workItemId, query));
  return panelOf(form);
};

const groundOf = (page: Page) =>
  panelOf(page)
    .locator('body')
    .evaluate((body) => getComputedStyle(body).backgroundColor);

test('a theme that is chosen while the form is open reaches the frame: light, dark, high contrast', async () => {
  const panel = await openForm(4, '?theme=light');
  await panel.getByRole('article').waitFor(patience);
  expect(await groundOf(form)).toBe('rgb(255, 255, 255)');
  for (const [theme, ground, scheme] of [
    ['dark', 'rgb(30, 31, 34)', 'dark'],
    ['contrast', 'rgb(0, 0, 0)', 'dark'],
  ] as const) {
    await form.getByLabel('Theme').selectOption(theme);
    await panel.locator(`:root[data-scheme="${scheme}"]`).waitFor(soon);
    await form.waitForFunction(() => document.readyState === 'complete');
    const deadlineMs = Date.now() + soon.timeout;
    while ((await groundOf(form)) !== ground && Date.now() < deadlineMs) await form.waitForTimeout(20);
    expect(await groundOf(form)).toBe(ground);
  }
});

test('a reader sees the tickets and is told why nothing can be changed', async () => {
  const panel = await openForm(4, '?user=reader');
  await panel.getByRole('article').waitFor(patience);
  await panel.getByText('You can look, but not change').waitFor(patience);
  expect(await panel.getByRole('button', { name: 'Create call' }).count()).toBe(0);
  await panel.getByRole('button', { name: 'Actions for 10040' }).click();
  await panel.getByRole('menuitem', { name: 'Open ticket' }).waitFor(soon);
  for (const name of ['Comment', 'Sync now', 'Unlink']) {
    expect(await panel.getByRole('menuitem', { name, disabled: false }).count()).toBe(0);
  }
});

test('a stranger gets the words of Azure DevOps', async () => {
  form = await browser.open(formAddress(sandbox, 4, '?user=stranger'));
  await form.getByText('is not authorized to access this resource').waitFor(patience);
});

test('a reader who opens Project Settings is told which right is missing', async () => {
  form = await browser.open(`${sandbox.url}/fabrikam/Fabrikam/_settings?user=reader`);
  const hub = contribution(form, 'settings-hub');
  await hub
    .getByText(/administ/i)
    .first()
    .waitFor(patience);
  expect(await hub.getByRole('tab', { name: 'Connections' }).count()).toBe(0);
});

test('on premises: frames with the origin "null" and the older handshake', async () => {
  const panel = await openForm(5, '?frames=sandboxed&handshake=legacy');
  await panel.getByRole('article', { name: /^10041 / }).waitFor(patience);
  const origin = await panel.locator('body').evaluate(() => window.origin);
  expect(origin).toBe('null');
});

test('a new work item gets its panel, and the call that was asked for, with its first save in the same frame', async () => {
  form = await browser.open(`${sandbox.url}/fabrikam/Fabrikam/_workitems/create/Bug?user=contributor`);
  const panel = panelOf(form);
  await panel.getByText('Create a call when this work item is saved').click(patience);
  await form.getByLabel('Title').fill('Born on the form');
  await form.getByRole('button', { name: 'Save' }).click();
  await panel.getByRole('article', { name: /Born on the form/ }).waitFor(patience);
  expect(form.url()).toMatch(/_workitems\/edit\/\d+/);
});

test('the panel fits a narrow frame and has no second scroll bar', async () => {
  form = await browser.open(formAddress(sandbox, 4, '?embedded'), { width: 360, height: 800 });
  const panel = panelOf(form);
  await panel.getByRole('article').waitFor(patience);
  const widths = await panel.locator('html').evaluate((page) => [page.scrollWidth, page.clientWidth]);
  expect(widths[0]).toBeLessThanOrEqual(widths[1] ?? 0);
  const frame = form.locator('iframe[data-contribution$=".work-item-panel"]');
  const outerPx = (await frame.boundingBox())?.height ?? 0;
  expect(outerPx).toBeLessThanOrEqual(400);
  // In one look: the host may give the frame another height between two.
  const heights = await panel.locator('html').evaluate((page) => [page.scrollHeight, innerHeight]);
  expect(heights[0]).toBeLessThanOrEqual((heights[1] ?? 0) + 1);
});

test('keyboard: the menu of a card opens, moves and closes without a mouse', async () => {
  const panel = await openForm(4);
  const button = panel.getByRole('button', { name: 'Actions for 10040' });
  await button.waitFor(patience);
  await button.focus();
  await form.keyboard.press('Enter');
  await panel.getByRole('menu').waitFor(soon);
  await form.keyboard.press('ArrowDown');
  await form.keyboard.press('Escape');
  await panel.getByRole('menu').waitFor({ state: 'hidden', ...soon });
  expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
});

test('the backend is away: the last known tickets stay, with the reason; they come alive again by themselves', async () => {
  const panel = await openForm(4);
  await panel.getByText('in agreement').waitFor(patience);
  sandbox.backend.kill({ stay: true });
  await panel.getByText('Tandem’s backend does not answer').waitFor(patience);
  await panel.getByRole('article', { name: /^10040 / }).waitFor(soon);
  await form.reload();
  await panel.getByRole('article', { name: /^10040 / }).waitFor(patience);
  await sandbox.backend.start();
  await panel.getByText('Tandem’s backend does not answer').waitFor({ state: 'hidden', ...untilTriedAgain });
}, 90_000);
