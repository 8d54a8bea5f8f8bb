import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { contribution, formAddress, panelOf, patience, soon } from './places.ts';

let sandbox: TestSandbox;
let browser: TestBrowser;
let form: Page;

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([startTestSandbox(), openBrowser()]);
}, 120_000);
afterEach(async () => {
  const faults = browser.faultsOf(form);
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
  expect(await panel.getByRole('menuitem', { name: 'Unlink' }).isDisabled()).toBe(true);
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

test('a new work item says "save first" and gets its panel with the first save, in the same frame', async () => {
  form = await browser.open(`${sandbox.url}/fabrikam/Fabrikam/_workitems/create/Bug?user=contributor`);
  const panel = panelOf(form);
  await panel.getByText('Save the work item first').waitFor(patience);
  await form.getByLabel('Title').fill('Born on the form');
  await form.getByRole('button', { name: 'Save' }).click();
  await panel.getByText('No ticket belongs to this work item yet.').waitFor(patience);
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
  expect(await panel.locator('html').evaluate((page) => page.scrollHeight)).toBeLessThanOrEqual(outerPx + 1);
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
  await panel.getByText('Tandem’s backend does not answer').waitFor({ state: 'hidden', ...patience });
});
