import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { lastLines } from './cluster.ts';
import { spawnOptions } from './command.ts';
import { type ServerSettings, settingArguments } from './settings.ts';

export interface LaunchRequest {
  binaries: Binaries;
  account: Account | null;
  storeDir: string;
  clusterDir: string;
  settings: ServerSettings;
  /** A pid in the lock file that is known not to be a server of this cluster. */
  stalePid?: number;
}

/** A server that was started and is not yet known to answer. */
export interface Launch {
  pid: number | undefined;
  /** Resolves when the program that we started has ended; the error when it could not be started at all. */
  ended: Promise<{ exitCode: number | null; error?: Error }>;
  hasEnded(): boolean;
  /** What it said until its log file took over, and the newest lines of that file. */
  readTail(): Promise<string>;
  /** Forgets what it said. */
  discardTail(): Promise<void>;
}

/** Starts PostgreSQL detached: it outlives us, so that our crash does not become its crash. */
export async function launch(request: LaunchRequest): Promise<Launch> {
  const startedAtMs = Date.now();
  const tailFile = join(request.storeDir, `start-${randomBytes(4).toString('hex')}.log`);
  const handle = await open(tailFile, 'a', 0o600);
  let child: ChildProcess;
  try {
    const { file, args } = commandLine(request, tailFile);
    // PostgreSQL takes a lock file as stale when it names this pid, and still checks that no shared memory of the
    // cluster is in use. Deleting the file ourselves would race with another start; this leaves the verdict to it.
    const env = request.stalePid ? { PG_GRANDPARENT_PID: String(request.stalePid) } : {};
    const options = spawnOptions(request.account, env as Record<string, string>);
    child = spawn(file, args, { ...options, detached: true, stdio: ['ignore', handle.fd, handle.fd] });
  } finally {
    await handle.close();
  }
  let over = false;
  const ended = new Promise<{ exitCode: number | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ exitCode: null, error }));
    child.once('exit', (exitCode) => resolve({ exitCode }));
  });
  void ended.then(() => {
    over = true;
  });
  child.unref();
  return {
    pid: child.pid,
    ended,
    hasEnded: () => over,
    readTail: () => readTail(tailFile, request.clusterDir, startedAtMs),
    discardTail: () => rm(tailFile, { force: true }),
  };
}

function commandLine(request: LaunchRequest, tailFile: string): { file: string; args: string[] } {
  const settings = settingArguments(request.settings);
  if (process.platform !== 'win32') {
    return { file: join(request.binaries.dir, 'postgres'), args: ['-D', request.clusterDir, ...settings] };
  }
  // Windows: PostgreSQL refuses administrators, and pg_ctl gives those rights away before it starts it.
  const quoted = settings.map((one) => (one === '-c' ? one : `"${one}"`)).join(' ');
  const args = ['start', '-W', '-D', request.clusterDir, '-l', `${tailFile}.server`, '-o', quoted];
  return { file: join(request.binaries.dir, 'pg_ctl.exe'), args };
}

async function readTail(tailFile: string, clusterDir: string, sinceMs: number): Promise<string> {
  const early = await readFile(tailFile, 'utf8');
  const newest = await newestLog(join(clusterDir, 'log'), sinceMs);
  return [lastLines(early, 15), newest].filter((part) => part.trim() !== '').join('\n');
}

async function newestLog(logDir: string, sinceMs: number): Promise<string> {
  const names = await readdir(logDir).catch(() => []); // the server may have died before it made the folder
  let newest = { path: '', mtimeMs: sinceMs - 1000 };
  for (const name of names) {
    const path = join(logDir, name);
    const { mtimeMs } = await stat(path);
    if (mtimeMs >= newest.mtimeMs) newest = { path, mtimeMs };
  }
  return newest.path ? lastLines(await readFile(newest.path, 'utf8'), 20) : '';
}
