import type { LockedRead, RecordSystem } from '../connectors/connector.ts';
import { azureDevOps } from '../store/connections.ts';
import type { LinkRow } from '../store/links.ts';
import type { Command, FieldChange } from '../sync/command.ts';
import { type FieldProblem, isFailure } from '../sync/failure.ts';
import type { CommandOutcome, Plan } from '../sync/plan-input.ts';
import type { FieldValues, Reading, Side } from '../sync/record.ts';
import { addAttachment } from './carry-attachment.ts';
import { linkIntentKey, recordId } from './link-keys.ts';
import { findCommentByMark, sendOnce } from './once-only.ts';
import { resolvePeople } from './people.ts';
import { type EngineContext, onSide, SidedFailure } from './ports.ts';

export interface CarryOutInput {
  context: EngineContext;
  tenant: number;
  link: LinkRow;
  systems: Readonly<Record<Side, RecordSystem>>;
  readings: Readonly<Record<Side, Reading>>;
  plan: Plan;
  /** A ticket that is locked already; its update is the one to use. */
  locked?: LockedRead;
}

export interface CarriedOut {
  outcomes: CommandOutcome[];
  /** Rows that the other system refused for good; the rest of the plan went on. */
  refusals: { side: Side; row: string; field: string; problem: string }[];
  /** Ended the run early: what was done before it still counts. */
  failure?: SidedFailure;
  /** Changes as sent, people resolved, for the panel. */
  written: { side: Side; changes: readonly FieldChange[]; observed?: FieldValues }[];
  wrote: number;
}

type UpdateCommand = Extract<Command, { kind: 'update' }>;
type CommentCommand = Extract<Command, { kind: 'addComment' }>;

/** Carries out a plan, command by command. Never throws for a remote failure: what happened is in the result. */
export async function carryOut(input: CarryOutInput): Promise<CarriedOut> {
  const result: CarriedOut = { outcomes: [], refusals: [], written: [], wrote: 0 };
  const rest = [...input.plan.commands];
  while (rest.length > 0) {
    const command = rest.shift() as Command;
    if (result.failure !== undefined) {
      result.outcomes.push({ command, outcome: 'notTried' });
      continue;
    }
    const comment = command.kind === 'update' ? takeComment(command, rest) : undefined;
    try {
      if (command.kind === 'update') {
        await update(input, command, comment, result);
      } else {
        const outcome = await single(input, command);
        result.outcomes.push(outcome);
        const isWrite = command.kind !== 'endLink' && command.kind !== 'ignoreMissing';
        if (isWrite && outcome.outcome === 'done') result.wrote += 1;
      }
    } catch (error) {
      if (!(error instanceof SidedFailure)) throw error;
      result.outcomes.push({ command, outcome: 'failed' });
      if (comment !== undefined) result.outcomes.push({ command: comment, outcome: 'notTried' });
      if (isFailure(error.cause) && error.cause.kind === 'rejected' && command.kind !== 'update') {
        result.refusals.push({
          side: error.side,
          row: command.kind,
          field: command.kind,
          problem: error.message,
        });
      } else result.failure = error;
    }
  }
  return result;
}

/** A comment for the same work item travels in the state change's patch: one revision, one request, no race. */
function takeComment(command: UpdateCommand, rest: Command[]): CommentCommand | undefined {
  if (command.side !== 'workItem') return undefined;
  const index = rest.findIndex((other) => other.kind === 'addComment' && other.side === 'workItem');
  return index < 0 ? undefined : (rest.splice(index, 1)[0] as CommentCommand);
}

async function update(
  input: CarryOutInput,
  command: UpdateCommand,
  comment: CommentCommand | undefined,
  result: CarriedOut,
): Promise<void> {
  const { side } = command;
  const system = input.systems[side];
  const { changes, left } = await resolvePeople(side, system, command.changes);
  const kept = keptValues(input.readings[side], left);
  let toSend = changes;
  const refusedRows: string[] = [];
  for (let tries = 0; ; tries += 1) {
    if (toSend.length === 0 && comment === undefined) {
      result.outcomes.push({
        command,
        outcome: 'done',
        revision: command.revision,
        observed: kept,
        refusedRows,
      });
      return;
    }
    try {
      const written = await sendUpdate(input, command, toSend, comment);
      const takenBack = written.refused ?? [];
      refusedRows.push(...rowsOf(toSend, takenBack));
      for (const refusal of takenBack) result.refusals.push(refusalOf(side, toSend, refusal));
      const observed = { ...kept, ...written.observed };
      result.outcomes.push({
        command,
        outcome: 'done',
        revision: written.revision,
        observed,
        bookmark: written.bookmark,
        refusedRows,
      });
      if (comment !== undefined) {
        result.outcomes.push({
          command: comment,
          outcome: 'done',
          revision: written.revision,
          createdId: written.commentId,
        });
      }
      result.written.push({ side, changes: toSend, observed: written.observed });
      result.wrote += 1;
      return;
    } catch (error) {
      const failure = error instanceof SidedFailure && isFailure(error.cause) ? error.cause : undefined;
      if (failure?.kind !== 'rejected') throw error;
      // One field that is refused must not hold up the others: they go without it.
      const problems = failure.details.fields ?? [];
      const refused = toSend.filter((change) => problems.some((problem) => problem.field === change.field));
      for (const problem of problems) result.refusals.push(refusalOf(side, toSend, problem));
      if (refused.length === 0 || tries >= 3) {
        if (problems.length === 0) {
          for (const change of toSend) {
            result.refusals.push({ side, row: change.row, field: change.field, problem: failure.message });
          }
        }
        result.outcomes.push({ command, outcome: 'failed' });
        if (comment !== undefined) result.outcomes.push(await single(input, comment));
        return;
      }
      refusedRows.push(...refused.map((change) => change.row));
      toSend = toSend.filter((change) => !refused.includes(change));
    }
  }
}

async function sendUpdate(
  input: CarryOutInput,
  command: UpdateCommand,
  changes: readonly FieldChange[],
  comment: CommentCommand | undefined,
) {
  const { context, tenant, link } = input;
  const { side, revision } = command;
  const system = input.systems[side];
  const id = recordId(link, side);
  const connection = side === 'workItem' ? azureDevOps : link.connection;
  const onRevision = (reached: string) => context.echoes.note(tenant, connection, id, reached);
  await context.failpoint('update.beforeSend');
  if (comment === undefined) {
    const writer = side === 'ticket' ? (input.locked ?? system) : system;
    const written = await onSide(side, () => writer.update(id, changes, { revision, onRevision }));
    if (written.revision !== undefined) onRevision(written.revision);
    await context.failpoint('update.afterSend');
    return { ...written, commentId: undefined };
  }
  let written: Awaited<ReturnType<RecordSystem['update']>> | undefined;
  const sent = await onSide(side, () =>
    sendOnce(context, tenant, commentIntent(link, comment), {
      lookFor: () => findCommentByMark(system, id, comment.mark),
      send: async () => {
        written = await system.update(id, changes, {
          revision,
          onRevision,
          comment: { body: comment.body, visibility: comment.visibility, mark: comment.mark },
        });
        return written.commentId ?? comment.mark;
      },
    }),
  );
  // The earlier try had carried the comment over: what is left are the fields.
  written ??= await onSide(side, () => system.update(id, changes, { revision }));
  return { ...written, commentId: sent.id };
}

async function single(
  input: CarryOutInput,
  command: Exclude<Command, UpdateCommand>,
): Promise<CommandOutcome> {
  const { context, tenant, link } = input;
  switch (command.kind) {
    case 'addComment':
      return addComment(input, command);
    case 'addAttachment':
      return addAttachment(input, command);
    case 'addHyperlink': {
      const { side } = command;
      const written = await onSide(side, () =>
        input.systems[side].addHyperlink(recordId(link, side), {
          url: command.url,
          comment: command.comment,
        }),
      );
      return { command, outcome: 'done', revision: written.revision, bookmark: written.bookmark };
    }
    case 'endLink':
    case 'ignoreMissing':
      context.log('link.missing_settled', { tenant, link: link.id, command: command.kind });
      return { command, outcome: 'done' };
  }
}

async function addComment(input: CarryOutInput, command: CommentCommand): Promise<CommandOutcome> {
  const { context, tenant, link } = input;
  const { side } = command;
  const system = input.systems[side];
  const id = recordId(link, side);
  let added: { revision?: string; bookmark?: string } = {};
  const sent = await onSide(side, () =>
    sendOnce(context, tenant, commentIntent(link, command), {
      lookFor: () => findCommentByMark(system, id, command.mark),
      send: async () => {
        const created = await system.addComment(id, {
          body: command.body,
          visibility: command.visibility,
          mark: command.mark,
        });
        added = created;
        return created.id;
      },
    }),
  );
  return { command, outcome: 'done', createdId: sent.id, revision: added.revision, bookmark: added.bookmark };
}

const commentIntent = (link: LinkRow, command: CommentCommand) => ({
  key: linkIntentKey(link, 'comment', command.side, command.sourceId),
  kind: 'comment' as const,
  link: String(link.id),
  side: command.side,
  sourceId: command.sourceId,
  mark: command.mark,
});

const rowsOf = (changes: readonly FieldChange[], problems: readonly FieldProblem[]): string[] =>
  changes
    .filter((change) => problems.some((problem) => problem.field === change.field))
    .map((change) => change.row);

const refusalOf = (side: Side, changes: readonly FieldChange[], problem: FieldProblem) => ({
  side,
  row: changes.find((change) => change.field === problem.field)?.row ?? problem.field,
  field: problem.field,
  problem: problem.problem,
});

/** For a person who is unknown over there: the field keeps what it has, and that becomes the base. */
function keptValues(reading: Reading, left: readonly FieldChange[]): FieldValues {
  if (reading.state !== 'present') return {};
  const values: Record<string, FieldValues[string]> = {};
  for (const change of left) {
    const now = reading.snapshot.fields[change.field];
    if (now !== undefined) values[change.field] = now;
  }
  return values;
}
