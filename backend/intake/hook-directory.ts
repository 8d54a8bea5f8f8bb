import type { Store } from '../store/pool.ts';

/** Whose address a hook came in on, with the secrets that prove its sender. */
export interface HookAddress {
  tenant: number;
  connection: string;
  kind: string;
  /** Current and, during a rotation, former. */
  secrets: readonly string[];
}

export interface HookDirectory {
  /** Undefined for an address that was never given out. Throws when the store is away and nothing is remembered. */
  find(hookId: string): Promise<HookAddress | undefined>;
}

const maxAgeMs = 10_000;
const maxUnknown = 10_000;

/**
 * Remembers addresses for ten seconds: a thousand hooks a second must not ask the store a thousand times who they are
 * from. While the store is away the last answer serves, so that a wrong secret is still told from an outage.
 */
export function hookDirectory(
  store: Store,
  acceptedSecrets: (tenant: number, connection: string, kind: string) => Promise<string[]>,
): HookDirectory {
  const known = new Map<string, { address: Promise<HookAddress | undefined>; at: number }>();
  store.listen('settings', () => known.clear());

  const look = async (hookId: string): Promise<HookAddress | undefined> => {
    const [row] = await store.call<{ tenant: number; connection: string; kind: string }>(
      'select * from find_hook($1)',
      [hookId],
    );
    if (row === undefined) return undefined;
    return { ...row, secrets: await acceptedSecrets(row.tenant, row.connection, row.kind) };
  };

  return {
    async find(hookId) {
      const remembered = known.get(hookId);
      if (remembered !== undefined && Date.now() - remembered.at < maxAgeMs) return remembered.address;
      const address = look(hookId);
      if (known.size > maxUnknown) known.clear();
      known.set(hookId, { address, at: Date.now() });
      try {
        return await address;
      } catch (error) {
        if (remembered === undefined) {
          known.delete(hookId);
          throw error;
        }
        known.set(hookId, { ...remembered, at: Date.now() });
        return remembered.address;
      }
    },
  };
}
