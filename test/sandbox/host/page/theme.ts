/** Names without `--`, as the host sends them; palette values are "r, g, b". */
export type Theme = Record<string, string>;
export const themeNames = ['light', 'dark', 'contrast'] as const;
export type ThemeName = (typeof themeNames)[number];

/** Ids under which the host announces its themes. */
export const themeIds: Record<ThemeName, string> = {
  light: 'ms.vss-web.vsts-theme',
  dark: 'ms.vss-web.vsts-theme-dark',
  contrast: 'ms.vss-web.vsts-theme-high-contrast',
};

interface Palette {
  ground: string;
  ink: string;
  ink2: string;
  ink3: string;
  /** Triplets for 0, 2, 4, 6, 8, 10, 20, 30, 60, 70, 80, 100: from the ground to the ink. */
  neutrals: readonly string[];
  /** Triplet of what alpha shades are made of. */
  shade: string;
  accent: string;
  accentInk: string;
  onAccent: string;
  accentTriplet: string;
  raised: string;
  shadow: string;
  row: string;
  focus: string;
  status: Record<'error' | 'warning' | 'success' | 'info', readonly [foreground: string, background: string]>;
}

const steps = [0, 2, 4, 6, 8, 10, 20, 30, 60, 70, 80, 100];
const grey = (...levels: number[]) => levels.map((level) => `${level}, ${level}, ${level}`);

const palettes: Record<ThemeName, Palette> = {
  light: {
    ground: 'rgba(255, 255, 255, 1)',
    ink: 'rgba(0, 0, 0, 0.9)',
    ink2: 'rgba(0, 0, 0, 0.58)',
    ink3: 'rgba(0, 0, 0, 0.38)',
    neutrals: grey(255, 249, 245, 240, 235, 222, 201, 168, 103, 76, 52, 0),
    shade: '0, 0, 0',
    accent: 'rgba(0, 103, 184, 1)',
    accentInk: 'rgba(0, 84, 153, 1)',
    onAccent: 'rgba(255, 255, 255, 1)',
    accentTriplet: '0, 103, 184',
    raised: 'rgba(255, 255, 255, 1)',
    shadow: 'rgba(0, 0, 0, 0.14)',
    row: 'rgba(0, 0, 0, 0.04)',
    focus: 'rgba(0, 103, 184, 1)',
    status: {
      error: ['rgba(196, 43, 28, 1)', 'rgba(253, 241, 240, 1)'],
      warning: ['rgba(148, 96, 0, 1)', 'rgba(255, 246, 219, 1)'],
      success: ['rgba(16, 118, 48, 1)', 'rgba(233, 247, 236, 1)'],
      info: ['rgba(0, 84, 153, 1)', 'rgba(235, 244, 252, 1)'],
    },
  },
  dark: {
    ground: 'rgba(30, 31, 34, 1)',
    ink: 'rgba(255, 255, 255, 0.92)',
    ink2: 'rgba(255, 255, 255, 0.66)',
    ink3: 'rgba(255, 255, 255, 0.42)',
    neutrals: grey(30, 36, 42, 47, 52, 63, 82, 112, 165, 190, 214, 255),
    shade: '255, 255, 255',
    accent: 'rgba(25, 118, 196, 1)',
    accentInk: 'rgba(108, 184, 246, 1)',
    onAccent: 'rgba(255, 255, 255, 1)',
    accentTriplet: '25, 118, 196',
    raised: 'rgba(41, 42, 46, 1)',
    shadow: 'rgba(0, 0, 0, 0.5)',
    row: 'rgba(255, 255, 255, 0.05)',
    focus: 'rgba(108, 184, 246, 1)',
    status: {
      error: ['rgba(255, 139, 128, 1)', 'rgba(68, 32, 30, 1)'],
      warning: ['rgba(247, 200, 96, 1)', 'rgba(64, 50, 18, 1)'],
      success: ['rgba(118, 205, 132, 1)', 'rgba(24, 56, 32, 1)'],
      info: ['rgba(108, 184, 246, 1)', 'rgba(20, 46, 70, 1)'],
    },
  },
  contrast: {
    ground: 'rgba(0, 0, 0, 1)',
    ink: 'rgba(255, 255, 255, 1)',
    ink2: 'rgba(255, 255, 255, 1)',
    ink3: 'rgba(63, 242, 63, 1)',
    neutrals: grey(0, 0, 0, 26, 26, 255, 255, 255, 255, 255, 255, 255),
    shade: '255, 255, 255',
    accent: 'rgba(26, 235, 255, 1)',
    accentInk: 'rgba(255, 255, 0, 1)',
    onAccent: 'rgba(0, 0, 0, 1)',
    accentTriplet: '26, 235, 255',
    raised: 'rgba(0, 0, 0, 1)',
    shadow: 'rgba(255, 255, 255, 0.9)',
    row: 'rgba(26, 235, 255, 0.25)',
    focus: 'rgba(255, 255, 0, 1)',
    status: {
      error: ['rgba(255, 140, 140, 1)', 'rgba(0, 0, 0, 1)'],
      warning: ['rgba(255, 255, 0, 1)', 'rgba(0, 0, 0, 1)'],
      success: ['rgba(63, 242, 63, 1)', 'rgba(0, 0, 0, 1)'],
      info: ['rgba(26, 235, 255, 1)', 'rgba(0, 0, 0, 1)'],
    },
  },
};

/** The complete set: the SDK replaces all variables with what a message holds, so that nothing may be left out. */
export function themeOf(name: ThemeName): Theme {
  const palette = palettes[name];
  const theme: Theme = {
    'background-color': palette.ground,
    'text-primary-color': palette.ink,
    'text-secondary-color': palette.ink2,
    'text-disabled-color': palette.ink3,
    'communication-background': palette.accent,
    'communication-foreground': palette.accentInk,
    'text-on-communication-background': palette.onAccent,
    'callout-background-color': palette.raised,
    'callout-filtered-background-color': palette.raised,
    'callout-shadow-color': palette.shadow,
    'callout-shadow-secondary-color': palette.shadow,
    'panel-shadow-color': palette.shadow,
    'component-grid-row-hover-color': palette.row,
    'component-grid-selected-row-color': `rgba(${palette.accentTriplet}, 0.16)`,
    'component-grid-focus-border-color': palette.focus,
    'component-grid-link-selected-row-color': palette.accentInk,
    'component-grid-link-hover-color': palette.accentInk,
    'component-grid-action-hover-color': palette.row,
    'component-grid-action-selected-cell-hover-color': palette.row,
    'component-grid-cell-bottom-border-color': `rgba(${palette.shade}, 0.12)`,
    'component-menu-hover-color': palette.row,
    'component-menu-selected-color': palette.row,
    'component-htmlEditor-foreground-color': palette.ink,
    'component-label-default-color': palette.ink,
    'focus-border-color': palette.focus,
    'focus-pulse-max-color': `rgba(${palette.accentTriplet}, 0.35)`,
    'focus-pulse-min-color': `rgba(${palette.accentTriplet}, 0.15)`,
    'third-party-icon-filter': 'none',
    'palette-primary': palette.accentTriplet,
    'palette-black': palette.shade,
  };
  for (const [index, step] of steps.entries())
    theme[`palette-neutral-${step}`] = palette.neutrals[index] ?? '';
  for (const percent of [0, 4, 6, 8, 10, 20, 30, 60, 70, 80, 100]) {
    theme[`palette-black-alpha-${percent}`] = `rgba(${palette.shade}, ${percent / 100})`;
  }
  for (const percent of [10, 20, 30, 40]) {
    theme[`palette-primary-tint-${percent}`] = palette.accentTriplet;
    theme[`palette-primary-shade-${percent}`] = palette.accentTriplet;
  }
  // What a pressed or hovered button is filled with.
  for (const percent of [6, 10]) theme[`palette-primary-darkened-${percent}`] = palette.accentTriplet;
  for (const [kind, [foreground, background]] of Object.entries(palette.status)) {
    theme[`status-${kind}-foreground`] = foreground;
    theme[`status-${kind}-background`] = background;
    theme[`status-${kind}-text`] = foreground;
    theme[`status-${kind}-icon-foreground`] = foreground;
  }
  return theme;
}

/** Puts a theme's variables on a page of the host itself. */
export function applyTheme(name: ThemeName): void {
  const root = document.documentElement;
  for (const [variable, value] of Object.entries(themeOf(name)))
    root.style.setProperty(`--${variable}`, value);
  root.dataset.theme = name;
  root.style.colorScheme = name === 'light' ? 'light' : 'dark';
}
