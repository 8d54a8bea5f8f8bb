/** Counts per key and window of a minute, in memory: a brake against loops and guessing, not a quota. */
export interface RateLimit {
  /** Undefined when the request may pass, else seconds until the next window. */
  take(key: string): number | undefined;
}

const windowMs = 60_000;
/** Keys kept; beyond it all counts start anew, which lets some more requests through and costs no memory. */
const maxKeys = 50_000;

export const createRateLimit = (perMinute: number, now: () => number = Date.now): RateLimit => {
  const counts = new Map<string, number>();
  let windowEndsAt = 0;
  return {
    take(key) {
      const at = now();
      if (at >= windowEndsAt || counts.size >= maxKeys) {
        counts.clear();
        windowEndsAt = at + windowMs;
      }
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return count > perMinute ? Math.ceil((windowEndsAt - at) / 1000) : undefined;
    },
  };
};
