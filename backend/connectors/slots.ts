/** Lets at most `count` callers in at a time, in the order they came. */
export interface Slots {
  take(): Promise<void> | undefined;
  release(): void;
}

export const createSlots = (count: number): Slots => {
  let free = count;
  const waiting: (() => void)[] = [];
  return {
    take() {
      if (free > 0) {
        free -= 1;
        return undefined;
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    release() {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    },
  };
};
