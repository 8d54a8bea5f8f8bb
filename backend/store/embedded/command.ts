import { type SpawnOptions, spawn } from 'node:child_process';
import type { Account } from './account.ts';

/**
 * Spawn options for PostgreSQL's programs. The environment is a short list, because ours may hold secrets and the
 * server's is readable by its account; the directory is `/`, because ours may be one that the account cannot enter.
 */
export function spawnOptions(account: Account | null, extraEnv: Record<string, string> = {}): SpawnOptions {
  const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', ...extraEnv };
  if (process.platform === 'win32') {
    env.SystemRoot = process.env.SystemRoot;
    env.TEMP = process.env.TEMP;
  }
  const options: SpawnOptions = { env, windowsHide: true };
  if (process.platform !== 'win32') options.cwd = '/';
  if (account) {
    options.uid = account.uid;
    options.gid = account.gid;
  }
  return options;
}

export interface CommandResult {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. Rejects only when it could not be started (`ENOENT`, `EACCES`). */
export function runCommand(file: string, args: string[], account: Account | null): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...spawnOptions(account), stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
