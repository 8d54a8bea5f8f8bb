import type { Log } from '../observability/log.ts';
import { SealBroken } from '../security/secret-box.ts';
import type { Store } from '../store/pool.ts';
import { listTenants } from '../store/tenants.ts';
import type { Secrets } from './secrets.ts';

/**
 * Brings every tenant's data key under the current master key: one row per tenant, at each start. After it the former
 * master key may be taken out of the configuration. A data key whose master key is not configured stays as it is and
 * is told: that tenant's secrets cannot be opened until the key is back, which is no reason to stop the others.
 */
export async function rotateDataKeys(
  store: Store,
  secrets: Pick<Secrets, 'rewrap'>,
  log: Log,
): Promise<void> {
  for (const { tenant } of await listTenants(store)) {
    try {
      if (await secrets.rewrap(tenant)) log.info('secrets.key_rewrapped', { tenant });
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      log.error('secrets.key_missing', { tenant, error });
    }
  }
}
