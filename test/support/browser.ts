import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { ensureChromium } from '../../scripts/chromium.js';

export interface TestBrowser {
  browser: Browser;
  /** A page in a profile of its own. What goes wrong on it is gathered in `faultsOf`. */
  open(address: string, options?: PageOptions): Promise<Page>;
  /** Script errors and refused policies of a page that `open` made. */
  faultsOf(page: Page): string[];
  closePages(): Promise<void>;
  close(): Promise<void>;
}

export interface PageOptions {
  width?: number;
  height?: number;
  scheme?: 'light' | 'dark';
}

/** Nothing that calls home, nothing that needs a screen; Chromium refuses its own sandbox under root. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-dev-shm-usage',
];

export async function openBrowser(): Promise<TestBrowser> {
  const browser = await chromium.launch({ executablePath: ensureChromium(), args: flags });
  const contexts = new Set<BrowserContext>();
  const faults = new WeakMap<Page, string[]>();
  const closePages = async () => {
    for (const context of contexts) await context.close();
    contexts.clear();
  };
  return {
    browser,
    async open(address, { width = 1280, height = 900, scheme = 'light' } = {}) {
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: scheme,
        locale: 'en-GB',
      });
      contexts.add(context);
      const page = await context.newPage();
      const found: string[] = [];
      faults.set(page, found);
      page.on('pageerror', (error) => found.push(error.message));
      page.on('console', (message) => {
        if (/content security policy/i.test(message.text())) found.push(message.text());
      });
      await page.goto(address);
      return page;
    },
    faultsOf: (page) => faults.get(page) ?? [],
    closePages,
    async close() {
      await closePages();
      await browser.close();
    },
  };
}
