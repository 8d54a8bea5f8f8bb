import type { FrameLocator, Page } from 'playwright-core';
import type { Opening } from './extension-stage.ts';
import { failing } from './failing.ts';
import { patience } from './places.ts';

/** One look of the hub: where it is, how it comes about, and what shows that it is there. */
export interface HubState {
  name: string;
  /** The place inside the hub, as in the page's hash; the overview when absent. */
  place?: string;
  /** A state that begins before the hub does; it gets a page of its own. */
  opening?: Opening;
  steps?(hub: FrameLocator, page: Page): Promise<unknown>;
  shows?: string | RegExp;
}

async function press(hub: FrameLocator, ...names: (string | RegExp)[]): Promise<void> {
  for (const name of names) {
    const wanted = typeof name === 'string' ? { name, exact: true } : { name };
    await hub
      .getByRole('button', wanted)
      .or(hub.getByRole('menuitem', wanted))
      .or(hub.getByRole('tab', wanted))
      .first()
      .click(patience);
  }
}

const at = (place: string, ...buttons: (string | RegExp)[]): HubState => ({
  name: [place, ...buttons].join(' › '),
  place,
  steps: (hub) => press(hub, ...buttons),
});

/** Every tab and list, as one finds them. */
export const hubPages: HubState[] = [
  'overview',
  'connections',
  'connections/new',
  'connections/new/alemba',
  'mappings',
  'mappings/new',
  'hooks',
  'activity/parked',
  'activity/troubled',
  'activity/attempts',
  'activity/deliveries',
].map((place) => at(place));

/** The tabs of the mapping editor and what opens inside the pages. */
export const hubParts: HubState[] = [
  ...['General', 'When', 'Out', 'Response', 'In', 'States', 'Comments and attachments'].map((tab) =>
    at('mappings', 'Edit', tab),
  ),
  at('mappings', 'Edit', 'Conflicts and deletions'),
  at('mappings', 'Edit', 'Versions'),
  at('mappings', 'Edit', 'Existing records'),
  { ...at('mappings', 'Edit', 'Check'), shows: /No problems found|to look at/ },
  {
    name: 'dry run',
    place: 'mappings',
    steps: async (hub) => {
      await press(hub, 'Edit', 'Dry run');
      const part = hub.getByRole('region', { name: 'Dry run' });
      await part.getByRole('textbox').first().fill('4', patience);
      await part.getByRole('button').last().click();
      await part.getByRole('status').first().waitFor(patience);
    },
  },
  {
    name: 'a row with its sample and template',
    place: 'mappings',
    steps: async (hub) => {
      await press(hub, 'Edit', 'Out');
      await hub.getByLabel('Try on a real record').fill('4', patience);
      await hub.getByText('“P3”').waitFor(patience);
      await hub.getByLabel('How').first().selectOption('template');
      await hub.getByRole('combobox', { name: 'Template (Liquid)' }).pressSequentially('{{ titl');
      await hub.locator('.completion-list [role=option]').first().waitFor(patience);
    },
  },
  {
    name: 'a condition with several values',
    place: 'mappings',
    steps: async (hub) => {
      await press(hub, 'Edit', 'When');
      await hub.getByLabel('Comparison').last().selectOption({ label: 'is one of' }, patience);
      await hub.getByRole('listbox', { name: 'Value' }).focus(patience);
    },
    shows: /^Chosen:/,
  },
  { ...at('mappings', /^More for/), shows: 'Export' },
  at('connections', 'Edit'),
  {
    name: 'connections › a fixed wait',
    place: 'connections/new/alemba',
    steps: async (hub) => {
      await hub.getByText('Advanced', { exact: true }).click(patience);
      await hub.getByLabel('Wait between attempts').selectOption('fixed', patience);
    },
    shows: 'Fixed wait (seconds)',
  },
  {
    name: 'connections › a form with faults',
    place: 'connections/new/alemba',
    steps: async (hub) => {
      await hub.getByLabel(/^Address of the system/).fill('not an address', patience);
    },
    shows: 'Enter a web address',
  },
  {
    name: 'connections › Test',
    place: 'connections',
    steps: async (hub) => {
      await press(hub, 'Test');
      await hub.getByRole('status', { name: 'Result of the test' }).waitFor(patience);
    },
  },
  {
    name: 'hooks › by hand',
    place: 'hooks',
    steps: (hub) => hub.locator('details > summary').first().click(patience),
  },
  at('activity/attempts', /^Details/),
  at('activity/deliveries', /^Details/),
];

/** The hub's own dialogs; plain questions are asked in the host's. */
export const hubDialogs: HubState[] = [at('connections', 'Delete')];

/** What stands in the way of the hub. */
export const hubFailures: HubState[] = [
  ...failing.map(({ name, opening, shows }) => ({
    name: `failing: ${name}`,
    opening: { user: 'admin', ...opening },
    shows,
  })),
  { name: 'failing: no permission', opening: { user: 'reader' }, shows: /administ/i },
  {
    name: 'failing: a list that cannot be read',
    opening: {
      user: 'admin',
      prepare: (page) => page.route(/\/(overview|mappings|connections)(\?|$)/, (route) => route.abort()),
    },
  },
];
