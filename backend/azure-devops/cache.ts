import { outsideAttempt, untilAttemptEnds } from '../connectors/attempt.ts';

/** Remembers answers by key for a while; concurrent questions share one request, and a failure is not remembered. */
export interface Cache<T> {
  get(key: string, load: () => Promise<T>): Promise<T>;
  clear(): void;
}

export const createCache = <T>(options: {
  lifetimeMs: number;
  maxEntries: number;
  now: () => number;
}): Cache<T> => {
  const known = new Map<string, { value: Promise<T>; until: number }>();
  return {
    get: (key, load) => {
      const found = known.get(key);
      if (found && found.until > options.now()) return untilAttemptEnds(found.value);
      const value = outsideAttempt(load);
      known.delete(key);
      known.set(key, { value, until: options.now() + options.lifetimeMs });
      // The first key is the oldest: maps keep the order of insertion.
      for (const oldest of known.keys()) {
        if (known.size <= options.maxEntries) break;
        known.delete(oldest);
      }
      value.catch(() => {
        if (known.get(key)?.value === value) known.delete(key);
      });
      return untilAttemptEnds(value);
    },
    clear: () => known.clear(),
  };
};
