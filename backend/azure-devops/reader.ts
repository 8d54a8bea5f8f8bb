import DataLoader from 'dataloader';
import { outsideAttempt, untilAttemptEnds } from '../connectors/attempt.ts';
import { Failure, isFailure } from '../sync/failure.ts';
import type { Client } from './client.ts';
import { isMarkdown, projectOf, typeOf } from './translate.ts';
import * as wire from './wire.ts';

/** Most that one request may ask for (Microsoft: wit/work-items/get-work-items-batch). */
const maxBatch = 200;
/** A second batch may leave at once, so that one slow answer does not hold up a lonely read; more only when full. */
const eagerInFlight = 2;
const maxInFlight = 4;
const maxRemembered = 20_000;

/** What the last answer about a work item told, for writes that follow: they must not cost another read. */
export interface Remembered {
  project: string;
  type: string;
  markdown: ReadonlySet<string>;
}

export interface Reader {
  /** Fields and relations; undefined when it is not there or not ours to see. */
  read(id: string): Promise<wire.WireWorkItem | undefined>;
  /** A few fields of many, in the order asked for; those that cannot be read are left out. */
  readFields(ids: readonly number[], fields: readonly string[]): Promise<wire.WireWorkItem[]>;
  readMany(ids: readonly number[]): Promise<wire.WireWorkItem[]>;
  /** From the recycle bin; undefined when it is not in it. */
  readDeleted(id: string): Promise<wire.WireWorkItem | 'withoutContent' | undefined>;
  remember(item: wire.WireWorkItem): void;
  recall(id: string): Remembered | undefined;
}

/** Concurrent reads go together in one request, without waiting for company when nothing is under way. */
export const createReader = (client: Client): Reader => {
  const remembered = new Map<string, Remembered>();

  const remember = (item: wire.WireWorkItem) => {
    const project = projectOf(item);
    const type = typeOf(item);
    if (project === undefined || type === undefined) return;
    const id = String(item.id);
    const markdown = Object.keys(item.multilineFieldsFormat ?? {}).filter((f) => isMarkdown(item, f));
    remembered.delete(id);
    remembered.set(id, { project, type, markdown: new Set(markdown) });
    for (const oldest of remembered.keys()) {
      if (remembered.size <= maxRemembered) break;
      remembered.delete(oldest);
    }
  };

  const fetchBatch = async (ids: readonly number[], fields?: readonly string[]) => {
    // fields and $expand exclude each other; without fields all come that hold something.
    const body = { ids, errorPolicy: 'omit', ...(fields ? { fields } : { $expand: 'relations' }) };
    const { value } = await client.json(
      {
        method: 'POST',
        path: 'wit/workitemsbatch',
        resource: 'workItemsBatch',
        route: 'workItems.batch',
        body,
        repeat: 'safe',
        // 200 long descriptions; the default of the transport is for one record.
        maxAnswerBytes: 64 * 1024 * 1024,
      },
      wire.workItemList,
    );
    return value.filter((item) => item !== null);
  };

  const inChunks = async (ids: readonly number[], fields?: readonly string[]) => {
    const found: wire.WireWorkItem[] = [];
    for (let from = 0; from < ids.length; from += maxBatch) {
      found.push(...(await fetchBatch(ids.slice(from, from + maxBatch), fields)));
    }
    const byId = new Map(found.map((item) => [item.id, item]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  };

  const schedule = naturalBatches();
  const loader = new DataLoader<number, wire.WireWorkItem | undefined>(
    (ids) =>
      schedule.track(async () => {
        const found = await outsideAttempt(() => fetchBatch(ids));
        for (const item of found) remember(item);
        const byId = new Map(found.map((item) => [item.id, item]));
        return ids.map((id) => byId.get(id));
      }),
    { cache: false, maxBatchSize: maxBatch, batchScheduleFn: schedule.add },
  );

  const readDeleted: Reader['readDeleted'] = async (id) => {
    const project = remembered.get(id)?.project;
    try {
      const found = await client.json(
        {
          method: 'GET',
          path: `wit/recyclebin/${numberOf(id)}`,
          ...(project && { project }),
          resource: 'recycleBin',
          route: 'recycleBin.read',
        },
        wire.deletedWorkItem,
      );
      return found.resource ?? 'withoutContent';
    } catch (error) {
      if (isFailure(error) && (error.kind === 'notFound' || error.kind === 'forbidden')) return undefined;
      throw error;
    }
  };

  return {
    read: (id) => untilAttemptEnds(loader.load(numberOf(id))),
    readFields: (ids, fields) => inChunks(ids, fields),
    readMany: (ids) => inChunks(ids),
    readDeleted,
    remember,
    recall: (id) => remembered.get(id),
  };
};

/** Throws `Failure` notFound for what cannot be an id, as the server would. */
export const numberOf = (id: string): number => {
  if (/^[1-9]\d{0,9}$/.test(id)) return Number(id);
  throw new Failure({ kind: 'notFound', message: 'This is not the number of a work item' });
};

/** Decides when a batch leaves: at the end of the tick when few are under way, else when one has come back. */
const naturalBatches = () => {
  const waiting: (() => void)[] = [];
  let inFlight = 0;
  let isTickPlanned = false;

  const leave = (limit: number) => {
    while (waiting.length > 0 && inFlight < limit) {
      inFlight++;
      waiting.shift()?.();
    }
  };

  return {
    add: (dispatch: () => void) => {
      // A new batch is opened only when the one before it is full or gone.
      if (waiting.length > 0) leave(maxInFlight);
      waiting.push(dispatch);
      if (isTickPlanned) return;
      isTickPlanned = true;
      setImmediate(() => {
        isTickPlanned = false;
        leave(eagerInFlight);
      });
    },
    track: async <T>(run: () => Promise<T>): Promise<T> => {
      try {
        return await run();
      } finally {
        inFlight--;
        leave(eagerInFlight);
      }
    },
  };
};
