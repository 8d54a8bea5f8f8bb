import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import pg from 'pg';
import { ConfigError, loadConfig } from './config.ts';
import { createSecretBox } from './security/secret-box.ts';
import { backup, restore } from './store/backup.ts';
import { openEmbedded } from './store/embedded/index.ts';
import { migrate } from './store/migrate.ts';

/** `npm run backup -- <file>` and `npm run restore -- <file>`, with the environment of the backend. */
const [command, name] = process.argv.slice(2);
if ((command !== 'backup' && command !== 'restore') || name === undefined) {
  console.error('Usage: npm run backup -- <file>   or   npm run restore -- <file>');
  process.exit(2);
}
const file = resolve(name);

try {
  const config = loadConfig(process.env, { sandbox: process.env.TANDEM_SANDBOX === 'true' });
  if (command === 'restore' && !existsSync(file)) throw new Error(`There is no file ${name}.`);
  if (command === 'backup' && existsSync(file)) throw new Error(`${name} exists already. Name another file.`);
  const embedded =
    config.databaseUrl === undefined
      ? await openEmbedded({ dataDir: config.dataDir, binDir: config.embeddedPostgresBinaries })
      : undefined;
  const connection: pg.ClientConfig = embedded?.connection ?? { connectionString: config.databaseUrl };
  try {
    if (command === 'restore') await migrate(connection);
    const summary = command === 'backup' ? await backup(connection, file) : await restore(connection, file);
    if (command === 'restore') await proveKeys(connection);
    const rows = Object.values(summary).reduce((sum, count) => sum + count, 0);
    console.log(
      `${command === 'backup' ? 'Wrote' : 'Restored'} ${rows} rows of ${Object.keys(summary).length} tables.`,
    );
    if (command === 'backup')
      console.log('Keep it together with the master key: without that key its secrets stay sealed.');
  } finally {
    // A server that was running for the backend goes on.
    if (embedded !== undefined && !embedded.attached) await embedded.stop();
  }

  async function proveKeys(to: pg.ClientConfig): Promise<void> {
    const box = createSecretBox(config.masterKeys);
    const client = new pg.Client(to);
    await client.connect();
    try {
      const { rows } = await client.query<{ tenant: number; wrapped: string }>(
        'select tenant, wrapped from data_key',
      );
      const known = new Set(config.masterKeys.map((key) => key.id));
      const missing = [
        ...new Set(rows.map((row) => box.masterKeyIdOf(row.wrapped)).filter((id) => !known.has(id))),
      ];
      if (missing.length > 0) {
        console.error(
          `The secrets in this backup are sealed with the master key ${missing.join(', ')}, which is not configured. ` +
            'Everything else is restored. Add that key to MASTER_KEY, or enter the secrets of all connections again.',
        );
        process.exitCode = 3;
      }
    } finally {
      await client.end();
    }
  }
} catch (error) {
  console.error(error instanceof ConfigError || error instanceof Error ? error.message : error);
  process.exit(1);
}
