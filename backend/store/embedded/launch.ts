import { spawn } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { lastLines } from './cluster.ts';
import { spawnOptions } from './command.ts';
import { errorCode } from './failure.ts';
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
  /** What it said until its log file took over, and what that file has since the start. */
  readTail(): Promise<string>;
  /** Stops listening to what it says; the server goes on. */
  release(): void;
}

/** Starts PostgreSQL detached: it outlives us, so that our crash does not become its crash. */
export function launch(request: LaunchRequest): Launch {
  const startedAtMs = Date.now();
  const { file, args } = commandLine(request);
  // PostgreSQL takes a lock file as stale when it names this pid, and still checks that no shared memory of the
  // cluster is in use. Deleting the file ourselves would race with another start; this leaves the verdict to it.
  const env: Record<string, string> = request.stalePid
    ? { PG_GRANDPARENT_PID: String(request.stalePid) }
    : {};
  // A pipe, not a file: on a full disk a file would stay empty. PostgreSQL ignores a broken pipe.
  const child = spawn(file, args, {
    ...spawnOptions(request.account, env),
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  let over = false;
  const ended = new Promise<{ exitCode: number | null; error?: Error }>((resolve) => {
    child.once('error', (error) => resolve({ exitCode: null, error }));
    // `close`, not `exit`: everything that it said has arrived.
    child.once('close', (exitCode) => resolve({ exitCode }));
  });
  void ended.then(() => {
    over = true;
  });
  child.unref();
  return {
    pid: child.pid,
    ended,
    hasEnded: () => over,
    readTail: async () => {
      const logged = await readLogSince(join(request.clusterDir, 'log'), startedAtMs);
      return [lastLines(said, 15), lastLines(logged, 20)].filter((part) => part.trim() !== '').join('\n');
    },
    release: () => child.stderr?.destroy(),
  };
}

function commandLine(request: LaunchRequest): { file: string; args: string[] } {
  const settings = settingArguments(request.settings);
  if (process.platform !== 'win32') {
    return { file: join(request.binaries.dir, 'postgres'), args: ['-D', request.clusterDir, ...settings] };
  }
  // Windows: PostgreSQL refuses administrators, and pg_ctl gives those rights away before it starts it.
  const quoted = settings.map((one) => (one === '-c' ? one : `"${one}"`)).join(' ');
  const args = [
    'start',
    '-W',
    '-D',
    request.clusterDir,
    '-l',
    join(request.storeDir, 'start.log'),
    '-o',
    quoted,
  ];
  return { file: join(request.binaries.dir, 'pg_ctl.exe'), args };
}

async function readLogSince(logDir: string, sinceMs: number): Promise<string> {
  const names = await readdir(logDir).catch((error) => {
    if (errorCode(error) === 'ENOENT') return []; // the server ended before it made the folder
    throw error;
  });
  const paths = names.map((name) => join(logDir, name));
  const texts = await Promise.all(
    paths.map(async (path) => ((await stat(path)).mtimeMs >= sinceMs ? readFile(path, 'utf8') : '')),
  );
  // One file holds a day: leave out what earlier runs said. Lines begin with `2026-11-21 09:32:45.116 UTC`.
  const since = new Date(sinceMs).toISOString().replace('T', ' ').slice(0, 23);
  const isNew = (line: string) => !/^\d{4}-\d\d-\d\d /.test(line) || line >= since;
  return texts.flatMap((text) => text.split('\n').filter(isNew)).join('\n');
}
