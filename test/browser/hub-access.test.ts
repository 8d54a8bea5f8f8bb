import type { Page } from 'playwright-core';
import { faultsInThemes, openStage, type Stage, type Theme } from './extension-stage.ts';
import { type HubState, hubDialogs, hubFailures, hubPages, hubParts } from './hub-states.ts';
import { hubOf, patience } from './places.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterEach(async () => {
  expect(await stage.clear()).toEqual([]);
});
afterAll(() => stage?.close());

/** Where the navigation of Project Settings stands above the hub, the hub is as wide as the window: 600 px. */
const looks: [Theme, number][] = [
  ['light', 1280],
  ['dark', 600],
  ['contrast', 1280],
];

async function settle(page: Page, state: HubState): Promise<void> {
  // A button that fades from disabled to enabled has every contrast on its way.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  const hub = hubOf(page);
  await hub.locator('h1').first().waitFor(patience);
  await hub
    .locator('.skeleton')
    .first()
    .waitFor({ ...patience, state: 'detached' });
  await state.steps?.(hub, page);
  await isShown(page, state);
}

const isShown = async (page: Page, { shows }: HubState) => {
  if (shows) await hubOf(page).getByText(shows).first().waitFor(patience);
};

async function faultsOf(page: Page, state: HubState): Promise<string[]> {
  const faults = await faultsInThemes(page, 'settings-hub', looks, () => isShown(page, state));
  return faults.map((one) => `${state.name}: ${one}`);
}

const opening = { user: 'admin' };

test.each([
  ['page', hubPages],
  ['part of a page', hubParts],
  ['dialog', hubDialogs],
])(
  'no %s keeps anybody out or is cut off in any theme',
  async (_, states) => {
    const found: string[] = [];
    const page = await stage.open('_settings', opening);
    const address = page.url();
    for (const state of states) {
      // Afresh: what was opened or typed for the last state is gone.
      if (states !== hubPages) await page.goto('about:blank');
      await page.goto(`${address}#${state.place ?? 'overview'}`);
      await settle(page, state);
      found.push(...(await faultsOf(page, state)));
    }
    expect(found).toEqual([]);
  },
  180_000,
);

test('no failure keeps anybody out or is cut off in any theme', async () => {
  const found: string[] = [];
  for (const state of hubFailures) {
    const page = await stage.open('_settings', { ...opening, ...state.opening });
    await settle(page, state);
    found.push(...(await faultsOf(page, state)));
  }
  expect(found).toEqual([]);
}, 120_000);

test('in high contrast every button, chip and notice has a line around it', async () => {
  const page = await stage.open('_settings', { theme: 'contrast', user: 'admin' });
  for (const place of ['overview', 'connections', 'connections/new', 'mappings', 'hooks']) {
    await page.evaluate((hash) => {
      location.hash = hash;
    }, place);
    await settle(page, { name: place });
    const bare = await hubOf(page)
      .locator('#page')
      .evaluate((element) =>
        [...element.querySelectorAll('.bolt-button:not(.subtle), .chip, .notice')]
          .filter((one) => {
            const { borderTopWidth, borderTopColor } = getComputedStyle(one);
            return (
              Number.parseFloat(borderTopWidth) < 1 || /^rgba\(.*, 0\)$|^rgb\(0, 0, 0\)$/.test(borderTopColor)
            );
          })
          .map((one) => `${one.className}: ${one.textContent}`),
      );
    expect({ place, bare }).toEqual({ place, bare: [] });
  }
});
