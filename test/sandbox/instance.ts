import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Running {
  pid: number;
  url: string;
  startedAt: number;
}

/** A start takes less than this; a file without a sandbox that answers is then left over from one that was killed. */
const startsWithinMs = 90_000;

/** Another sandbox works with the same folder. */
export class AlreadyRunning extends Error {
  readonly url: string;

  constructor({ pid, url }: Running) {
    super(`The sandbox is running already: ${url} (process ${pid}).`);
    this.name = 'AlreadyRunning';
    this.url = url;
  }
}

/**
 * Makes sure that one sandbox at a time works with a folder: two would write each other's state.
 *
 * @returns what ends the claim. @throws AlreadyRunning
 */
export async function claimFolder(folder: string, url: string): Promise<() => void> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'running.json');
  const own: Running = { pid: process.pid, url, startedAt: Date.now() };
  for (;;) {
    try {
      // `wx` fails when it is there: of two that start at once, one is first.
      writeFileSync(path, JSON.stringify(own), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const other = readRunning(path);
    if (other !== undefined && (await isAlive(other))) throw new AlreadyRunning(other);
    rmSync(path, { force: true });
  }
}

function readRunning(path: string): Running | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Running;
  } catch (error) {
    // Gone meanwhile, or cut off when its writer was killed: nobody's.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Process ids are used again, so the sandbox itself is asked; one that is just starting does not answer yet. */
async function isAlive({ pid, url, startedAt }: Running): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  try {
    const answer = await fetch(`${url}/sandbox/health`, { signal: AbortSignal.timeout(1000) });
    return ((await answer.json()) as { pid?: number }).pid === pid;
  } catch {
    return Date.now() - startedAt < startsWithinMs;
  }
}
