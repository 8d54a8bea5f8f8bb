import { sandboxMapping } from '../sandbox/seed-mapping.ts';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { alembaSettings } from '../support/rig.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { hubOf, patience } from './places.ts';

let sandbox: TestSandbox;
let browser: TestBrowser;

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([startTestSandbox({ isSeeded: false }), openBrowser()]);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await sandbox?.close();
});

test('the first visit goes on step by step to the first ticket', async () => {
  const page = await browser.open(`${sandbox.url}/fabrikam/Fabrikam/_settings?user=admin`);
  const hub = hubOf(page);
  await hub.getByRole('textbox').first().fill(sandbox.backend.url, patience);
  await hub.getByRole('button', { name: 'Check and save' }).click();

  const step = hub.locator('.steps [aria-current=step]');
  await step.getByText('Connect your service desk').waitFor(patience);
  await step.getByRole('button', { name: 'Add a connection' }).click();
  await hub.getByRole('heading', { name: 'Which service desk?' }).waitFor(patience);

  const api = sandbox.apiAs();
  const params = { projectId: sandbox.projectId };
  const { id } = await api('createConnection', {
    params,
    body: {
      kind: 'alemba',
      name: 'Our desk',
      settings: alembaSettings(sandbox.alemba.baseUrl),
      secrets: { password: 'sandbox' },
    },
  });
  await hub.getByRole('tab', { name: 'Overview' }).click();
  await step.getByText('Say what belongs together').waitFor(patience);

  await api('createMapping', { params, body: sandboxMapping(id) });
  await hub.getByRole('button', { name: 'Refresh' }).click();
  await step.getByRole('button', { name: 'Register service hooks' }).click(patience);
  await hub.getByRole('button', { name: 'Register and repair' }).click(patience);
  await hub.getByText('healthy').nth(4).waitFor(patience);
  await hub.getByRole('tab', { name: 'Overview' }).click();
  await step.getByRole('button', { name: 'Open work items' }).waitFor(patience);
  expect(browser.faultsOf(page)).toEqual([]);
});
