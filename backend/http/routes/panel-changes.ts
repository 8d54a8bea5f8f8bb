import type { Store } from '../../store/pool.ts';
import type { PanelChanges } from './services.ts';

/** One listener for all waiting panels; each wakes at a change of its own tenant only. */
export function panelChanges(store: Store): PanelChanges {
  const waiting = new Map<number, Set<() => void>>();
  store.listen('panel', (payload) => {
    if (payload === '') {
      for (const set of waiting.values()) for (const wake of set) wake();
      return;
    }
    for (const wake of waiting.get(Number(payload.split(' ')[0])) ?? []) wake();
  });
  return {
    next: (tenant, timeoutMs, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
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
