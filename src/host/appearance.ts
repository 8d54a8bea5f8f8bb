/**
 * The host sends its theme as CSS variables. Users install themes of their own, so light or dark is read from the
 * background's luminance and not from the theme's id; it decides the fallbacks of variables that a host leaves out.
 */
export function followTheme(): void {
  applyScheme();
  window.addEventListener('themeApplied', applyScheme);
  window.addEventListener('themeChanged', () => requestAnimationFrame(applyScheme));
}

function applyScheme(): void {
  const root = document.documentElement;
  const variables = getComputedStyle(root);
  const background = variables.getPropertyValue('--background-color');
  const scheme = luminanceOf(background) < 0.4 ? 'dark' : 'light';
  const isHigh = isHighContrast(background, variables.getPropertyValue('--palette-neutral-10'));
  root.dataset.scheme = scheme;
  root.dataset.contrast = isHigh ? 'high' : 'normal';
  root.style.colorScheme = scheme;
  // The host's own page has these classes, and the library's rules for high contrast wait for them.
  for (const one of ['dark', 'light'])
    document.body.classList.toggle(`ms-vss-web-vsts-theme-hc-${one}`, isHigh && one === scheme);
}

/**
 * A theme in which a hairline stands out like text. Ordinary themes draw lines with 1.2 to 1.8 to 1 against the
 * background, those of high contrast with 21 to 1; 7 to 1 is what WCAG asks of text at its highest level.
 */
export function isHighContrast(background: string, line: string): boolean {
  if (!channelsOf(background.trim()) || !channelsOf(line.trim())) return false;
  const [darker = 0, lighter = 0] = [luminanceOf(background), luminanceOf(line)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05) >= 7;
}

/** Relative luminance, 0 black to 1 white; 1 when the colour cannot be read. */
export function luminanceOf(colour: string): number {
  const channels = channelsOf(colour.trim());
  if (!channels) return 1;
  const [red = 1, green = 1, blue = 1] = channels.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channelsOf(colour: string): number[] | undefined {
  const hex = /^#([0-9a-f]{6}|[0-9a-f]{3})/i.exec(colour)?.[1];
  if (hex) {
    const pairs = hex.length === 3 ? [...hex].map((digit) => digit + digit) : (hex.match(/../g) ?? []);
    return pairs.map((pair) => Number.parseInt(pair, 16));
  }
  const numbers = colour
    .match(/[\d.]+/g)
    ?.slice(0, 3)
    .map(Number);
  return numbers?.length === 3 ? numbers : undefined;
}
