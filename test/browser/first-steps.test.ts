import { publicClientId, sandboxPassword } from '../sandbox/itsm/alemba/seed.ts';
import { openBrowser, type TestBrowser } from '../support/browser.ts';
import { startTestSandbox, type TestSandbox } from '../support/sandbox.ts';
import { formAddress, hubOf, panelOf, patience } from './places.ts';

let sandbox: TestSandbox;
let browser: TestBrowser;

beforeAll(async () => {
  browser = await openBrowser();
  sandbox = await startTestSandbox({ isSeeded: false });
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await sandbox?.close();
});

test('from "installed" to the first ticket: panel and hub say what is missing, and the hub takes it', async () => {
  const form = await browser.open(formAddress(sandbox, 4));
  const panel = panelOf(form);
  await panel.getByText('Nobody has entered the address of Tandem’s backend yet.').waitFor(patience);

  const settings = await browser.open(`${sandbox.url}/fabrikam/Fabrikam/_settings`);
  const hub = hubOf(settings);
  await hub.getByRole('textbox').first().fill(sandbox.backend.url, patience);
  await hub.locator('.bolt-button.primary').click();
  await hub.getByRole('tab', { name: 'Connections' }).click(patience);

  await form.reload();
  await panel.getByText('Tandem is not set up for this project.').waitFor(patience);

  await hub.getByRole('button', { name: 'Connect the first one' }).click(patience);
  await hub.getByRole('button', { name: 'Alemba Service Manager' }).click(patience);
  await hub.getByRole('textbox', { name: 'Name', exact: true }).fill('Our desk', patience);
  await hub.getByLabel(/^Address of the system/).fill(sandbox.alemba.baseUrl);
  await hub.getByLabel(/^API client id/).fill(publicClientId);
  await hub.getByLabel(/^Login ID/).fill('integration');
  await hub.getByLabel(/^Partition/).fill('1');
  await hub.getByRole('textbox', { name: 'Password', exact: true }).fill('not the password');
  await hub.getByRole('button', { name: 'Test these settings' }).click();
  await hub
    .getByRole('status', { name: 'Result of the test' })
    .getByRole('img', { name: 'failed' })
    .first()
    .waitFor(patience);
  await hub.getByRole('textbox', { name: 'Password', exact: true }).fill(sandboxPassword);
  await hub.getByRole('button', { name: 'Save', exact: true }).click();
  await hub.getByText('Our desk').first().waitFor(patience);
  const params = { projectId: sandbox.projectId };
  const { connections } = await sandbox.apiAs()('listConnections', { params });
  expect(connections.map(({ name }) => name)).toContain('Our desk');

  await hub.getByRole('tab', { name: 'Mappings' }).click();
  await hub.getByRole('button', { name: 'Add mapping' }).click(patience);
  await hub.getByLabel('Work item type').selectOption('Bug', patience);
  await hub.getByRole('button', { name: 'Suggest a mapping' }).click();
  await hub.getByRole('tab', { name: 'General' }).waitFor(patience);
  await hub.getByLabel('Ticket template').selectOption({ label: 'Software fault' });
  await hub.getByRole('button', { name: 'Publish' }).click(patience);
  await settings.getByText('The mapping was published').waitFor(patience);

  await form.reload();
  await panel.getByRole('button', { name: 'Create call' }).click(patience);
  await panel.locator('.view-foot').getByRole('button', { name: 'Create call' }).click(patience);
  await panel.getByRole('article', { name: /Password reset mail arrives twice/ }).waitFor(patience);
});
