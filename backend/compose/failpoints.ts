import { appendFileSync, readFileSync } from 'node:fs';
import type { HttpTransport } from '../connectors/http-transport.ts';
import type { Sql, Store } from '../store/pool.ts';

/**
 * Named places where a test ends the process, as a power cut would: FAILPOINT=create.afterSend:2 kills at the second
 * passing. Heard in the sandbox only; elsewhere it costs one call.
 */
export function failpoints(setting: string | undefined): (name: string) => void {
  if (setting === undefined || setting === '') return () => undefined;
  const [name = '', count = '1'] = setting.split(':');
  let left = Number(count);
  return (passed) => {
    if (passed !== name) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
}

/**
 * Places without a name: each request to a remote system and each commit, before and after. FAILPOINT_FILE names a file;
 * they are counted from when it appears, so that what the start needed is not, and the process dies at the one that the
 * file names: `remote:3:before`, `commit:1:after`. With any other word nobody dies. What was passed is written beside
 * it, in `<file>.passed`.
 */
export interface Crossings {
  /** Right before; what is returned is called right after. */
  enter(kind: 'remote' | 'commit', what: string): () => void;
}

export function crossings(file: string | undefined): Crossings | undefined {
  if (file === undefined || file === '') return undefined;
  let armed = '';
  let counts = { remote: 0, commit: 0 };
  const dieAt = (place: string) => {
    if (place === armed) process.kill(process.pid, 'SIGKILL');
  };
  return {
    enter(kind, what) {
      const now = contentOf(file);
      if (now !== armed) counts = { remote: 0, commit: 0 };
      armed = now;
      if (armed === '') return () => undefined;
      counts[kind] += 1;
      const place = `${kind}:${counts[kind]}`;
      appendFileSync(`${file}.passed`, `${place} ${what}\n`);
      dieAt(`${place}:before`);
      return () => dieAt(`${place}:after`);
    },
  };
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** An answer that never came is passed as well: the effect may be there. */
export function crossedTransport(transport: HttpTransport, crossed: Crossings | undefined): HttpTransport {
  if (crossed === undefined) return transport;
  const around = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const left = crossed.enter('remote', what);
    try {
      return await work();
    } finally {
      left();
    }
  };
  return {
    ...transport,
    send: (request) => around(request.route, () => transport.send(request)),
    stream: (request) => around(request.route, () => transport.stream(request)),
  };
}

const writing = /^\s*(insert|update|delete|with)\b/i;
const writingCall = /\b(accept_deliveries|settle_lanes|enqueue_lanes|wake_lanes|note_connection)\b/;

/** Transactions that write, and calls of functions that do. What runs by the clock is no part of a deed: not counted. */
export function crossedStore(store: Store, crossed: Crossings | undefined): Store {
  if (crossed === undefined) return store;
  return {
    ...store,
    async asTenant(tenant, use) {
      let left = () => {};
      const result = await store.asTenant(tenant, async (sql) => {
        const written: string[] = [];
        const used = await use(noting(sql, written));
        if (written.length > 0) left = crossed.enter('commit', written.join(' + '));
        return used;
      });
      left();
      return result;
    },
    async call<R>(text: string, values?: readonly unknown[]) {
      const [name] = writingCall.exec(text) ?? [];
      if (name !== undefined) {
        const left = crossed.enter('commit', name);
        const rows = await store.call<R>(text, values);
        left();
        return rows;
      }
      const rows = await store.call<R>(text, values);
      // Most claims come by the clock and find nothing: only its rows tell that this one was part of a deed.
      if (text.includes('claim_lanes') && rows.length > 0) crossed.enter('commit', 'claim_lanes')();
      return rows;
    },
  };
}

/** Adds the beginning of each statement that writes to `written`. */
function noting(sql: Sql, written: string[]): Sql {
  const note = (text: string) => {
    if (writing.test(text)) written.push(text.trim().split(/\s+/, 3).join(' '));
  };
  return {
    rows(text, values) {
      note(text);
      return sql.rows(text, values);
    },
    one(text, values) {
      note(text);
      return sql.one(text, values);
    },
  };
}
