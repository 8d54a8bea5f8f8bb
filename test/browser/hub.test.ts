import type { FrameLocator, Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { hubOf, newBug, patience, settledBug } from './places.ts';

let sandbox: TestSandbox;
let browser: TestBrowser;
let page: Page;
let hub: FrameLocator;

beforeAll(async () => {
  browser = await openBrowser();
  // The watchdog would repair what a test breaks, before anybody has seen it.
  sandbox = await startTestSandbox({ environment: { WATCHDOG_EVERY_MS: '3600000' } });
}, 120_000);
beforeEach(async () => {
  page = await browser.open(`${sandbox.url}/fabrikam/Fabrikam/_settings`);
  hub = hubOf(page);
});
afterEach(async () => {
  const faults = page === undefined ? [] : browser.faultsOf(page);
  await browser.closePages();
  expect(faults).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  await sandbox?.close();
});

const openTab = (name: string) => hub.getByRole('tab', { name, exact: true }).click(patience);

test('the overview says that all is well, and balances the books', async () => {
  await hub.getByText('Everything is in agreement.').waitFor(patience);
  await hub.getByText('The books balance.').waitFor(patience);
});

test('a connection is tested with itemised checks', async () => {
  await openTab('Connections');
  const row = hub.getByRole('listitem').filter({ hasText: 'Alemba Production' }).first();
  await row.getByRole('button', { name: 'Test', exact: true }).click(patience);
  const result = hub.getByRole('status', { name: 'Result of the test' });
  await result.waitFor(patience);
  expect(await result.getByRole('listitem').count()).toBeGreaterThanOrEqual(4);
});

test('a mapping is changed, published, and rolled back', async () => {
  const params = { projectId: sandbox.projectId };
  const list = async () => (await sandbox.apiAs()('listMappings', { params })).mappings[0];
  const before = await list();
  await openTab('Mappings');
  await hub.getByText(before?.sentence ?? 'no sentence').waitFor(patience);
  await hub.getByRole('button', { name: 'Edit' }).click();
  await hub.getByRole('textbox', { name: 'Name', exact: true }).fill('Bugs, renamed', patience);
  await hub.getByRole('button', { name: 'Publish' }).click();
  await page.getByText('The mapping was published').waitFor(patience);
  expect(await list()).toMatchObject({ name: 'Bugs, renamed', version: (before?.version ?? 0) + 1 });
  await hub.getByRole('button', { name: 'Edit' }).click(patience);
  await hub.getByRole('button', { name: 'Versions' }).click(patience);
  await hub.getByRole('button', { name: 'Roll back to this' }).last().click(patience);
  await page.getByText('is published again').waitFor(patience);
  expect(await list()).toMatchObject({ name: before?.name });
});

test('service hooks that somebody deleted are registered again with one click', async () => {
  const before = sandbox.azureDevOps.hooks.subscriptions.size;
  expect(before).toBeGreaterThan(0);
  sandbox.azureDevOps.hooks.subscriptions.clear();
  await openTab('Service hooks');
  await hub.getByText('missing').first().waitFor(patience);
  await hub.getByRole('button', { name: 'Register and repair' }).click();
  await hub
    .getByText('healthy')
    .nth(before - 1)
    .waitFor(patience);
  expect(sandbox.azureDevOps.hooks.subscriptions.size).toBe(before);
});

test('service hooks are narrowed to what the mappings are about, and widened again', async () => {
  const inputs = () =>
    [...sandbox.azureDevOps.hooks.subscriptions.values()].map(({ publisherInputs }) => ({
      areaPath: publisherInputs.areaPath,
      workItemType: publisherInputs.workItemType,
    }));
  const five = (narrowed: object) => Array(5).fill(narrowed);
  await openTab('Service hooks');
  const part = hub.getByRole('region', { name: 'Work items that Azure DevOps tells of' });
  const area = part.getByRole('combobox', { name: 'Area path' });
  const type = part.getByRole('combobox', { name: 'Work item type' });
  const register = hub.getByRole('button', { name: 'Register and repair' });
  await part.getByText('All mappings that are on are about Bug.').waitFor(patience);
  // Offered, not chosen.
  expect(await type.inputValue()).toBe('');
  await part.getByText(/finds them, every few minutes instead of at once/).waitFor(patience);
  await part.getByRole('button', { name: 'Choose Bug' }).click();
  expect(await type.inputValue()).toBe('Bug');
  await area.selectOption('Fabrikam\\Web');
  await part.getByText('Not in force yet').waitFor(patience);
  expect(inputs()).toEqual(five({}));
  await register.click();
  const shown = hub.getByRole('listitem').getByText('Only Bug under Fabrikam\\Web', { exact: true });
  await shown.nth(4).waitFor(patience);
  expect(inputs()).toEqual(five({ areaPath: 'Fabrikam\\Web', workItemType: 'Bug' }));
  expect(await part.getByText('Not in force yet').count()).toBe(0);
  expect(await part.getByRole('button', { name: 'Choose Bug' }).count()).toBe(0);

  await area.selectOption({ label: 'Any area' });
  await type.selectOption({ label: 'Any type' });
  await register.click();
  await shown.first().waitFor({ ...patience, state: 'detached' });
  expect(inputs()).toEqual(five({}));
});

test('activity shows what was done, and a delivery can be replayed', async () => {
  const bug = await newBug(sandbox, 'Seen in the activity', { 'System.Tags': 'service desk' });
  await settledBug(sandbox, bug);
  await openTab('Activity');
  await hub.getByRole('radio', { name: 'What was done' }).check(patience);
  const search = hub.getByLabel('Work item number');
  await search.fill(String(bug), patience);
  await hub
    .getByRole('listitem')
    .filter({ hasText: String(bug) })
    .first()
    .waitFor(patience);
  await hub.getByRole('radio', { name: 'Hooks received' }).check();
  await hub.getByLabel('Record number').fill(String(bug), patience);
  const delivery = hub
    .getByRole('listitem')
    .filter({ hasText: String(bug) })
    .first();
  await delivery.getByRole('button', { name: 'Replay' }).click(patience);
  await page.getByText('It was taken in again').waitFor(patience);
  const calls = [...sandbox.alemba.store.calls.values()];
  expect(calls.filter(({ values }) => values.Subject === 'Seen in the activity')).toHaveLength(1);
});

test('the place inside the hub is in the address', async () => {
  await openTab('Mappings');
  await page.waitForURL(/#.*mappings/, patience);
  await page.reload();
  await hub.getByRole('tab', { name: 'Mappings', exact: true, selected: true }).waitFor(patience);
});
