import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import {
  callAddress,
  contribution,
  formAddress,
  newBug,
  newCall,
  panelOf,
  patience,
  soon,
} from './places.ts';

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

const openForm = async (workItemId: number, query = '?user=contributor') => {
  form = await browser.open(formAddress(sandbox, workItemId, query));
  return panelOf(form);
};

/** A bug with a call of its own, so that tests do not meet in one record. */
async function linkedPair(title: string): Promise<{ bug: number; call: string }> {
  const bug = await newBug(sandbox, title, { 'System.Tags': 'service desk' });
  const api = sandbox.apiAs();
  const deadlineMs = Date.now() + patience.timeout;
  while (Date.now() < deadlineMs) {
    const { tickets } = await api('readPanel', { params: { workItemId: String(bug) } });
    if (tickets[0]?.condition === 'inAgreement') return { bug, call: tickets[0].ticketId };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`bug ${bug} got no call`);
}

test('the panel shows the linked call with number, title, status, priority and agent', async () => {
  const panel = await openForm(4);
  const card = panel.getByRole('article', { name: '10040 Cannot sign in after password reset' });
  await card.waitFor(patience);
  const words = await card.textContent();
  for (const word of ['In Progress', '10040', 'P3', 'Jessica Mercato', 'in agreement'])
    expect(words).toContain(word);
  expect(await panel.getByRole('link', { name: 'Cannot sign in' }).getAttribute('href')).toBe(
    callAddress(sandbox, 10040),
  );
});

test('state, title and description that a developer saves appear on the agent’s page within two seconds', async () => {
  const { bug, call } = await linkedPair('Totals are wrong');
  const agent = await browser.open(callAddress(sandbox, call));
  await openForm(bug);
  await form.locator('[data-field="System.State"]').selectOption('Active', patience);
  await form.locator('[data-field="System.Title"]').fill('Totals are wrong by one');
  await form.locator('[data-field="Microsoft.VSTS.TCM.ReproSteps"]').fill('Add two rows and look.');
  await form.getByRole('button', { name: 'Save' }).click();
  await agent.getByRole('heading', { name: 'Totals are wrong by one' }).waitFor(soon);
  await agent.locator('.heading .status', { hasText: 'In Progress' }).waitFor(soon);
  await agent.getByText('Add two rows and look.').first().waitFor(soon);
});

test('what an agent changes appears on the form and in the panel within two seconds', async () => {
  const { bug, call } = await linkedPair('Report is empty');
  const panel = await openForm(bug);
  await panel.getByRole('article').waitFor(patience);
  const agent = await browser.open(callAddress(sandbox, call));
  await agent.locator('select[name=CallStatus]').selectOption('4', patience);
  await form.locator('[data-field="System.State"][data-category="Resolved"]').waitFor(soon);
  await panel.getByRole('article').getByText('Resolved').first().waitFor(soon);
  await agent.fill('#comment', 'Please check again.');
  await agent.getByRole('button', { name: 'Add comment' }).click();
  await form.locator('.comments').getByText('Please check again.').waitFor(soon);
});

test('a comment from the panel reaches the call, with the visibility that was chosen', async () => {
  const { bug, call } = await linkedPair('Chart has no legend');
  const panel = await openForm(bug);
  await panel.getByRole('button', { name: `Actions for ${call}` }).click(patience);
  await panel.getByRole('menuitem', { name: 'Comment' }).click();
  await panel.getByLabel('Comment', { exact: true }).fill('A fix is on its way.');
  await panel.getByLabel('Public: the caller sees it').check();
  await panel.getByRole('button', { name: 'Send comment' }).click();
  const agent = await browser.open(callAddress(sandbox, call));
  await agent.locator('.entry.portal', { hasText: 'A fix is on its way.' }).waitFor(soon);
});

test('a comment in the discussion reaches the call once', async () => {
  const { bug, call } = await linkedPair('Tooltip flickers');
  await openForm(bug);
  await form.getByPlaceholder('Add a comment').fill('Seen in Firefox only.', patience);
  await form.getByRole('button', { name: 'Comment', exact: true }).click();
  const agent = await browser.open(callAddress(sandbox, call));
  await agent.getByText('Seen in Firefox only.').first().waitFor(soon);
  expect(await agent.getByText('Seen in Firefox only.').count()).toBe(1);
});

test('a call is created from a work item, filled by the mapping', async () => {
  const bug = await newBug(sandbox, 'Login page is blank', { 'Microsoft.VSTS.Common.Priority': 1 });
  const panel = await openForm(bug);
  await panel.getByRole('button', { name: 'Create call' }).click(patience);
  await panel.getByText('come from the work item').waitFor(patience);
  await panel.locator('.view-foot').getByRole('button', { name: 'Create call' }).click();
  const card = panel.getByRole('article', { name: /Login page is blank/ });
  await card.waitFor(patience);
  const [number] = (await card.getAttribute('aria-label'))?.split(' ') ?? [];
  const agent = await browser.open(callAddress(sandbox, number ?? ''));
  await agent.getByRole('heading', { name: 'Login page is blank' }).waitFor(soon);
  await agent.locator('.heading', { hasText: 'P1' }).waitFor(soon);
  expect(sandbox.alemba.ledger.effects('ticket.created', number)).toHaveLength(1);
});

test('an existing call is linked by its number and by words of its title, and unlinked again', async () => {
  const ref = await newCall(sandbox, { Subject: 'Zebra printer prints stripes' });
  const bug = await newBug(sandbox, 'Stripes on labels');
  const panel = await openForm(bug);
  await panel.getByRole('button', { name: 'Link call' }).click(patience);
  const search = panel.getByLabel('Number, title or text');
  const found = panel.getByRole('radiogroup').getByText('Zebra printer prints stripes');
  await search.fill(ref);
  await found.waitFor(patience);
  // Something that nobody wrote in between, so that the next answer is not the one before.
  await search.fill('Okapi');
  await found.waitFor({ state: 'hidden', ...patience });
  await search.fill('Zebra printer');
  await found.click();
  await panel.getByRole('button', { name: 'Link', exact: true }).click();
  await panel.getByRole('article', { name: new RegExp(`^${ref} `) }).waitFor(patience);

  await panel.getByRole('button', { name: `Actions for ${ref}` }).click();
  await panel.getByRole('menuitem', { name: 'Unlink' }).click();
  await panel.getByRole('button', { name: 'Unlink', exact: true }).click();
  await panel.getByText('No ticket belongs to this work item yet.').waitFor(patience);
  expect(sandbox.alemba.store.calls.get(Number(ref))?.values.Subject).toBe('Zebra printer prints stripes');
});

test('"sync now" finds what no hook told', async () => {
  const { bug, call } = await linkedPair('Badge does not open the door');
  sandbox.faults.turn('alemba.hooks-lost', true);
  try {
    const panel = await openForm(bug);
    await panel.getByRole('article').waitFor(patience);
    await fetch(`${sandbox.alemba.url}/_sandbox/calls/${call}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ Subject: 'Badge opens no door at all' }),
    });
    await panel.getByRole('button', { name: `Actions for ${call}` }).click();
    await panel.getByRole('menuitem', { name: 'Sync now' }).click();
    await panel.getByRole('article', { name: /Badge opens no door at all/ }).waitFor(soon);
  } finally {
    sandbox.faults.clear();
  }
});

test('a file on the form arrives at the call', async () => {
  const { bug, call } = await linkedPair('Screenshot attached');
  await openForm(bug);
  await form.locator('.upload').waitFor(patience);
  const input = form.locator('.upload input');
  await input.setInputFiles({ name: 'screen.txt', mimeType: 'text/plain', buffer: Buffer.from('pixels') });
  const agent = await browser.open(callAddress(sandbox, call));
  await agent.locator('.files a', { hasText: 'screen.txt' }).waitFor(patience);
});

test('a call in the developers’ group becomes a bug, and the call gets its number', async () => {
  const ref = await newCall(sandbox, { Subject: 'Invoice shows NaN', AssignedGroup: 16 });
  const list = await browser.open(`${sandbox.url}/fabrikam/Fabrikam/_queries`);
  form = list;
  const row = list.locator('#results tr', { hasText: 'Invoice shows NaN' });
  await row.waitFor(patience);
  const bug = await row.getAttribute('data-work-item');
  const deadlineMs = Date.now() + patience.timeout;
  const written = () => sandbox.alemba.store.calls.get(Number(ref))?.values.CustomString3;
  while (written() === null && Date.now() < deadlineMs) await list.waitForTimeout(50);
  expect(written()).toBe(bug);
});

test('the menu of chosen rows creates a call for each', async () => {
  const bugs = [await newBug(sandbox, 'First of two'), await newBug(sandbox, 'Second of two')];
  form = await browser.open(`${sandbox.url}/fabrikam/Fabrikam/_queries?user=contributor`);
  for (const bug of bugs) await form.getByLabel(`Choose work item ${bug}`, { exact: true }).check(patience);
  await form.getByRole('button', { name: 'Create ticket' }).click();
  const dialog = contribution(form, 'ticket-dialog');
  await dialog.getByRole('button', { name: 'Create 2 tickets' }).click(patience);
  await dialog.getByText('was created').nth(1).waitFor(patience);
  const subjects = [...sandbox.alemba.store.calls.values()].map(({ values }) => values.Subject);
  expect(subjects.filter((subject) => /of two$/.test(String(subject))).sort()).toEqual([
    'First of two',
    'Second of two',
  ]);
});

test('the ticket page shows the conversation and what happened', async () => {
  const panel = await openForm(4);
  await panel.getByRole('article').waitFor(patience);
  await form.getByRole('tab', { name: 'Ticket' }).click();
  const page = contribution(form, 'work-item-page');
  await page.getByText('Thank you for your call. I am looking at your account now.').waitFor(patience);
});
