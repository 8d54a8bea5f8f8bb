import { calledOff, type Ending } from './attempt.ts';

/** Lets at most `count` callers in at a time, in the order they came. */
export interface Slots {
  /** Throws `Failure` unavailable when `signal` ends the wait. */
  take(signal?: Ending): Promise<void> | undefined;
  release(): void;
}

export const createSlots = (count: number): Slots => {
  let free = count;
  const waiting: (() => void)[] = [];
  return {
    take(signal) {
      if (free > 0) {
        free -= 1;
        return undefined;
      }
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiting.splice(waiting.indexOf(enter), 1);
          reject(calledOff(signal as Ending));
        };
        const enter = () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        };
        waiting.push(enter);
        if (signal?.aborted) leave();
        else signal?.addEventListener('abort', leave, { once: true });
      });
    },
    release() {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    },
  };
};
