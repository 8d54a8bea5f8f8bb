/** Often enough for "2 min ago" to be true. */
const everyMs = 20_000;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let nowMs = Date.now();

function tick(): void {
  nowMs = Date.now();
  for (const listener of listeners) listener();
}

function stop(): void {
  clearInterval(timer);
  timer = undefined;
}

/** A page that nobody sees needs no time; it is right again in the moment in which it is seen. */
function follow(): void {
  if (document.hidden) stop();
  else {
    tick();
    timer ??= setInterval(tick, everyMs);
  }
}

/**
 * The page's one clock, for all times on it: 10,000 rows with a timer each took twice as long to draw, and all of them
 * drew again every 20 s. It runs while somebody listens and the page is seen.
 *
 * @returns what ends the listening.
 */
export function onTick(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) {
    nowMs = Date.now();
    document.addEventListener('visibilitychange', follow);
    if (!document.hidden) timer ??= setInterval(tick, everyMs);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    document.removeEventListener('visibilitychange', follow);
    stop();
  };
}

/** Milliseconds since 1970 at the clock's last tick; the same between two ticks. */
export const clockMs = (): number => nowMs;
