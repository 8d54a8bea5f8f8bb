import type { RecordSystem } from '../connectors/connector.ts';
import { isLeaseHeld } from '../lanes/lease.ts';
import {
  declareIntent,
  type IntentRow,
  markDone,
  markSent,
  markUnsent,
  type NewIntent,
} from '../store/intents.ts';
import type { Sql } from '../store/pool.ts';
import { Failure, isFailure } from '../sync/failure.ts';
import { type EngineContext, SidedFailure } from './ports.ts';

/** Another intent is carrying out the same write: wait and look again. */
export class RivalUnderway extends Error {
  constructor() {
    super('The same is being created already');
    this.name = 'RivalUnderway';
  }
}

export const isRival = (error: unknown): boolean =>
  error instanceof RivalUnderway || (error instanceof SidedFailure && error.cause instanceof RivalUnderway);

/**
 * Sends a write that must happen once. The intent is committed before the request; a try after an unknown outcome
 * looks for the mark first. `send` and `lookFor` throw Failures.
 */
export async function sendOnce(
  context: EngineContext,
  tenant: number,
  wanted: NewIntent,
  remote: {
    /** The id of what carries the mark, when the earlier try did reach the system. */
    lookFor(intent: IntentRow): Promise<string | undefined>;
    send(): Promise<string>;
    /** True when another intent means the same write; asked in the transaction that decides to send. */
    hasRival?(sql: Sql): Promise<boolean>;
  },
): Promise<{ id: string; repeated: boolean }> {
  const intent = await context.store.asTenant(tenant, async (sql) => {
    const stored = await declareIntent(sql, tenant, wanted);
    if (stored.state === 'planned' && (await remote.hasRival?.(sql))) throw new RivalUnderway();
    if (stored.state !== 'done') await markSent(sql, wanted.key);
    return stored;
  });
  if (intent.state === 'done' && intent.target_id !== null) return { id: intent.target_id, repeated: true };
  if (intent.state === 'sent') {
    const found = await remote.lookFor(intent);
    if (found !== undefined) {
      await context.store.asTenant(tenant, (sql) => markDone(sql, wanted.key, found));
      return { id: found, repeated: true };
    }
  }
  await context.failpoint(`${wanted.kind}.beforeSend`);
  // Whoever has the lane now has looked for the mark already and will not look again.
  if (!isLeaseHeld()) {
    throw new Failure({ kind: 'stale', message: 'Another worker has taken this over in the meantime.' });
  }
  const id = await send(context, tenant, wanted.key, remote.send);
  await context.failpoint(`${wanted.kind}.afterSend`);
  await context.store.asTenant(tenant, (sql) => markDone(sql, wanted.key, id));
  await context.failpoint(`${wanted.kind}.afterDone`);
  return { id, repeated: false };
}

async function send(
  context: EngineContext,
  tenant: number,
  key: string,
  remote: () => Promise<string>,
): Promise<string> {
  try {
    return await remote();
  } catch (error) {
    if (isFailure(error) && surelyNotDone.has(error.kind)) {
      await context.store.asTenant(tenant, (sql) => markUnsent(sql, key));
    }
    throw error;
  }
}

/**
 * With these the system said that it did nothing. Not `unavailable` or `throttled`: a 500 or 503 may come from a proxy
 * after the effect, and looking for the mark costs one request where a double costs trust.
 */
const surelyNotDone = new Set(['unauthorized', 'forbidden', 'notFound', 'rejected', 'stale']);

export const findCommentByMark = async (system: RecordSystem, recordId: string, mark: string) =>
  (await system.listComments(recordId)).find((comment) => comment.marks.includes(mark))?.id;

/**
 * Systems without a place for the mark are searched by name and size as well. What is paired already is somebody
 * else's copy: a record may hold several files of one name.
 */
export const findAttachmentByMark = async (
  system: RecordSystem,
  recordId: string,
  wanted: { mark: string; name: string; sizeBytes?: number },
  paired: ReadonlySet<string>,
) => {
  const attachments = await system.listAttachments(recordId);
  const marked = attachments.find((attachment) => attachment.marks.includes(wanted.mark));
  if (marked !== undefined) return marked.id;
  return attachments.find(
    ({ id, name, sizeBytes, marks }) =>
      name === wanted.name &&
      (sizeBytes === undefined || wanted.sizeBytes === undefined || sizeBytes === wanted.sizeBytes) &&
      marks.length === 0 &&
      !paired.has(id),
  )?.id;
};
