import { readFileSync } from 'node:fs';
import type { FrameLocator, Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { hubOf, newBug, patience, settledBug } from './places.ts';

let sandbox: TestSandbox;
let browser: TestBrowser;
let page: Page;
let hub: FrameLocator;

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([startTestSandbox(), openBrowser()]);
}, 120_000);
afterEach(async () => {
  const faults = browser.faultsOf(page);
  await browser.closePages();
  expect(faults).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  await sandbox?.close();
});

async function open(place: string) {
  page = await browser.open(`${sandbox.url}/fabrikam/Fabrikam/_settings?user=admin#${place}`);
  hub = hubOf(page);
  await hub.locator('.hub-foot').waitFor(patience);
}

const params = () => ({ projectId: sandbox.projectId });
const mappings = async () => (await sandbox.apiAs()('listMappings', { params: params() })).mappings;

test('the numbers of the overview lead to where they are mended', async () => {
  await open('overview');
  await hub.getByRole('region', { name: 'Service hooks' }).getByRole('button').click(patience);
  await hub.getByText('Work item created', { exact: true }).waitFor(patience);
  await hub.getByRole('tab', { name: 'Overview' }).click();
  await hub.getByRole('button', { name: 'Alemba Production' }).click(patience);
  await hub.getByRole('heading', { name: 'Alemba Production' }).waitFor(patience);
});

test('a form is judged while it is typed, but not before it is touched', async () => {
  await open('connections/new');
  await hub.getByRole('button', { name: 'Alemba Service Manager' }).click(patience);
  const address = hub.getByLabel(/^Address of the system/);
  await address.waitFor(patience);
  expect(await hub.locator('[aria-invalid=true]').count()).toBe(0);
  await address.fill('not an address');
  await hub.getByText('Enter a web address').waitFor(patience);
  await address.fill('https://desk.example.com');
  expect(await hub.getByText('Enter a web address').count()).toBe(0);
});

test('where the operator offers no kind of service desk, the page says so, and those that are there are edited', async () => {
  await open('overview');
  await page.route(/\/connectors(\?|$)/, async (route) => {
    const response = await route.fetch();
    const { connectors } = (await response.json()) as { connectors: object[] };
    await route.fulfill({
      response,
      json: { connectors: connectors.map((one) => ({ ...one, offered: false })) },
    });
  });
  await hub.getByRole('tab', { name: 'Connections' }).click(patience);
  await hub.getByRole('button', { name: 'Add connection' }).click(patience);
  await hub.getByText('No kind of service desk can be added here.').waitFor(patience);
  expect(await hub.getByRole('button', { name: 'Alemba Service Manager' }).count()).toBe(0);
  await hub.getByRole('button', { name: 'Back' }).click();
  const row = hub.getByRole('listitem').filter({ hasText: 'Alemba Production' }).first();
  await row.getByRole('button', { name: 'Edit' }).click(patience);
  await hub.getByLabel(/^Address of the system/).waitFor(patience);
});

test('secrets are replaced, never shown', async () => {
  await open('connections');
  const row = hub.getByRole('listitem').filter({ hasText: 'Alemba Production' }).first();
  await row.getByRole('button', { name: 'Edit' }).click(patience);
  await hub.getByRole('button', { name: 'Replace: Password' }).click(patience);
  expect(await hub.getByLabel('Password', { exact: false }).first().inputValue()).toBe('');
});

test('rows show what they make of a real work item while they are made, templates complete themselves', async () => {
  await open('mappings');
  await hub.getByRole('button', { name: 'Edit' }).click(patience);
  await hub.getByRole('tab', { name: 'Out', exact: true }).click(patience);
  await hub.getByLabel('Try on a real record').fill('4');
  await hub.getByText('“P3”').waitFor(patience);
  await hub.getByLabel('How').first().selectOption('template');
  const template = hub.getByRole('combobox', { name: 'Template (Liquid)' });
  await template.pressSequentially('ADO: {{ titl');
  await hub.locator('.completion-list [role=option]').first().waitFor(patience);
  await template.press('Enter');
  expect(await template.inputValue()).toBe('ADO: {{ workItem.title }}');
  await hub.getByText('“ADO: Cannot sign in after password reset”').waitFor(patience);
});

test('a template limits the fields that a row may write, and none gives them back', async () => {
  await open('mappings');
  await hub.getByRole('button', { name: 'Edit' }).click(patience);
  const tab = (name: string) => hub.getByRole('tab', { name, exact: true }).click(patience);
  const template = hub.getByLabel('Ticket template');
  const offered = async () => {
    await tab('Out');
    await hub.getByRole('button', { name: 'Add field' }).click(patience);
    const target = hub.getByLabel('Ticket field').last();
    await target.getByRole('option', { name: /^Impact/ }).waitFor({ ...patience, state: 'attached' });
    return { target, names: await target.getByRole('option').allTextContents() };
  };
  const chooseTemplate = async (id: string) => {
    await tab('General');
    const described = page.waitForResponse((response) => response.url().includes('/description'), patience);
    await template.selectOption(id, patience);
    await (await described).finished();
  };

  const before = await offered();
  // Neither as it is nor with a mark.
  const hasStatus = (names: string[]) => names.some((name) => name.startsWith('Ipk Status'));
  expect(hasStatus(before.names)).toBe(false);
  await before.target.selectOption({ label: 'Impact' });
  await chooseTemplate('');
  const free = await offered();
  expect(free.names).toContain('Ipk Status');
  expect(free.names.filter((name) => name.startsWith('Physical Status'))).toEqual([]);
  await free.target.selectOption({ label: 'Ipk Status' });
  await chooseTemplate('97');
  await tab('Out');
  // A row that is there keeps its field in sight, with the reason.
  await hub.getByText('The template keeps Ipk Status from being written in a new ticket.').waitFor(patience);
  expect(await free.target.locator('option:checked').textContent()).toBe('Ipk Status (read-only)');
  expect(hasStatus((await offered()).names)).toBe(false);
  await tab('In');
  await hub.getByRole('button', { name: 'Add field' }).click(patience);
  const source = hub.getByLabel('Ticket field').last();
  expect(await source.getByRole('option').allTextContents()).toContain('Ipk Status');
});

test('leaving a draft asks first, whichever way it is left', async () => {
  await open('mappings');
  await hub.getByRole('button', { name: 'Edit' }).click(patience);
  await hub.getByRole('textbox', { name: 'Name', exact: true }).fill('Half done', patience);
  await hub.getByRole('tab', { name: 'Activity' }).click();
  const question = page.getByRole('dialog').filter({ hasText: 'Leave without publishing?' });
  await question.getByRole('button', { name: 'Cancel' }).click(patience);
  expect(await hub.getByRole('textbox', { name: 'Name', exact: true }).inputValue()).toBe('Half done');
  await page.goBack();
  await question.getByRole('button', { name: 'Leave' }).click(patience);
  await hub.getByRole('button', { name: 'Add mapping' }).waitFor(patience);
  expect((await mappings())[0]?.name).not.toBe('Half done');
});

test('removing all hooks and switching everything off are asked in the host’s own dialog', async () => {
  const answer = async (title: string, button: string) => {
    const question = page.getByRole('dialog').filter({ hasText: title });
    await question.getByRole('button', { name: button }).click(patience);
    await question.waitFor({ ...patience, state: 'detached' });
  };
  await open('hooks');
  const healthy = hub.getByText('healthy', { exact: true });
  await healthy.nth(4).waitFor(patience);
  const remove = hub.getByRole('button', { name: 'Remove all' });
  await remove.click();
  await answer('Remove the service hooks?', 'Cancel');
  expect(await healthy.count()).toBe(5);
  await remove.click();
  await answer('Remove the service hooks?', 'Remove all');
  await healthy.first().waitFor({ ...patience, state: 'detached' });
  await hub.getByRole('button', { name: 'Register and repair' }).click();
  await healthy.nth(4).waitFor(patience);

  await hub.getByRole('tab', { name: 'Overview' }).click();
  const all = hub.getByRole('switch', { name: 'Synchronisation of the organisation' });
  await all.click(patience);
  await answer('Switch synchronisation off?', 'Cancel');
  expect(await all.getAttribute('aria-checked')).toBe('true');
  await all.click();
  await answer('Switch synchronisation off?', 'Switch off');
  await hub.locator('[role=switch][aria-checked=false]').waitFor(patience);
  await all.click();
  await hub.locator('[role=switch][aria-checked=true]').waitFor(patience);
});

test('a mapping is exported, imported as a draft that is off, ordered by keyboard, switched and deleted', async () => {
  await open('mappings');
  const [first] = await mappings();
  const download = page.waitForEvent('download', patience);
  await hub.getByRole('button', { name: `More for ${first?.name}` }).click(patience);
  await hub.getByRole('menuitem', { name: 'Export' }).click();
  const path = (await (await download).path()) ?? '';
  const file = JSON.parse(readFileSync(path, 'utf8')) as { mapping: { name: string } };
  expect(JSON.stringify(file)).not.toMatch(/connectionId|password|integration|127\.0\.0\.1:\d+\/Production/i);
  file.mapping.name = 'Imported';

  await hub.getByRole('button', { name: 'Add mapping' }).click();
  await hub
    .locator('input[type=file]')
    .setInputFiles(
      { name: 'm.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(file)) },
      patience,
    );
  await hub.getByRole('heading', { name: 'Imported' }).waitFor(patience);
  await hub.getByRole('button', { name: 'Publish' }).click();
  await hub.getByRole('button', { name: 'Imported', exact: true }).waitFor(patience);
  expect((await mappings()).find(({ name }) => name === 'Imported')).toMatchObject({ enabled: false });

  const row = hub.getByRole('listitem').filter({ hasText: 'Imported' });
  await row.getByRole('button', { name: 'Move up' }).press('Enter');
  await hub.getByText('Imported is now 1 of 2').waitFor({ ...patience, state: 'attached' });
  const ordered = (await mappings()).toSorted((a, b) => a.position - b.position);
  expect(ordered.map(({ name }) => name)).toEqual(['Imported', first?.name]);

  await row.getByRole('switch', { name: 'Imported is used' }).click();
  await page.getByText('The mapping is used').waitFor(patience);
  expect((await mappings()).find(({ name }) => name === 'Imported')).toMatchObject({ enabled: true });
  await row.getByRole('button', { name: 'More for Imported' }).click();
  await hub.getByRole('menuitem', { name: 'Delete' }).click();
  const question = page.getByRole('dialog').filter({ hasText: 'Delete Imported?' });
  await question.getByRole('button', { name: 'Cancel' }).click(patience);
  expect((await mappings()).map(({ name }) => name)).toContain('Imported');
  await row.getByRole('button', { name: 'More for Imported' }).click();
  await hub.getByRole('menuitem', { name: 'Delete' }).click();
  await question.getByRole('button', { name: 'Delete' }).click(patience);
  await row.waitFor({ ...patience, state: 'detached' });
});

test('versions show what differs', async () => {
  await open('mappings');
  await hub.getByRole('button', { name: 'Edit' }).click(patience);
  const name = hub.getByRole('textbox', { name: 'Name', exact: true });
  const before = await name.inputValue(patience);
  await name.fill('Another name');
  await hub.getByRole('button', { name: 'Publish' }).click();
  await hub.getByRole('button', { name: 'Edit' }).click(patience);
  await hub.getByRole('button', { name: 'Versions' }).click(patience);
  await hub.getByRole('button', { name: 'What differs' }).first().click(patience);
  await hub.getByRole('cell', { name: before, exact: true }).waitFor(patience);
  await hub.getByRole('cell', { name: 'Another name', exact: true }).waitFor(patience);
});

test('activity is filtered by connection, record and time, and many deliveries are replayed at once', async () => {
  const bug = await newBug(sandbox, 'Found by filters', { 'System.Tags': 'service desk' });
  await settledBug(sandbox, bug);
  await open('activity/deliveries');
  await hub.getByLabel('Record number').fill(String(bug), patience);
  await hub.getByLabel('Connection').selectOption('azure-devops');
  await hub.getByLabel('Time').selectOption('hour');
  const rows = hub.getByRole('listitem').filter({ hasText: String(bug) });
  await rows.first().waitFor(patience);
  await hub.getByLabel('Choose all that are shown').check();
  await hub.getByRole('button', { name: /^Replay \d+$/ }).click();
  await page.getByText(/taken in again/).waitFor(patience);
  await hub.getByLabel('Connection').selectOption({ label: 'Alemba Production' });
  await rows.first().waitFor({ ...patience, state: 'detached' });
  await hub.getByRole('button', { name: 'Clear filters' }).click();
  await hub.getByRole('listitem').first().waitFor(patience);
});

const dayIn = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const connections = async () => (await sandbox.apiAs()('listConnections', { params: params() })).connections;
const connectionOf = async (name: string) => (await connections()).find((one) => one.name === name);

/** Another connection to the same desk, with nothing mapped to it. */
async function addConnection(name: string) {
  const known = await connectionOf('Alemba Production');
  await sandbox.apiAs()('createConnection', {
    params: params(),
    body: { kind: 'alemba', name, settings: known?.settings, secrets: { password: 'sandbox' } },
  });
}

const rowOf = (name: string) =>
  hub.getByRole('listitem').filter({ has: hub.getByRole('heading', { name, exact: true }) });

test('the day on which a password ends is entered beside it, and told in the list and on the overview', async () => {
  await addConnection('Dated desk');
  await open('connections');
  await rowOf('Dated desk').getByText('Password: end not known').waitFor(patience);
  await rowOf('Dated desk').getByRole('button', { name: 'Edit' }).click();
  const day = hub.getByLabel('Password ends on');
  await day.fill(dayIn(-1), patience);
  await hub.getByText('This day has passed.').waitFor(patience);
  await day.fill(dayIn(9));
  await hub.getByRole('button', { name: 'Save', exact: true }).click();
  await rowOf('Dated desk').getByText('Password: ends in 9 days').waitFor(patience);

  await hub.getByRole('tab', { name: 'Overview' }).click();
  await hub.getByText('Dated desk: Password ends in 9 days').waitFor(patience);
  await hub.getByText('Changes of settings').click();
  await hub.getByText(`end of secret password (not known → ${dayIn(9)})`).waitFor(patience);
  await hub.getByRole('button', { name: 'Renew in Dated desk' }).click();
  expect(await day.inputValue(patience)).toBe(dayIn(9));

  await hub.getByRole('button', { name: 'Test these settings' }).click();
  const result = hub.getByRole('status', { name: 'Result of the test' });
  await result.getByText(`Password ends in 9 days, on ${dayIn(9)} (UTC).`).waitFor(patience);
  // A new password has a new end: the one that stands there is not its own.
  await hub.getByRole('button', { name: 'Replace: Password' }).click();
  await hub.getByRole('textbox', { name: 'Password', exact: true }).fill('sandbox');
  expect(await day.inputValue()).toBe('');
  await day.fill(dayIn(90));
  await hub.getByRole('button', { name: 'Save', exact: true }).click();
  await rowOf('Dated desk')
    .getByText(/^Password: valid until \d/)
    .waitFor(patience);
  expect((await connectionOf('Dated desk'))?.secrets.password?.ends?.on).toBe(dayIn(90));
  await hub.getByRole('tab', { name: 'Overview' }).click();
  await hub.getByText('Changes of settings').waitFor(patience);
  expect(await hub.getByText('Dated desk: Password').count()).toBe(0);
});

test('a connection is renamed, given another retry policy and pace, and deleted', async () => {
  await addConnection('Spare desk');
  await open('connections');
  await rowOf('Spare desk').getByRole('button', { name: 'Edit' }).click(patience);
  await hub
    .getByRole('textbox', { name: 'Name', exact: false })
    .first()
    .fill('Spare desk, renamed', patience);
  await hub.getByText('Advanced', { exact: true }).click();
  const attempts = hub.getByLabel('Attempts per change before it is parked');
  await attempts.fill('0');
  await hub.getByText('Enter a number from 1 to 100.').waitFor(patience);
  await attempts.fill('7');
  await hub.getByLabel('First wait (seconds)').fill('3');
  await hub.getByLabel('Longest wait (seconds)').fill('600');
  const wait = hub.getByLabel('Wait between attempts');
  expect(await wait.inputValue()).toBe('growing');
  await wait.selectOption({ label: 'always the same' });
  expect(await hub.getByLabel('Longest wait (seconds)').count()).toBe(0);
  const fixed = hub.getByLabel('Fixed wait (seconds)');
  expect(await fixed.inputValue()).toBe('1800');
  await fixed.fill('90000');
  await hub.getByText('Enter a number from 1 to 86400.').waitFor(patience);
  await fixed.fill('2400');
  await hub.getByLabel('Longest attempt (seconds)').fill('90');
  await hub.getByLabel('Requests per second').fill('4');
  await hub.getByLabel('Requests at once').fill('1');
  await hub.getByRole('button', { name: 'Save', exact: true }).click();
  await rowOf('Spare desk, renamed').waitFor(patience);
  expect(await connectionOf('Spare desk, renamed')).toMatchObject({
    retry: {
      maxAttempts: 7,
      firstDelaySeconds: 3,
      longestDelaySeconds: 600,
      fixedDelaySeconds: 2400,
      attemptTimeoutSeconds: 90,
    },
    budget: { requestsPerSecond: 4, concurrent: 1 },
  });
  expect(await connectionOf('Spare desk')).toBeUndefined();

  await rowOf('Spare desk, renamed').getByRole('button', { name: 'Edit' }).click();
  await hub.getByText('Advanced', { exact: true }).click(patience);
  expect(await fixed.inputValue(patience)).toBe('2400');
  // What a growing wait had is kept meanwhile; a slip in what does not show holds up nothing.
  await fixed.fill('0');
  await hub.getByText('Enter a number from 1 to 86400.').waitFor(patience);
  await wait.selectOption('growing');
  expect(await hub.getByLabel('First wait (seconds)').inputValue()).toBe('3');
  await hub.getByRole('button', { name: 'Save', exact: true }).click();
  await rowOf('Spare desk, renamed').waitFor(patience);
  const { retry } = (await connectionOf('Spare desk, renamed')) ?? {};
  expect(retry).toMatchObject({ firstDelaySeconds: 3, longestDelaySeconds: 600 });
  expect(retry).not.toHaveProperty('fixedDelaySeconds');

  await rowOf('Spare desk, renamed').getByRole('button', { name: 'Delete' }).click();
  await hub.getByText('No mapping uses it.').waitFor(patience);
  await hub.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await rowOf('Spare desk, renamed').waitFor({ ...patience, state: 'detached' });
  expect(await connectionOf('Spare desk, renamed')).toBeUndefined();
});

test('who deletes a connection in use is told what goes with it, and types the number of its links', async () => {
  const links = (await connectionOf('Alemba Production'))?.links ?? 0;
  expect(links).toBeGreaterThan(0);
  await open('connections');
  await rowOf('Alemba Production').getByRole('button', { name: 'Delete' }).click(patience);
  const dialog = hub.getByRole('dialog');
  await dialog.getByText(/Both systems keep their records/).waitFor(patience);
  await dialog.getByText(/mappings? of this project uses? it/).waitFor(patience);
  const confirm = dialog.getByRole('button', { name: 'Delete', exact: true });
  expect(await confirm.isDisabled()).toBe(true);
  const typed = dialog.getByLabel(`Type ${links} to confirm the number of links.`);
  await typed.fill(String(links + 1));
  expect(await confirm.isDisabled()).toBe(true);
  await typed.fill(String(links));
  expect(await confirm.isEnabled()).toBe(true);
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  expect(await connectionOf('Alemba Production')).toBeDefined();
});
