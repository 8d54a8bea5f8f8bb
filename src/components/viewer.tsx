import { createContext, useContext, useEffect, useState } from 'react';
import type { Viewer } from './time-words.ts';

const context = createContext<Viewer>({ locale: 'en', timeZone: 'UTC' });

export const ViewerProvider = context.Provider;
export const useViewer = (): Viewer => useContext(context);

/** The time, renewed often enough for "2 min ago" to be true. */
export function useNow(everyMs = 20_000): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}
