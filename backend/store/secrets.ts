import type { Sql } from './pool.ts';

export interface SecretRow {
  connection: string;
  name: string;
  sealed: string;
  set_at: Date;
  valid_until: Date | null;
}

/** Names that start so belong to a connector (refresh tokens), not to a form. */
export const vaultPrefix = 'vault:';

export const readSealed = (sql: Sql, connection: string, name: string): Promise<SecretRow | undefined> =>
  sql.one<SecretRow>(
    'select * from secret where connection = $1 and name = $2 and (valid_until is null or valid_until > now())',
    [connection, name],
  );

export const listSealed = (sql: Sql, connection?: string): Promise<SecretRow[]> =>
  sql.rows<SecretRow>('select * from secret where $1::text is null or connection = $1', [connection ?? null]);

export async function writeSealed(
  sql: Sql,
  tenant: number,
  secret: { connection: string; name: string; sealed: string; validUntil?: Date },
): Promise<void> {
  await sql.rows(
    `insert into secret (tenant, connection, name, sealed, valid_until) values ($1, $2, $3, $4, $5)
     on conflict (tenant, connection, name) do update set sealed = excluded.sealed, set_at = clock_timestamp(), valid_until = excluded.valid_until`,
    [tenant, secret.connection, secret.name, secret.sealed, secret.validUntil ?? null],
  );
}

export async function deleteSealed(sql: Sql, connection: string, name: string): Promise<void> {
  await sql.rows('delete from secret where connection = $1 and name = $2', [connection, name]);
}

/** The tenant's data key, wrapped; `make` is stored when there is none yet (the first writer wins). */
export async function dataKeyOf(sql: Sql, tenant: number, make: () => string): Promise<string> {
  const known = await sql.one<{ wrapped: string }>('select wrapped from data_key where tenant = $1', [
    tenant,
  ]);
  if (known !== undefined) return known.wrapped;
  await sql.rows('insert into data_key (tenant, wrapped) values ($1, $2) on conflict do nothing', [
    tenant,
    make(),
  ]);
  return (await sql.one<{ wrapped: string }>('select wrapped from data_key where tenant = $1', [tenant]))
    ?.wrapped as string;
}

export async function replaceDataKey(sql: Sql, tenant: number, wrapped: string): Promise<void> {
  await sql.rows('update data_key set wrapped = $2 where tenant = $1', [tenant, wrapped]);
}
