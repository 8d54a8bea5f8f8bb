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

interface Watched {
  longestTaskMs: number;
  /** Timers that run for good, as the page's clock does. */
  clocks: Set<number>;
}

/** Watches what the page's scripts do in one go, and which timers of the clock's length run. */
function watch(): void {
  const watched: Watched = { longestTaskMs: 0, clocks: new Set() };
  Object.assign(globalThis, { watched });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries())
      watched.longestTaskMs = Math.max(watched.longestTaskMs, duration);
  }).observe({ type: 'longtask' });
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

const seen = (hub: FrameLocator): Promise<{ longestTaskMs: number; clocks: number }> =>
  hub.locator('#page').evaluate(() => {
    const { longestTaskMs, clocks } = Reflect.get(globalThis, 'watched') as Watched;
    return { longestTaskMs, clocks: clocks.size };
  });

test('10,000 rows are drawn and scrolled without a dropped second, to the last one', async () => {
  const hub = await openWatched();
  // Drawn all at once they were one task of 9 s.
  expect((await seen(hub)).longestTaskMs).toBeLessThan(1_000);
  const { longestMs, scrolledPx } = await scrollThrough(hub);
  expect(scrolledPx).toBeGreaterThan(100_000);
  expect(longestMs).toBeLessThan(1_000);
  await hub.locator('#page').evaluate((element) => {
    element.scrollTop = element.scrollHeight;
  });
  const last = hub.locator('.entries.long > li:last-child');
  await last.getByText(`updated ${rowCount - 1}`).waitFor(patience);
  await last.getByRole('button', { name: 'Details' }).waitFor(patience);
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
