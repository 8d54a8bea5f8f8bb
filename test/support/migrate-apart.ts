import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { migrationsDir } from '../../backend/store/migrate.ts';
import type { StoreTemplate } from './postgres.ts';

/** In a process of its own: the library for migrations is ESM only, which Jest's registry does not load. */
async function migrateApart(connectionString: string): Promise<void> {
  const program = `const { migrate } = await import(${JSON.stringify(join(migrationsDir, '..', 'migrate.ts'))});
    await migrate({ connectionString: process.argv[1] });`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, connectionString]);
}

/** A database with the tables of this release and nothing in them. */
export const migrated: StoreTemplate = { migrationsDir, migrate: migrateApart };
