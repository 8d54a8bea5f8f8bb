import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

export type Row = Record<string, unknown>;

/** The store is away or overloaded; nothing is wrong with the work itself, which is to be done again later. */
export class StoreUnavailable extends Error {
  readonly code = 'storeUnavailable';
  constructor(cause: unknown) {
    super(`The store is not available: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'StoreUnavailable';
  }
}

/** PostgreSQL, appendix A: classes 08 (connection), 53 (resources), 57P (shutdown); and what the socket says. */
const awayCode = /^(08|53|57P)|^(ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|ETIMEDOUT)$/;
const awayWords = /timeout exceeded when trying to connect|Connection terminated|not queryable/;

function storeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  return awayCode.test(code) || awayWords.test(error.message) ? new StoreUnavailable(error) : error;
}

/** One tenant's transaction. Only that tenant's rows exist for it (row level security). */
export interface Sql {
  rows<R = Row>(text: string, values?: readonly unknown[]): Promise<R[]>;
  one<R = Row>(text: string, values?: readonly unknown[]): Promise<R | undefined>;
}

export interface Store {
  /** Runs `use` in one transaction that sees only this tenant. */
  asTenant<T>(tenant: number, use: (sql: Sql) => Promise<T>): Promise<T>;
  /** For the functions that look across tenants (claiming, accepting); tables show no rows here. */
  call<R = Row>(text: string, values?: readonly unknown[]): Promise<R[]>;
  /** Calls `heard` for every notification; survives a restart of the server, then calls `heard('')` once. */
  listen(channel: string, heard: (payload: string) => void): void;
  close(): Promise<void>;
}

export interface StoreOptions {
  connection: pg.ClientConfig;
  maxConnections?: number;
  onError?: (error: Error) => void;
}

// bigint ids fit a double up to 9e15 and are handed out as text; counts come as numbers.
pg.types.setTypeParser(pg.types.builtins.INT8, (text) => Number(text));

export function openStore(options: StoreOptions): Store {
  const settings: pg.ClientConfig = {
    ...options.connection,
    // The role that owns nothing, so that row level security applies (migration 0002).
    options:
      '-c role=tandem_app -c timezone=UTC -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000',
    application_name: 'tandem',
  };
  const pool = new pg.Pool({
    ...settings,
    max: options.maxConnections ?? 10,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: 5_000,
  });
  const onError = options.onError ?? (() => undefined);
  // Without a listener Node ends the whole backend when the server dies. The pool listens to idle connections only, and
  // not in the moment between the answer that frees one and whoever waits for it: a server that ends right then has both
  // in one packet. So each has its own listener, for as long as it lives; what the pool hears is the same once more.
  pool.on('connect', (client) => client.on('error', onError));
  pool.on('error', () => undefined);
  const ears = new Ears(settings, onError);

  return {
    async asTenant(tenant, use) {
      const client = await pool.connect().catch((error: unknown) => {
        throw storeError(error);
      });
      try {
        await client.query(`begin; set local app.tenant = '${Math.trunc(tenant)}'`);
        const sql: Sql = {
          rows: async <R>(text: string, values?: readonly unknown[]) =>
            (await client.query(text, values as unknown[])).rows as R[],
          one: async <R>(text: string, values?: readonly unknown[]) =>
            (await client.query(text, values as unknown[])).rows[0] as R | undefined,
        };
        const result = await use(sql);
        await client.query('commit');
        client.release();
        return result;
      } catch (error) {
        const broken = await client.query('rollback').then(
          () => undefined,
          (rollbackError: Error) => rollbackError,
        );
        client.release(broken);
        throw storeError(error);
      }
    },
    async call<R>(text: string, values?: readonly unknown[]) {
      try {
        return (await pool.query(text, values as unknown[])).rows as R[];
      } catch (error) {
        throw storeError(error);
      }
    },
    listen: (channel, heard) => ears.add(channel, heard),
    async close() {
      await ears.close();
      await pool.end();
    },
  };
}

/** One connection that listens for all channels. A missed notification costs a poll, never a change. */
class Ears {
  readonly #settings: pg.ClientConfig;
  readonly #onError: (error: Error) => void;
  readonly #heard = new Map<string, ((payload: string) => void)[]>();
  #client: pg.Client | undefined;
  #closed = false;
  #connecting: Promise<void> | undefined;

  constructor(settings: pg.ClientConfig, onError: (error: Error) => void) {
    this.#settings = settings;
    this.#onError = onError;
  }

  add(channel: string, heard: (payload: string) => void): void {
    const known = this.#heard.get(channel);
    this.#heard.set(channel, [...(known ?? []), heard]);
    if (this.#client !== undefined && known === undefined) {
      this.#client.query(`listen ${channel}`).catch(this.#onError);
    }
    this.#connecting ??= this.#connect();
  }

  async #connect(): Promise<void> {
    while (!this.#closed) {
      const client = new pg.Client(this.#settings);
      client.on('error', this.#onError);
      client.on('notification', (message) => {
        for (const heard of this.#heard.get(message.channel) ?? []) heard(message.payload ?? '');
      });
      const ended = new Promise<void>((resolve) => client.once('end', resolve));
      try {
        await client.connect();
        for (const channel of this.#heard.keys()) await client.query(`listen ${channel}`);
        this.#client = client;
        for (const all of this.#heard.values()) for (const heard of all) heard('');
        await ended;
        this.#client = undefined;
      } catch (error) {
        this.#onError(error as Error);
        await client.end().catch(this.#onError);
      }
      if (!this.#closed) await delay(200);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end();
  }
}
