import { build } from './dom.ts';
import { ContributionFrame } from './frame.ts';
import type { HostPage } from './host-page.ts';
import { keptQuery } from './settings.ts';

/** Project Settings: the hubs that the extension adds, each filling the page. */
export function showSettings(page: HostPage, root: HTMLElement, hubId: string | undefined): void {
  const hubs = page.contributions('ms.vss-web.hub', 'ms.vss-web.project-admin-hub-group');
  const hub = hubs.find(({ id }) => id === hubId) ?? hubs[0];
  if (hub === undefined) throw new Error('The extension adds nothing to Project Settings.');
  const links = hubs.map((one) =>
    build(
      'a',
      {
        href: page.path('_settings', one.id) + keptQuery(),
        'aria-current': one === hub ? 'page' : undefined,
      },
      one.properties.name,
    ),
  );
  const place = build('div', { class: 'hub' });
  root.replaceChildren(
    build(
      'div',
      { class: 'settings' },
      build('nav', { 'aria-label': 'Project Settings' }, build('h2', {}, 'Project Settings'), links),
      place,
    ),
  );
  document.title = `${hub.properties.name}: Project Settings`;
  page.frames.add(new ContributionFrame(page, hub, place));
}
