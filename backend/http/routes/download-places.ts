export interface DownloadPlaces {
  /** Resolves with what gives the place back, or with undefined when none became free in time. */
  take(connection: string, places: number): Promise<(() => void) | undefined>;
}

/**
 * So many downloads of a connection at a time, in the order they came. A reader may be slow, and the request that it holds
 * at the service desk is one of few (Alemba: two): without a limit, two paused downloads would stop synchronisation.
 */
export function createDownloadPlaces(patienceMs = 20_000): DownloadPlaces {
  const taken = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();

  const giveBack = (connection: string) => {
    let isBack = false;
    return () => {
      if (isBack) return;
      isBack = true;
      const next = waiting.get(connection)?.shift();
      if (next !== undefined) return next();
      const left = (taken.get(connection) ?? 1) - 1;
      if (left > 0) taken.set(connection, left);
      else taken.delete(connection);
    };
  };

  return {
    async take(connection, places) {
      const used = taken.get(connection) ?? 0;
      if (used < places) {
        taken.set(connection, used + 1);
        return giveBack(connection);
      }
      const queue = waiting.get(connection) ?? [];
      waiting.set(connection, queue);
      return new Promise((resolve) => {
        const mine = () => {
          clearTimeout(late);
          resolve(giveBack(connection));
        };
        const late = setTimeout(() => {
          queue.splice(queue.indexOf(mine), 1);
          resolve(undefined);
        }, patienceMs);
        queue.push(mine);
      });
    },
  };
}
