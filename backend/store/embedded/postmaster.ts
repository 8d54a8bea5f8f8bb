import { execFile } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode } from './failure.ts';

/** The lock file of a running (or killed) server; layout from PostgreSQL's documentation, "postmaster.pid". */
export interface PostmasterLock {
  pid: number;
  port: number | null;
  socketDir: string | null;
  status: string | null;
}

/** Null: there is none. Its later lines appear while the server starts, so they may be missing. */
export async function readPostmasterLock(clusterDir: string): Promise<PostmasterLock | null> {
  let text: string;
  try {
    text = await readFile(join(clusterDir, 'postmaster.pid'), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return null; // being written
  return { pid, port: Number(lines[3]) || null, socketDir: lines[4] || null, status: lines[7] || null };
}

const emptyIsLeftoverAfterMs = 5000;

/**
 * A server writes its lock file within milliseconds of creating it. One that stays empty is what a power cut left of a
 * start, and PostgreSQL refuses to start over it for ever.
 */
export async function removeEmptyLock(clusterDir: string, log: (line: string) => void): Promise<void> {
  const path = join(clusterDir, 'postmaster.pid');
  try {
    const { size, mtimeMs } = await stat(path);
    if (size > 0 || Date.now() - mtimeMs < emptyIsLeftoverAfterMs) return;
    await rm(path);
    log('store.removed_empty_lock: a start that was cut off had left it');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/**
 * What stands behind the pid of a lock file:
 * `ours` a live server of this cluster; `gone` nothing; `zombie` a killed server that nobody reaped (a container
 * without an init); `stranger` the pid now belongs to another program (usual after a container restart);
 * `unknown` alive, but the system does not show us what it is.
 */
export type Holder = 'ours' | 'gone' | 'zombie' | 'stranger' | 'unknown';

export async function identifyHolder(pid: number, clusterDir: string): Promise<Holder> {
  if (!isSignalable(pid)) return 'gone';
  if (process.platform === 'win32') return 'unknown';
  const seen = process.platform === 'linux' ? await readProc(pid) : await askPs(pid);
  if (seen === null) return isSignalable(pid) ? 'unknown' : 'gone';
  if (seen.zombie) return 'zombie';
  return seen.command.includes(clusterDir) ? 'ours' : 'stranger';
}

/** False once nothing of the server is left but perhaps a zombie. */
export async function isRunning(pid: number, clusterDir: string): Promise<boolean> {
  const holder = await identifyHolder(pid, clusterDir);
  return holder === 'ours' || holder === 'unknown';
}

function isSignalable(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM'; // alive, of another account
  }
}

interface SeenProcess {
  zombie: boolean;
  command: string;
}

async function readProc(pid: number): Promise<SeenProcess | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in brackets and may hold anything; the state follows its last bracket.
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    if (state === 'Z' || state === 'X') return { zombie: true, command: '' };
    return { zombie: false, command: (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ') };
  } catch {
    return null; // ended meanwhile, or hidden (hidepid); the caller asks again by signal
  }
}

async function askPs(pid: number): Promise<SeenProcess | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'stat=,command=', '-p', String(pid)]);
    return { zombie: stdout.trim().startsWith('Z'), command: stdout };
  } catch {
    return null;
  }
}
