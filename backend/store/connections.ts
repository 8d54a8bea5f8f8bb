import type { RetryPolicy } from '../contract/connections.ts';
import type { Sql } from './pool.ts';

/** Azure DevOps itself, as a connection of its tenant. */
export const azureDevOps = 'azure-devops';

export interface ConnectionRow {
  tenant: number;
  id: string;
  kind: string;
  name: string;
  settings: Record<string, string | number | boolean>;
  enabled: boolean;
  status: 'live' | 'delayed' | 'paused' | 'unreachable';
  reason: string | null;
  since: Date | null;
  resume_at: Date | number;
  retry: RetryPolicy;
  budget: { requestsPerSecond: number; concurrent: number };
  hook_id: string;
  hook_received_at: Date | null;
  cursor: string | null;
  swept_at: Date | null;
  failures: number;
  created_at: Date;
  updated_at: Date;
}

export const listConnections = (sql: Sql): Promise<ConnectionRow[]> =>
  sql.rows<ConnectionRow>('select * from connection order by created_at, id');

export const findConnection = (sql: Sql, id: string): Promise<ConnectionRow | undefined> =>
  sql.one<ConnectionRow>('select * from connection where id = $1', [id]);

export interface NewConnection {
  id: string;
  kind: string;
  name: string;
  settings: Record<string, unknown>;
  retry: RetryPolicy;
  budget: ConnectionRow['budget'];
  hookId: string;
}

export async function insertConnection(sql: Sql, tenant: number, input: NewConnection): Promise<void> {
  await sql.rows(
    `insert into connection (tenant, id, kind, name, settings, retry, budget, hook_id) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [tenant, input.id, input.kind, input.name, input.settings, input.retry, input.budget, input.hookId],
  );
  await noteSettings(sql, tenant);
}

export async function updateConnection(
  sql: Sql,
  tenant: number,
  id: string,
  input: Pick<NewConnection, 'name' | 'settings' | 'retry' | 'budget'>,
): Promise<void> {
  await sql.rows(
    `update connection set name = $2, settings = $3, retry = $4, budget = $5, updated_at = clock_timestamp(), renewed_at = clock_timestamp()
     where id = $1`,
    [id, input.name, input.settings, input.retry, input.budget],
  );
  await noteSettings(sql, tenant);
}

/** Resuming forgets why it stood still; what waited is claimed at once. */
export async function setPaused(
  sql: Sql,
  tenant: number,
  id: string,
  reason: string | undefined,
): Promise<void> {
  await sql.rows(
    reason === undefined
      ? `update connection set status = 'live', reason = null, since = null, resume_at = '-infinity', failures = 0,
           renewed_at = clock_timestamp()
         where id = $1`
      : `update connection set status = 'paused', reason = $2, since = clock_timestamp() where id = $1`,
    reason === undefined ? [id] : [id, reason],
  );
  if (reason === undefined) {
    // Records of other connections whose counterpart would be created here; see standstillOf.
    await sql.rows(
      `update lane set due = clock_timestamp() where queued > 0 and not parked and failure->>'connection' = $1`,
      [id],
    );
  }
  await noteSettings(sql, tenant);
  await sql.rows(`select pg_notify('lane', '')`);
}

/**
 * For a lane that began to wait for a connection: runs it again soon when that was resumed while the run came to its
 * end, which resuming did not see. The lock waits for a resume under way, whose own look is over by then.
 */
export async function wakeIfOpen(sql: Sql, key: string, connection: string): Promise<void> {
  const row = await sql.one<{ open: boolean }>(
    `select enabled and status <> 'paused' and resume_at <= clock_timestamp() as open
     from connection where id = $1 for share`,
    [connection],
  );
  if (row?.open !== true) return;
  await sql.rows(
    `update lane set due = clock_timestamp() + interval '1 second'
     where key = $1 and queued > 0 and not parked and failure->>'connection' = $2`,
    [key, connection],
  );
}

export async function deleteConnection(sql: Sql, tenant: number, id: string): Promise<void> {
  await sql.rows('delete from lane where connection = $1', [id]);
  await sql.rows('delete from connection where id = $1', [id]);
  await noteSettings(sql, tenant);
}

/** Every backend drops its copy of the tenant's settings. */
export const noteSettings = (sql: Sql, tenant: number): Promise<unknown> =>
  sql.rows(`select pg_notify('settings', $1)`, [String(tenant)]);
