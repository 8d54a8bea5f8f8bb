import type { Store } from '../../store/pool.ts';
import type { PanelChanges } from './services.ts';

/** One listener for all waiting panels; each wakes at a change of its own tenant only. */
export function panelChanges(store: Store): PanelChanges {
  const waiting = new Map<number, Set<() => void>>();
  const counts = new Map<number, number>();
  /** Changes of every tenant: the listener was away, and nobody knows what it missed. */
  let forAll = 0;
  store.listen('panel', (payload) => {
    if (payload === '') {
      forAll += 1;
      for (const set of waiting.values()) for (const wake of set) wake();
      return;
    }
    const tenant = Number(payload.split(' ')[0]);
    counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
    for (const wake of waiting.get(tenant) ?? []) wake();
  });
  const count = (tenant: number) => forAll + (counts.get(tenant) ?? 0);
  return {
    count,
    next: (tenant, since, timeoutMs, signal) =>
      new Promise((resolve) => {
        if (signal.aborted || count(tenant) !== since) return resolve();
        const set = waiting.get(tenant) ?? new Set();
        waiting.set(tenant, set);
        const wake = () => {
          clearTimeout(timer);
          set.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const timer = setTimeout(wake, timeoutMs);
        set.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      }),
  };
}
