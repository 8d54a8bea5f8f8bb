import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { type ApiProblem, asProblem } from '../api/problem.ts';
import { ask, followHash } from '../host/page.ts';
import { words } from '../text-settings.ts';

const placeOf = (hash: string) => hash.replace(/^#/, '').split('/').filter(Boolean);
const isSame = (a: readonly string[], b: readonly string[]) => a.join('/') === b.join('/');

/**
 * The place in the hub, from the page's hash. While something is unsaved, going elsewhere waits for the person's consent,
 * whether they press a tab or the browser's back button. `problem` when they could not be asked.
 */
export function usePlace() {
  const [place, setPlace] = useState<string[]>([]);
  const [problem, setProblem] = useState<ApiProblem>();
  const here = useRef(place);
  const unsaved = useRef(false);
  const asking = useRef(false);
  const write = useRef<(hash: string) => void>(undefined);

  const move = useCallback((next: string[]) => {
    here.current = next;
    setPlace(next);
    setProblem(undefined);
  }, []);
  const leaveFor = useCallback(
    async (next: string[]) => {
      if (asking.current) return;
      asking.current = true;
      try {
        const agreed = await ask({ title: words.leaveTitle, message: words.leaveBody, action: words.leave });
        if (!agreed) return;
        unsaved.current = false;
        move(next);
        write.current?.(next.join('/'));
      } catch (reason) {
        setProblem(asProblem(reason));
      } finally {
        asking.current = false;
      }
    },
    [move],
  );
  const go = useCallback(
    (...next: string[]) => {
      if (unsaved.current && !isSame(next, here.current)) return void leaveFor(next);
      move(next);
      write.current?.(next.join('/'));
    },
    [move, leaveFor],
  );
  const setUnsaved = useCallback((next: boolean) => {
    unsaved.current = next;
  }, []);

  useEffect(() => {
    followHash((hash) => {
      const next = placeOf(hash);
      if (isSame(next, here.current)) return;
      if (!unsaved.current) return move(next);
      // The host has moved already: its address goes back to what is shown until the person decides.
      write.current?.(here.current.join('/'));
      void leaveFor(next);
    }).then(
      (setHash) => {
        write.current = setHash;
      },
      // Without the host's navigation the hub works, only its address does not follow.
      () => undefined,
    );
  }, [move, leaveFor]);
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (unsaved.current) event.preventDefault();
    };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, []);

  return useMemo(() => ({ place, go, setUnsaved, problem }), [place, go, setUnsaved, problem]);
}
