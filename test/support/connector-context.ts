import { createAddressGuard } from '../../backend/connectors/address-guard.ts';
import type { ConnectorContext } from '../../backend/connectors/connector.ts';
import { createTransport, type HttpTransport } from '../../backend/connectors/http-transport.ts';
import { createMemoryBudget } from '../../backend/connectors/request-budget.ts';
import { Failure } from '../../backend/sync/failure.ts';

export type MemoryVault = ConnectorContext['vault'] & { entries: Map<string, string> };

/** What replicas of one connection share. */
export function memoryVault(): MemoryVault {
  const entries = new Map<string, string>();
  const queues = new Map<string, Promise<unknown>>();
  return {
    entries,
    read: async (name) => entries.get(name),
    async write(name, value) {
      if (value === undefined) entries.delete(name);
      else entries.set(name, value);
    },
    exclusive(name, use) {
      const turn = (queues.get(name) ?? Promise.resolve()).then(use, use);
      queues.set(name, turn);
      return turn;
    },
  };
}

export interface LoopbackContext extends ConnectorContext {
  transport: HttpTransport;
  lines: { line: string; facts: Record<string, unknown> | undefined }[];
}

/** A connector's context with the real transport, allowed to talk to simulators on loopback only. */
export function loopbackContext(input: {
  origin: string;
  settings?: Record<string, unknown>;
  secrets: Record<string, string>;
  vault?: MemoryVault;
  now?: () => Date;
}): LoopbackContext {
  const lines: LoopbackContext['lines'] = [];
  return {
    connectionId: 'conformance',
    settings: input.settings ?? {},
    async secret(name) {
      const value = input.secrets[name];
      if (value === undefined)
        throw new Failure({ kind: 'unauthorized', message: `The secret ${name} is not set` });
      return value;
    },
    vault: input.vault ?? memoryVault(),
    transport: createTransport({
      guard: createAddressGuard({ allowPrivate: ['127.0.0.0/8'], allowHttp: true }),
      origins: [input.origin],
      budget: createMemoryBudget({ requestsPerSecond: 2000, concurrent: 4 }),
    }),
    now: input.now ?? (() => new Date()),
    log: (line, facts) => lines.push({ line, facts }),
    lines,
  };
}
