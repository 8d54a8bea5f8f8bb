import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { followHash } from '../host/page.ts';

const placeOf = (hash: string) => hash.replace(/^#/, '').split('/').filter(Boolean);
const isSame = (a: readonly string[], b: readonly string[]) => a.join('/') === b.join('/');

/**
 * The place in the hub, from the page's hash. While something is unsaved, going elsewhere waits in `asked` for a person,
 * whether they press a tab or the browser's back button.
 */
export function usePlace() {
  const [place, setPlace] = useState<string[]>([]);
  const [asked, setAsked] = useState<string[]>();
  const here = useRef(place);
  const unsaved = useRef(false);
  const write = useRef<(hash: string) => void>(undefined);

  const move = useCallback((next: string[]) => {
    here.current = next;
    setPlace(next);
    setAsked(undefined);
  }, []);
  const go = useCallback(
    (...next: string[]) => {
      if (unsaved.current && !isSame(next, here.current)) return setAsked(next);
      move(next);
      write.current?.(next.join('/'));
    },
    [move],
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
      setAsked(next);
    }).then(
      (setHash) => {
        write.current = setHash;
      },
      // Without the host's navigation the hub works, only its address does not follow.
      () => undefined,
    );
  }, [move]);
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => {
      if (unsaved.current) event.preventDefault();
    };
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, []);

  const leave = useCallback(() => {
    unsaved.current = false;
    if (asked) go(...asked);
  }, [asked, go]);
  const stay = useCallback(() => setAsked(undefined), []);
  return useMemo(
    () => ({ place, go, setUnsaved, asked, leave, stay }),
    [place, go, setUnsaved, asked, leave, stay],
  );
}
