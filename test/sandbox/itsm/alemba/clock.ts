/** The simulator's time: the given clock plus what a test advanced it by. It never runs backwards. */
export class MovableClock {
  #offsetMs = 0;
  #lastMs = 0;
  readonly #base: () => Date;

  constructor(base: () => Date = () => new Date()) {
    this.#base = base;
  }

  nowMs(): number {
    this.#lastMs = Math.max(this.#lastMs, this.#base().getTime() + this.#offsetMs);
    return this.#lastMs;
  }

  nowIso(): string {
    return new Date(this.nowMs()).toISOString();
  }

  /** @throws RangeError when `ms` is negative or not finite. */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError('the clock only moves forwards');
    this.#offsetMs += ms;
  }
}

/** Dates as the API prints them, with seven decimals ("Alemba API Programmers' Guide"). */
export function toApiDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}0000Z`;
}

/** Dates as outbound webhooks print them: no fraction when it is zero (docs.alemba.com, "Webhook Payloads"). */
export function toWebhookDate(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
