/** Why the backend cannot do its work just now, for the operator: no tenant's words, no addresses, no secrets. */
export interface HealthReason {
  /** Which part: `store`, `lanes`, `disk`. */
  part: string;
  reason: string;
}

export interface Readiness {
  ready: boolean;
  reasons: HealthReason[];
}

/** Resolves to a reason, or undefined when all is well. */
export type HealthCheck = () => Promise<string | undefined> | string | undefined;

export interface Health {
  /** Registers a part; the name shows in the answer. */
  watch(part: string, check: HealthCheck): void;
  /** Asks all parts at once; one that does not answer in time is not ready. */
  readiness(): Promise<Readiness>;
  /** From now on not ready, so that a load balancer sends nothing new. */
  startClosing(): void;
}

const defaultTimeoutMs = 3000;

export const createHealth = (options: { timeoutMs?: number } = {}): Health => {
  const { timeoutMs = defaultTimeoutMs } = options;
  const checks = new Map<string, HealthCheck>();
  let closing = false;

  const ask = async (part: string, check: HealthCheck): Promise<HealthReason | undefined> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`did not answer within ${timeoutMs} ms`), timeoutMs);
    });
    try {
      const reason = await Promise.race([check(), late]);
      return reason === undefined ? undefined : { part, reason };
    } catch (error) {
      // The words of the error may name hosts or accounts; they are in the log of the part itself.
      const { code, name } = error as { code?: unknown; name?: unknown };
      return { part, reason: `failed (${typeof code === 'string' ? code : String(name ?? 'unknown')})` };
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    watch: (part, check) => checks.set(part, check),
    async readiness() {
      const answers = await Promise.all([...checks].map(([part, check]) => ask(part, check)));
      const reasons = answers.filter((reason) => reason !== undefined);
      if (closing) reasons.push({ part: 'backend', reason: 'is shutting down' });
      return { ready: reasons.length === 0, reasons };
    },
    startClosing() {
      closing = true;
    },
  };
};
