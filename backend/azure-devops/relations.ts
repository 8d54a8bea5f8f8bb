import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, isFailure } from '../sync/failure.ts';
import { onRevision, type PatchOperation } from './patch.ts';
import { sendPatch } from './update.ts';
import type { WireWorkItem } from './wire.ts';
import type { Workshop } from './workshop.ts';

/** Others may write the same work item at the same time; each lost race costs one read and one write. */
const maxTries = 6;
const firstPauseMs = 20;

/**
 * Adds a relation once. Before every try the fresh work item is looked at: when `find` sees what is to be added, it
 * was added by an earlier try, by whoever lost its answer.
 */
export const addRelationOnce = async (
  workshop: Workshop,
  id: string,
  input: {
    find(item: WireWorkItem): boolean;
    operation: PatchOperation;
    route: string;
    /** The work item as just read, to save the first reading. */
    fresh?: WireWorkItem;
    repeat: 'safe' | 'unsafe';
  },
): Promise<WireWorkItem> => {
  let { fresh } = input;
  for (let tries = 1; ; tries++) {
    const item = fresh ?? (await readFresh(workshop, id));
    fresh = undefined;
    if (input.find(item)) return item;
    try {
      const written = await sendPatch(workshop, id, [onRevision(item.rev), input.operation], input);
      workshop.reader.remember(written);
      return written;
    } catch (error) {
      if (!isFailure(error) || error.kind !== 'stale' || tries >= maxTries) throw error;
      await sleep(Math.random() * firstPauseMs * 2 ** tries);
    }
  }
};

export const readFresh = async (workshop: Workshop, id: string): Promise<WireWorkItem> => {
  const item = await workshop.reader.read(id);
  if (item) return item;
  throw new Failure({ kind: 'notFound', message: `Work item ${id} does not exist or is not visible` });
};
