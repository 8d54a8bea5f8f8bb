import { type DependencyList, useState } from 'react';
import { useDoing, useLoad } from '../../components/use-load.ts';

interface ListPage<T> {
  entries: T[];
  more: boolean;
}

/** A list that is read page by page, newest first. Reading it afresh drops the older pages. */
export function usePages<T extends { id: string }>(
  read: (before: string | undefined, signal?: AbortSignal) => Promise<ListPage<T>>,
  inputs: DependencyList,
) {
  const [older, setOlder] = useState<ListPage<T>>();
  const first = useLoad(async (signal) => {
    const page = await read(undefined, signal);
    setOlder(undefined);
    return page;
  }, inputs);
  const reading = useDoing();
  const entries = [...(first.data?.entries ?? []), ...(older?.entries ?? [])];
  const readOlder = () =>
    reading.run(async () => {
      const next = await read(entries.at(-1)?.id);
      setOlder((before) => ({ entries: [...(before?.entries ?? []), ...next.entries], more: next.more }));
    });
  return {
    entries,
    ready: first.data !== undefined,
    problem: first.problem ?? reading.problem,
    reload: first.reload,
    loading: first.loading || reading.busy,
    more: older?.more ?? first.data?.more ?? false,
    readOlder,
  };
}
