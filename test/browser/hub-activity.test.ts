import type { FrameLocator, Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { findings } from './extension-stage.ts';
import { hubOf, lookEveryMs, newBug, patience } from './places.ts';

let sandbox: TestSandbox;
let browser: TestBrowser;
let page: Page;
let hub: FrameLocator;

/** What a service desk may answer: it must be shown as text, whatever it claims to be. */
const hostile = '<img src=x onerror="document.title=`taken over`">';
const desk = (method: string, path: string, body?: unknown) =>
  fetch(`${sandbox.alemba.url}/_sandbox${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
const params = () => ({ projectId: sandbox.projectId });
const attemptsOf = async (id: number) =>
  (await sandbox.apiAs()('listAttempts', { params: params(), query: { workItemId: String(id) } })).attempts;
const parkedOf = async (id: number) =>
  (await sandbox.apiAs()('listParked', { params: params() })).parked.filter(
    ({ workItemId }) => workItemId === String(id),
  );

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + patience.timeout;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`Not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

/** A bug with its call in agreement. */
async function linkedBug(title: string): Promise<number> {
  const id = await newBug(sandbox, title, { 'System.Tags': 'service desk' });
  await until('both sides agree', async () => {
    const attempts = await attemptsOf(id);
    return attempts.some(({ linkId, outcome }) => linkId && outcome === 'done') || undefined;
  });
  return id;
}

const healthy = () => desk('DELETE', '/faults');

/** The desk refuses the new title until it is `healthy`, so that the link waits for a person. */
async function refused(title: string): Promise<number> {
  const id = await linkedBug(title);
  await desk('PUT', '/faults', {
    id: 'refuse',
    match: { method: 'PUT', path: '/call/' },
    fault: {
      kind: 'status',
      status: 400,
      headers: { 'x-request-id': 'desk-4711' },
      body: { Message: hostile, Detail: 'n'.repeat(5000) },
    },
  });
  await sandbox.azureDevOps.act({ do: 'update', id, fields: { 'System.Title': `${title}, edited` } });
  // The hook comes after the form's own notice, and would try again.
  await until('the link is parked with the hook of the change', async () => {
    const query = { recordId: String(id) };
    const { deliveries } = await sandbox.apiAs()('listDeliveries', { params: params(), query });
    const isOver = deliveries.every(({ outcome }) => outcome !== 'pending');
    const waits = deliveries.some(({ what, outcome }) => what === 'updated' && outcome === 'parked');
    return (isOver && waits && (await parkedOf(id)).length > 0) || undefined;
  });
  return id;
}

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([startTestSandbox(), openBrowser()]);
}, 120_000);
afterEach(async () => {
  const faults = page === undefined ? [] : browser.faultsOf(page);
  await browser.closePages();
  await healthy();
  expect(faults).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  await sandbox?.close();
});

async function open(place: string, more: { theme?: string; width?: number } = {}) {
  const { theme = 'light', width = 1280 } = more;
  const query = `?user=admin&theme=${theme}`;
  page = await browser.open(`${sandbox.url}/fabrikam/Fabrikam/_settings${query}#activity/${place}`, {
    width,
  });
  hub = hubOf(page);
  await hub.locator('.hub-foot').waitFor(patience);
}
const rows = (text: string | RegExp) => hub.getByRole('listitem').filter({ hasText: text });

test('what was done is filtered by record, connection, outcome and time', async () => {
  const id = await refused('Filtered');
  await healthy();
  const other = await linkedBug('Another');
  await open('attempts');
  await hub.getByLabel('Work item number').fill(String(id), patience);
  await rows(`Work item ${other}`)
    .first()
    .waitFor({ ...patience, state: 'detached' });
  await rows(`Work item ${id}`).nth(1).waitFor(patience);
  await hub.getByLabel('Outcome').selectOption('failure');
  await rows(/nothing to write|went to the call/)
    .first()
    .waitFor({ ...patience, state: 'detached' });
  await rows('refused by the system').first().waitFor(patience);
  await hub.getByLabel('Connection').selectOption('azure-devops');
  await hub.getByText('Nothing matches.').waitFor(patience);
  await hub.getByLabel('Connection').selectOption({ label: 'Alemba Production' });
  await rows('refused by the system').first().waitFor(patience);
  await hub.getByLabel('Time').selectOption('between');
  await hub.getByLabel('Until').fill('2020-01-01T00:00');
  await hub.getByText('Nothing matches.').waitFor(patience);
  await hub.getByLabel('Time').selectOption('hour');
  await rows('refused by the system').first().waitFor(patience);
  await hub.getByRole('button', { name: 'Clear filters' }).click();
  await rows(`Work item ${other}`).first().waitFor(patience);
});

test('a failed request shows what was sent and answered, by keyboard, as text, and is copied', async () => {
  const id = await refused('Explained');
  await open('attempts');
  await hub.getByLabel('Work item number').fill(String(id), patience);
  await hub.getByLabel('Outcome').selectOption('failure');
  const attempt = rows('refused by the system').first();
  await attempt.getByRole('button', { name: /^Details/ }).press('Enter', patience);
  const request = attempt.getByRole('button', { name: /^call\.\w+ 400 · refused by the system/ }).first();
  await request.focus(patience);
  await page.keyboard.press('Enter');
  expect(await request.getAttribute('aria-expanded')).toBe('true');
  const answer = attempt.getByRole('region', { name: /^Answer/ }).first();
  const shown = (await answer.textContent(patience)) ?? '';
  expect(shown).toContain(`"Message": ${JSON.stringify(hostile)}`);
  // Set out line by line, and cut.
  expect(shown.split('\n')[0]).toBe('{');
  await attempt.getByText(/^The first 4,000 of 5,\d{3} characters\.$/).waitFor(patience);
  await attempt.getByText('x-request-id: desk-4711').waitFor(patience);
  expect(await page.title()).not.toBe('taken over');
  expect(await hub.locator('.request-content img').count()).toBe(0);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await attempt.getByRole('button', { name: 'Copy request and answer' }).first().click();
  await attempt.getByText('Copied').waitFor(patience);

  // What went well shows what was written; of what was read, that it is not kept.
  await hub.getByLabel('Outcome').selectOption('done');
  const done = rows('Both sides agree').or(rows('went to')).first();
  await done.getByRole('button', { name: /^Details/ }).click(patience);
  await done
    .getByRole('button', { name: /^workItems\.batch 200/ })
    .first()
    .click(patience);
  await done.getByRole('region', { name: /^Sent/ }).first().waitFor(patience);
  await done
    .getByRole('button', { name: /^call\.read 200/ })
    .first()
    .click();
  await done.getByText('What was read is not kept.').first().waitFor(patience);
});

test('the detail of a request keeps nobody out and fits a narrow page, in every theme', async () => {
  const id = await refused('Narrow');
  await healthy();
  for (const theme of ['light', 'dark', 'contrast']) {
    await open('attempts', { theme, width: 600 });
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await hub.getByLabel('Work item number').fill(String(id), patience);
    await hub.getByLabel('Outcome').selectOption('failure');
    const attempt = rows('refused by the system').first();
    await attempt.getByRole('button', { name: /^Details/ }).click(patience);
    await attempt
      .getByRole('button', { name: /^call\.\w+ 400/ })
      .first()
      .click(patience);
    await attempt
      .getByRole('region', { name: /^Answer/ })
      .first()
      .waitFor(patience);
    await attempt.getByRole('button', { name: 'Copy request and answer' }).first().click();
    expect(await findings(page, 'settings-hub')).toEqual([]);
    const overflowPx = await hub.locator('#page').evaluate((box) => box.scrollWidth - box.clientWidth);
    expect({ theme, overflowPx }).toEqual({ theme, overflowPx: 0 });
    await browser.closePages();
  }
});

test('one delivery is replayed, then many at once', async () => {
  const id = await linkedBug('Replayed');
  await open('deliveries');
  await hub.getByLabel('Record number').fill(String(id), patience);
  const attempts = async () => (await attemptsOf(id)).length;
  let before = await attempts();
  // The whole number: the list may not be narrowed yet, and those of calls hold the same digits.
  await rows(new RegExp(`\\b${id}\\b`))
    .first()
    .getByRole('button', { name: 'Replay', exact: true })
    .click(patience);
  await page.getByText('It was taken in again').waitFor(patience);
  await until('it was looked at again', async () => (await attempts()) > before || undefined);
  before = await attempts();
  await hub.getByLabel('Choose all that are shown').check();
  await hub.getByRole('button', { name: /^Replay \d+$/ }).click();
  await page.getByText(/^\d+ taken in again/).waitFor(patience);
  await until('they were looked at again', async () => (await attempts()) > before || undefined);
});

test('what waits for a person is tried again, or given up with a reason', async () => {
  const retried = await refused('Tried again');
  await open('parked');
  await rows(`Work item ${retried}`).getByRole('checkbox').check(patience);
  await healthy();
  await hub.getByRole('button', { name: 'Retry 1' }).click();
  await rows(`Work item ${retried}`)
    .first()
    .waitFor({ ...patience, state: 'detached' });
  await until('the title went over', async () =>
    (await attemptsOf(retried)).find(({ summary }) => summary === 'Title went to the call.'),
  );

  const given = await refused('Given up');
  await hub.getByRole('button', { name: 'Refresh' }).click();
  await rows(`Work item ${given}`).getByRole('checkbox').check(patience);
  await hub.getByRole('button', { name: 'Discard 1' }).click();
  const dialog = hub.getByRole('dialog').or(hub.getByRole('alertdialog'));
  const confirm = dialog.getByRole('button', { name: 'Discard', exact: true });
  expect(await confirm.isDisabled(patience)).toBe(true);
  await dialog.getByLabel('Reason').fill('The desk closed it by hand');
  await confirm.click();
  // What happened to it since the list was read would stand here too.
  expect(await page.getByText(/^\d+ discarded/).textContent(patience)).toBe('1 discarded');
  await rows(`Work item ${given}`)
    .first()
    .waitFor({ ...patience, state: 'detached' });
  expect(await parkedOf(given)).toEqual([]);
  const { entries } = await sandbox.apiAs()('listAudit', { params: params(), query: { limit: 5 } });
  expect(JSON.stringify(entries[0])).toContain('The desk closed it by hand');
});
