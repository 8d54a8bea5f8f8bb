import pg from 'pg';
import { errorCode } from './failure.ts';

/** How to reach the embedded server. The user owns the cluster: set a lesser role for tenants' statements. */
export interface StoreConnection {
  /** The folder of the unix socket; `127.0.0.1` on Windows. */
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
}

/** As a `postgresql://` address that the `pg` library understands, socket folder included. Holds the password. */
export function connectionUrl(connection: StoreConnection, database = connection.database): string {
  const { host, port, user, password } = connection;
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  const at = host.startsWith('/') ? '' : `${host}:${port}`;
  const query = host.startsWith('/') ? `?host=${encodeURIComponent(host)}&port=${port}` : '';
  return `postgresql://${credentials}@${at}/${encodeURIComponent(database)}${query}`;
}

export type Answer = 'ready' | 'notYet';

// Starting up or shutting down (57P03, 57P01), all connections taken (53300): it lives, ask again.
const passing = new Set([
  '57P03',
  '57P01',
  '53300',
  'ENOENT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EAGAIN',
]);

/** Whether the server answers and takes our password. Throws when it answers and refuses us. */
export async function askServer(connection: StoreConnection): Promise<Answer> {
  try {
    await withClient(connection, async () => undefined);
    return 'ready';
  } catch (error) {
    const code = errorCode(error);
    // pg reports a closed or silent socket without a code.
    if (code === undefined || passing.has(code)) return 'notYet';
    throw error;
  }
}

/** Creates the product's database when it is missing. Safe against others doing the same. */
export async function ensureDatabase(connection: StoreConnection): Promise<void> {
  await withClient({ ...connection, database: 'postgres' }, async (client) => {
    const found = await client.query('select 1 from pg_database where datname = $1', [connection.database]);
    if (found.rowCount) return;
    try {
      await client.query(`create database ${client.escapeIdentifier(connection.database)}`);
    } catch (error) {
      if (!['42P04', '23505'].includes(errorCode(error) ?? '')) throw error;
    }
  });
}

export async function withClient<T>(
  connection: StoreConnection,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ ...connection, connectionTimeoutMillis: 5000 });
  let broken: Error | undefined;
  client.on('error', (error) => {
    broken = error; // a server that goes away rejects the query too; without a listener Node.js would end
  });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end().catch((error) => {
      if (!broken) throw error;
    });
  }
}
