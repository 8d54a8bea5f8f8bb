import type { FrameLocator } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { openLongList, rowCount, scrollThrough } from './long-list.ts';
import { patience } from './places.ts';

let sandbox: TestSandbox;
let browser: TestBrowser;

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([startTestSandbox(), openBrowser()]);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await sandbox?.close();
});

/** A few screens: what is drawn in one go takes as long as it has rows, on any machine. */
const fewRows = 300;

interface Watched {
  /** The most rows that were drawn in one go. */
  mostRows: number;
  /** Timers that run for good, as the page's clock does. */
  clocks: Set<number>;
}

/** Watches how many rows the page's scripts draw in one go, and which timers of the clock's length run. */
function watch(): void {
  const watched: Watched = { mostRows: 0, clocks: new Set() };
  Object.assign(globalThis, { watched });
  const row = '.entries.long > li:not(.room)';
  const rowsIn = (node: Node) =>
    node instanceof Element ? Number(node.matches(row)) + node.querySelectorAll(row).length : 0;
  // Told once for all that one run of a script has changed.
  new MutationObserver((changes) => {
    const added = changes.flatMap(({ addedNodes }) => [...addedNodes]);
    const rows = added.reduce((sum, node) => sum + rowsIn(node), 0);
    watched.mostRows = Math.max(watched.mostRows, rows);
  }).observe(document, { childList: true, subtree: true });
  const set = globalThis.setInterval;
  const clear = globalThis.clearInterval;
  Object.assign(globalThis, {
    setInterval: (work: () => void, everyMs: number) => {
      const id = set(work, everyMs) as unknown as number;
      if (everyMs === 20_000) watched.clocks.add(id);
      return id;
    },
    clearInterval: (id: number) => {
      watched.clocks.delete(id);
      clear(id);
    },
  });
}

async function openWatched(): Promise<FrameLocator> {
  const page = await browser.open('about:blank');
  await page.addInitScript(watch);
  return openLongList(page, sandbox.url);
}

const seen = (hub: FrameLocator): Promise<{ mostRows: number; clocks: number }> =>
  hub.locator('#page').evaluate(() => {
    const { mostRows, clocks } = Reflect.get(globalThis, 'watched') as Watched;
    return { mostRows, clocks: clocks.size };
  });

test('of 10,000 rows those near the view are drawn, never many in one go, to the last one', async () => {
  const hub = await openWatched();
  const drawn = hub.locator('.entries.long > li:not(.room)');
  // Drawn all at once they were one task of 9 s.
  expect(await drawn.count()).toBeLessThan(fewRows);
  const { scrolledPx } = await scrollThrough(hub);
  expect(scrolledPx).toBeGreaterThan(100_000);
  await hub.locator('#page').evaluate((element) => {
    element.scrollTop = element.scrollHeight;
  });
  const last = hub.locator('.entries.long > li:last-child');
  await last.getByText(`updated ${rowCount - 1}`).waitFor(patience);
  await last.getByRole('button', { name: 'Details' }).waitFor(patience);
  const { mostRows } = await seen(hub);
  expect(mostRows).toBeGreaterThan(0);
  expect(mostRows).toBeLessThan(fewRows);
  // What was scrolled over in a frame each; the rest of the way stayed empty.
  expect(await drawn.count()).toBeLessThan(rowCount / 2);
});

test('all times on a page share one clock, which stands still while nobody looks', async () => {
  const hub = await openWatched();
  const clocks = async () => (await seen(hub)).clocks;
  expect(await clocks()).toBe(1);
  const setHidden = (hidden: boolean) =>
    hub.locator('#page').evaluate((_, isHidden) => {
      Object.defineProperty(document, 'hidden', { configurable: true, value: isHidden });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await setHidden(true);
  expect(await clocks()).toBe(0);
  await setHidden(false);
  expect(await clocks()).toBe(1);
});
