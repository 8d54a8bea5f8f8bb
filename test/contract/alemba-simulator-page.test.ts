import { type Browser, chromium, type Page } from 'playwright-core';
import { type AlembaSimulator, startAlemba } from '../sandbox/itsm/alemba/server.ts';
import { control } from './alemba-simulator-session.ts';

let alemba: AlembaSimulator;
let browser: Browser;
let page: Page;
let faults: string[];

beforeAll(async () => {
  alemba = await startAlemba();
  // Chromium refuses its own sandbox when the tests run as root.
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
});
beforeEach(async () => {
  await control(alemba, 'POST', '/reset');
  page = await browser.newPage({ viewport: { width: 360, height: 700 } });
  faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
});
afterEach(async () => {
  await page.close();
  expect(faults).toEqual([]);
});
afterAll(async () => {
  await browser.close();
  await alemba.close();
});

const open = async (path: string) => {
  await page.goto(alemba.url + path);
  await page.waitForSelector('.live.on');
};

test('the queue shows open calls, follows changes, and fits a narrow frame', async () => {
  await open('/agent');
  expect(await page.locator('#queue li').count()).toBe(10);
  await control(alemba, 'POST', '/calls', { Subject: 'Just arrived' });
  await page.waitForSelector('#queue li:first-child >> text=Just arrived');
  await page.selectOption('[aria-label=State]', 'closed');
  await page.waitForSelector('text=2 calls');
  const [content, frame] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  expect(content).toBeLessThanOrEqual(frame ?? 0);
});

test('an agent comments, changes the status, attaches and closes; markup stays text', async () => {
  const text = '<img src=x onerror=alert(1)> seen';
  await open('/agent/calls/10040');
  await page.fill('#comment', text);
  await page.check('input[value=yes]');
  await page.click('button:has-text("Add comment")');
  await page.waitForSelector('.entry.portal >> text=onerror');
  expect(alemba.store.calls.get(10040)?.history.at(-1)).toMatchObject({
    ActionDescription: text,
    VisibleInPortal: true,
  });
  await page.selectOption('select[name=CallStatus]', '3');
  await page.waitForSelector('.heading .status:has-text("Pending")');
  await page.setInputFiles('input[type=file]', {
    name: '<b>.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from('hi'),
  });
  await page.waitForSelector('.files a');
  expect(await page.textContent('.files a')).toBe('<b>.txt');
  await control(alemba, 'PATCH', '/calls/10040', { Subject: 'Changed from <i>elsewhere</i>' });
  await page.waitForSelector('h1:has-text("<i>elsewhere</i>")');
  await page.selectOption('select[name=CallStatus]', '5');
  await page.waitForSelector('#notice >> text=close action');
  expect(await page.inputValue('select[name=CallStatus]')).toBe('3');
  await page.click('button:has-text("Close call")');
  await page.waitForSelector('button:has-text("Reopen")');
  expect(alemba.store.calls.get(10040)?.values.ClosedDate).not.toBeNull();
});

test('a new call is made in a dialog', async () => {
  await open('/agent');
  await page.click('#new-call');
  await page.fill('[name=Subject]', 'Fresh');
  await page.selectOption('#new-form [name=AssignedGroup]', '16');
  await page.click('#new-form button[type=submit]');
  await page.waitForSelector('h1:has-text("Fresh")');
  expect(await page.inputValue('select[name=AssignedGroup]')).toBe('16');
});
