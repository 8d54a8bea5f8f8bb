import type { FrameLocator, Page } from 'playwright-core';
import { findings, openStage, overflowPx, type Stage, type Theme } from './extension-stage.ts';
import { newBug, panelOf, patience } from './places.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterEach(async () => {
  // The inert parser reports handlers that it drops; nothing else may be refused.
  expect((await stage.clear()).filter((fault) => !/inline event handler/.test(fault))).toEqual([]);
});
afterAll(() => stage?.close());

interface Open {
  page: Page;
  panel: FrameLocator;
  editor: ReturnType<FrameLocator['getByRole']>;
}

/** The form of a new call with its description opened for writing. */
async function openEditor(
  title: string,
  theme: Theme = 'light',
  steps = '<p>Press <b>Save</b>.</p>',
): Promise<Open> {
  const bug = await newBug(stage.sandbox, title, { 'Microsoft.VSTS.TCM.ReproSteps': steps });
  const page = await stage.form(bug, { theme, width: 800 });
  const panel = panelOf(page);
  await panel.getByRole('button', { name: 'Create call' }).click(patience);
  await panel.getByRole('button', { name: 'Change Description' }).click(patience);
  const editor = panel.getByRole('textbox', { name: 'Description' });
  await editor.waitFor(patience);
  return { page, panel, editor };
}

async function descriptionOf(panel: FrameLocator, title: string): Promise<string> {
  await panel.locator('.view-foot').getByRole('button', { name: 'Create call' }).click();
  await panel.getByRole('article', { name: new RegExp(title) }).waitFor(patience);
  const call = [...stage.sandbox.alemba.store.calls.values()].find(({ values }) => values.Subject === title);
  return String(call?.values.DescriptionHtml ?? '');
}

test('bold, italic, lists and links are made by clicks and keys, and arrive as they were shown', async () => {
  const { page, panel, editor } = await openEditor('Typed and clicked');
  await editor.getByText('Save').waitFor(patience);
  await editor.click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.press('Delete');
  await page.keyboard.type('Plain ');
  await panel.getByRole('button', { name: 'Bold' }).click();
  await page.keyboard.type('loud');
  expect(await panel.getByRole('button', { name: 'Bold' }).getAttribute('aria-pressed')).toBe('true');
  await panel.getByRole('button', { name: 'Bold' }).click();
  await page.keyboard.press('ControlOrMeta+I');
  await page.keyboard.type(' leaning');
  await page.keyboard.press('ControlOrMeta+I');
  await page.keyboard.press('Enter');
  await panel.getByRole('button', { name: 'Bulleted list' }).click();
  await page.keyboard.type('one');
  await page.keyboard.press('Enter');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ControlOrMeta+Shift+Digit7');
  await page.keyboard.type('first');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ControlOrMeta+K');
  await page.keyboard.type('javascript:alert(1)');
  await page.keyboard.press('Enter');
  await panel.getByText('Enter a web or mail address').waitFor(patience);
  await panel.getByLabel('Address of the link').fill('docs.example.com/reset');
  await page.keyboard.press('Enter');
  await editor.getByRole('link', { name: 'docs.example.com/reset' }).waitFor(patience);
  const shown = await editor.textContent();
  const sent = await descriptionOf(panel, 'Typed and clicked');
  expect(sent).toMatch(/Plain <(b|strong)>loud/);
  expect(sent).toMatch(/<(i|em)>(&nbsp;|\s)*leaning/);
  expect(sent).toMatch(/<ul>.*<li>one<\/li>.*<li>two<\/li>.*<\/ul>/s);
  expect(sent).toMatch(/<ol>.*<li>first<\/li>.*<\/ol>/s);
  expect(sent).toContain('href="https://docs.example.com/reset"');
  expect(sent).not.toContain('javascript:');
  expect(sent.replace(/<[^>]*>|&nbsp;|\s/g, '')).toBe(shown?.replace(/\s/g, ''));
});

test('a text that nobody changes is shown with its formatting and sent as the mapping has it', async () => {
  const { panel } = await openEditor('Left alone');
  expect(await panel.getByRole('textbox', { name: 'Description' }).innerHTML()).toMatch(/<(b|strong)>Save</);
  expect(await descriptionOf(panel, 'Left alone')).toMatch(/<(b|strong)>Save<\/(b|strong)>/);
});

const hostile = [
  '<b>kept</b>',
  '<img src=x onerror="globalThis.ran=1">',
  '<script>globalThis.ran=1</script>',
  '<svg onload="globalThis.ran=1"></svg>',
  '<a href="javascript:globalThis.ran=1">press</a>',
  '<iframe srcdoc="<script>parent.ran=1</script>"></iframe>',
  '<math><mtext><style><img src=x onerror=globalThis.ran=1></style></mtext></math>',
  '<img src="https://evil.example/track.png">',
  '<p style="background:url(https://evil.example/b.png)" onclick="globalThis.ran=1">styled</p>',
  '<form action="https://evil.example/"><input autofocus onfocus="globalThis.ran=1"></form>',
  '<noscript><p title="</noscript><img src=x onerror=globalThis.ran=1>">',
].join('');

test.each(['paste', 'drop'])('what comes in by %s is cleaned', async (kind) => {
  const strangers: string[] = [];
  const title = `Came in by ${kind}`;
  const { page, panel, editor } = await openEditor(title);
  page.on('request', (request) => {
    if (!['127.0.0.1', ''].includes(new URL(request.url()).hostname)) strangers.push(request.url());
  });
  await editor.click();
  await editor.evaluate(
    (element, { type, markup }) => {
      const data = new DataTransfer();
      data.setData('text/html', markup);
      data.setData('text/plain', 'not this');
      const options = { bubbles: true, cancelable: true };
      element.dispatchEvent(
        type === 'paste'
          ? new ClipboardEvent('paste', { ...options, clipboardData: data })
          : new DragEvent('drop', { ...options, dataTransfer: data }),
      );
    },
    { type: kind, markup: hostile },
  );
  await editor.locator('b, strong', { hasText: 'kept' }).waitFor(patience);
  await editor.getByText('press').click();
  const left = editor.locator(
    'img, script, svg, iframe, style, form, input, [style*=url], [onclick], a[href^=java]',
  );
  expect(await left.count()).toBe(0);
  const sent = await descriptionOf(panel, title);
  expect(sent).toMatch(/<(b|strong)>kept</);
  expect(sent).not.toMatch(
    /<(img|script|svg|iframe|style|form|input)|javascript:|onclick|onerror|evil\.example/i,
  );
  for (const frame of page.frames()) {
    expect(await frame.evaluate(() => (globalThis as { ran?: number }).ran)).toBeUndefined();
  }
  expect(strangers).toEqual([]);
});

test('a description that is emptied is sent as empty', async () => {
  const { page, panel, editor } = await openEditor('Emptied');
  await editor.click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.press('Delete');
  const request = page.waitForRequest((one) => one.method() === 'POST' && /\/tickets$/.test(one.url()));
  await panel.locator('.view-foot').getByRole('button', { name: 'Create call' }).click();
  expect((await request).postDataJSON()).toMatchObject({ values: { Description: null } });
});

test('images that a form cannot hold are announced', async () => {
  const { panel } = await openEditor(
    'With an image',
    'light',
    '<p>See <img src="https://x.example/a.png"></p>',
  );
  await panel.getByText('It holds images.').waitFor(patience);
});

test.each<Theme>(['light', 'dark', 'contrast'])('the editor keeps nobody out in %s', async (theme) => {
  const { page, panel, editor } = await openEditor(`Looked at in ${theme}`, theme);
  await editor.click();
  await page.keyboard.press('ControlOrMeta+K');
  await panel.getByLabel('Address of the link').waitFor(patience);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  expect(await findings(page, 'work-item-panel')).toEqual([]);
  expect(await overflowPx(page, 'work-item-panel')).toBe(0);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/editor-${theme}.png` });
});
