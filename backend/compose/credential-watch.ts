import { warningDays } from '../contract/credential-days.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Store } from '../store/pool.ts';
import { credentialDays, tellEndingCredentials } from '../store/secrets.ts';

/** Days pass by themselves, and a notification may be missed. */
const everyMs = 60_000;

/**
 * Tells the operator of credentials that end: a gauge of the days left, and a line in the log once a day from two weeks
 * before. A timer and no lane: lanes of Azure DevOps stand still when its own credential has ended, which is when the
 * line is needed most.
 */
export async function lookAtCredentials(store: Store, metrics: Metrics, log: Log): Promise<void> {
  const known = await credentialDays(store);
  // What was forgotten, replaced or deleted must not stay at its last value.
  metrics.credentialDaysLeft.reset();
  for (const { tenant, connection, name, days } of known) {
    metrics.credentialDaysLeft.set({ tenant: String(tenant), connection, credential: name }, days);
  }
  for (const { tenant, connection, name, ends_on, days } of await tellEndingCredentials(store, warningDays)) {
    const facts = { tenant, connection, name, endsOn: ends_on, daysLeft: days };
    if (days < 0) log.error('credential.end_passed', facts);
    else log.warn('credential.end_neared', facts);
  }
}

/** Looks now, now and then, and when settings have changed: who has entered a day wants to see it. */
export function watchCredentials(
  store: Store,
  metrics: Metrics,
  log: Log,
  onError: (error: unknown) => void,
): NodeJS.Timeout {
  let isLooking = false;
  let isAsked = false;
  // Settings may change many times in a second; one look afterwards is enough.
  const look = async () => {
    isAsked = true;
    if (isLooking) return;
    isLooking = true;
    try {
      while (isAsked) {
        isAsked = false;
        await lookAtCredentials(store, metrics, log);
      }
    } catch (error) {
      onError(error);
    } finally {
      isLooking = false;
    }
  };
  void look();
  store.listen('settings', () => void look());
  return setInterval(() => void look(), everyMs).unref();
}
