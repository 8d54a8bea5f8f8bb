import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { hubOf, patience } from './places.ts';

let sandbox: TestSandbox;
let browser: TestBrowser;

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([startTestSandbox(), openBrowser()]);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await sandbox?.close();
});

const rowCount = 10_000;
const deliveries = Array.from({ length: rowCount }, (_, at) => ({
  id: String(rowCount - at),
  receivedAt: new Date(Date.UTC(2026, 0, 1) - at * 1000).toISOString(),
  source: 'azureDevOps',
  connectionId: 'azure-devops',
  what: 'updated',
  recordId: String(at),
  outcome: 'handled',
  reason: 'Both sides agree; nothing to write.',
  duplicates: 0,
}));

test('10,000 rows scroll without a dropped second', async () => {
  const page = await browser.open('about:blank');
  await page.route(/\/deliveries(\?|$)/, async (route) => {
    const answer = await route.fetch();
    // Only the list is made long; everything else is the backend's own answer.
    await route.fulfill({ response: answer, json: { deliveries, more: false } });
  });
  await page.goto(`${sandbox.url}/fabrikam/Fabrikam/_settings?user=admin#activity/deliveries`);
  const hub = hubOf(page);
  const rows = hub.locator('.entries.long > li');
  await rows.nth(100).waitFor({ ...patience, state: 'attached' });
  const { longestMs, scrolledPx } = await hub.locator('#page').evaluate(async (element) => {
    let longest = 0;
    let lastMs = performance.now();
    for (let step = 0; step < 60; step += 1) {
      element.scrollTop += 2_000;
      await new Promise((resolve) => requestAnimationFrame(resolve));
      const nowMs = performance.now();
      longest = Math.max(longest, nowMs - lastMs);
      lastMs = nowMs;
    }
    return { longestMs: longest, scrolledPx: element.scrollTop };
  });
  expect(await rows.count()).toBe(rowCount);
  expect(scrolledPx).toBeGreaterThan(100_000);
  expect(longestMs).toBeLessThan(1_000);
});
