// Makes a fresh clone runnable: packages as the lock file says, Node.js 24 in node_modules/.bin and, with --chromium,
// a browser. npm runs it before the other scripts, so it uses nothing but Node.js 20's own modules.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureChromium } from './chromium.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const lockFile = join(root, 'package-lock.json');
const stampFile = join(root, 'node_modules', '.installed-from');
const isWindows = process.platform === 'win32';
// The first release line that runs TypeScript files directly and is supported long enough; package.json pins it.
const wantedMajor = 24;

function main() {
  ensurePackages();
  ensureNode();
  if (process.argv.includes('--chromium')) ensureChromium();
}

function ensurePackages() {
  const lockHash = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (readOrNull(stampFile)?.trim() === lockHash) return;
  if (!isInstalled()) {
    say('node_modules does not match package-lock.json: npm ci');
    runNpm(['ci', '--no-audit', '--no-fund']);
  }
  writeFileSync(stampFile, `${lockHash}\n`);
}

/** npm notes what it installed; after `npm install <package>` there is nothing left to do. */
function isInstalled() {
  const installedText = readOrNull(join(root, 'node_modules', '.package-lock.json'));
  if (installedText === null) return false;
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const installed = JSON.parse(installedText).packages;
  const names = Object.keys(wanted).filter((name) => name !== '');
  return names.every((name) => {
    const found = installed[name];
    return found ? found.version === wanted[name].version : wanted[name].optional === true;
  });
}

/** The package `node` brings its program by an install script, which --ignore-scripts and some policies skip. */
function ensureNode() {
  if (nodeMajor() === wantedMajor) return;
  say('node_modules/.bin/node is missing or of another version: npm rebuild node');
  runNpm(['rebuild', 'node', '--ignore-scripts=false', '--no-audit', '--no-fund']);
  const major = nodeMajor();
  if (major === wantedMajor) return;
  fail(
    `node_modules/.bin/node is ${major === null ? 'missing' : `version ${major}`}; Tandem runs on Node.js ${wantedMajor}. ` +
      'Allow the install script of the package "node" (npm config get ignore-scripts), or install Node.js ' +
      `${wantedMajor} and run the script with it directly.`,
  );
}

function nodeMajor() {
  const program = join(root, 'node_modules', '.bin', isWindows ? 'node.cmd' : 'node');
  if (!existsSync(program)) return null;
  const result = spawnSync(program, ['--version'], { encoding: 'utf8', shell: isWindows });
  const version = /^v(\d+)\./.exec(result.stdout ?? '');
  return version ? Number(version[1]) : null;
}

function runNpm(args) {
  // npm tells its own scripts where it lies; started by hand it is found by its name.
  const cli = process.env.npm_execpath;
  const result = cli?.endsWith('.js')
    ? spawnSync(process.execPath, [cli, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: isWindows });
  if (result.error) fail(`npm could not be started: ${result.error.message}`);
  if (result.status !== 0) fail(`npm ${args[0]} failed (exit code ${result.status}); its output is above.`);
}

function readOrNull(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

function say(line) {
  console.error(`ensure: ${line}`);
}

function fail(line) {
  say(line);
  process.exit(1);
}

main();
