import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../..');
const readyWithinMs = 90_000;
/** Longest orderly end: a last checkpoint of PostgreSQL on a slow disk. */
const endsWithinMs = 20_000;
const restartAfterMs = 300;

export interface BackendOptions {
  port: number;
  environment: Record<string, string>;
  /** Gets everything that the backend says. */
  logPath: string;
  say(line: string): void;
}

export type BackendState = 'starting' | 'ready' | 'down' | 'stopped';

/** The real backend in a process of its own, started again whenever it dies. */
export class BackendProcess {
  readonly url: string;
  state: BackendState = 'down';
  restarts = 0;
  readonly #options: BackendOptions;
  #child: ChildProcess | undefined;
  #isHeld = false;

  constructor(options: BackendOptions) {
    this.#options = options;
    this.url = `http://127.0.0.1:${options.port}`;
  }

  /** Resolves when it is ready. @throws Error with the end of its log when it is not in time. */
  async start(): Promise<void> {
    this.#isHeld = false;
    this.#spawn();
    await this.whenReady();
  }

  /** As a crash does. It is started again by itself unless `stay` is asked for. */
  kill(options: { stay?: boolean } = {}): void {
    this.#isHeld = options.stay ?? false;
    this.#child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    this.#isHeld = true;
    this.state = 'stopped';
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const impatience = setTimeout(() => child.kill('SIGKILL'), endsWithinMs);
      child.once('exit', () => {
        clearTimeout(impatience);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }

  async whenReady(withinMs = readyWithinMs): Promise<void> {
    const deadlineMs = Date.now() + withinMs;
    while (Date.now() < deadlineMs) {
      if (await this.#isReady()) {
        this.state = 'ready';
        return;
      }
      const child = this.#child;
      if (this.#isHeld && child?.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(
      `The backend did not get ready. The end of ${this.#options.logPath}:\n${this.#lastWords()}`,
    );
  }

  async #isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(2000) });
      await answer.arrayBuffer();
      return answer.ok;
    } catch {
      // Not listening yet.
      return false;
    }
  }

  #spawn(): void {
    this.state = 'starting';
    const { environment, logPath, port, say } = this.#options;
    // A file, not a pipe: the backend may outlive this process by a moment and must not break on its log.
    const log = openSync(logPath, 'a');
    const preload = pathToFileURL(join(import.meta.dirname, 'end-with-parent.ts')).href;
    const child = spawn(process.execPath, ['--import', preload, 'backend/main.ts'], {
      cwd: root,
      env: { ...cleanEnvironment(), ...environment, HOST: '127.0.0.1', PORT: String(port) },
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#child = child;
    child.once('error', (error) => say(`The backend could not be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      if (this.#isHeld) {
        if (this.state !== 'stopped') this.state = 'down';
        return;
      }
      this.state = 'down';
      this.restarts += 1;
      say(`The backend ended (${signal ?? `code ${code}`}); starting it again`);
      // Longer with every failure in a row, so that a broken configuration does not spin.
      setTimeout(
        () => {
          if (this.#isHeld) return;
          this.#spawn();
          this.whenReady().catch((error: Error) => say(error.message));
        },
        Math.min(restartAfterMs * this.restarts, 5000),
      ).unref();
    });
  }

  #lastWords(): string {
    return readFileSync(this.#options.logPath, 'utf8').split('\n').slice(-25).join('\n');
  }
}

/** The developer's own settings for another backend must not reach this one. */
function cleanEnvironment(): Record<string, string | undefined> {
  const kept = [
    'PATH',
    'HOME',
    'TMPDIR',
    'TEMP',
    'TMP',
    'LANG',
    'TZ',
    'SystemRoot',
    'EMBEDDED_PG_BIN',
    'LOG_LEVEL',
    'WORKERS',
  ];
  return Object.fromEntries(kept.map((name) => [name, process.env[name]]));
}
