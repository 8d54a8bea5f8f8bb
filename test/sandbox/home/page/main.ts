import { build, need } from '../../host/page/dom.ts';
import { readSettings, remember } from '../../host/page/settings.ts';
import { applyTheme, type ThemeName, themeNames } from '../../host/page/theme.ts';
import { showActivity } from './activity-list.ts';
import { showFaults } from './fault-list.ts';
import { type ActivityView, ask, type BackendView, type HomeData } from './home-data.ts';

const themeWords: Record<ThemeName, string> = { light: 'Light', dark: 'Dark', contrast: 'High contrast' };
/** Linked by the seed, so that the first look shows two systems in agreement. */
const firstWorkItem = 4;

const form = need<HTMLIFrameElement>('#form');
const agent = need<HTMLIFrameElement>('#agent');
const chooser = need<HTMLSelectElement>('#work-item');
let theme = readSettings().theme;
let agentAddress = '';

function showTheme(name: ThemeName): void {
  theme = name;
  applyTheme(name);
  // The agent's page follows the reader's preference, which a frame takes over from its place in the page.
  agent.style.colorScheme = name === 'light' ? 'light' : 'dark';
  form.contentWindow?.postMessage({ theme: name }, location.origin);
}

function showWorkItem(home: HomeData, id: number): void {
  const path = `${home.project}/_workitems/edit/${id}`;
  form.src = `${path}?embedded&theme=${theme}`;
  need<HTMLAnchorElement>('#open-work-item').href = path;
  history.replaceState(null, '', `?workItem=${id}`);
  agentAddress = '';
  void followTicket(home, id);
}

/** Shows the ticket of the work item; when it has none, the desk's queue. */
async function followTicket(home: HomeData, id: number): Promise<void> {
  const answer = await ask<{ url?: string }>('GET', `/sandbox/agent-page?workItem=${id}`).catch(
    () => undefined,
  );
  if (answer === undefined || id !== Number(chooser.value)) return;
  const address = answer.url ?? home.agentUrl;
  need('#agent-hint').textContent = answer.url === undefined ? 'No ticket yet: create one on the left' : '';
  if (address === agentAddress) return;
  agentAddress = address;
  agent.src = address;
  need<HTMLAnchorElement>('#open-agent').href = address;
}

function showWorkItems({ workItems }: HomeData): void {
  const chosen = chooser.value;
  chooser.replaceChildren(
    ...workItems.map(({ id, type, title }) => build('option', { value: id }, `${type} ${id}: ${title}`)),
  );
  if (chosen !== '') chooser.value = chosen;
}

function showBackend({ state, restarts }: BackendView): void {
  const chip = need('#backend');
  chip.textContent = `backend: ${state}${restarts > 0 ? ` (restarted ${restarts === 1 ? 'once' : `${restarts} times`})` : ''}`;
  chip.dataset.state = state;
}

function showLinks(home: HomeData): void {
  const link = (name: string, href: string) => build('a', { href, target: '_blank' }, name);
  need('#links').replaceChildren(
    link('Project Settings', home.settingsPath),
    link('Queries', home.queriesPath),
    link('Service desk', home.agentUrl),
    link('API document', `${home.backendUrl}/api/openapi.json`),
    link('Metrics', `${home.backendUrl}/metrics`),
  );
}

function showThemes(): void {
  const select = need<HTMLSelectElement>('#theme');
  select.replaceChildren(
    ...themeNames.map((name) => build('option', { value: name, selected: name === theme }, themeWords[name])),
  );
  select.addEventListener('change', () => {
    remember('theme', select.value);
    showTheme(select.value as ThemeName);
  });
  showTheme(theme);
}

function listen(home: HomeData): void {
  const events = new EventSource('/sandbox/events?for=home');
  events.addEventListener('backend', (event) => showBackend(JSON.parse(event.data) as BackendView));
  events.addEventListener('activity', (event) => {
    showActivity(JSON.parse(event.data) as ActivityView);
    void followTicket(home, Number(chooser.value));
  });
  const known = new Set(home.workItems.map(({ id }) => id));
  events.addEventListener('workItem', async (event) => {
    const { id } = JSON.parse(event.data) as { id: number };
    if (known.has(id)) return;
    known.add(id);
    showWorkItems(await ask<HomeData>('GET', '/sandbox/home'));
  });
}

async function start(): Promise<void> {
  showThemes();
  const home = await ask<HomeData>('GET', '/sandbox/home');
  showLinks(home);
  showBackend(home.backend);
  showFaults(home.faults);
  showWorkItems(home);
  const wanted = Number(new URLSearchParams(location.search).get('workItem'));
  chooser.value = String(home.workItems.some(({ id }) => id === wanted) ? wanted : firstWorkItem);
  chooser.addEventListener('change', () => showWorkItem(home, Number(chooser.value)));
  showWorkItem(home, Number(chooser.value));
  need('#kill').addEventListener('click', async () =>
    showBackend(await ask<BackendView>('POST', '/sandbox/backend/kill')),
  );
  need('#clear-faults').addEventListener('click', async () =>
    showFaults(await ask('DELETE', '/sandbox/faults')),
  );
  listen(home);
}

start().catch((problem: unknown) => {
  need('main').replaceChildren(build('p', { class: 'bad', role: 'alert' }, String(problem)));
});
