import type { Page } from 'playwright-core';
import { faultsInThemes, openStage, type Stage, type Theme } from './extension-stage.ts';
import {
  dialogStates,
  openDialog,
  openPanel,
  openTicketPage,
  pageStates,
  panelStates,
} from './form-states.ts';
import { contribution, panelOf, patience } from './places.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterEach(async () => {
  expect(await stage.clear()).toEqual([]);
});
afterAll(() => stage?.close());

/** The form's side column is about 320 px wide at 800 px. */
const looks: [Theme, number][] = [
  ['light', 800],
  ['dark', 800],
  ['contrast', 1280],
];
const width = 800;

/** `text` must be there in each theme. */
async function found(page: Page, name: string, state: string, text: string): Promise<string[]> {
  const isShown = () => contribution(page, name).getByText(text).first().waitFor(patience);
  return (await faultsInThemes(page, name, looks, isShown)).map((one) => `${name}, ${state}: ${one}`);
}

test.each([
  ['work-item-panel', panelStates, openPanel],
  ['work-item-page', pageStates, openTicketPage],
  ['ticket-dialog', dialogStates, openDialog],
] as const)(
  'no state of the %s keeps anybody out or is cut off in any theme',
  async (name, states, open) => {
    const all: string[] = [];
    // One page for the states that allow it: its caches stay warm.
    let used: Page | undefined;
    for (const state of states) {
      const page = await open(stage, state as never, { theme: 'light', width, used });
      if (!state.isAlone) used = page;
      all.push(...(await found(page, name, state.name, state.shows)));
    }
    expect(all).toEqual([]);
  },
  120_000,
);

test('neither explanation nor new work items keep anybody out', async () => {
  const form = await stage.form(4, { width });
  await panelOf(form).getByRole('button', { name: 'Actions for 10040' }).click(patience);
  await panelOf(form).getByRole('menuitem', { name: 'Explain' }).click();
  await contribution(form, 'ticket-dialog').locator('.timeline > li').first().waitFor(patience);
  const offer = 'Create a call when this work item is saved';
  const unsaved = await stage.open('_workitems/create/Bug', { width });
  await panelOf(unsaved).getByLabel(offer).check(patience);
  expect([
    ...(await found(form, 'ticket-dialog', 'explain', 'What happened')),
    ...(await found(unsaved, 'work-item-panel', 'not saved yet', offer)),
  ]).toEqual([]);
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
