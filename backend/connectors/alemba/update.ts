import type { FieldChange } from '../../sync/command.ts';
import type { CommentInput, WriteResult } from '../connector.ts';
import type { Alemba } from './alemba.ts';
import type { Row } from './client.ts';
import { addComment, commentBody } from './comments.ts';
import { readObserved, toBody, type WriteBody } from './fields.ts';
import { type HeldLock, readStamp, requireSame, withLock } from './lock.ts';
import { requireRef } from './read.ts';
import type { CallStatus } from './status.ts';
import { planSteps, type Step, takeStep, unlocksItself } from './transitions.ts';
import { orderOf, recordRef, revisionOf } from './translate.ts';

export interface UpdateOptions {
  revision: string;
  comment?: CommentInput;
  onRevision?(revision: string): void;
  /** Taken before the reading that the changes were planned on. */
  held?: HeldLock;
}

type UpdateResult = WriteResult & { commentId?: string };

/**
 * Lock, put, unlock; with the action that the wanted status needs (see `transitions.ts`).
 *
 * The revision and bookmark of the result are given only when the history grew by nothing but our own entries:
 * otherwise a note that somebody wrote in between would count as seen.
 */
export async function updateCall(
  alemba: Alemba,
  id: string,
  changes: readonly FieldChange[],
  options: UpdateOptions,
): Promise<UpdateResult> {
  requireRef(id);
  const body = await toBody(alemba, changes);
  const target = body.status === undefined ? undefined : await alemba.statuses.find(body.status);
  const answers: Row[] = [];
  let revision = options.revision;
  const isClosed = target !== undefined && !target.closed && (await isClosedNow(alemba, id, revision));
  const steps = planSteps(alemba, body, target, isClosed);

  if (steps[0]?.kind === 'reopen') {
    const answer = await takeStep(alemba, id, steps.shift() as Step);
    answers.push(answer);
    revision = revisionOf(answer) ?? revision;
  }
  const carried = withComment(alemba, steps, options.comment);
  if (steps.length > 0) await underLock(alemba, id, revision, steps, answers, options);
  return finish({ alemba, id, options, body, target, answers, carried });
}

/**
 * Only a call that is to be open can be one that has to be reopened; a closed call takes no lock, so this must be known
 * before. The reading that the write was planned on tells; otherwise the call is asked. Throws stale.
 */
async function isClosedNow(alemba: Alemba, id: string, revision: string): Promise<boolean> {
  let status = alemba.recent.statusAt(id, revision);
  if (status === undefined) {
    const stamp = await readStamp(alemba, id);
    requireSame(id, stamp, revision);
    status = String(stamp.CallStatus);
  }
  return (await alemba.statuses.find(status)).closed;
}

/** A comment travels in the last action when there is one, which saves a request and cannot arrive alone. */
function withComment(alemba: Alemba, steps: Step[], comment: CommentInput | undefined): boolean {
  const last = steps.at(-1);
  if (comment === undefined || !unlocksItself(last) || last === undefined) return false;
  const written = commentBody(alemba, comment).$action as Record<string, unknown> | undefined;
  const { ActionType: _type, ...action } = written ?? {};
  last.body = { ...last.body, $action: { ...(last.body.$action as object | undefined), ...action } };
  return true;
}

async function underLock(
  alemba: Alemba,
  id: string,
  revision: string,
  steps: readonly Step[],
  answers: Row[],
  { onRevision, held }: UpdateOptions,
): Promise<void> {
  const take = async (stamp: Row) => {
    for (const step of steps) {
      const answer = await takeStep(alemba, id, step);
      answers.push(answer);
      const reached = revisionOf(answer);
      if (reached !== undefined) onRevision?.(reached);
    }
    // Nothing to change: the revision is the one under the lock.
    if (revisionOf(answers.at(-1) ?? {}) === undefined && steps.length === 1)
      answers.push(stampOf(stamp, answers));
    return { value: undefined, unlocked: unlocksItself(steps.at(-1)) };
  };
  await withLock(alemba, id, revision, take, held);
}

/** A write that changed nothing answers a delta without values; then the stamp read under the lock still holds. */
function stampOf(stamp: Row, answers: readonly Row[]): Row {
  const values = Object.keys(answers.at(-1) ?? {}).filter((name) => !name.startsWith('_') && name !== 'Ref');
  if (values.length > 0) return {};
  return { LastActionDate: stamp.LastActionDate, LastHistoryOrder: stamp.LastHistoryOrder };
}

interface Finish {
  alemba: Alemba;
  id: string;
  options: UpdateOptions;
  body: WriteBody;
  target: CallStatus | undefined;
  answers: Row[];
  carried: boolean;
}

async function finish(input: Finish): Promise<UpdateResult> {
  const { alemba, id, options, body, target, answers, carried } = input;
  const kinds =
    target === undefined ? body.kinds : new Map([...body.kinds, ['CallStatus', 'choice'] as const]);
  const observed = readObserved(answers, kinds);
  const last = answers.at(-1);
  if (last !== undefined && revisionOf(last) === undefined) answers.push(await readStamp(alemba, id));
  let commentId = carried ? String(orderOf(revisionOf(answers.at(-1) ?? {}))) : undefined;
  if (options.comment !== undefined && !carried) {
    const written = await addComment(alemba, id, options.comment);
    commentId = written.id;
    answers.push(written.answer);
  }
  const reached = revisionOf(answers.at(-1) ?? {});
  const isOnlyOurs = reached !== undefined && isContiguous(orderOf(options.revision), answers);
  return {
    ref: recordRef(id, alemba.settings),
    ...(isOnlyOurs && { revision: reached, bookmark: String(orderOf(reached)) }),
    observed,
    ...(body.refused.length > 0 && { refused: body.refused }),
    ...(commentId !== undefined && { commentId }),
  };
}

/** Every answered write added at most one entry: an order beyond that says that somebody else wrote one, too. */
function isContiguous(planned: number | undefined, answers: readonly Row[]): boolean {
  let last = planned;
  let writes = 0;
  for (const answer of answers) {
    writes += 1;
    const order = orderOf(revisionOf(answer));
    if (order === undefined) continue;
    if (last === undefined || order > last + writes) return false;
    last = order;
    writes = 0;
  }
  return last !== undefined;
}
