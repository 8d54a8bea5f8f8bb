import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { openLongList, scrollThrough } from '../browser/long-list.ts';
import { buildExtension } from '../sandbox/extension-build.ts';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { type Figure, percentile } from './figures.ts';

/** Openings of which the middle one counts: the first ones fill the browser's caches. */
const openings = 7;
const largestFontBytes = 20_000;
/** Work items of the sandbox's seed that have a ticket each. */
const linked = [4, 5];

/** What a developer waits for and downloads: sizes as loaded, requests, first useful paint, shifts after it. */
export async function panelFigures(): Promise<Figure[]> {
  const folder = join(await buildExtension(console.log), 'extension');
  const browser = await openBrowser();
  const sandbox = await startTestSandbox({});
  try {
    const warm = await measure(browser, sandbox, 1);
    const slow = await measure(browser, sandbox, 4);
    const hub = await openLongList(await browser.open('about:blank'), sandbox.url);
    const { longestMs } = await scrollThrough(hub);
    return [
      ...sizes(folder),
      requestFigure(warm),
      paintFigure('panel, first useful paint, warm', warm, 400),
      paintFigure('panel, first useful paint, 4x slower CPU', slow, 800),
      {
        name: 'panel, layout shift after the first paint',
        value: Math.max(...[...warm, ...slow].map(({ shift }) => shift)),
        unit: 'CLS',
        target: { atMost: 0.1 },
      },
      {
        name: 'hub, list of 10,000 rows: longest time between two frames of scrolling',
        value: Math.round(longestMs),
        unit: 'ms',
        target: { atMost: 1000 },
      },
    ];
  } finally {
    await browser.close();
    await sandbox.close();
  }
}

/** Kilobytes (1,000 bytes) of script and style that a page loads, compressed as a server would. */
function loadedKb(folder: string, page: string): number {
  const html = readFileSync(join(folder, `${page}.html`), 'utf8');
  const names = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name = '']) => name);
  const compressed = names.map((name) => gzipSync(readFileSync(join(folder, name)), { level: 9 }).length);
  return compressed.reduce((sum, bytes) => sum + bytes, 0) / 1000;
}

function sizes(folder: string): Figure[] {
  const fonts = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    ({ name, parentPath }) =>
      /\.(woff2?|ttf|otf|eot)$/.test(name) && readFileSync(join(parentPath, name)).length > largestFontBytes,
  );
  return [
    {
      name: 'panel, script and style',
      value: loadedKb(folder, 'work-item-panel'),
      unit: 'kB gz',
      target: { atMost: 130 },
    },
    {
      name: 'hub, script and style',
      value: loadedKb(folder, 'settings-hub'),
      unit: 'kB gz',
      target: { atMost: 260 },
    },
    { name: 'fonts above 20 kB', value: fonts.length, unit: '', target: { atMost: 0 } },
  ];
}

interface Opening {
  /** From the start of the frame's navigation to the first frame that shows a ticket. */
  paintMs: number;
  /** Requests to the backend but session and long poll. */
  requests: number;
  /** Sum of layout shifts after that paint, as browsers score them. */
  shift: number;
}

/** Notes in every frame when the first card was painted, and each shift after it. Runs before the page's own scripts. */
const watchPaint = () => {
  const seen = { paintMs: 0, shift: 0 };
  Object.assign(globalThis, { tandemSeen: seen });
  const observer = new MutationObserver(() => {
    if (!document.querySelector('article.ticket')) return;
    observer.disconnect();
    // The first callback comes before the paint, the second right after it.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        seen.paintMs = performance.now();
      }),
    );
  });
  observer.observe(document, { childList: true, subtree: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[]) {
      if (seen.paintMs > 0) seen.shift += entry.value;
    }
  }).observe({ type: 'layout-shift', buffered: true });
};

async function measure(browser: TestBrowser, sandbox: TestSandbox, slowdown: number): Promise<Opening[]> {
  const context = await browser.browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(watchPaint);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  const found: Opening[] = [];
  for (let turn = 0; turn < openings; turn++) {
    found.push(await openOnce(page, sandbox, linked[turn % linked.length] ?? 4));
  }
  await context.close();
  // Both work items have been open once by then, as for somebody who comes back to one.
  return found.slice(linked.length);
}

async function openOnce(page: Page, sandbox: TestSandbox, workItemId: number): Promise<Opening> {
  let requests = 0;
  const count = (request: { url(): string; method(): string }) => {
    const { origin, pathname, searchParams } = new URL(request.url());
    if (origin !== sandbox.backend.url || request.method() === 'OPTIONS') return;
    if (pathname !== '/api/session' && !searchParams.has('after')) requests++;
  };
  page.on('request', count);
  // Until the panel was refreshed and waits for the next change: then nothing is left that could move.
  const settled = page.waitForRequest((request) => request.url().includes('after='));
  await page.goto(`${sandbox.url}/fabrikam/Fabrikam/_workitems/edit/${workItemId}?user=contributor`);
  await page
    .frameLocator('iframe[data-contribution$=".work-item-panel"]')
    .locator('article.ticket')
    .first()
    .waitFor();
  await settled;
  const frame = page.frames().find((one) => one.url().includes('/work-item-panel.html'));
  const seen = await frame?.evaluate(
    () => (globalThis as unknown as { tandemSeen: { paintMs: number; shift: number } }).tandemSeen,
  );
  page.off('request', count);
  return { paintMs: seen?.paintMs || Number.NaN, requests, shift: seen?.shift ?? Number.NaN };
}

const requestFigure = (opened: Opening[]): Figure => ({
  name: 'panel, backend requests per open after the session',
  value: Math.max(...opened.map(({ requests }) => requests)),
  unit: '',
  target: { atMost: 1 },
});

function paintFigure(name: string, opened: Opening[], atMost: number): Figure {
  const sorted = opened.map(({ paintMs }) => paintMs).sort((a, b) => a - b);
  return { name, value: Math.round(percentile(sorted, 0.5)), unit: 'ms', target: { atMost } };
}
