import type { Sql, Store } from './pool.ts';

export interface TenantRow {
  tenant: number;
  organization: string;
  url: string;
  host_id: string | null;
  enabled: boolean;
  /** Sessions of a lower number have ended. */
  session_generation: number;
  /** Null while the operator's list has the organisation; else whether it was switched on when it left the list. */
  withdrawn_while_on: boolean | null;
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

/** Switching off ends all sessions: whoever comes back is asked anew who they are, and told how it stands. */
export async function switchTenant(sql: Sql, tenant: number, enabled: boolean): Promise<void> {
  await sql.rows(
    `update tenant set enabled = $2, session_generation = session_generation + case when $2 then 0 else 1 end
     where tenant = $1`,
    [tenant, enabled],
  );
  await noteTenant(sql, tenant);
}

/**
 * The operator's list does not have the organisation any more: its synchronisation stops, its sessions end and no new
 * one opens. Nothing is deleted. Returns false when that was so already.
 */
export async function withdrawTenant(sql: Sql, tenant: number): Promise<boolean> {
  const changed = await sql.rows(
    `update tenant set withdrawn_while_on = enabled, enabled = false, session_generation = session_generation + 1
     where tenant = $1 and withdrawn_while_on is null returning tenant`,
    [tenant],
  );
  if (changed.length > 0) await noteTenant(sql, tenant);
  return changed.length > 0;
}

/** The list has it again: it goes on as it was. Returns false when it had never left. */
export async function readmitTenant(sql: Sql, tenant: number): Promise<boolean> {
  const changed = await sql.rows(
    `update tenant set enabled = withdrawn_while_on, withdrawn_while_on = null
     where tenant = $1 and withdrawn_while_on is not null returning tenant`,
    [tenant],
  );
  if (changed.length > 0) await noteTenant(sql, tenant);
  return changed.length > 0;
}

const noteTenant = (sql: Sql, tenant: number) =>
  sql.rows(`select pg_notify('settings', $1), pg_notify('lane', '')`, [String(tenant)]);
