import type { Sql, Store } from './pool.ts';

export interface SecretRow {
  connection: string;
  name: string;
  sealed: string;
  set_at: Date;
  valid_until: Date | null;
}

/** What may be shown of a secret. */
export interface SecretFacts {
  connection: string;
  name: string;
  set_at: Date;
  /** Such as 2027-03-03; null when it is not known. */
  ends_on: string | null;
}

/** Names that start so belong to a connector (refresh tokens), not to a form. */
export const vaultPrefix = 'vault:';

export const readSealed = (sql: Sql, connection: string, name: string): Promise<SecretRow | undefined> =>
  sql.one<SecretRow>(
    'select * from secret where connection = $1 and name = $2 and (valid_until is null or valid_until > now())',
    [connection, name],
  );

/** Without a connection: those of all connections of the tenant. */
export const listSecrets = (sql: Sql, connection?: string): Promise<SecretFacts[]> =>
  sql.rows<SecretFacts>(
    'select connection, name, set_at, ends_on::text from secret where $1::text is null or connection = $1',
    [connection ?? null],
  );

/** The day on which the one before ended says nothing about the new one. */
export async function writeSealed(
  sql: Sql,
  tenant: number,
  secret: { connection: string; name: string; sealed: string; validUntil?: Date },
): Promise<void> {
  await sql.rows(
    `insert into secret (tenant, connection, name, sealed, valid_until) values ($1, $2, $3, $4, $5)
     on conflict (tenant, connection, name) do update set sealed = excluded.sealed, set_at = clock_timestamp(), valid_until = excluded.valid_until,
       ends_on = null, end_told_on = null`,
    [tenant, secret.connection, secret.name, secret.sealed, secret.validUntil ?? null],
  );
}

/** A new day is told anew in the operator's log. */
export async function setEndDay(
  sql: Sql,
  connection: string,
  name: string,
  endsOn: string | null,
): Promise<void> {
  await sql.rows(
    'update secret set ends_on = $3::date, end_told_on = null where connection = $1 and name = $2 and ends_on is distinct from $3::date',
    [connection, name, endsOn],
  );
}

export interface CredentialDays {
  tenant: number;
  connection: string;
  name: string;
  days: number;
}

/** Of all tenants, those whose day is known. */
export const credentialDays = (store: Pick<Store, 'call'>): Promise<CredentialDays[]> =>
  store.call<CredentialDays>('select * from credential_days()');

/** Of all tenants, those that end within so many days or have ended; each once a day, whichever replica asks. */
export const tellEndingCredentials = (
  store: Pick<Store, 'call'>,
  withinDays: number,
): Promise<(CredentialDays & { ends_on: string })[]> =>
  store.call('select * from tell_ending_credentials($1)', [withinDays]);

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
