import type { Page } from 'playwright-core';
import type { Panel } from '../../backend/contract/links.ts';
import {
  changeCard,
  changePanel,
  openStage,
  type Stage,
  severeFindings,
  type Theme,
} from './extension-stage.ts';
import { contribution, panelOf, patience } from './places.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterEach(async () => {
  expect(await stage.clear()).toEqual([]);
});
afterAll(() => stage?.close());

const at = new Date(Date.now() - 7_200_000).toISOString();
const conflict: Partial<Panel['tickets'][number]> = {
  condition: 'conflict',
  remedy: 'resolveConflict',
  dueAt: at,
  conflicts: [
    {
      row: 'title',
      label: 'Title',
      workItem: { field: 'System.Title', value: 'Ours', at, by: 'Noor Haddad' },
      ticket: { field: 'Subject', value: 'Theirs', at, by: 'Jessica Mercato' },
    },
  ],
};

/** Each state of the panel: how it comes about, what to press, and what shows that it is there. */
const states: [name: string, prepare: (page: Page) => Promise<unknown>, steps: string[], shows: string][] = [
  ['cards', changeCard({ dueAt: at }), [], 'overdue'],
  ['menu', changeCard({}), ['Actions for 10040'], 'Unlink'],
  ['conflict', changeCard(conflict), ['Decide'], 'Theirs'],
  ['parked', changeCard({ condition: 'parked', remedy: 'retry', reason: 'Refused.' }), [], 'Refused.'],
  ['paused', changeCard({ condition: 'paused', remedy: 'renewCredentials' }), [], 'Ask Avery'],
  ['create', changeCard({}), ['Create call'], 'This will be sent'],
  ['link', changeCard({}), ['Link call'], 'linked with this work item already'],
  ['comment', changeCard({}), ['Actions for 10040', 'Comment'], 'Who sees it'],
  ['unlink', changeCard({}), ['Actions for 10040', 'Unlink'], 'no longer kept in agreement'],
  [
    'not set up',
    changePanel((panel) => Object.assign(panel, { configured: false, tickets: [] })),
    [],
    'is not set up',
  ],
  ['away', (page) => page.route(/\/api\//, (route) => route.abort()), [], 'does not answer'],
];

describe.each<Theme>(['light', 'dark', 'contrast'])('in the %s theme', (theme) => {
  test('no state of the panel has a serious finding, and 320 px are wide enough', async () => {
    const found: string[] = [];
    // The form's side column is then about 320 px wide. One page for all states: its caches stay warm.
    const form = await stage.form(4, { theme, width: 800 });
    // High contrast has the same markup and rules as dark; a sample shows its colours.
    for (const [name, prepare, steps, shows] of theme === 'contrast' ? states.slice(0, 3) : states) {
      await form.unrouteAll({ behavior: 'ignoreErrors' });
      await prepare(form);
      await form.reload();
      const panel = panelOf(form);
      for (const step of steps) {
        await panel
          .getByRole('button', { name: step, exact: true })
          .or(panel.getByRole('menuitem', { name: step }))
          .first()
          .click(patience);
      }
      await panel.getByText(shows).first().waitFor(patience);
      const hidden = await panel.locator('body').evaluate((body) => body.scrollWidth - body.clientWidth);
      if (hidden > 0) found.push(`${name}: ${hidden} px are cut off`);
      found.push(...(await severeFindings(form, 'work-item-panel')).map((one) => `${name}: ${one}`));
    }
    expect(found).toEqual([]);
  });

  test('neither ticket page nor dialogs nor new work items have a serious finding', async () => {
    const found: string[] = [];
    const form = await stage.form(4, { theme, prepare: changeCard(conflict) });
    await form.getByRole('tab', { name: 'Ticket' }).click(patience);
    await contribution(form, 'work-item-page').locator('.conversation > li').first().waitFor(patience);
    await contribution(form, 'work-item-page').locator('.timeline > li').first().waitFor(patience);
    found.push(...(await severeFindings(form, 'work-item-page')));

    const dialogs = await stage.form(4, { theme });
    await panelOf(dialogs).getByRole('button', { name: 'Actions for 10040' }).click(patience);
    await panelOf(dialogs).getByRole('menuitem', { name: 'Explain' }).click();
    await contribution(dialogs, 'ticket-dialog').locator('.timeline > li').first().waitFor(patience);
    found.push(...(await severeFindings(dialogs, 'ticket-dialog')));

    const list = await stage.open('_queries', { theme });
    for (const id of [4, 5]) await list.getByLabel(`Choose work item ${id}`, { exact: true }).check(patience);
    await list.getByRole('button', { name: 'Create ticket' }).click();
    await contribution(list, 'ticket-dialog')
      .getByRole('button', { name: 'Create 2 tickets' })
      .waitFor(patience);
    found.push(...(await severeFindings(list, 'ticket-dialog')));

    const unsaved = await stage.open('_workitems/create/Bug', { theme });
    await panelOf(unsaved).getByLabel('Create a call when this work item is saved').check(patience);
    found.push(...(await severeFindings(unsaved, 'work-item-panel')));
    expect(found).toEqual([]);
  });
});

test('everything on a card is reached and pressed with the keyboard alone', async () => {
  const form = await stage.form(4);
  const panel = panelOf(form);
  const menu = panel.getByRole('button', { name: 'Actions for 10040' });
  await menu.waitFor(patience);
  await panel.getByRole('button', { name: 'Create call' }).focus();
  const focused = () =>
    panel
      .locator(':focus')
      .evaluate((element) => element.getAttribute('aria-label') ?? element.textContent ?? '');
  const order: string[] = [];
  for (let step = 0; step < 4; step++) {
    order.push(await focused());
    await form.keyboard.press('Tab');
  }
  expect(order.map((name) => name.trim())).toEqual([
    'Create call',
    'Link call',
    'Actions for 10040',
    'Cannot sign in after password reset',
  ]);
  await menu.focus();
  await form.keyboard.press('Enter');
  await form.keyboard.press('ArrowDown');
  expect((await focused()).trim()).toBe('Comment');
  await form.keyboard.press('Escape');
  expect((await focused()).trim()).toBe('Actions for 10040');
});

test('the theme changes while the panel is open', async () => {
  const form = await stage.form(4);
  const body = panelOf(form).locator('body');
  await panelOf(form).getByRole('article').waitFor(patience);
  const ground = () => body.evaluate((element) => getComputedStyle(element).backgroundColor);
  const light = await ground();
  await form.locator('#theme').selectOption('dark');
  await panelOf(form).locator(':root[data-scheme="dark"]').waitFor(patience);
  expect(await ground()).not.toBe(light);
});
