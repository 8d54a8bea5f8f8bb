import type { Sql, Store } from './pool.ts';

export interface TenantRow {
  tenant: number;
  organization: string;
  url: string;
  host_id: string | null;
  enabled: boolean;
}

export const findTenant = async (store: Store, organization: string): Promise<TenantRow | undefined> =>
  (await store.call<TenantRow>('select * from find_tenant($1)', [organization]))[0];

export const listTenants = (store: Store): Promise<TenantRow[]> =>
  store.call<TenantRow>('select * from list_tenants()');

/** Adds the organisation, or brings its address up to date. Returns the tenant's number. */
export async function registerTenant(
  store: Store,
  input: { organization: string; url: string; hostId?: string },
): Promise<number> {
  const rows = await store.call<{ id: number }>('select register_tenant($1, $2, $3) as id', [
    input.organization,
    input.url,
    input.hostId ?? null,
  ]);
  return (rows[0] as { id: number }).id;
}

/** The first session of an organisation that was registered without its host id binds it. */
export const bindHost = (store: Store, tenant: number, hostId: string): Promise<void> =>
  store.asTenant(tenant, async (sql) => {
    await sql.rows('update tenant set host_id = $2 where tenant = $1 and host_id is null', [tenant, hostId]);
  });

export async function switchTenant(sql: Sql, tenant: number, enabled: boolean): Promise<void> {
  await sql.rows('update tenant set enabled = $2 where tenant = $1', [tenant, enabled]);
  await sql.rows(`select pg_notify('settings', $1), pg_notify('lane', '')`, [String(tenant)]);
}
