import axe from 'axe-core';
import type { BrowserContext, Frame, Page, Route } from 'playwright-core';
import type { Panel } from '../../backend/contract/links.ts';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';

export type Theme = 'light' | 'dark' | 'contrast';

export interface Opening {
  user?: string;
  theme?: Theme;
  query?: string;
  width?: number;
  height?: number;
  /** Before the first request. */
  prepare?(page: Page): Promise<unknown>;
}

export interface Stage {
  sandbox: TestSandbox;
  /** A page of the simulated host in a profile of its own. */
  open(path: string, opening?: Opening): Promise<Page>;
  form(workItemId: number, opening?: Opening): Promise<Page>;
  /** Script errors and refused policies since the last time; closes the pages. */
  clear(): Promise<string[]>;
  close(): Promise<void>;
}

/** One browser and one sandbox for the tests of a file. */
export async function openStage(): Promise<Stage> {
  const browser: TestBrowser = await openBrowser();
  const sandbox = await startTestSandbox();
  const contexts: BrowserContext[] = [];
  let faults: string[] = [];
  const open = async (path: string, opening: Opening = {}) => {
    const { user = 'contributor', theme = 'light', query = '', width = 1280, height = 900 } = opening;
    const context = await browser.browser.newContext({ viewport: { width, height }, locale: 'en-GB' });
    contexts.push(context);
    const page = await context.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) faults.push(message.text());
    });
    await opening.prepare?.(page);
    await page.goto(`${sandbox.url}/fabrikam/Fabrikam/${path}?user=${user}&theme=${theme}${query}`);
    return page;
  };
  return {
    sandbox,
    open,
    form: (workItemId, opening) => open(`_workitems/edit/${workItemId}`, opening),
    async clear() {
      for (const context of contexts.splice(0)) {
        for (const page of context.pages()) {
          // Long polls are always under way. The tab of a download closes by itself, at any moment.
          await page.unrouteAll({ behavior: 'ignoreErrors' }).catch((error: unknown) => {
            if (!page.isClosed()) throw error;
          });
        }
        await context.close();
      }
      const found = faults;
      faults = [];
      return found;
    },
    async close() {
      for (const context of contexts.splice(0)) await context.close();
      await browser.close();
      await sandbox.close();
    },
  };
}

/** The real answer of the backend with something changed in it, for states that take long to bring about. */
export const changeAnswer =
  <T>(path: RegExp, change: (answer: T) => void) =>
  (page: Page): Promise<unknown> =>
    page.route(path, async (route: Route) => {
      const response = await route.fetch();
      if (!response.ok()) return route.fulfill({ response });
      const answer = (await response.json()) as T;
      change(answer);
      await route.fulfill({ response, json: answer });
    });

export const panelPath = /\/api\/work-items\/\d+\/panel/;
export const changePanel = (change: (panel: Panel) => void) => changeAnswer<Panel>(panelPath, change);
export const changeCard = (change: Partial<Panel['tickets'][number]>) =>
  changePanel((panel) => {
    for (const ticket of panel.tickets) Object.assign(ticket, change);
  });

export const frameOf = (page: Page, name: string): Frame => {
  const frame = page.frames().find((one) => one.url().includes(`/${name}.html`));
  if (frame === undefined) throw new Error(`the page has no frame of ${name}`);
  return frame;
};

/** What axe finds on a page of the extension, but for what it calls minor; each with the element that it is about. */
export async function findings(page: Page, name: string): Promise<string[]> {
  const frame = frameOf(page, name);
  // The policy of the pages refuses injected scripts, so the source is evaluated.
  if (!(await frame.evaluate(() => 'axe' in globalThis))) await frame.evaluate(axe.source);
  const violations = await frame.evaluate(async () => {
    const runner = (globalThis as unknown as { axe: typeof axe }).axe;
    return (await runner.run(document, { resultTypes: ['violations'] })).violations.map((one) => ({
      id: one.id,
      impact: one.impact,
      nodes: one.nodes.map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`),
    }));
  });
  return violations
    .filter(({ impact }) => impact !== 'minor')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node}`));
}

/** How far the content of a page stands out of its frame sideways. */
export const overflowPx = (page: Page, name: string): Promise<number> =>
  frameOf(page, name).evaluate(() =>
    Math.max(
      ...[document.documentElement, document.body, ...document.querySelectorAll('#page')].map(
        (element) => element.scrollWidth - element.clientWidth,
      ),
    ),
  );

/** Changes the theme while the page is open, as the host does, and the width of the window. */
async function look(page: Page, name: string, theme: Theme, width: number): Promise<void> {
  const height = page.viewportSize()?.height ?? 900;
  await page.setViewportSize({ width, height });
  // As a message, because choosing it in the host's bar would take the focus and close what is open.
  await page.evaluate((wanted) => window.postMessage({ theme: wanted }, location.origin), theme);
  const scheme = theme === 'light' ? 'light' : 'dark';
  const contrast = theme === 'contrast' ? 'high' : 'normal';
  await frameOf(page, name)
    .locator(`:root[data-scheme="${scheme}"][data-contrast="${contrast}"]`)
    .waitFor({ timeout: 20_000 });
}

/** What keeps somebody out of a page or is cut off, in each theme and width; `isShown` waits for what must be there. */
export async function faultsInThemes(
  page: Page,
  name: string,
  looks: readonly [Theme, number][],
  isShown: () => Promise<unknown>,
): Promise<string[]> {
  const faults: string[] = [];
  // What fades from one theme to the next, or from disabled to enabled, has every contrast on its way.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const [theme, width] of looks) {
    await look(page, name, theme, width);
    await isShown();
    const found = await findings(page, name);
    const cutPx = await overflowPx(page, name);
    if (cutPx > 0) found.push(`${cutPx} px are cut off`);
    faults.push(...found.map((one) => `${theme}, ${width} px: ${one}`));
  }
  return faults;
}
