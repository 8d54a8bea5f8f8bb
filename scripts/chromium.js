// Where Chromium is, and how to get it. Plain JavaScript for Node.js 20: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const programNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

// The fonts make screenshots readable: without them letters and emoji are empty boxes.
const debianPackages = ['chromium', 'fonts-dejavu-core', 'fonts-noto-color-emoji'];

/** The path of a Chromium or Chrome, or null. CHROMIUM_PATH wins; when set and wrong, nothing else is tried. */
export function findChromium() {
  if (process.env.CHROMIUM_PATH) return firstRunnable([process.env.CHROMIUM_PATH]);
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((dir) => dir !== '')
    .flatMap((dir) => programNames.map((name) => join(dir, name)));
  return firstRunnable(['/usr/bin/chromium', ...onPath, ...installedApplications(), ...playwrightBrowsers()]);
}

/** Finds Chromium, installs it where that is possible (root on Debian or Ubuntu), or ends with what to do. */
export function ensureChromium() {
  const found = findChromium();
  if (found) return found;
  if (process.env.CHROMIUM_PATH)
    fail(`CHROMIUM_PATH=${process.env.CHROMIUM_PATH} is not a program that can be run.`);
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version'))
    fail(`The browser tests need Chromium. ${advice()}`);
  console.error(`ensure: apt-get install ${debianPackages.join(' ')}`);
  apt(['update', '-q']);
  apt(['install', '-y', '-q', '--no-install-recommends', ...debianPackages]);
  return findChromium() ?? fail('apt-get installed Chromium but it is not found; set CHROMIUM_PATH to it.');
}

function advice() {
  const ways = {
    darwin: 'Install Google Chrome, or run: brew install --cask chromium',
    win32: 'Install Google Chrome',
    linux: `Install it (Debian and Ubuntu: sudo apt-get install ${debianPackages.join(' ')})`,
  };
  return `${ways[process.platform] ?? ways.linux}, or set CHROMIUM_PATH to the program of an existing one.`;
}

function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const result = spawnSync('apt-get', args, { stdio: ['ignore', 'inherit', 'inherit'], env });
  if (result.status !== 0) fail(`apt-get ${args[0]} failed; its output is above. ${advice()}`);
}

function installedApplications() {
  if (process.platform === 'darwin') {
    return ['Chromium.app/Contents/MacOS/Chromium', 'Google Chrome.app/Contents/MacOS/Google Chrome'].map(
      (app) => join('/Applications', app),
    );
  }
  if (process.platform !== 'win32') return [];
  return [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
    .filter((dir) => dir !== undefined)
    .map((dir) => join(dir, 'Google', 'Chrome', 'Application', 'chrome.exe'));
}

/** Playwright's own downloads, newest first (its documentation: "Browsers", managing browser binaries). */
function playwrightBrowsers() {
  const caches = {
    darwin: join(homedir(), 'Library', 'Caches', 'ms-playwright'),
    win32: join(process.env.LOCALAPPDATA ?? homedir(), 'ms-playwright'),
  };
  const cache =
    process.env.PLAYWRIGHT_BROWSERS_PATH ??
    caches[process.platform] ??
    join(homedir(), '.cache', 'ms-playwright');
  if (!existsSync(cache)) return [];
  const programs = [
    'chrome-linux/chrome',
    'chrome-linux64/chrome',
    'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
    'chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
    'chrome-win/chrome.exe',
    'chrome-win64/chrome.exe',
  ];
  const builds = readdirSync(cache).filter((name) => /^chromium-\d+$/.test(name));
  builds.sort((a, b) => Number(b.split('-')[1]) - Number(a.split('-')[1]));
  return builds.flatMap((build) => programs.map((program) => join(cache, build, program)));
}

function firstRunnable(paths) {
  return paths.find(isRunnable) ?? null;
}

function isRunnable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function fail(line) {
  console.error(`ensure: ${line}`);
  process.exit(1);
}
