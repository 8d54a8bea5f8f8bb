import { join } from 'node:path';
import type { Binaries } from './binaries.ts';
import { runCommand } from './command.ts';
import { EmbeddedStoreError, errorCode } from './failure.ts';
import { isRunning, readPostmasterLock } from './postmaster.ts';

export type StopMode = 'fast' | 'immediate';

/** `fast` ends sessions and writes a checkpoint; `immediate` leaves recovery to the next start. */
export async function signalServer(
  binaries: Binaries,
  clusterDir: string,
  pid: number,
  mode: StopMode,
): Promise<void> {
  if (process.platform === 'win32') {
    const args = ['stop', '-W', '-m', mode, '-D', clusterDir];
    await runCommand(join(binaries.dir, 'pg_ctl.exe'), args, null);
    return;
  }
  try {
    process.kill(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error; // ended by itself
  }
}

interface StopRequest {
  binaries: Binaries;
  clusterDir: string;
  log: (line: string) => void;
}

const fastTimeoutMs = 30_000;
const immediateTimeoutMs = 10_000;
const pollMs = 10;

/** Stops whatever server runs on the cluster now, and waits for its end. */
export async function stopServer({ binaries, clusterDir, log }: StopRequest): Promise<void> {
  const lock = await readPostmasterLock(clusterDir);
  if (!lock) return;
  if (!(await isRunning(lock.pid, clusterDir))) return;
  await signalServer(binaries, clusterDir, lock.pid, 'fast');
  if (await hasEnded(clusterDir, lock.pid, fastTimeoutMs)) {
    log(`store.stopped pid=${lock.pid}`);
    return;
  }
  await signalServer(binaries, clusterDir, lock.pid, 'immediate');
  if (await hasEnded(clusterDir, lock.pid, immediateTimeoutMs)) {
    log(`store.stopped pid=${lock.pid} mode=immediate after ${fastTimeoutMs} ms`);
    return;
  }
  throw new EmbeddedStoreError(
    'stopFailed',
    `PostgreSQL (pid ${lock.pid}) does not stop; data is safe on disk.`,
  );
}

async function hasEnded(clusterDir: string, pid: number, timeoutMs: number): Promise<boolean> {
  const deadlineMs = Date.now() + timeoutMs;
  while (Date.now() < deadlineMs) {
    if (!(await isRunning(pid, clusterDir))) return true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return false;
}
