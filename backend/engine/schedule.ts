import type { LaneEntry } from '../lanes/queue.ts';
import { azureDevOps, listConnections } from '../store/connections.ts';
import { listTenants } from '../store/tenants.ts';
import type { EngineContext } from './ports.ts';

/**
 * Sees to it that the lanes that run again and again exist: a sweep per connection, a watchdog and a clean-up per
 * tenant. They keep themselves going; this only starts what was never there (a new connection, a new tenant).
 */
export async function ensureSchedule(context: EngineContext, tenant?: number): Promise<void> {
  const tenants = (await listTenants(context.store)).filter(
    (row) => tenant === undefined || row.tenant === tenant,
  );
  for (const row of tenants) {
    const missing = await context.store.asTenant(row.tenant, async (sql) => {
      const connections = await listConnections(sql);
      const present = new Set(
        (
          await sql.rows<{ key: string }>(
            `select key from lane where kind in ('sweep', 'watchdog', 'cleanup') and queued > 0`,
          )
        ).map((lane) => lane.key),
      );
      const wanted: LaneEntry[] = connections.map((connection) => ({
        tenant: row.tenant,
        key: `sweep:${connection.id}`,
        kind: 'sweep',
        connection: connection.id,
      }));
      if (connections.some((connection) => connection.id === azureDevOps)) {
        wanted.push({
          tenant: row.tenant,
          key: 'watchdog',
          kind: 'watchdog',
          connection: azureDevOps,
          delayMs: 2000,
        });
        wanted.push({
          tenant: row.tenant,
          key: 'cleanup',
          kind: 'cleanup',
          connection: azureDevOps,
          delayMs: 60_000,
        });
      }
      return wanted.filter((entry) => !present.has(entry.key));
    });
    if (missing.length > 0) await context.queue.enqueue(missing);
  }
}
