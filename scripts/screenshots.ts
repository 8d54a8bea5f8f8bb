/**
 * Takes the pictures of the README and the Marketplace from the sandbox.
 *
 *   npm run screenshots
 *
 * Starts a sandbox of its own on free ports with a fresh data folder, lets some work happen in it, and writes
 * static/screenshots/*.png at 1366 × 768, the size that the Marketplace shows.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type FrameLocator, type Page } from 'playwright-core';
import { type Sandbox, startSandbox } from '../test/sandbox/sandbox.ts';
import { ensureChromium } from './chromium.js';

const folder = `${import.meta.dirname}/../static/screenshots`;
const viewport = { width: 1366, height: 768 };
const patience = { timeout: 30_000 };

interface Shot {
  name: string;
  /** Path below the sandbox's home. */
  path: string;
  theme?: 'light' | 'dark';
  ready(page: Page): Promise<unknown>;
}

const form = '/fabrikam/Fabrikam/_workitems/edit/4';
const contribution = (page: Page, name: string): FrameLocator =>
  page.frameLocator(`iframe[data-contribution$=".${name}"]`);
const panelIsThere = (page: Page) =>
  contribution(page, 'work-item-panel').getByRole('article').first().waitFor(patience);

const hub = (name: string, place: string, ready: (hub: FrameLocator) => Promise<unknown>): Shot => ({
  name,
  path: `/fabrikam/Fabrikam/_settings#${place}`,
  ready: (page) => ready(contribution(page, 'settings-hub')),
});

const shots: Shot[] = [
  {
    name: 'sandbox',
    path: '/',
    // The two records of the home page stand in frames of their own.
    ready: (page) =>
      page
        .frameLocator('iframe')
        .first()
        .frameLocator('iframe')
        .first()
        .getByRole('article')
        .first()
        .waitFor(patience),
  },
  { name: 'panel-light', path: form, theme: 'light', ready: panelIsThere },
  { name: 'panel-dark', path: form, theme: 'dark', ready: panelIsThere },
  {
    name: 'ticket-page',
    path: form,
    ready: async (page) => {
      await panelIsThere(page);
      await page.getByRole('tab', { name: 'Ticket' }).click(patience);
      await contribution(page, 'work-item-page').getByRole('textbox').first().waitFor(patience);
    },
  },
  hub('hub-overview', 'overview', (frame) => frame.getByText('The books balance.').waitFor(patience)),
  hub('hub-connections', 'connections', async (frame) => {
    const row = frame.getByRole('listitem').filter({ hasText: 'Alemba Production' }).first();
    await row.getByRole('button', { name: 'Test', exact: true }).click(patience);
    await frame.getByRole('status', { name: 'Result of the test' }).waitFor(patience);
  }),
  hub('hub-mapping', 'mappings', async (frame) => {
    await frame.getByRole('button', { name: 'Edit' }).first().click(patience);
    await frame.getByRole('tab', { name: 'Out', exact: true }).click(patience);
    await frame.getByLabel('Try on a real record').fill('4', patience);
    await frame.getByText('4 Cannot sign in').waitFor(patience);
  }),
  hub('hub-activity', 'activity/attempts', (frame) => frame.getByRole('listitem').first().waitFor(patience)),
];

/** A little history, so that the pictures show a day's work and not an empty list. */
async function work({ azureDevOps }: Sandbox): Promise<void> {
  const deeds = [
    { title: 'Invoice totals differ by one cent', fields: { 'Microsoft.VSTS.Common.Priority': 2 } },
    { title: 'Report export stops after 1,000 rows', fields: { 'Microsoft.VSTS.Common.Priority': 1 } },
    { title: 'Search ignores umlauts', fields: {} },
  ];
  for (const { title, fields } of deeds) {
    await azureDevOps.act({
      do: 'create',
      type: 'Bug',
      fields: { 'System.Title': title, 'System.Tags': 'service desk', ...fields },
    });
  }
}

async function main(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tandem-screenshots-'));
  const ports = { home: 0, backend: 0, azureDevOps: 0, alemba: 0, extension: 0 };
  const sandbox = await startSandbox({ ports, dataDir, say: (line) => console.log(line) });
  try {
    await work(sandbox);
    await takeAll(sandbox);
  } finally {
    await sandbox.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function takeAll(sandbox: Sandbox): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({
    executablePath: ensureChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    for (const { name, path, theme = 'light', ready } of shots) {
      const context = await browser.newContext({ viewport, colorScheme: theme, locale: 'en-GB' });
      const page = await context.newPage();
      await page.goto(sandbox.url + path);
      await ready(page);
      // Fonts and the last frame of a fade; nothing else is awaited by time.
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', caret: 'hide' });
      await context.close();
      console.log(`static/screenshots/${name}.png`);
    }
  } finally {
    await browser.close();
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
