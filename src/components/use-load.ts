import { type DependencyList, useCallback, useEffect, useRef, useState } from 'react';
import { type ApiProblem, asProblem, isAbort } from '../api/problem.ts';

export interface Loaded<T> {
  data: T | undefined;
  problem: ApiProblem | undefined;
  loading: boolean;
  /** Reads again; what is shown stays until the answer is there. */
  reload(): void;
  /** Puts the answer of a change in place without reading again. */
  set(data: T): void;
}

/** Reads something and gives up the reading when its inputs change: a late answer never replaces a newer one. */
export function useLoad<T>(read: (signal: AbortSignal) => Promise<T>, inputs: DependencyList): Loaded<T> {
  const [state, setState] = useState<{ data?: T; problem?: ApiProblem; loading: boolean }>({ loading: true });
  const [turn, setTurn] = useState(0);
  const reading = useRef(read);
  reading.current = read;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the inputs are the caller's, as in useEffect itself.
  useEffect(() => {
    const abort = new AbortController();
    setState((before) => ({ ...before, loading: true }));
    reading.current(abort.signal).then(
      (data) => !abort.signal.aborted && setState({ data, loading: false }),
      (reason) => {
        if (abort.signal.aborted || isAbort(reason)) return;
        setState((before) => ({ ...before, problem: asProblem(reason), loading: false }));
      },
    );
    return () => abort.abort();
  }, [...inputs, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const set = useCallback((data: T) => setState({ data, loading: false }), []);
  return { data: state.data, problem: state.problem, loading: state.loading, reload, set };
}

export interface Doing {
  busy: boolean;
  problem: ApiProblem | undefined;
  /** Runs the work unless some is under way; a failure lands in `problem`. */
  run(work: () => Promise<void>): void;
  clear(): void;
}

/** One piece of work at a time, with its failure. */
export function useDoing(): Doing {
  const [state, setState] = useState<{ busy: boolean; problem?: ApiProblem }>({ busy: false });
  const busy = useRef(false);
  const run = useCallback((work: () => Promise<void>) => {
    if (busy.current) return;
    busy.current = true;
    setState({ busy: true });
    work()
      .then(
        () => setState({ busy: false }),
        (reason) => setState(isAbort(reason) ? { busy: false } : { busy: false, problem: asProblem(reason) }),
      )
      .finally(() => {
        busy.current = false;
      });
  }, []);
  const clear = useCallback(() => setState((before) => ({ busy: before.busy })), []);
  return { busy: state.busy, problem: state.problem, run, clear };
}
