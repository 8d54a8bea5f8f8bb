import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { chooseAccount } from '../../backend/store/embedded/account.ts';
import {
  connectionUrl,
  type EmbeddedStore,
  type OpenEmbeddedOptions,
  openEmbedded,
} from '../../backend/store/embedded/index.ts';
import { openSocketDirectory } from '../../backend/store/embedded/placement.ts';

export const isRoot = process.getuid?.() === 0;

/** A folder for one test with everything that it opens and starts; `clear()` leaves nothing behind. */
export interface EmbeddedBench {
  base: string;
  /** `<base>/data` */
  dataDir: string;
  open(more?: Partial<OpenEmbeddedOptions>): Promise<EmbeddedStore>;
  /** Stopped by `clear()`. */
  keep<Store extends EmbeddedStore>(store: Store): Store;
  /** Killed by `clear()`. */
  keepChild(child: ChildProcess): ChildProcess;
  /** Opens the store in a Node.js of its own that then stays. */
  openInChild(): Promise<{ child: ChildProcess; pid: number; attached: boolean }>;
  clear(): Promise<void>;
}

export function createEmbeddedBench(): EmbeddedBench {
  const base = mkdtempSync(join(tmpdir(), 'tandem-embedded-'));
  chmodSync(base, 0o711); // mkdtemp makes 0700, which is a case of its own when root runs the tests
  const dataDir = join(base, 'data');
  const stores: EmbeddedStore[] = [];
  const children: ChildProcess[] = [];
  const bench: EmbeddedBench = {
    base,
    dataDir,
    open: async (more) => bench.keep(await openEmbedded({ dataDir, ...more })),
    keep(store) {
      stores.push(store);
      return store;
    },
    keepChild(child) {
      children.push(child);
      return child;
    },
    async openInChild() {
      const child = bench.keepChild(spawnOpener(dataDir));
      return { child, ...(await firstLine(child)) };
    },
    async clear() {
      for (const child of children) child.kill('SIGKILL');
      for (const store of stores) {
        await store.stop();
        if (!store.storeDir.startsWith(base))
          rmSync(dirname(store.storeDir), { recursive: true, force: true });
        rmSync(store.connection.host, { recursive: true, force: true });
      }
      // A refused start has made its socket folder too.
      const socketDir = await openSocketDirectory(join(dataDir, 'postgres'), await chooseAccount());
      if (socketDir) rmSync(socketDir, { recursive: true });
      rmSync(base, { recursive: true, force: true });
    },
  };
  return bench;
}

export async function ask<Row extends pg.QueryResultRow>(store: EmbeddedStore, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: connectionUrl(store.connection) });
  client.on('error', () => undefined); // a killed server also rejects the query
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

export async function until(condition: () => Promise<boolean> | boolean, what: string): Promise<void> {
  // initdb and a start with fsync on, of several at once: 15 s were too few beside a busy disk.
  const timeoutMs = 45_000;
  const deadlineMs = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The account of a running program. */
export function uidOf(pid: number): number {
  return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

export function giveTo(uid: number, dir: string): void {
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' }))
    chownSync(join(dir, name), uid, uid);
  chownSync(dir, uid, uid);
}

function spawnOpener(dataDir: string): ChildProcess {
  const embeddedModule = join(__dirname, '../../backend/store/embedded/index.ts');
  const script = `const { openEmbedded } = await import(${JSON.stringify(embeddedModule)});
    const store = await openEmbedded({ dataDir: ${JSON.stringify(dataDir)} });
    console.log(JSON.stringify({ pid: store.pid, attached: store.attached }));
    setInterval(() => {}, 1000);`;
  const args = ['--input-type=module', '-e', script];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
}

async function firstLine(child: ChildProcess): Promise<{ pid: number; attached: boolean }> {
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  await until(() => output.includes('\n') || child.exitCode !== null, 'the child opens the store');
  if (!output.includes('\n')) throw new Error(errors);
  return JSON.parse(output) as { pid: number; attached: boolean };
}
