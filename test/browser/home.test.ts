import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { newBug, patience, soon, turnFault } from './places.ts';

let sandbox: TestSandbox;
let browser: TestBrowser;
let home: Page;

beforeAll(async () => {
  browser = await openBrowser();
  sandbox = await startTestSandbox();
}, 120_000);
afterEach(async () => {
  sandbox.faults.clear();
  await browser.closePages();
});
afterAll(async () => {
  await browser?.close();
  await sandbox?.close();
});

const form = () => home.frameLocator('#form');
const agent = () => home.frameLocator('#agent');
const tickets = () => form().frameLocator('iframe[data-contribution$=".work-item-panel"]');

const rename = async (title: string) => {
  await form().locator('[data-field="System.Title"]').fill(title, patience);
  await form().getByRole('button', { name: 'Save' }).click();
};

test('form, agent’s page and activity side by side: a change on the left appears on the right while one looks', async () => {
  home = await browser.open(sandbox.url);
  await tickets()
    .getByRole('article', { name: /^10040 / })
    .waitFor(patience);
  await agent().getByRole('heading', { name: 'Cannot sign in after password reset' }).waitFor(patience);
  await rename('Cannot sign in at all');
  await agent().getByRole('heading', { name: 'Cannot sign in at all' }).waitFor(soon);
  await home.locator('#activity li', { hasText: '#4 ↔' }).first().waitFor(patience);
  await home.locator('#books', { hasText: 'received =' }).waitFor(patience);
});

test('the service desk is down: the panel says why, and everything is carried over when it is back', async () => {
  home = await browser.open(`${sandbox.url}/?workItem=5`);
  await tickets()
    .getByRole('article', { name: /^10041 / })
    .waitFor(patience);
  await turnFault(home, 'Down Alemba', true);
  await rename('VPN drops twice an hour');
  await tickets()
    .getByText(/unreachable|does not answer|not reach/i)
    .first()
    .waitFor(patience);
  await home.getByRole('button', { name: 'All off' }).click();
  await agent().getByRole('heading', { name: 'VPN drops twice an hour' }).waitFor({ timeout: 30_000 });
});

test('errors after the write and doubled hooks: one call, not two', async () => {
  home = await browser.open(sandbox.url);
  await turnFault(home, 'Webhooks doubled', true);
  await turnFault(home, 'Service hooks doubled', true);
  await turnFault(home, 'Error after the write Alemba', true);
  const bug = await newBug(sandbox, 'Written once', { 'System.Tags': 'service desk' });
  await home.getByRole('button', { name: 'All off' }).click();
  const api = sandbox.apiAs();
  const deadlineMs = Date.now() + 40_000;
  let agreed = false;
  while (!agreed && Date.now() < deadlineMs) {
    const { tickets } = await api('readPanel', { params: { workItemId: String(bug) } });
    agreed = tickets[0]?.condition === 'inAgreement';
    await home.waitForTimeout(100);
  }
  expect(agreed).toBe(true);
  const calls = [...sandbox.alemba.store.calls.values()];
  expect(
    calls.filter(({ values, submitted }) => submitted && values.Subject === 'Written once'),
  ).toHaveLength(1);
});

test('lost service hooks: the sweep finds the change', async () => {
  home = await browser.open(sandbox.url);
  await turnFault(home, 'Service hooks lost', true);
  await sandbox.azureDevOps.act({ do: 'update', id: 4, fields: { 'System.Title': 'Found by the sweep' } });
  await agent().getByRole('heading', { name: 'Found by the sweep' }).waitFor({ timeout: 30_000 });
});

test('the backend is killed and comes back by itself, and what was saved meanwhile arrives', async () => {
  home = await browser.open(sandbox.url);
  await agent().getByRole('heading', { level: 1 }).waitFor(patience);
  await home.getByRole('button', { name: 'Kill the backend' }).click();
  await rename('Saved while it was away');
  await home.locator('#backend[data-state="ready"]', { hasText: 'restarted' }).waitFor(patience);
  await agent().getByRole('heading', { name: 'Saved while it was away' }).waitFor({ timeout: 30_000 });
});

test('narrow and dark: nothing is cut off sideways, and the frames follow the theme', async () => {
  home = await browser.open(sandbox.url, { width: 420, height: 900, scheme: 'dark' });
  await tickets().getByRole('article').waitFor(patience);
  const [content, frame] = await home.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(content).toBeLessThanOrEqual(frame ?? 0);
  expect(await home.locator('html').getAttribute('data-theme')).toBe('dark');
  await tickets().locator(':root[data-scheme="dark"]').waitFor(soon);
});
