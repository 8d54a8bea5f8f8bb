import { setTimeout as delay } from 'node:timers/promises';
import { calledOff } from '../connectors/attempt.ts';
import type { RequestBudget } from '../connectors/request-budget.ts';
import type { Store } from '../store/pool.ts';
import { Failure } from '../sync/failure.ts';

const maxWaitMs = 10_000;

/**
 * The connection's bucket in the store, shared by all replicas. Tokens are fetched a quarter second's worth at a time:
 * one by one they would cost a round trip per request, and a replica that dies loses a quarter second, not more.
 */
export function storeBudget(
  store: Store,
  tenant: number,
  connection: string,
  rate: { requestsPerSecond: number; concurrent: number },
): RequestBudget {
  const portion = Math.max(1, Math.floor(rate.requestsPerSecond / 4));
  const burst = Math.max(1, rate.requestsPerSecond);
  let tokens = 0;
  let blockedUntil = 0;
  let filling: Promise<void> | undefined;

  const fill = async () => {
    const rows = await store.call<{ granted: number; wait_ms: number }>(
      'select * from take_tokens($1, $2, $3, $4, $5)',
      [tenant, connection, portion, rate.requestsPerSecond, burst],
    );
    const { granted = 0, wait_ms: waitMs = 1000 } = rows[0] ?? {};
    tokens += granted;
    if (granted === 0) await delay(Math.min(waitMs + 1, 1000));
  };

  return {
    concurrent: rate.concurrent,
    async take(signal) {
      const deadline = performance.now() + maxWaitMs;
      for (;;) {
        const blockedMs = blockedUntil - performance.now();
        if (blockedMs > 0 || performance.now() > deadline) {
          const retryAfterMs = Math.max(1000, Math.ceil(blockedMs));
          throw new Failure({
            kind: 'throttled',
            message: `The connection has used its requests; it goes on in ${Math.ceil(retryAfterMs / 1000)} s.`,
            retryAfterMs,
          });
        }
        if (signal?.aborted) throw calledOff(signal);
        if (tokens > 0) {
          tokens -= 1;
          return;
        }
        filling ??= fill().finally(() => {
          filling = undefined;
        });
        await filling;
      }
    },
    throttled(delayMs) {
      blockedUntil = Math.max(blockedUntil, performance.now() + delayMs);
    },
  };
}
