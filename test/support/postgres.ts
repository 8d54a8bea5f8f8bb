import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import {
  connectionUrl,
  type EmbeddedStore,
  openEmbedded,
  type StoreConnection,
} from '../../backend/store/embedded/index.ts';

/** How a database for tests is prepared: `migrate` runs once per content of `migrationsDir`, tests get clones. */
export interface StoreTemplate {
  migrationsDir: string;
  migrate: (url: string) => Promise<void>;
}

export interface TestStore {
  /** To the server's `postgres` database, as its superuser. */
  connection: StoreConnection;
  /** A database of its own: empty, or a clone of the migrated template. Resolves to its address. */
  createDatabase(template?: StoreTemplate): Promise<string>;
  /** Drops the databases that this store created. The server goes on for other test files. */
  close(): Promise<void>;
}

// One server per machine and account, shared by parallel workers and parallel test runs.
const dataDir = join(tmpdir(), `tandem-test-store-${userInfo().uid}`);
const userLock = 7_206_001;
const templateLock = 7_206_002;
const maxTemplates = 8;

/** Attaches to the shared test server, or starts it. */
export async function openTestStore(): Promise<TestStore> {
  const { store, admin } = await attach();
  const connection = { ...store.connection, database: 'postgres' };
  const created: string[] = [];
  const prefix = `test_${process.pid}_`;
  await dropAbandoned(admin);

  return {
    connection,
    async createDatabase(template) {
      const name = `${prefix}${randomBytes(6).toString('hex')}`;
      const clone = (source: string) => admin.query(`create database ${name} template ${source}`);
      if (template === undefined) await clone('template1');
      else await withTemplate(admin, connection, template, clone);
      created.push(name);
      return connectionUrl(connection, name);
    },
    async close() {
      for (const name of created.splice(0)) await admin.query(`drop database if exists ${name} with (force)`);
      await admin.end();
    },
  };
}

/** Stops the shared server when nobody uses it. For Jest's global teardown. */
export async function stopTestStore(): Promise<void> {
  if (!existsSync(join(dataDir, 'postgres', 'data', 'postmaster.pid'))) return; // no test needed it
  const { store, admin } = await attach();
  await admin.query('select pg_advisory_unlock_all()');
  const { rows } = await admin.query<{ free: boolean }>('select pg_try_advisory_lock($1) as free', [
    userLock,
  ]);
  const free = rows[0]?.free === true;
  // Whoever comes now waits for the lock, is cut off by the stop and starts the server again.
  if (free) await store.stop();
  await admin.end().catch((error) => {
    if (!free) throw error;
  });
}

/** Takes part in the server: as long as the returned session lives, no other test run stops it. */
async function attach(): Promise<{ store: EmbeddedStore; admin: pg.Client }> {
  const deadlineMs = Date.now() + 60_000;
  for (;;) {
    const store = await openEmbedded({ dataDir, settings: testSettings });
    const admin = new pg.Client({
      ...store.connection,
      database: 'postgres',
      application_name: 'tandem-test',
    });
    admin.on('error', () => undefined); // a server that is stopped also rejects the query, which is handled
    try {
      await admin.connect();
      await admin.query('select pg_advisory_lock_shared($1)', [userLock]);
      return { store, admin };
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
    }
  }
}

/** Durability is given up here and only here; several workers need more sessions than the product. */
const testSettings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  autovacuum_naptime: '10min',
};

/** Under the lock until it was used: another worker may drop it as an old one. */
async function withTemplate(
  admin: pg.Client,
  connection: StoreConnection,
  template: StoreTemplate,
  use: (name: string) => Promise<unknown>,
): Promise<void> {
  await admin.query('select pg_advisory_lock($1)', [templateLock]);
  try {
    await use(await ensureTemplate(admin, connection, template));
  } finally {
    await admin.query('select pg_advisory_unlock($1)', [templateLock]);
  }
}

async function ensureTemplate(
  admin: pg.Client,
  connection: StoreConnection,
  template: StoreTemplate,
): Promise<string> {
  const name = `template_${hashFolder(template.migrationsDir)}`;
  const found = await admin.query('select 1 from pg_database where datname = $1', [name]);
  if (found.rowCount) return name;
  // Renamed when complete, so that a failed migration leaves no template.
  const building = `building_${name}`;
  await admin.query(`drop database if exists ${building} with (force)`);
  await admin.query(`create database ${building}`);
  await template.migrate(connectionUrl(connection, building));
  await admin.query(`alter database ${building} with allow_connections false`);
  await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${building}'`);
  await admin.query(`alter database ${building} rename to ${name}`);
  await dropOldTemplates(admin);
  return name;
}

async function dropOldTemplates(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(
    `select datname from pg_database where datname like 'template\\_%' order by oid desc offset $1`,
    [maxTemplates],
  );
  for (const { datname } of rows) await admin.query(`drop database if exists ${datname}`);
}

/** Databases of test runs that were killed. */
async function dropAbandoned(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(
    `select datname from pg_database where datname like 'test\\_%'`,
  );
  for (const { datname } of rows) {
    const pid = Number(datname.split('_')[1]);
    if (!isAlive(pid)) await admin.query(`drop database if exists ${datname} with (force)`);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // same account, so the only reason is that it is gone
  }
}

function hashFolder(dir: string): string {
  const hash = createHash('sha256');
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const path of files.map((file) => join(file.parentPath, file.name)).sort()) {
    hash.update(path.slice(dir.length)).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}
