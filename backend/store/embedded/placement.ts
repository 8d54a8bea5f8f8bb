import { createHash, randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readFile,
  realpath,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Account, canTraverse, chooseAccount } from './account.ts';
import { EmbeddedStoreError, errorCode } from './failure.ts';

/**
 * Where the store lies. A *store directory* holds `data/` (the cluster) and `password`.
 * Usually it is `<dataDir>/postgres`. When root keeps `dataDir` where no other account may enter (a checkout below
 * /root), it is `/var/lib/tandem/<hash>-<random>/postgres` and `<dataDir>/postgres.location` holds that path.
 */
export interface Placement {
  /** Absolute, links resolved. */
  dataDir: string;
  storeDir: string;
  exists: boolean;
  /** Set when creating the store must leave a pointer behind. */
  pointerFile: string | null;
  account: Account | null;
  cacheDir: string;
}

const durableBase = '/var/lib/tandem';

export async function placeStore(givenDataDir: string): Promise<Placement> {
  const created = await mkdir(givenDataDir, { recursive: true });
  // Made by root: others may pass through to the cluster, but not list.
  if (created && process.getuid?.() === 0) await chmod(givenDataDir, 0o711);
  const dataDir = await realpath(givenDataDir);
  const pointerFile = join(dataDir, 'postgres.location');

  const pointed = await readPointer(pointerFile);
  const storeDir = pointed ?? join(dataDir, 'postgres');
  const owner = await ownerOf(join(storeDir, 'data'));
  if (pointed && !owner) {
    throw new EmbeddedStoreError(
      'storeMissing',
      `${pointerFile} says that the store lies in ${pointed}, but it is not there. ` +
        'Bring that folder back (is a volume not mounted?); remove the file only if the data may be given up.',
    );
  }
  const account = await chooseAccount(owner ?? undefined);
  refuseForeignOwner(storeDir, owner);
  const cacheDir = account ? join(durableBase, 'bin') : join(dataDir, 'bin');
  if (owner) {
    return { dataDir, storeDir, exists: true, pointerFile: null, account, cacheDir };
  }
  if (!account || (await canTraverse(dataDir, account))) {
    await refuseNetworkDisk(dataDir);
    return { dataDir, storeDir, exists: false, pointerFile: null, account, cacheDir };
  }
  const elsewhere = await makeDurableDirectory(dataDir);
  return { dataDir, storeDir: join(elsewhere, 'postgres'), exists: false, pointerFile, account, cacheDir };
}

/** Leaves the pointer after the store exists. False: somebody else placed it first. */
export async function commitPointer(pointerFile: string, storeDir: string): Promise<boolean> {
  try {
    await writeFile(pointerFile, `${storeDir}\n`, { flag: 'wx', mode: 0o600, flush: true });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Makes a rename or a new entry in `dir` outlast a power cut. */
export async function flushDirectory(dir: string): Promise<void> {
  if (process.platform === 'win32') return; // directories cannot be opened there
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

// sockaddr_un holds 104 bytes on macOS and 108 on Linux, terminator included.
const maxSocketPathBytes = 100;

/**
 * The private folder of the unix socket, outside the data folder because that path may be too long for a socket.
 * Its name depends on the store only, so that every start finds the same one. Null on Windows (loopback TCP).
 */
export async function openSocketDirectory(storeDir: string, account: Account | null): Promise<string | null> {
  if (process.platform === 'win32') return null;
  const owner = account?.uid ?? process.getuid?.() ?? 0;
  const hash = createHash('sha256').update(storeDir).digest('hex').slice(0, 16);
  const name = `tandem-${owner}-${hash}`;
  const preferred = join(tmpdir(), name);
  const tooLong = Buffer.byteLength(join(preferred, '.s.PGSQL.5432')) > maxSocketPathBytes;
  const unusable = account ? !(await canTraverse(await realpath(tmpdir()), account)) : false;
  const dir = tooLong || unusable ? join('/tmp', name) : preferred;
  await mkdir(dir, { mode: 0o700 }).catch((error) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
  const found = await lstat(dir);
  const mine = found.isDirectory() && (found.uid === owner || found.uid === process.getuid?.());
  if (!mine) {
    // Anybody may create names in /tmp: a folder of another account could catch our password exchange.
    throw new EmbeddedStoreError(
      'wrongOwner',
      `${dir} belongs to another account. Remove it, or set TMPDIR.`,
    );
  }
  if (account && found.uid !== account.uid) await chown(dir, account.uid, account.gid);
  if ((found.mode & 0o777) !== 0o700) await chmod(dir, 0o700);
  return dir;
}

async function readPointer(pointerFile: string): Promise<string | null> {
  try {
    return (await readFile(pointerFile, 'utf8')).trim() || null;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

async function ownerOf(path: string): Promise<{ uid: number; gid: number } | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

function refuseForeignOwner(storeDir: string, owner: { uid: number } | null): void {
  const self = process.getuid?.();
  if (!owner || self === undefined || self === 0 || owner.uid === self) return;
  throw new EmbeddedStoreError(
    'wrongOwner',
    `The store in ${storeDir} belongs to uid ${owner.uid} and we run as uid ${self}. ` +
      `Start as the same account as before, or hand the folder over: chown -R ${self} ${storeDir}`,
  );
}

// f_type of statfs(2): NFS, SMB1, CIFS, SMB2.
const networkDisks = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42]);

async function refuseNetworkDisk(dataDir: string): Promise<void> {
  if (process.platform !== 'linux') return;
  const { type } = await statfs(dataDir);
  if (!networkDisks.has(type)) return;
  throw new EmbeddedStoreError(
    'unsuitableDisk',
    `${dataDir} is on a network disk, where PostgreSQL cannot promise durability. Use a local disk or DATABASE_URL.`,
  );
}

async function makeDurableDirectory(dataDir: string): Promise<string> {
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  const dir = join(durableBase, `${hash}-${randomBytes(4).toString('hex')}`);
  await mkdir(dir, { recursive: true });
  await chmod(durableBase, 0o755);
  await chmod(dir, 0o711);
  await refuseNetworkDisk(dir);
  return dir;
}
