import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { until } from '../support/rig.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { lookEveryMs, patience, soon, turnFault } from './places.ts';

let sandbox: TestSandbox;
let browser: TestBrowser;
let home: Page;

beforeAll(async () => {
  browser = await openBrowser();
  sandbox = await startTestSandbox();
}, 120_000);
beforeEach(async () => {
  home = await browser.open(sandbox.url);
  await tickets()
    .getByRole('article', { name: /^10040 / })
    .waitFor(patience);
  await tickets().getByText('in agreement').waitFor(patience);
});
afterEach(async () => {
  sandbox.faults.clear();
  await browser.closePages();
});
afterAll(async () => {
  await browser?.close();
  await sandbox?.close();
});

const form = () => home.frameLocator('#form');
const agent = () => home.frameLocator('#agent');
const tickets = () => form().frameLocator('iframe[data-contribution$=".work-item-panel"]');
const fault = (name: string) => home.getByRole('switch', { name: new RegExp(`^${name}`) });

/** A reading may take as long as the slowest fault lets it: three answers of 3 s one after another. */
const slowly = { timeout: 30_000 };

async function rename(title: string): Promise<void> {
  await form().locator('[data-field="System.Title"]').fill(title, patience);
  await form().getByRole('button', { name: 'Save' }).click();
}

const shownToTheAgent = (title: string, within: { timeout: number }) =>
  agent().getByRole('heading', { name: title }).waitFor(within);

const shownOnTheForm = (title: string) =>
  home.waitForFunction(
    (wanted) =>
      document
        .querySelector<HTMLIFrameElement>('#form')
        ?.contentDocument?.querySelector<HTMLInputElement>('[data-field="System.Title"]')?.value === wanted,
    title,
    slowly,
  );

/** Switched off by hand, the next change is as quick as ever. */
async function isHealed(name: string, title: string, within = soon): Promise<void> {
  await turnFault(home, name, false);
  await tickets().getByText('in agreement').waitFor(slowly);
  await rename(title);
  await shownToTheAgent(title, within);
}

test('too many requests: the panel says when it goes on, and it does', async () => {
  await turnFault(home, 'Too many requests Alemba', true);
  await rename('Held back by the limit');
  const card = tickets().getByRole('article', { name: /^10040 / });
  await card.locator('.condition').getByText('Next try').waitFor(patience);
  expect(await agent().getByRole('heading', { name: 'Held back by the limit' }).count()).toBe(0);
  await turnFault(home, 'Too many requests Alemba', false);
  await shownToTheAgent('Held back by the limit', slowly);
  await isHealed('Too many requests Alemba', 'After the limit');
});

test('slow: what is not Alemba stays quick, and the change arrives', async () => {
  await turnFault(home, 'Slow Every answer of Alemba', true);
  await rename('On its way slowly');
  expect(await agent().getByRole('heading', { name: 'On its way slowly' }).count()).toBe(0);
  const api = sandbox.apiAs();
  const startedMs = performance.now();
  await api('readPanel', { params: { workItemId: '5' } });
  expect(performance.now() - startedMs).toBeLessThan(soon.timeout);
  await tickets().getByRole('button', { name: 'Actions for 10040' }).click(soon);
  await home.keyboard.press('Escape');
  await shownToTheAgent('On its way slowly', slowly);
  // What Tandem just did tells how long it took.
  await home
    .locator('#activity li', { hasText: '#4 ↔' })
    .first()
    .getByText(/^([3-9]|[1-9]\d)\.\d s$/)
    .waitFor(slowly);
  // Answers that were held back before the switch may still be on their way.
  await isHealed('Slow Every answer of Alemba', 'Quick again', patience);
});

test.each([
  ['Service hooks reordered', 'form'],
  ['Webhooks reordered', 'desk'],
])('%s: the newest state wins on both sides', async (name, from) => {
  await turnFault(home, name, true);
  // The switch shows what holds in the sandbox, whoever opens the page.
  await home.reload();
  await fault(name).waitFor(patience);
  expect(await fault(name).isChecked()).toBe(true);
  const titles = ['first', 'second', 'third'].map((one) => `${name}, ${one}`);
  for (const title of titles) {
    if (from === 'form')
      await sandbox.azureDevOps.act({ do: 'update', id: 4, fields: { 'System.Title': title } });
    else {
      await fetch(`${sandbox.alemba.url}/_sandbox/calls/10040`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ Subject: title }),
      });
    }
  }
  const newest = titles.at(-1) ?? '';
  await shownToTheAgent(newest, slowly);
  await tickets().getByRole('article', { name: newest }).waitFor(slowly);
  await tickets().getByText('in agreement').waitFor(slowly);
  expect(sandbox.alemba.store.calls.get(10040)?.values.Subject).toBe(newest);
  await shownOnTheForm(newest);
  await isHealed(name, `${name}, healed`);
});

test('errors after the write on both sides: a change arrives each way, and is written once', async () => {
  const names = ['Error after the write Alemba', 'Error after the write Azure DevOps'];
  for (const name of names) await turnFault(home, name, true);
  // The board's own rule, made certain to hit the change itself.
  for (const [{ faults }, path] of [
    [sandbox.alemba, '/call/10040$'],
    [sandbox.azureDevOps, '/workitems/4\\?'],
  ] as const) {
    const [rule] = faults.list();
    if (rule) faults.set({ ...rule, match: { ...rule.match, path }, probability: 1, remaining: 1 });
  }
  const writes = (system: 'alemba' | 'azureDevOps', pattern: RegExp) =>
    sandbox[system].ledger
      .entries()
      .flatMap((entry) =>
        entry.kind === 'request' && pattern.test(`${entry.method} ${entry.path}`) ? [entry.status] : [],
      );
  const before = writes('alemba', /^PUT .*\/call\/10040$/).length;
  const since = new Date().toISOString();
  await rename('Written to the call');
  await shownToTheAgent('Written to the call', slowly);
  // The agent sees what was written before its try is made up for; an edit by then would be one of both sides at once.
  const isTriedAgain = async () => {
    const { attempts } = await sandbox.apiAs()('listAttempts', {
      params: { projectId: sandbox.projectId },
      query: { since, workItemId: '4' },
    });
    return attempts.some(({ outcome, attempts: tries }) => outcome === 'done' && tries > 1) || undefined;
  };
  await until('the try after the lost answer is done', isTriedAgain, slowly.timeout, lookEveryMs);
  await tickets().getByText('in agreement').waitFor(slowly);
  expect(writes('alemba', /^PUT .*\/call\/10040$/).slice(before)).toEqual([500]);

  await fetch(`${sandbox.alemba.url}/_sandbox/calls/10040`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ Subject: 'Written to the work item' }),
  });
  await tickets().getByRole('article', { name: 'Written to the work item' }).waitFor(slowly);
  await tickets().getByText('in agreement').waitFor(slowly);
  // A form that has not heard of it yet would refuse to save another title over it.
  await shownOnTheForm('Written to the work item');
  expect(writes('azureDevOps', /^PATCH .*\/workitems\/4\?/)).toContain(500);
  const titles = sandbox.azureDevOps.store.workItems
    .get(4)
    ?.revisions.map(({ fields }) => fields['System.Title']);
  const arrivals = titles?.filter(
    (title, at) => title !== titles[at - 1] && title === 'Written to the work item',
  );
  expect(arrivals).toHaveLength(1);
  await turnFault(home, names[0] ?? '', false);
  await isHealed(names[1] ?? '', 'After the errors');
});
