import { build, need } from './dom.ts';
import { textOf } from './frame.ts';
import { HostPage } from './host-page.ts';
import { ListPage } from './list-page.ts';
import { keptQuery, remember } from './settings.ts';
import { showSettings } from './settings-page.ts';
import { type ThemeName, themeNames } from './theme.ts';
import { WorkItemPage } from './work-item/work-item-page.ts';

const themeWords: Record<ThemeName, string> = { light: 'Light', dark: 'Dark', contrast: 'High contrast' };
const roleWords = {
  administrator: 'administrator',
  contributor: 'contributor',
  reader: 'reader',
  none: 'no access',
};

/** The bar that the real page has too, plus what only a sandbox has: who looks, and in which theme. */
function showBar(page: HostPage): void {
  const { users, user } = page.data;
  const people = build(
    'select',
    { id: 'user', 'aria-label': 'Signed in as' },
    users.map(({ key, displayName, role }) =>
      build('option', { value: key, selected: key === user.key }, `${displayName} (${roleWords[role]})`),
    ),
  );
  people.addEventListener('change', () => {
    remember('user', people.value);
    const address = new URL(location.href);
    address.searchParams.set('user', people.value);
    location.assign(address);
  });
  const themes = build(
    'select',
    { id: 'theme', 'aria-label': 'Theme' },
    themeNames.map((name) =>
      build('option', { value: name, selected: name === page.settings.theme }, themeWords[name]),
    ),
  );
  themes.addEventListener('change', () => {
    remember('theme', themes.value);
    page.changeTheme(themes.value as ThemeName);
  });
  const link = (name: string, ...parts: string[]) =>
    build('a', { href: page.path(...parts) + keptQuery() }, name);
  const { organization, project } = page.data;
  need('#bar').replaceChildren(
    build('a', { class: 'brand', href: '/' }, 'Sandbox'),
    build('span', { class: 'crumbs' }, `${organization.name} / ${project.name}`),
    build(
      'nav',
      { 'aria-label': 'Pages' },
      link('Work items', '_workitems'),
      link('Queries', '_queries'),
      link('Project Settings', '_settings'),
    ),
    build('span', { class: 'spring' }),
    people,
    themes,
  );
}

async function showPage(page: HostPage): Promise<void> {
  const root = need('#main');
  const [, , , area, verb, target] = location.pathname.split('/').map(decodeURIComponent);
  if (area === '_workitems' && verb === 'edit')
    await new WorkItemPage(page, root).open({ id: Number(target) });
  else if (area === '_workitems' && verb === 'create')
    await new WorkItemPage(page, root).open({ type: target ?? 'Bug' });
  else if (area === '_settings') showSettings(page, root, verb);
  else await new ListPage(page, root, area === '_queries' ? 'Query: all work items' : 'Work items').load();
}

async function start(): Promise<void> {
  const page = await HostPage.open();
  document.body.classList.toggle('embedded', page.settings.isEmbedded);
  page.messages.attach(need('#head'));
  showBar(page);
  await showPage(page);
  // The sandbox's home changes the theme of the form that it shows.
  window.addEventListener('message', (event) => {
    if (event.origin !== location.origin || event.source !== window.parent) return;
    const wanted = (event.data as { theme?: string } | null)?.theme;
    const theme = themeNames.find((name) => name === wanted);
    if (theme !== undefined) page.changeTheme(theme);
  });
}

start().catch((problem: unknown) => {
  need('#main').replaceChildren(build('p', { class: 'problem', role: 'alert' }, textOf(problem)));
});
