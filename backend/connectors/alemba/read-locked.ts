import type { LockedRead, ReadResult } from '../connector.ts';
import type { Alemba } from './alemba.ts';
import type { Row } from './client.ts';
import { tryHold } from './lock.ts';
import { requireRef } from './read.ts';
import { orderOf } from './translate.ts';
import { updateCall } from './update.ts';

/**
 * Reads a call under its lock, so that the update which follows needs no reading of its own. Undefined when the lock is
 * not free, or when the settings give up the reading under the lock anyway.
 */
export async function readLocked(
  alemba: Alemba,
  id: string,
  read: () => Promise<ReadResult>,
): Promise<LockedRead | undefined> {
  requireRef(id);
  if (!alemba.settings.readUnderLock) return undefined;
  const held = await tryHold(alemba, id);
  if (held === undefined) return undefined;
  try {
    const result = await read();
    held.wasRead(stampIn(result.snapshot.revision));
    return {
      ...result,
      update: (_id, changes, options) =>
        updateCall(alemba, id, changes, { ...options, held }).finally(() => held.release()),
      release: () => held.release(),
    };
  } catch (error) {
    await held.release();
    throw error;
  }
}

/** The columns that a revision was made of; see `revisionOf`. */
const stampIn = (revision: string): Row => ({
  LastActionDate: revision.slice(0, revision.lastIndexOf('/')) || null,
  LastHistoryOrder: orderOf(revision),
});
