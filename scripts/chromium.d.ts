/** The path of a Chromium or Chrome, or null. CHROMIUM_PATH wins; when set and wrong, nothing else is tried. */
export function findChromium(): string | null;
/** Finds Chromium, installs it where that is possible (root on Debian or Ubuntu), or ends the process with what to do. */
export function ensureChromium(): string;
