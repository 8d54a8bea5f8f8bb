import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { runCommand } from './command.ts';
import { EmbeddedStoreError, errorCode } from './failure.ts';
import { commitPointer, flushDirectory, type Placement } from './placement.ts';

export const storeUser = 'tandem';

/** What a store directory says about itself. */
export interface Cluster {
  /** PostgreSQL's data directory. */
  clusterDir: string;
  password: string;
  port: number;
}

/**
 * Creates the cluster beside its final place and renames it: it exists whole or not at all, and of two that start at
 * the same time one wins. Place again afterwards: the winner's store may lie elsewhere.
 */
export async function createStore(
  placement: Placement,
  binaries: Binaries,
  log: (line: string) => void,
): Promise<void> {
  const parent = dirname(placement.storeDir);
  await removeAbandoned(parent);
  const staging = await mkdtemp(join(parent, stagingPrefix));
  try {
    if (placement.account) await chmod(staging, 0o711); // root's folder, the account passes through
    await initCluster(staging, binaries, placement.account);
    await rename(staging, placement.storeDir);
    await flushDirectory(parent);
  } catch (error) {
    await rm(placement.pointerFile ? parent : staging, { recursive: true, force: true });
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(errorCode(error) ?? '') || !(await exists(placement)))
      throw error;
    return; // the other one won
  }
  if (placement.pointerFile && !(await commitPointer(placement.pointerFile, placement.storeDir))) {
    await rm(parent, { recursive: true, force: true });
    return;
  }
  log(`store.created in ${placement.storeDir}${placement.account ? ` for ${placement.account.name}` : ''}`);
}

/** Reads an existing store. Throws `versionMismatch` when the binaries cannot open it. */
export async function readStore(storeDir: string, binaries: Binaries): Promise<Cluster> {
  const clusterDir = join(storeDir, 'data');
  const major = Number((await readFile(join(clusterDir, 'PG_VERSION'), 'utf8')).trim());
  if (major !== binaries.major) {
    throw new EmbeddedStoreError(
      'versionMismatch',
      `The store in ${storeDir} was made by PostgreSQL ${major}; the binaries are ${binaries.version}. Nothing was ` +
        `changed. Point EMBEDDED_PG_BIN to PostgreSQL ${major}, or back up with the former release and restore here.`,
    );
  }
  const password = (await readFile(join(storeDir, 'password'), 'utf8')).trim();
  const port = Number((await readFile(join(storeDir, 'port'), 'utf8')).trim());
  return { clusterDir, password, port };
}

async function initCluster(staging: string, binaries: Binaries, account: Account | null): Promise<void> {
  const clusterDir = join(staging, 'data');
  const password = randomBytes(24).toString('base64url');
  const passwordFile = join(staging, 'password');
  await mkdir(clusterDir, { mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await writeFile(join(staging, 'port'), `${await choosePort()}\n`, { mode: 0o600 });
  if (account) {
    await chown(clusterDir, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid); // initdb reads it; ours again below
  }
  const program = process.platform === 'win32' ? 'initdb.exe' : 'initdb';
  const args = [
    '-D',
    clusterDir,
    '-U',
    storeUser,
    '--pwfile',
    passwordFile,
    ...initArguments(binaries.major),
  ];
  const result = await runCommand(join(binaries.dir, program), args, account).catch((cause) => {
    throw new EmbeddedStoreError('initFailed', `initdb could not be started: ${String(cause)}`, { cause });
  });
  if (result.exitCode !== 0) {
    const tail = lastLines(`${result.stdout}\n${result.stderr}`, 15);
    throw new EmbeddedStoreError(
      'initFailed',
      `The store could not be created in ${dirname(staging)}:\n${tail}`,
    );
  }
  if (account) {
    await chown(passwordFile, 0, 0);
    await chmod(passwordFile, 0o600);
  }
}

function initArguments(major: number): string[] {
  const args = [
    '--encoding=UTF8',
    '--auth=scram-sha-256',
    '--data-checksums',
    '--no-instructions',
    '--locale=C',
  ];
  // PostgreSQL's own Unicode rules: text sorts the same on every machine and no library upgrade breaks an index.
  if (major >= 17) args.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8');
  return args;
}

// With a unix socket the port only names the socket file. On Windows it is a free one, kept for the store's life.
async function choosePort(): Promise<number> {
  if (process.platform !== 'win32') return 5432;
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(address)));
    });
  });
}

const stagingPrefix = 'postgres.init-';
// initdb takes a second; on the slowest disk we saw it took four.
const abandonedAfterMs = 3_600_000;

async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(stagingPrefix)) continue;
    const path = join(parent, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() })); // its owner just removed it
    if (Date.now() - mtimeMs > abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}

async function exists(placement: Placement): Promise<boolean> {
  return stat(join(placement.storeDir, 'data')).then(
    () => true,
    () => false,
  );
}

export function lastLines(text: string, count: number): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
