/**
 * What a simulated system saw and did. Every request and every effect is an entry, so that a test can ask
 * afterwards "was this written once, and only once?" without trusting the code under test.
 */
export interface LedgerRequest {
  kind: 'request';
  at: string;
  method: string;
  /** Path with query, as received. */
  path: string;
  /** Route in the simulator's own words, for counting: `workItem.read`, `call.lock`. */
  route: string;
  status: number;
  durationMs: number;
  /** The answer did not get to its end: the reader hung up, or a fault cut the connection. */
  isBrokenOff?: true;
}

export interface LedgerEffect {
  kind: 'effect';
  at: string;
  /** `ticket.created`, `comment.added`, `attachment.added`, `field.updated`, ... */
  effect: string;
  recordId: string;
  actor: string;
  detail?: unknown;
}

export type LedgerEntry = LedgerRequest | LedgerEffect;

/** Keeps the newest `maxEntries`; counts are kept for all time. */
export class Ledger {
  #entries: LedgerEntry[] = [];
  #requests = new Map<string, number>();
  #effects = new Map<string, number>();
  readonly #maxEntries: number;

  constructor(maxEntries = 200_000) {
    this.#maxEntries = maxEntries;
  }

  record(entry: LedgerEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > this.#maxEntries * 1.2) this.#entries = this.#entries.slice(-this.#maxEntries);
    const [counts, key] =
      entry.kind === 'request' ? [this.#requests, entry.route] : [this.#effects, entry.effect];
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  entries(filter: (entry: LedgerEntry) => boolean = () => true): LedgerEntry[] {
    return this.#entries.filter(filter);
  }

  effects(effect?: string, recordId?: string): LedgerEffect[] {
    return this.#entries.filter(
      (entry): entry is LedgerEffect =>
        entry.kind === 'effect' &&
        (effect === undefined || entry.effect === effect) &&
        (recordId === undefined || entry.recordId === recordId),
    );
  }

  counts(): { requests: Record<string, number>; effects: Record<string, number> } {
    return { requests: Object.fromEntries(this.#requests), effects: Object.fromEntries(this.#effects) };
  }

  clear(): void {
    this.#entries = [];
    this.#requests.clear();
    this.#effects.clear();
  }
}
