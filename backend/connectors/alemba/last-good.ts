import { outsideAttempt, untilAttemptEnds } from '../attempt.ts';

/** What changes rarely (statuses, metadata): kept for a while, and for longer when it cannot be read again. */
export interface LastGood<T> {
  /** Throws only while there is no copy at all. */
  get(): Promise<T>;
  /** The next `get` reads again, at most once a minute. */
  expire(): void;
}

const retryMs = 60_000;

export function createLastGood<T>(options: {
  load: () => Promise<T>;
  ttlMs: number;
  now: () => Date;
  failed: (error: unknown) => void;
}): LastGood<T> {
  const { load, ttlMs, now, failed } = options;
  let copy: { value: T; loadedMs: number; untilMs: number } | undefined;
  let loading: Promise<T> | undefined;

  const reload = async (): Promise<T> => {
    try {
      const value = await load();
      const loadedMs = now().getTime();
      copy = { value, loadedMs, untilMs: loadedMs + ttlMs };
      return value;
    } catch (error) {
      if (copy === undefined) throw error;
      failed(error);
      copy.untilMs = now().getTime() + retryMs;
      return copy.value;
    } finally {
      loading = undefined;
    }
  };

  return {
    async get() {
      if (copy !== undefined && copy.untilMs > now().getTime()) return copy.value;
      loading ??= outsideAttempt(reload);
      return untilAttemptEnds(loading);
    },
    expire() {
      if (copy !== undefined) copy.untilMs = Math.min(copy.untilMs, copy.loadedMs + retryMs);
    },
  };
}
