import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import pg from 'pg';

/** In the order in which rows can be put back: referenced tables first. */
const tables = [
  'tenant',
  'public_address',
  'books',
  'data_key',
  'connection',
  'secret',
  'mapping',
  'mapping_version',
  'link',
  'intent',
  'lane',
  'inbox',
  'inbox_lane',
  'attempt',
  'bucket',
  'sweep_run',
  'subscription',
  'hook_filter',
  'backfill',
  'audit',
] as const;

const format = 1;
const rowsPerFetch = 500;

interface Header {
  format: number;
  at: string;
  migrations: string[];
}

/** Counts of rows by table. */
export type BackupSummary = Record<string, number>;

/**
 * Writes all tables as of one moment (REPEATABLE READ) to a gzipped file of JSON lines. Secrets stay sealed: without
 * the master key the file gives none of them away, and cannot be used without it either.
 */
export async function backup(connection: pg.ClientConfig, file: string): Promise<BackupSummary> {
  const client = new pg.Client(connection);
  await client.connect();
  const summary: BackupSummary = {};
  async function* lines(): AsyncGenerator<string> {
    const { rows: migrations } = await client.query<{ name: string }>(
      'select name from migration order by id',
    );
    const header: Header = {
      format,
      at: new Date().toISOString(),
      migrations: migrations.map((row) => row.name),
    };
    yield `${JSON.stringify(header)}\n`;
    for (const table of tables) {
      await client.query(`declare rows_of cursor for select to_jsonb(t)::text as row from ${table} t`);
      for (;;) {
        const { rows } = await client.query<{ row: string }>(`fetch ${rowsPerFetch} from rows_of`);
        for (const { row } of rows) yield `{"table":"${table}","row":${row}}\n`;
        summary[table] = (summary[table] ?? 0) + rows.length;
        if (rows.length < rowsPerFetch) break;
      }
      await client.query('close rows_of');
    }
    yield `${JSON.stringify({ end: true, summary })}\n`;
  }
  try {
    await client.query('begin isolation level repeatable read read only');
    // Complete or not there: a file that breaks off must not look like a backup.
    await pipeline(lines, createGzip(), createWriteStream(`${file}.part`, { mode: 0o600 }));
    await rename(`${file}.part`, file);
    return summary;
  } finally {
    await client.end();
  }
}

/**
 * Puts a backup into a database that is migrated and empty, in one transaction.
 * @throws when the database holds a tenant already, the file is of another release, or it breaks off.
 */
export async function restore(connection: pg.ClientConfig, file: string): Promise<BackupSummary> {
  const client = new pg.Client(connection);
  await client.connect();
  const summary: BackupSummary = {};
  try {
    await client.query('begin');
    const { rows: present } = await client.query<{ count: string }>('select count(*) from tenant');
    if (Number(present[0]?.count) > 0)
      throw new Error('This database is not empty. Restore into an empty one.');
    const input = createInterface({
      input: createReadStream(file).pipe(createGunzip()),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    let waiting: { table: string; rows: string[] } | undefined;
    let isFirst = true;
    let ended = false;
    const put = async () => {
      if (waiting === undefined) return;
      const { table, rows } = waiting;
      waiting = undefined;
      await client.query(
        `insert into ${table} overriding system value select * from jsonb_populate_recordset(null::${table}, $1::jsonb)`,
        [`[${rows.join(',')}]`],
      );
      summary[table] = (summary[table] ?? 0) + rows.length;
    };
    for await (const line of input) {
      const entry = JSON.parse(line) as Partial<Header> & { table?: string; end?: boolean };
      if (isFirst) {
        await checkHeader(client, entry);
        isFirst = false;
        continue;
      }
      if (entry.end === true) {
        ended = true;
        continue;
      }
      const table = tables.find((known) => known === entry.table);
      if (table === undefined) throw new Error('The file holds a table that this release does not know.');
      if (waiting !== undefined && (waiting.table !== table || waiting.rows.length >= rowsPerFetch))
        await put();
      waiting ??= { table, rows: [] };
      waiting.rows.push(line.slice(line.indexOf('"row":') + 6, -1));
    }
    await put();
    if (!ended) throw new Error('The file breaks off before its end. Use another backup.');
    await continueNumbers(client);
    await client.query('commit');
    return summary;
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    await client.end();
  }
}

async function checkHeader(client: pg.Client, header: Partial<Header>): Promise<void> {
  if (header.format !== format) throw new Error('This file is no backup of Tandem, or of a newer release.');
  const { rows } = await client.query<{ name: string }>('select name from migration order by id');
  const here = rows.map((row) => row.name).join(', ');
  const there = (header.migrations ?? []).join(', ');
  if (here !== there) {
    throw new Error(
      `The backup was made by another release (${there}; this one has ${here}). Restore it with that release, then upgrade.`,
    );
  }
}

/** New rows get numbers after the restored ones. */
async function continueNumbers(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ table_name: string; column_name: string }>(
    `select table_name, column_name from information_schema.columns where table_schema = 'public' and is_identity = 'YES'`,
  );
  for (const { table_name: table, column_name: column } of rows) {
    await client.query(
      `select setval(pg_get_serial_sequence('${table}', '${column}'), greatest((select coalesce(max(${column}), 0) from ${table}), 1))`,
    );
  }
  await client.query(
    `select setval('panel_version', greatest((select coalesce(max(version), 0) from link), 1))`,
  );
}
