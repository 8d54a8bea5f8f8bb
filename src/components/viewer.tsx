import { createContext, useContext, useSyncExternalStore } from 'react';
import { clockMs, onTick } from './clock.ts';
import type { Viewer } from './time-words.ts';

const context = createContext<Viewer>({ locale: 'en', timeZone: 'UTC' });

export const ViewerProvider = context.Provider;
export const useViewer = (): Viewer => useContext(context);

/** What the time makes of something, such as words; drawn again only when that changes. */
export function useTime<T extends string | number | boolean>(read: (nowMs: number) => T): T {
  return useSyncExternalStore(onTick, () => read(clockMs()));
}
