import type { FrameLocator, Locator, Page } from 'playwright-core';
import type { Rule } from '../../backend/contract/mapping.ts';
import { faultsInThemes, openStage, type Stage, type Theme } from './extension-stage.ts';
import { hubOf, patience } from './places.ts';

let stage: Stage;
let page: Page;
let hub: FrameLocator;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterEach(async () => {
  expect(await stage.clear()).toEqual([]);
});
afterAll(() => stage?.close());

const params = () => ({ projectId: stage.sandbox.projectId });

async function readMapping() {
  const [first] = (await stage.sandbox.apiAs()('listMappings', { params: params() })).mappings;
  if (first === undefined) throw new Error('the sandbox has no mapping');
  return stage.sandbox.apiAs()('readMapping', { params: { ...params(), mappingId: first.id } });
}

/** The rule by which tickets get work items, as somebody else published it. */
async function publishRule(rule: Rule): Promise<void> {
  const { id, version, position: _p, updatedAt: _a, updatedBy: _b, ...settings } = await readMapping();
  const body = {
    baseVersion: version,
    settings: { ...settings, createWorkItem: { ...settings.createWorkItem, rule } },
  };
  await stage.sandbox.apiAs()('updateMapping', { params: { ...params(), mappingId: id }, body });
}

/** The part of the editor with the rule of one side. */
async function openRule(title: string): Promise<Locator> {
  page = await stage.open('_settings', { user: 'admin' });
  hub = hubOf(page);
  await hub.getByRole('tab', { name: 'Mappings' }).click(patience);
  await hub.getByRole('button', { name: 'Edit' }).click(patience);
  await hub.getByRole('tab', { name: 'When', exact: true }).click(patience);
  return hub.getByRole('region', { name: title });
}

const fromTicket = 'A ticket without a work item gets one';
const fromWorkItem = 'A work item without a ticket gets one';
const narrow: [Theme, number][] = [
  ['light', 480],
  ['dark', 480],
];

test('several of the known values are picked with the keyboard; one that is not offered any more stays in sight', async () => {
  await publishRule({
    kind: 'condition',
    field: 'AssignedGroup',
    operator: 'in',
    value: ['16', 'Night shift'],
  });
  const rule = await openRule(fromTicket);
  const list = rule.getByRole('listbox', { name: 'Value' });
  const options = list.getByRole('option');
  const chosen = list.getByRole('option', { selected: true });
  await chosen.nth(1).waitFor(patience);
  const [unknown, developers] = await chosen.allTextContents();
  expect(unknown?.trim()).toBe('Night shift (no longer offered)');
  await rule.getByText(`Chosen: Night shift, ${developers?.trim()}`).waitFor(patience);

  // From the operator with the Tab key, which leaves the list again after one stop.
  await rule.getByLabel('Comparison').focus();
  await page.keyboard.press('Tab');
  expect(await list.evaluate((element) => element === document.activeElement)).toBe(true);
  await page.keyboard.press('End');
  const last = options.last();
  const lastName = (await last.textContent())?.trim();
  expect(await list.getAttribute('aria-activedescendant')).toBe(await last.getAttribute('id'));
  // What the arrows reach is scrolled to.
  const within = await last.evaluate((element) => {
    const [own, around] = [element, element.parentElement as HTMLElement].map((one) =>
      one.getBoundingClientRect(),
    );
    return own !== undefined && around !== undefined && own.bottom <= around.bottom + 1;
  });
  expect(within).toBe(true);
  await page.keyboard.press('Space');
  expect(await last.getAttribute('aria-selected')).toBe('true');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  expect(await chosen.count()).toBe(4);
  await page.keyboard.press('Enter');
  expect(await chosen.count()).toBe(3);
  await page.keyboard.press('Tab');
  expect(await list.evaluate((element) => element === document.activeElement)).toBe(false);

  const seen = () =>
    rule.getByText(`Chosen: Night shift, ${developers?.trim()}, ${lastName}`).waitFor(patience);
  await seen();
  await list.focus();
  expect(await faultsInThemes(page, 'settings-hub', narrow, seen)).toEqual([]);

  await hub.getByRole('button', { name: 'Publish' }).click();
  await hub.getByRole('button', { name: 'Edit' }).waitFor(patience);
  const published = (await readMapping()).createWorkItem.rule;
  const value = ['16', 'Night shift', expect.any(String)];
  expect(published).toMatchObject({ rules: [{ operator: 'in', value }] });
}, 60_000);

test('the mouse picks and takes away, and a value that is taken away for good goes from the list', async () => {
  await publishRule({ kind: 'condition', field: 'AssignedGroup', operator: 'equals', value: '16' });
  const rule = await openRule(fromTicket);
  // Until the desk has told which groups there are, the value is a text, and so are several.
  await rule.getByRole('combobox', { name: 'Value', exact: true }).waitFor(patience);
  await rule.getByLabel('Comparison').selectOption({ label: 'is one of' }, patience);
  const list = rule.getByRole('listbox', { name: 'Value' });
  const chosen = list.getByRole('option', { selected: true });
  expect(await chosen.count()).toBe(1);
  await list.getByRole('option', { selected: false }).first().click();
  expect(await chosen.count()).toBe(2);
  await chosen.first().click();
  await chosen.first().click();
  await rule.getByText('None chosen yet.').waitFor(patience);
});

test('states and types are offered too; where values are not known it stays text between commas', async () => {
  const rule = await openRule(fromWorkItem);
  const field = rule.getByLabel('Field', { exact: true });
  await field.waitFor(patience);
  await rule.getByLabel('Comparison').selectOption({ label: 'is none of' }, patience);
  const typed = rule.getByLabel('Values, separated by commas');
  await typed.fill('one, two', patience);
  await typed.press('Tab');
  await field.selectOption({ label: 'State' });
  const names = () => rule.getByRole('option', { selected: false }).allTextContents();
  const offered = async () => (await names()).map((name) => name.trim());
  await rule.getByRole('listbox', { name: 'Value' }).waitFor(patience);
  expect(await offered()).toEqual(expect.arrayContaining(['New', 'Active', 'Closed']));
  // What stood there is still what the condition asks for.
  await rule.getByText('Chosen: one, two').waitFor(patience);
  await field.selectOption({ label: 'Work Item Type' });
  await rule
    .getByRole('option', { name: 'Bug', exact: true })
    .and(rule.locator('.values-option'))
    .waitFor(patience);
  await field.selectOption({ label: 'Title' });
  expect(await typed.inputValue(patience)).toBe('one, two');
});
