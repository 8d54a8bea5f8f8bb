import type { Page } from 'playwright-core';
import { openStage, type Stage } from './extension-stage.ts';
import { contribution, newBug, newCall, panelOf, patience } from './places.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterEach(async () => {
  expect(await stage.clear()).toEqual([]);
});
afterAll(() => stage?.close());

const callsNamed = (subject: string) =>
  [...stage.sandbox.alemba.store.calls.values()].filter(({ values }) => values.Subject === subject);

async function eventually<T>(look: () => T | undefined | false): Promise<T> {
  const deadlineMs = Date.now() + patience.timeout;
  for (;;) {
    const found = look();
    if (found) return found;
    if (Date.now() > deadlineMs) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

async function newForm(title: string): Promise<Page> {
  const form = await stage.open('_workitems/create/Bug');
  await panelOf(form).getByLabel('Create a call when this work item is saved').check(patience);
  await form.locator('[data-field="System.Title"]').fill(title);
  return form;
}

const pressed = (form: Page, number: string | RegExp, entry: string) =>
  panelOf(form)
    .getByRole('button', { name: number })
    .click(patience)
    .then(() => panelOf(form).getByRole('menuitem', { name: entry }).click());

test('a new work item gets its call with the save, once', async () => {
  const form = await newForm('Ordered with the save');
  await form.getByRole('button', { name: 'Save' }).click();
  await panelOf(form)
    .getByRole('article', { name: /Ordered with the save/ })
    .waitFor(patience);
  expect(callsNamed('Ordered with the save')).toHaveLength(1);
});

test('a form that closes with its save has its call created by the observer alone', async () => {
  const form = await newForm('Saved and closed');
  // As on Save & Close: the panel goes before it could send anything, the observer right after it has sent.
  await form.evaluate(() =>
    document.querySelector('iframe[data-contribution$=".work-item-panel"]')?.remove(),
  );
  const sent = form.waitForRequest(
    (request) => /\/tickets$/.test(request.url()) && request.method() === 'POST',
  );
  await form.getByRole('button', { name: 'Save' }).click();
  await sent;
  await form.goto('about:blank');
  await eventually(() => callsNamed('Saved and closed').length === 1);
});

test('a new work item that is left unsaved orders nothing for the next one', async () => {
  const bug = await newBug(stage.sandbox, 'Not mine');
  const form = await newForm('Never saved');
  await form.evaluate((id) => dispatchEvent(new CustomEvent('sandbox:open', { detail: id })), bug);
  await panelOf(form).getByText('No ticket belongs to this work item yet.').waitFor(patience);
  await form.locator('[data-field="System.Title"]').fill('Not mine, edited');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.locator('.form[data-rev="2"]').waitFor(patience);
  expect(callsNamed('Never saved')).toHaveLength(0);
  expect(callsNamed('Not mine, edited')).toHaveLength(0);
});

test('two rapid switches of the form end with the last work item’s tickets', async () => {
  const form = await stage.form(4, {
    prepare: (page) =>
      page.route(/work-items\/5\/panel/, async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 700));
        await route.continue();
      }),
  });
  const bug = await newBug(stage.sandbox, 'Without any ticket');
  await panelOf(form).getByRole('article', { name: /10040/ }).waitFor(patience);
  await form.evaluate((id) => {
    dispatchEvent(new CustomEvent('sandbox:open', { detail: 5 }));
    setTimeout(() => dispatchEvent(new CustomEvent('sandbox:open', { detail: id })), 60);
  }, bug);
  await panelOf(form).getByText('No ticket belongs to this work item yet.').waitFor(patience);
  // The late answer for work item 5 has come by now, and must not show.
  await form.waitForTimeout(900);
  expect(await panelOf(form).getByRole('article').count()).toBe(0);
});

test('the create form shows what will be sent, and sends what was changed', async () => {
  const bug = await newBug(stage.sandbox, 'Fan is loud');
  const form = await stage.form(bug);
  const panel = panelOf(form);
  await panel.getByRole('button', { name: 'Create call' }).click(patience);
  const preview = panel.getByRole('region', { name: 'This will be sent' });
  await preview.getByText('Fan is loud').waitFor(patience);
  await preview.getByRole('button', { name: 'Change Subject' }).click();
  await preview.getByRole('textbox', { name: 'Subject' }).fill('Fan is very loud');
  await panel.locator('.view-foot').getByRole('button', { name: 'Create call' }).click();
  await panel.getByRole('article').waitFor(patience);
  expect(callsNamed('Fan is very loud')).toHaveLength(1);
});

test('linking offers recent calls first, and those of this work item as linked', async () => {
  const ref = await newCall(stage.sandbox, { Subject: 'Just called in' });
  const form = await stage.form(4);
  const panel = panelOf(form);
  await panel.getByRole('button', { name: 'Link call' }).click(patience);
  const recent = panel.getByRole('radiogroup', { name: 'Recent tickets' });
  await recent.getByText('Just called in').waitFor(patience);
  // Calls that other tests have just touched may stand beside it, but none of the seed's.
  const offered = await recent.locator('label').allTextContents();
  const place = offered.findIndex((text) => text.includes(ref));
  expect(place).toBeGreaterThanOrEqual(0);
  expect(offered.slice(0, place).filter((text) => !text.includes('now'))).toEqual([]);
  await panel.getByLabel('Number, title or text').fill('10040');
  const own = panel.locator('.found', { hasText: '10040' }).first();
  await own.getByText('linked with this work item already').waitFor(patience);
  expect(await own.getByRole('radio').isDisabled()).toBe(true);
});

test('a ticket of several work items says so', async () => {
  const bug = await newBug(stage.sandbox, 'The same again');
  const [mapping] = (await stage.sandbox.apiAs()('readPanel', { params: { workItemId: String(bug) } }))
    .linkWith;
  const body = { mappingId: mapping?.mappingId ?? '', ticketId: '10041', onLink: 'keep' as const };
  await stage.sandbox.apiAs()('linkTicket', { params: { workItemId: String(bug) }, body });
  const form = await stage.form(bug);
  await panelOf(form).getByText('also linked with work item 5').waitFor(patience);
});

test('a file of the ticket is downloaded from the ticket page', async () => {
  const upload = new FormData();
  upload.set('file', new Blob(['bytes of a screen shot']), 'écran <1>.txt');
  const added = await fetch(`${stage.sandbox.alemba.url}/_sandbox/calls/10040/attachments`, {
    method: 'POST',
    body: upload,
  });
  expect(added.ok).toBe(true);
  const form = await stage.form(4);
  await form.getByRole('tab', { name: 'Ticket' }).click(patience);
  const asked = form
    .context()
    .waitForEvent('request', (request) => request.url().includes('/api/downloads/'));
  await contribution(form, 'work-item-page')
    .getByRole('button', { name: /^Download .*cran/ })
    .click(patience);
  // The window is gone as soon as its answer turns out to be a file; the address alone says the rest.
  const answer = await fetch((await asked).url());
  expect(answer.headers.get('content-disposition')).toMatch(
    /^attachment; .*filename\*=UTF-8''%C3%A9cran%20%3C1%3E\.txt$/,
  );
  expect(answer.headers.get('content-type')).toBe('application/octet-stream');
  expect(await answer.text()).toBe('bytes of a screen shot');
});

test('readers see the tickets and no entry that would refuse them', async () => {
  const form = await stage.form(4, { user: 'reader' });
  const panel = panelOf(form);
  await panel.getByRole('button', { name: 'Actions for 10040' }).click(patience);
  expect(await panel.getByRole('menuitem').allTextContents()).toEqual(['Open ticket', 'Explain']);
  expect(await panel.getByRole('button', { name: /Create|Link/ }).count()).toBe(0);
  await panel.getByText('You can look, but not change').waitFor(patience);
});

test('unlinking says what happens to both sides', async () => {
  const form = await stage.form(4);
  await pressed(form, 'Actions for 10040', 'Unlink');
  await panelOf(form)
    .getByText('Work item 4 and 10040 are no longer kept in agreement. Both stay as they are')
    .waitFor(patience);
});

test('creating for many can be stopped and goes on, and repeats only what failed', async () => {
  const bugs: number[] = [];
  for (const name of ['one', 'two', 'three']) bugs.push(await newBug(stage.sandbox, `Many ${name}`));
  let refused = 1;
  const cancelled = Promise.withResolvers<void>();
  const form = await stage.open('_queries', {
    prepare: (page) =>
      page.route(/\/tickets$/, async (route) => {
        if (route.request().method() !== 'POST') return route.continue();
        await cancelled.promise;
        if (refused-- > 0) return route.abort();
        return route.continue();
      }),
  });
  for (const bug of bugs) await form.getByLabel(`Choose work item ${bug}`, { exact: true }).check(patience);
  await form.getByRole('button', { name: 'Create ticket' }).click();
  const dialog = contribution(form, 'ticket-dialog');
  await dialog.getByRole('button', { name: 'Create 3 tickets' }).click(patience);
  await dialog.getByRole('button', { name: 'Cancel' }).click(patience);
  cancelled.resolve();
  await dialog.getByText('1 of 3 done').waitFor(patience);
  await dialog.getByText('Stopped.').waitFor(patience);
  expect(callsNamed('Many three')).toHaveLength(0);
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await dialog.getByText('3 of 3 done').waitFor(patience);
  for (const name of ['one', 'two', 'three']) expect(callsNamed(`Many ${name}`)).toHaveLength(1);
  // Nothing failed, so there is nothing to try again.
  expect(await dialog.locator('footer').getByRole('button').allTextContents()).toEqual(['Close']);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await form.getByRole('dialog').waitFor({ ...patience, state: 'detached' });
});
