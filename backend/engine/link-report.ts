import { type RequestTrace, tracedRequests } from '../connectors/request-trace.ts';
import type { LinkChange, Settlement } from '../lanes/lane.ts';
import { notesAfter } from '../sync/attachments.ts';
import type { Plan } from '../sync/plan-input.ts';
import type { CarriedOut } from './carry-out.ts';
import { causeOf } from './cause.ts';
import type { Agreement, Step } from './link-agreement.ts';
import type { LinkRun } from './link-run.ts';
import type { FailureSettlement } from './on-failure.ts';
import type { Descriptions } from './plan-input.ts';
import { namingOf, nothingToWrite, tellWritten, withReason } from './summary.ts';

const restingWords = {
  workItem: 'The work item does not meet the mapping’s condition for updates.',
  ticket: 'The ticket does not meet the mapping’s condition for updates.',
} as const;

/** What a run that went through means for the link, its lane and the activity list. */
export function finish(
  run: LinkRun,
  agreement: Agreement,
  startedAt: number,
  trace: RequestTrace,
): Settlement {
  const { plan, carried, change, input } = agreement;
  const missing =
    input.workItem.state === 'missing'
      ? 'work item'
      : input.ticket.state === 'missing'
        ? 'ticket'
        : undefined;
  const refusal = carried.refusals[0];
  const condition =
    refusal !== undefined
      ? 'parked'
      : plan.conflicts.length > 0
        ? 'conflict'
        : missing !== undefined
          ? 'missing'
          : agreement.resting !== undefined
            ? 'resting'
            : 'inAgreement';
  const reason =
    refusal !== undefined
      ? `${refusal.field}: ${refusal.problem}`
      : condition === 'conflict'
        ? 'Both sides changed the same field.'
        : missing !== undefined
          ? `The ${missing} is gone or no longer visible.`
          : agreement.resting !== undefined
            ? restingWords[agreement.resting]
            : undefined;
  const wrote = carried.wrote + agreement.entered;
  const written = tellWritten(carried, agreement.entered, namesIn(run, agreement.descriptions));
  const summary = reason === undefined ? (written ?? nothingToWrite) : withReason(reason, written);
  return {
    verdict: refusal !== undefined ? 'park' : 'done',
    failure:
      refusal === undefined
        ? undefined
        : {
            kind: 'rejected',
            message: reason as string,
            side: refusal.side,
            fields: carried.refusals.map(({ field, problem }) => ({ field, problem })),
          },
    link: {
      ...change,
      condition,
      reason,
      remedy:
        condition === 'conflict'
          ? 'resolveConflict'
          : condition === 'parked'
            ? 'explain'
            : missing
              ? 'unlink'
              : undefined,
      agreed: condition === 'inAgreement',
      fullLook: run.lane.hints.some((hint) => hint.what === 'unknown' && hint.side === undefined),
    },
    inboxReason: summary,
    attempt: {
      cause: causeOf(run.lane.hints),
      outcome: refusal !== undefined ? 'failure' : wrote > 0 || condition === 'inAgreement' ? 'done' : 'halt',
      summary,
      failure: refusal === undefined ? undefined : 'rejected',
      workItemId: run.link.work_item_id,
      ticketKey: run.link.ticket_key,
      durationMs: performance.now() - startedAt,
      attempts: run.lane.attempts,
      wrote,
      detail: detailOf(plan, carried, trace),
    },
  };
}

const namesIn = (
  { context, connection, mapping }: Pick<LinkRun, 'context' | 'connection' | 'mapping'>,
  descriptions: Descriptions,
) =>
  namingOf(
    mapping.settings,
    descriptions,
    context.systems.connectorOf(connection.kind)?.manifest.ticketNoun ?? 'ticket',
  );

const detailOf = (plan: Plan | undefined, carried: CarriedOut | undefined, trace: RequestTrace) => ({
  commands: (carried?.outcomes ?? []).map(({ command, outcome }) => ({
    side: 'side' in command ? command.side : 'workItem',
    action: command.kind,
    outcome,
    detail: command.kind === 'update' ? command.changes.map((change) => change.field).join(', ') : undefined,
  })),
  notes: plan === undefined ? [] : notesAfter(plan, carried?.outcomes ?? []),
  ...tracedRequests(trace),
  fields: carried?.refusals ?? [],
});

/** The same for a run that a failure ended; what it did achieve is kept. */
export function failedRun(
  run: Pick<LinkRun, 'context' | 'lane' | 'link' | 'mapping' | 'connection'>,
  failed: FailureSettlement,
  so: { step?: Step; change?: LinkChange },
  startedAt: number,
  trace: RequestTrace,
): Settlement {
  const { condition, reason, remedy, retryAt, planAgain: _, ...settlement } = failed;
  const { plan, carried, descriptions } = so.step ?? {};
  const written = carried && descriptions && tellWritten(carried, 0, namesIn(run, descriptions));
  return {
    ...settlement,
    link: { ...so.change, condition, reason, remedy, retryAt },
    attempt: {
      cause: causeOf(run.lane.hints),
      outcome: 'failure',
      summary: withReason(reason, written),
      failure: settlement.failure?.kind,
      workItemId: run.link.work_item_id,
      ticketKey: run.link.ticket_key,
      durationMs: performance.now() - startedAt,
      attempts: run.lane.attempts,
      wrote: carried?.wrote ?? 0,
      detail: { ...detailOf(plan, carried, trace), requestId: settlement.failure?.requestId },
    },
  };
}
