/**
 * Revisions that our own writes produced, remembered for a moment. The hook that a write causes comes in a millisecond
 * later, often before the run is settled; told from here it needs no lane at all, which is half of the store's work at
 * 400 changes a second. Only the very revision of our own answer counts as an echo, so nobody's edit can be taken for
 * one. What another replica wrote, or a restart forgot, goes the long way and is recognised by the base.
 */
export interface Echoes {
  note(tenant: number, connection: string, recordId: string, revision: string | undefined): void;
  isEcho(tenant: number, connection: string, recordId: string, revision: string | undefined): boolean;
}

const maxRemembered = 20_000;

export function createEchoes(): Echoes {
  const revisions = new Map<string, string>();
  const keyOf = (tenant: number, connection: string, recordId: string) =>
    `${tenant} ${connection} ${recordId}`;
  return {
    note(tenant, connection, recordId, revision) {
      if (revision === undefined) return;
      const key = keyOf(tenant, connection, recordId);
      revisions.delete(key);
      revisions.set(key, revision);
      // Maps keep the order of insertion, so the first is the oldest.
      if (revisions.size > maxRemembered) revisions.delete(revisions.keys().next().value as string);
    },
    isEcho: (tenant, connection, recordId, revision) =>
      revision !== undefined && revisions.get(keyOf(tenant, connection, recordId)) === revision,
  };
}
