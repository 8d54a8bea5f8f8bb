import type { FrameLocator, Page, Route } from 'playwright-core';
import type { Panel } from '../../backend/contract/links.ts';
import { openStage, panelPath, type Stage } from './extension-stage.ts';
import { contribution, newBug, patience, untilTriedAgain } from './places.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterEach(async () => {
  expect(await stage.clear()).toEqual([]);
});
afterAll(() => stage?.close());

type Answer = (route: Route) => Promise<unknown>;

/** Decides about the readings of the panel; the poll that waits for news ends with the first change. */
function panelReadings() {
  const changed = Promise.withResolvers<void>();
  let answer: Answer | undefined;
  return {
    prepare: (page: Page) =>
      page.route(panelPath, async (route) => {
        if (new URL(route.request().url()).searchParams.has('after')) await changed.promise;
        await (answer ? answer(route) : route.continue());
      }),
    become(next: Answer | undefined) {
      answer = next;
      changed.resolve();
    },
  };
}

const away: Answer = (route) => route.abort();
const signedOut: Answer = (route) =>
  route.fulfill({
    status: 401,
    headers: { 'access-control-allow-origin': '*' },
    json: { code: 'signInRequired', title: 'You are signed out', action: 'Sign in.', requestId: 'x' },
  });
const offersNothing: Answer = async (route) => {
  const response = await route.fetch();
  const json = (await response.json()) as Panel;
  await route.fulfill({ response, json: { ...json, createWith: [], linkWith: [] } });
};

async function openDialog(entry: string, bugs: number[], prepare: (page: Page) => Promise<unknown>) {
  const list = await stage.open('_queries', { prepare });
  for (const bug of bugs)
    await list.getByLabel(`Choose work item ${bug}`, { exact: true }).setChecked(true, patience);
  await list.getByRole('button', { name: entry }).click();
  return { list, dialog: contribution(list, 'ticket-dialog') };
}

/** Subject of the new call, with words of the person at the screen. */
async function typeSubject(dialog: FrameLocator) {
  await dialog.getByRole('button', { name: 'Change Subject' }).click(patience);
  const field = dialog.getByRole('textbox', { name: 'Subject' });
  await field.fill('Typed for a while');
  return field;
}

async function typeSearch(dialog: FrameLocator) {
  const field = dialog.getByRole('searchbox', { name: 'Number, title or text' });
  await field.waitFor(patience);
  await field.fill('Typed for a while');
  return field;
}

test.each([
  ['Create ticket', typeSubject],
  ['Link ticket', typeSearch],
])(
  'what was typed after “%s” outlives a backend that is away for a moment',
  async (entry, type) => {
    const bug = await newBug(stage.sandbox, `Away after ${entry}`);
    const readings = panelReadings();
    const { dialog } = await openDialog(entry, [bug], readings.prepare);
    const field = await type(dialog);
    readings.become(away);
    const notice = dialog.getByText('Tandem’s backend does not answer');
    await notice.waitFor(patience);
    expect(await field.count()).toBe(1);
    readings.become(undefined);
    await notice.waitFor({ ...untilTriedAgain, state: 'detached' });
    expect(await field.inputValue()).toBe('Typed for a while');
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
  },
  90_000,
);

test('a run for several work items goes on where all can see it while the backend is away', async () => {
  const bugs = [await newBug(stage.sandbox, 'Run first'), await newBug(stage.sandbox, 'Run second')];
  const readings = panelReadings();
  const released = Promise.withResolvers<void>();
  const { list, dialog } = await openDialog('Create ticket', bugs, async (page) => {
    await readings.prepare(page);
    await page.route(/\/tickets$/, async (route) => {
      await released.promise;
      await route.continue();
    });
  });
  const ordered = list.waitForRequest((one) => one.method() === 'POST' && /\/tickets$/.test(one.url()));
  await dialog.getByRole('button', { name: 'Create 2 tickets' }).click(patience);
  await ordered;
  readings.become(away);
  const notice = dialog.getByText('Tandem’s backend does not answer');
  await notice.waitFor(patience);
  expect(await dialog.getByText('0 of 2 done').count()).toBe(1);
  readings.become(undefined);
  await notice.waitFor({ ...untilTriedAgain, state: 'detached' });
  released.resolve();
  await dialog.getByText('2 of 2 done').waitFor(patience);
}, 90_000);

test('who was signed out is told so above what was typed, and goes on after another try', async () => {
  const bug = await newBug(stage.sandbox, 'Signed out');
  const readings = panelReadings();
  const { dialog } = await openDialog('Create ticket', [bug], readings.prepare);
  const field = await typeSubject(dialog);
  readings.become(signedOut);
  const notice = dialog.getByRole('alert').filter({ hasText: 'You are signed out' });
  await notice.waitFor(patience);
  expect(await field.count()).toBe(1);
  readings.become(undefined);
  await notice.getByRole('button', { name: 'Try again' }).click();
  await notice.waitFor({ ...patience, state: 'detached' });
  expect(await field.inputValue()).toBe('Typed for a while');
});

test.each([
  ['Create ticket', typeSubject, 'No mapping of this project creates tickets'],
  ['Link ticket', typeSearch, 'No mapping of this project links tickets'],
])(
  'what was typed after “%s” stays when the mapping is gone, which is told',
  async (entry, type, words) => {
    const bug = await newBug(stage.sandbox, `Gone after ${entry}`);
    const readings = panelReadings();
    const { dialog } = await openDialog(entry, [bug], readings.prepare);
    const field = await type(dialog);
    readings.become(away);
    await dialog.getByText('Tandem’s backend does not answer').waitFor(patience);
    readings.become(offersNothing);
    await dialog.getByText(words).waitFor(untilTriedAgain);
    expect(await field.count()).toBe(1);
    expect(await field.inputValue()).toBe('Typed for a while');
  },
  90_000,
);

test('a backend that is away from the start is told alone, and the form comes with it', async () => {
  const bug = await newBug(stage.sandbox, 'Away from the start');
  const readings = panelReadings();
  readings.become(away);
  const { dialog } = await openDialog('Create ticket', [bug], readings.prepare);
  await dialog.getByText('Tandem’s backend does not answer').waitFor(patience);
  expect(await dialog.getByRole('form').count()).toBe(0);
  readings.become(undefined);
  await dialog.getByRole('form', { name: 'Create call' }).waitFor(untilTriedAgain);
}, 90_000);
