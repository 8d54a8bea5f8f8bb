import { type ThemeName, themeNames } from './theme.ts';

/** How the page is shown and by whom; from the address, else as it was chosen last. */
export interface PageSettings {
  user: string;
  theme: ThemeName;
  /** `sandboxed` gives frames the origin `null`, as servers on premises do. */
  frames: 'own' | 'sandboxed';
  /** `legacy` shakes hands in the shape of older servers. */
  handshake: 'current' | 'legacy';
  /** Inside the sandbox's home: without the bar at the top. */
  isEmbedded: boolean;
}

const usualTheme = (): ThemeName => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

const remembered = (name: string) => localStorage.getItem(`sandbox.${name}`);

export function readSettings(): PageSettings {
  const query = new URLSearchParams(location.search);
  const theme = query.get('theme') ?? remembered('theme') ?? '';
  return {
    user: query.get('user') ?? remembered('user') ?? 'admin',
    theme: themeNames.find((name) => name === theme) ?? usualTheme(),
    frames: query.get('frames') === 'sandboxed' ? 'sandboxed' : 'own',
    handshake: query.get('handshake') === 'legacy' ? 'legacy' : 'current',
    isEmbedded: query.has('embedded'),
  };
}

export const remember = (name: 'user' | 'theme', value: string): void =>
  localStorage.setItem(`sandbox.${name}`, value);

/** The query that keeps an address's settings while moving on. */
export function keptQuery(): string {
  const query = new URLSearchParams(location.search);
  for (const name of [...query.keys()]) {
    if (!['user', 'theme', 'frames', 'handshake', 'embedded'].includes(name)) query.delete(name);
  }
  return query.size > 0 ? `?${query}` : '';
}
