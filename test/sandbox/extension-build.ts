import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
/** Apart from dist/, which `npm run package` empties and fills as it likes. */
const buildsFolder = join(root, '.cache', 'sandbox-extension');
const sources = [
  'src',
  'static/html',
  'static/images',
  'backend/contract',
  'webpack.config.js',
  'package-lock.json',
];
const keptBuilds = 3;

/**
 * Builds the extension unless these very sources were built before.
 *
 * @returns the folder that stands for the package's root. @throws Error with the builder's words when it fails.
 */
export async function buildExtension(say: (line: string) => void): Promise<string> {
  const folder = join(buildsFolder, hashOf(sources));
  if (existsSync(folder)) return folder;
  say('Building the extension (once for each change of its sources)');
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    await runWebpack(join(unfinished, 'extension'));
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Somebody else, a parallel test run, finished the same build first.
    if (!existsSync(folder)) throw error;
  }
  removeOld();
  return folder;
}

function runWebpack(output: string): Promise<void> {
  const webpack = join(root, 'node_modules', 'webpack', 'bin', 'webpack.js');
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [webpack, '--mode', 'production', '--output-path', output], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let words = '';
    const listen = (chunk: Buffer) => {
      words += chunk;
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`The extension could not be built:\n${words.trim()}`));
    });
  });
}

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths.flatMap((one) => filesBelow(join(root, one))).sort()) {
    hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function removeOld(): void {
  const builds = readdirSync(buildsFolder).map((name) => join(buildsFolder, name));
  const byAge = builds.toSorted((left, right) => statSync(right).mtimeMs - statSync(left).mtimeMs);
  for (const folder of byAge.slice(keptBuilds)) rmSync(folder, { recursive: true, force: true });
}
