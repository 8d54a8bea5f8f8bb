/**
 * TSTU-like throttling per identity (Microsoft: integrate/concepts/rate-limits). Off unless switched on: usage is
 * counted over a sliding window; above the limit answers are announced as delayed (Retry-After on a 200), far
 * above it they are refused with 429.
 */
export interface RateLimitSettings {
  enabled: boolean;
  /** Throughput units per window. */
  limit: number;
  windowMs: number;
  /** From `limit` up to `limit * refuseFactor` answers are delayed, beyond that refused. */
  refuseFactor: number;
  delayMs: number;
}

export interface RateLimitVerdict {
  headers: Record<string, string>;
  delayMs: number;
  refused: boolean;
}

const noVerdict: RateLimitVerdict = { headers: {}, delayMs: 0, refused: false };
const cost = (method: string): number => (method === 'GET' ? 0.2 : 1);

export class RateLimit {
  settings: RateLimitSettings = {
    enabled: false,
    limit: 200,
    windowMs: 300_000,
    refuseFactor: 1.25,
    delayMs: 0,
  };
  #usage = new Map<string, { atMs: number; cost: number }[]>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  clear(): void {
    this.#usage.clear();
    this.settings.enabled = false;
  }

  take(identity: string, method: string): RateLimitVerdict {
    if (!this.settings.enabled) return noVerdict;
    const nowMs = this.#nowMs();
    const { limit, windowMs, refuseFactor, delayMs } = this.settings;
    const kept = (this.#usage.get(identity) ?? []).filter((entry) => entry.atMs > nowMs - windowMs);
    const used = kept.reduce((sum, entry) => sum + entry.cost, 0);
    const refused = used >= limit * refuseFactor;
    if (!refused) kept.push({ atMs: nowMs, cost: cost(method) });
    this.#usage.set(identity, kept);
    // The headers start before the limit is reached: a client is expected to slow down by itself.
    if (used < limit * 0.75) return noVerdict;
    const oldestMs = kept[0]?.atMs ?? nowMs;
    const resetMs = oldestMs + windowMs;
    const headers: Record<string, string> = {
      'X-RateLimit-Resource': 'Core',
      'X-RateLimit-Delay': (used >= limit ? delayMs / 1000 : 0).toFixed(3),
      'X-RateLimit-Limit': String(limit),
      'X-RateLimit-Remaining': String(Math.max(0, Math.floor(limit - used))),
      'X-RateLimit-Reset': String(Math.ceil(resetMs / 1000)),
    };
    if (used >= limit) headers['Retry-After'] = String(Math.max(1, Math.ceil((resetMs - nowMs) / 1000)));
    return { headers, delayMs: used >= limit ? delayMs : 0, refused };
  }
}
