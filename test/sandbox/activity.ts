import type { Attempt, Delivery } from '../../backend/contract/activity.ts';
import type { Books } from '../../backend/contract/overview.ts';
import type { BackendApi } from './backend-api.ts';

/** What the sandbox's home shows of the product, newest first. */
export interface Activity {
  attempts: Attempt[];
  deliveries: Delivery[];
  books?: Books;
  /** Why there is nothing newer. */
  problem?: string;
}

const everyMs = 700;
const shown = 30;

/** Asks the product what it did, as long as somebody looks, and tells when there is something new. */
export class ActivityFeed {
  current: Activity = { attempts: [], deliveries: [] };
  readonly #api: BackendApi;
  readonly #projectId: string;
  readonly #listeners = new Set<(activity: Activity) => void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(api: BackendApi, projectId: string) {
    this.#api = api;
    this.#projectId = projectId;
  }

  listen(listener: (activity: Activity) => void): () => void {
    this.#listeners.add(listener);
    listener(this.current);
    if (this.#timer === undefined) this.#next(0);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #next(waitMs: number): void {
    this.#timer = setTimeout(() => void this.#look(), waitMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const before = JSON.stringify(this.current);
    this.current = await this.#ask();
    if (JSON.stringify(this.current) !== before)
      for (const listener of this.#listeners) listener(this.current);
    if (this.#timer !== undefined) this.#next(everyMs);
  }

  async #ask(): Promise<Activity> {
    const input = { params: { projectId: this.#projectId }, query: { limit: shown } };
    try {
      const [attempts, deliveries, overview] = await Promise.all([
        this.#api('listAttempts', input),
        this.#api('listDeliveries', input),
        this.#api('readOverview', { params: input.params }),
      ]);
      return { attempts: attempts.attempts, deliveries: deliveries.deliveries, books: overview.books };
    } catch (error) {
      return { ...this.current, problem: error instanceof Error ? error.message : String(error) };
    }
  }
}
