import { useCallback, useEffect, useRef, useState } from 'react';
import type { Panel } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { type ApiProblem, asProblem, isAbort } from '../api/problem.ts';
import { keepPanel, lastKnownPanel, type PanelPlace } from './last-known.ts';

const waitSeconds = 25;
const firstRetryMs = 1_000;
const longestRetryMs = 30_000;

export interface LivePanel {
  panel: Panel | undefined;
  /** The panel is from the store of this browser, or the last reading failed. */
  outdated: boolean;
  problem: ApiProblem | undefined;
  /** Reads now instead of when the backend has something newer. */
  refresh(): void;
}

/**
 * The panel of a work item, kept up to date: the last known state at once, then a reading, then one long poll after
 * another. Nothing is asked for while the page is hidden; it is read again when it comes back.
 */
export function usePanel(client: Client | undefined, place: PanelPlace | undefined): LivePanel {
  const [panel, setPanel] = useState<Panel>();
  const [outdated, setOutdated] = useState(true);
  const [problem, setProblem] = useState<ApiProblem>();
  const [turn, setTurn] = useState(0);
  const shownFor = useRef<string>(undefined);
  const refresh = useCallback(() => setTurn((before) => before + 1), []);
  const key = place ? `${place.organizationId}/${place.userId}/${place.workItemId}` : undefined;
  const placeNow = useRef(place);
  placeNow.current = place;

  useEffect(() => {
    if (shownFor.current === key) return;
    shownFor.current = key;
    setPanel(placeNow.current ? lastKnownPanel(placeNow.current) : undefined);
    setOutdated(true);
    setProblem(undefined);
  }, [key]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` asks for another reading, `key` stands for `place`.
  useEffect(() => {
    const here = placeNow.current;
    if (!client || !here) return;
    const abort = new AbortController();
    void follow(client, here, abort.signal, {
      onPanel: (next) => {
        keepPanel(here, next);
        setPanel(next);
        setOutdated(false);
        setProblem(undefined);
      },
      onProblem: (next) => {
        setOutdated(true);
        setProblem(next);
      },
    });
    return () => abort.abort();
  }, [client, key, turn]);

  return { panel, outdated, problem, refresh };
}

async function follow(
  client: Client,
  { workItemId }: PanelPlace,
  signal: AbortSignal,
  listeners: { onPanel(panel: Panel): void; onProblem(problem: ApiProblem): void },
): Promise<void> {
  let after: number | undefined;
  let retryMs = firstRetryMs;
  while (!signal.aborted) {
    try {
      await visible(signal);
      const waiting = after === undefined ? {} : { after, waitSeconds };
      const startedMs = performance.now();
      const next = await client.api.readPanel(
        { workItemId, ...waiting },
        // The backend answers within 25 s; a proxy in between may add its own delay.
        { signal, timeoutMs: (after === undefined ? 20 : waitSeconds + 15) * 1000 },
      );
      if (signal.aborted) return;
      if (next.version !== after) listeners.onPanel(next);
      // A backend that does not wait must not be asked in a tight loop.
      else if (performance.now() - startedMs < 1_000) await pause(2_000, signal);
      after = next.version;
      retryMs = firstRetryMs;
    } catch (reason) {
      if (signal.aborted || isAbort(reason)) return;
      const problem = asProblem(reason);
      listeners.onProblem(problem);
      // What a person must mend is asked for again when the person presses, not all day long.
      if (!problem.passes) return;
      after = undefined;
      await pause(retryMs * (0.75 + Math.random() / 2), signal);
      retryMs = Math.min(longestRetryMs, retryMs * 2);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function visible(signal: AbortSignal): Promise<void> {
  if (document.visibilityState !== 'hidden') return Promise.resolve();
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState === 'hidden' && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
  });
}
