/** Draws the PNG icons of the extension from their SVG sources, with Chromium. Run after changing a source. */
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const root = `${import.meta.dirname}/..`;
const icons = [
  { source: 'mark', target: 'icon-128', sizePx: 128 },
  { source: 'menu-light', target: 'menu-light', sizePx: 16 },
  { source: 'menu-dark', target: 'menu-dark', sizePx: 16 },
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
try {
  for (const { source, target, sizePx } of icons) {
    const page = await browser.newPage({ viewport: { width: sizePx, height: sizePx } });
    const svg = readFileSync(`${root}/static/source/${source}.svg`, 'utf8');
    await page.setContent(
      `<style>*{margin:0}svg{display:block;width:${sizePx}px;height:${sizePx}px}</style>${svg}`,
    );
    const png = await page.screenshot({ omitBackground: true });
    writeFileSync(`${root}/static/images/${target}.png`, png);
    console.log(`${target}.png ${png.length} bytes`);
    await page.close();
  }
} finally {
  await browser.close();
}
