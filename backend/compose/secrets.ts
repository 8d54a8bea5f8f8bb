import type { Redactor } from '../security/redaction.ts';
import type { SecretBox } from '../security/secret-box.ts';
import type { Sql, Store } from '../store/pool.ts';
import {
  dataKeyOf,
  deleteSealed,
  listSecrets,
  readSealed,
  replaceDataKey,
  setEndDay,
  writeSealed,
} from '../store/secrets.ts';

/** What is known of a secret besides its value. */
export interface SecretState {
  setAt: string;
  /** Day on which it ends, if an admin entered one. */
  endsOn?: string;
}

/** Secrets of connections: sealed in the store, opened at the moment of use, never given out. */
export interface Secrets {
  read(tenant: number, connection: string, name: string): Promise<string | undefined>;
  /** The same within a transaction. */
  readIn(sql: Sql, tenant: number, connection: string, name: string): Promise<string | undefined>;
  write(
    sql: Sql,
    tenant: number,
    connection: string,
    name: string,
    value: string | null,
    validUntil?: Date,
  ): Promise<void>;
  /** Writes a new secret; the one before stays valid until then. */
  replace(
    sql: Sql,
    tenant: number,
    connection: string,
    name: string,
    next: { value: string; formerValidUntil: Date },
  ): Promise<void>;
  /** The secret before the present one stays valid until the next `replace`. */
  keepFormer(sql: Sql, tenant: number, connection: string, name: string): Promise<void>;
  /** When each secret was set; no values. */
  setAt(sql: Sql, connection: string): Promise<Record<string, string>>;
  /** The same with the days on which they end. */
  states(sql: Sql, connection: string): Promise<Record<string, SecretState>>;
  /** Null: not known. Writing a secret forgets the day of the one before. */
  setEndDay(sql: Sql, connection: string, name: string, endsOn: string | null): Promise<void>;
  /** The secret and, during a rotation, the one before it. */
  accepted(tenant: number, connection: string, name: string): Promise<string[]>;
  /** Wraps the tenant's data key with the current master key; true when it had another. */
  rewrap(tenant: number): Promise<boolean>;
}

const formerName = (name: string): string => `${name}.former`;

export function openSecrets(store: Store, box: SecretBox, redactor: Redactor): Secrets {
  const open = async (
    sql: Sql,
    tenant: number,
    connection: string,
    name: string,
  ): Promise<string | undefined> => {
    const row = await readSealed(sql, connection, name);
    if (row === undefined) return undefined;
    const wrapped = await dataKeyOf(sql, tenant, () => box.newDataKey(tenant));
    const value = box.open(wrapped, { tenant, connection, field: name }, row.sealed);
    redactor.add(value);
    return value;
  };
  const write: Secrets['write'] = async (sql, tenant, connection, name, value, validUntil) => {
    if (value === null) return deleteSealed(sql, connection, name);
    redactor.add(value);
    const wrapped = await dataKeyOf(sql, tenant, () => box.newDataKey(tenant));
    const sealed = box.seal(wrapped, { tenant, connection, field: name }, value);
    await writeSealed(sql, tenant, { connection, name, sealed, validUntil });
  };
  return {
    readIn: open,
    read: (tenant, connection, name) => store.asTenant(tenant, (sql) => open(sql, tenant, connection, name)),
    write,
    async replace(sql, tenant, connection, name, { value, formerValidUntil }) {
      const former = await open(sql, tenant, connection, name);
      if (former !== undefined)
        await write(sql, tenant, connection, formerName(name), former, formerValidUntil);
      await write(sql, tenant, connection, name, value);
    },
    async keepFormer(sql, tenant, connection, name) {
      const former = await open(sql, tenant, connection, formerName(name));
      if (former !== undefined) await write(sql, tenant, connection, formerName(name), former);
    },
    async setAt(sql, connection) {
      const rows = await listSecrets(sql, connection);
      return Object.fromEntries(rows.map((row) => [row.name, row.set_at.toISOString()]));
    },
    async states(sql, connection) {
      const rows = await listSecrets(sql, connection);
      return Object.fromEntries(
        rows.map(({ name, set_at, ends_on }) => [
          name,
          { setAt: set_at.toISOString(), ...(ends_on !== null && { endsOn: ends_on }) },
        ]),
      );
    },
    setEndDay,
    accepted: (tenant, connection, name) =>
      store.asTenant(tenant, async (sql) => {
        const values = [
          await open(sql, tenant, connection, name),
          await open(sql, tenant, connection, formerName(name)),
        ];
        return values.filter((value) => value !== undefined);
      }),
    rewrap: (tenant) =>
      store.asTenant(tenant, async (sql) => {
        const wrapped = await dataKeyOf(sql, tenant, () => box.newDataKey(tenant));
        const fresh = box.rewrap(tenant, wrapped);
        if (fresh !== undefined) await replaceDataKey(sql, tenant, fresh);
        return fresh !== undefined;
      }),
  };
}
