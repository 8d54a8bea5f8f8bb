import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

export const migrationsDir = join(import.meta.dirname, 'migrations');

/**
 * Brings a database up to date, as the role that owns it. Safe with several backends at once (advisory lock), and
 * repeatable after a crash: each migration is one transaction.
 * @throws when the database is newer than this release: going back needs a backup.
 */
export async function migrate(
  connection: pg.ClientConfig,
  log: (line: string) => void = () => undefined,
): Promise<void> {
  const client = new pg.Client(connection);
  client.on('error', (error) => log(`store.migration_connection_failed ${error.message}`));
  await client.connect();
  try {
    const wanted = (await readdir(migrationsDir))
      .filter((file) => file.endsWith('.sql'))
      .map((file) => file.slice(0, -4))
      .sort();
    const applied = await appliedMigrations(client);
    const unknown = applied.filter((name) => !wanted.includes(name));
    if (unknown.length > 0) {
      throw new Error(
        `The database was migrated by a newer release (${unknown.join(', ')}). Start that release, or restore a backup made before it.`,
      );
    }
    if (applied.length === wanted.length) return;
    // Loaded only when there is something to do: it costs 60 ms and 8 MB at every start otherwise.
    const { runner } = await import('node-pg-migrate');
    await runner({
      dbClient: client,
      dir: migrationsDir,
      direction: 'up',
      migrationsTable: 'migration',
      // A second backend that starts at the same time waits here, then finds nothing to do.
      advisoryLockTimeout: 60_000,
      logger: { debug: () => undefined, info: log, warn: log, error: log },
    } as Parameters<typeof runner>[0]);
  } finally {
    await client.end();
  }
}

async function appliedMigrations(client: pg.Client): Promise<string[]> {
  const { rows: tables } = await client.query(`select to_regclass('public.migration') as found`);
  if (tables[0].found === null) return [];
  const { rows } = await client.query<{ name: string }>('select name from migration order by id');
  return rows.map((row) => row.name);
}
