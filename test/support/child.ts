import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const projectRoot = join(import.meta.dirname, '..', '..');
/** The Node of the project, whichever started the tests. */
const node = join(projectRoot, 'node_modules', '.bin', 'node');

export interface Child {
  process: ChildProcess;
  /** What was printed last, for a message when something goes wrong. */
  lastLines: string[];
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a script of the project and waits for the first line of its output that `isReady` takes. */
export async function startChild<T>(
  script: string,
  args: readonly string[],
  env: Record<string, string>,
  isReady: (line: string) => T | undefined,
  timeoutMs = 60_000,
  /** Hears every line of both streams, for tests that look through the whole log. */
  onLine: (line: string) => void = () => undefined,
): Promise<Child & { ready: T }> {
  const child = spawn(
    node,
    [...(env.NODE_ARGS ?? '').split(' ').filter(Boolean), join(projectRoot, script), ...args],
    {
      cwd: projectRoot,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const lastLines: string[] = [];
  const keep = (line: string) => {
    onLine(line);
    lastLines.push(line);
    if (lastLines.length > 200) lastLines.shift();
  };
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  createInterface({ input: child.stderr }).on('line', keep);
  const ready = await new Promise<T>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${script} was not ready in time:\n${lastLines.join('\n')}`)),
      timeoutMs,
    );
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`${script} ended with ${code}:\n${lastLines.join('\n')}`));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      keep(line);
      const found = isReady(line);
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(found);
    });
  });
  return {
    process: child,
    lastLines,
    ready,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await exited;
    },
  };
}

/** For scripts that print one JSON line with `ready: true`. */
export const readyJson = <T>(line: string): T | undefined => {
  if (!line.startsWith('{')) return undefined;
  const parsed = JSON.parse(line) as { ready?: boolean };
  return parsed.ready === true ? (parsed as T) : undefined;
};
