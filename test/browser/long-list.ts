import type { FrameLocator, Page } from 'playwright-core';
import { hubOf, patience } from './places.ts';

export const rowCount = 10_000;

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

/** Opens the hub's deliveries with 10,000 rows in one answer, and waits until the first ones are drawn. */
export async function openLongList(page: Page, sandboxUrl: string): Promise<FrameLocator> {
  await page.route(/\/deliveries(\?|$)/, async (route) => {
    const answer = await route.fetch();
    // Only the list is made long; everything else is the backend's own answer.
    await route.fulfill({ response: answer, json: { deliveries, more: false } });
  });
  await page.goto(`${sandboxUrl}/fabrikam/Fabrikam/_settings?user=admin#activity/deliveries`);
  const hub = hubOf(page);
  await hub.locator('.entries.long > li').nth(20).waitFor(patience);
  return hub;
}

/** Scrolls by 2,000 px a frame, 60 times; the longest time between two frames. */
export const scrollThrough = (hub: FrameLocator): Promise<{ longestMs: number; scrolledPx: number }> =>
  hub.locator('#page').evaluate(async (element) => {
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
