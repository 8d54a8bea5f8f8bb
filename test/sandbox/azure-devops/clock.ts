/** A clock that runs with wall time and can be pushed forward, so that "16 hours later" costs a test no time. */
interface Timer {
  dueMs: number;
  order: number;
  run: () => void | Promise<void>;
}

export class SandboxClock {
  #offsetMs = 0;
  #timers: Timer[] = [];
  #wake: NodeJS.Timeout | undefined;
  #order = 0;
  #closed = false;
  #advancing = false;
  readonly #baseNow: () => number;

  /** `baseNow` in milliseconds since the epoch; wall time by default. */
  constructor(baseNow: () => number = Date.now) {
    this.#baseNow = baseNow;
  }

  nowMs(): number {
    return this.#baseNow() + this.#offsetMs;
  }

  iso(): string {
    return new Date(this.nowMs()).toISOString();
  }

  /** Runs `run` once the clock reaches `dueMs`, by waiting or by `advance`. Returns a function that cancels it. */
  schedule(dueMs: number, run: Timer['run']): () => void {
    const timer: Timer = { dueMs, order: this.#order++, run };
    this.#timers.push(timer);
    this.#timers.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
    this.#arm();
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /**
   * Moves forward and waits for everything that falls due on the way, in order. A timer set by such a timer is
   * run too when it falls within the span: a whole chain of retries fits into one call.
   */
  async advance(spanMs: number): Promise<void> {
    const targetMs = this.nowMs() + spanMs;
    this.#advancing = true;
    try {
      for (;;) {
        const next = this.#timers[0];
        if (next === undefined || next.dueMs > targetMs) break;
        this.#timers.shift();
        this.#moveTo(next.dueMs);
        await next.run();
      }
      this.#moveTo(targetMs);
    } finally {
      this.#advancing = false;
      this.#arm();
    }
  }

  pendingTimers(): number {
    return this.#timers.length;
  }

  clear(): void {
    this.#timers = [];
    clearTimeout(this.#wake);
  }

  close(): void {
    this.#closed = true;
    this.clear();
  }

  #moveTo(atMs: number): void {
    const gapMs = atMs - this.nowMs();
    if (gapMs > 0) this.#offsetMs += gapMs;
  }

  #arm(): void {
    clearTimeout(this.#wake);
    const next = this.#timers[0];
    if (next === undefined || this.#closed || this.#advancing) return;
    // setTimeout overflows above 2^31 - 1 ms; a longer wait is simply armed again.
    const waitMs = Math.min(Math.max(next.dueMs - this.nowMs(), 0), 2_000_000_000);
    this.#wake = setTimeout(() => this.#fireDue(), waitMs);
    this.#wake.unref();
  }

  #fireDue(): void {
    while (!this.#advancing) {
      const next = this.#timers[0];
      if (next === undefined || next.dueMs > this.nowMs()) break;
      this.#timers.shift();
      void next.run();
    }
    this.#arm();
  }
}
