import type { FrameLocator, Page } from 'playwright-core';
import { sandboxMapping } from '../sandbox/seed-mapping.ts';
import { faultsInThemes, openStage, type Stage } from './extension-stage.ts';
import { hubOf, patience } from './places.ts';

let stage: Stage;
let page: Page;
let hub: FrameLocator;
let firstId: string;
let otherId: string;

const first = 'Bugs and calls';

const add = async (
  name: string,
  connectionId: string,
  change: Partial<ReturnType<typeof sandboxMapping>>,
) => {
  const params = { projectId: stage.sandbox.projectId };
  const body = { ...sandboxMapping(connectionId), ...change, name };
  await stage.sandbox.apiAs()('createMapping', { params, body });
};

beforeAll(async () => {
  stage = await openStage();
  const api = stage.sandbox.apiAs();
  const params = { projectId: stage.sandbox.projectId };
  const { connections } = await api('listConnections', { params });
  const desk = connections.find(({ kind }) => kind === 'alemba');
  firstId = desk?.id ?? '';
  const body = {
    kind: 'alemba',
    name: 'Second desk',
    settings: desk?.settings ?? {},
    secrets: { password: 'sandbox' },
  };
  otherId = (await api('createConnection', { params, body })).id;
  await add('Ordered by hand', firstId, {
    createTicket: { mode: 'manual' },
    createWorkItem: { mode: 'never' },
  });
  await add('Only what is linked', otherId, {
    createTicket: { mode: 'never' },
    createWorkItem: { mode: 'never' },
  });
}, 120_000);
afterEach(async () => {
  expect(await stage.clear()).toEqual([]);
});
afterAll(() => stage?.close());

const open = async (rows: number) => {
  page = await stage.open('_settings', { user: 'admin' });
  hub = hubOf(page);
  await hub.getByRole('tab', { name: 'Mappings' }).click(patience);
  await hub
    .getByRole('listitem')
    .nth(rows - 1)
    .waitFor(patience);
};
const shown = () => hub.getByRole('listitem').getByRole('heading').allTextContents();
const row = (name: string) => hub.getByRole('listitem').filter({ hasText: name });
const connection = () => hub.getByLabel('Connection', { exact: true });
const does = () => hub.getByLabel('What it does', { exact: true });
const clear = () => hub.getByRole('button', { name: 'Show all mappings' });

test('three mappings are no list to search, and each says what it does', async () => {
  await open(3);
  expect(await hub.getByRole('search').count()).toBe(0);
  await row(first).getByText('Creates tickets and work items ·').waitFor(patience);
  await row('Ordered by hand').getByText('Creates tickets when asked ·').waitFor(patience);
  await row('Only what is linked').getByText('Keeps existing links up to date only ·').waitFor(patience);
});

describe('with four mappings', () => {
  beforeAll(() => add('Tickets become bugs', otherId, { createTicket: { mode: 'never' } }));
  beforeEach(() => open(4));

  test('they are filtered by connection and by what they do, and nothing else is', async () => {
    const all = await shown();
    await connection().selectOption({ label: 'Second desk' });
    expect(await shown()).toEqual(['Only what is linked', 'Tickets become bugs']);
    await does().selectOption({ label: 'creates work items' });
    expect(await shown()).toEqual(['Tickets become bugs']);
    await connection().selectOption({ label: 'any' });
    expect(await shown()).toEqual([first, 'Tickets become bugs']);
    await hub.getByText('2 of 4 mappings').last().waitFor(patience);
    await does().selectOption({ label: 'creates tickets' });
    expect(await shown()).toEqual([first, 'Ordered by hand']);
    await does().selectOption({ label: 'keeps existing links up to date only' });
    expect(await shown()).toEqual(['Only what is linked']);
    await clear().click();
    expect(await shown()).toEqual(all);
    expect(await clear().count()).toBe(0);
  });

  test('where none fits it says so; the keyboard alone filters and clears, and keeps its place', async () => {
    await does().focus();
    // The browser's own list: a letter chooses, whatever the system makes of the arrows.
    await page.keyboard.type('keeps');
    expect(await shown()).toEqual(['Only what is linked']);
    await page.keyboard.press('Shift+Tab');
    // No further: after a pause the list takes a letter for a new beginning, and an "a" leads back to "any".
    await page.keyboard.type('Al');
    await hub.getByText('No mapping fits').waitFor(patience);
    expect(await shown()).toEqual([]);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await shown()).toHaveLength(4);
    expect(await connection().evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test('while some are hidden none can be moved, with the reason; a filter stays on over an edit', async () => {
    await connection().selectOption({ label: 'Second desk' });
    const last = row('Tickets become bugs');
    const up = last.getByRole('button', { name: /^Move up: not while a filter hides some mappings$/ });
    expect(await up.getAttribute('aria-disabled')).toBe('true');
    expect(await last.getAttribute('draggable')).toBe('false');
    await last.locator('.drag-handle').dragTo(row('Only what is linked'));
    await up.click({ force: true });
    expect(await shown()).toEqual(['Only what is linked', 'Tickets become bugs']);
    await last.getByRole('button', { name: 'Edit' }).click();
    await hub.getByRole('button', { name: 'Publish' }).first().waitFor(patience);
    await hub.getByRole('button', { name: 'Back' }).click();
    await row('Tickets become bugs').waitFor(patience);
    expect(await shown()).toEqual(['Only what is linked', 'Tickets become bugs']);
    await clear().click();
    await row('Tickets become bugs').getByRole('button', { name: 'Move up', exact: true }).click();
    await hub.getByText('Tickets become bugs is now 3 of 4').waitFor({ ...patience, state: 'attached' });
  });

  test('in all themes and widths nothing is cut off or out of reach', async () => {
    await connection().selectOption({ label: 'Second desk' });
    let shots = 0;
    const faults = await faultsInThemes(
      page,
      'settings-hub',
      [
        ['light', 1280],
        ['dark', 1280],
        ['contrast', 1280],
        ['light', 480],
      ],
      async () => {
        await clear().waitFor(patience);
        shots += 1;
        if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/filter-${shots}.png` });
      },
    );
    expect(faults).toEqual([]);
  });
});
