import { isAttemptOverdue } from '../connectors/attempt.ts';
import type { ClaimedLane, Settlement } from '../lanes/lane.ts';
import { azureDevOps } from '../store/connections.ts';
import { StoreUnavailable } from '../store/pool.ts';
import { Failure, type FailureDetails, isFailure } from '../sync/failure.ts';
import type { Side } from '../sync/record.ts';
import { decide } from '../sync/retry.ts';
import { type EngineContext, SidedFailure } from './ports.ts';

export interface FailureSettlement extends Settlement {
  condition: 'delayed' | 'paused' | 'parked' | 'pending';
  reason: string;
  remedy?: 'retry' | 'renewCredentials' | 'explain' | 'unlink';
  retryAt?: string;
  /** Read and plan again at once, in the same run. */
  planAgain: boolean;
}

/**
 * The one place where a failure becomes a decision (design: nine kinds, one decision each), by the retry policy of the
 * connection that failed. It also tells that connection what happened, so that a whole system waits or pauses instead of
 * every lane finding out by itself.
 */
export async function settleFailure(
  context: EngineContext,
  lane: ClaimedLane,
  thrown: unknown,
): Promise<FailureSettlement> {
  const inner = thrown instanceof SidedFailure ? thrown.cause : thrown;
  // Not a remote failure: the worker's own rule for an absent store applies, and nobody's connection is blamed.
  if (inner instanceof StoreUnavailable) throw inner;
  const sided = thrown instanceof SidedFailure ? thrown : undefined;
  const side: Side = sided?.side ?? (lane.connection === azureDevOps ? 'workItem' : 'ticket');
  const failure = failureOf(thrown);
  const failingConnection = sided?.connection ?? (side === 'workItem' ? azureDevOps : lane.connection);
  const details: FailureDetails & { side: Side } = { ...failure.details, side };
  if (!isFailure(thrown instanceof SidedFailure ? thrown.cause : thrown)) {
    context.log('lane.fault_found', { lane: lane.key, error: stackOf(thrown) });
  }
  const { connections } = await context.settings.of(lane.tenant);
  const retry = connections.get(failingConnection)?.retry;
  const decision = decide(
    { kind: failure.kind, retryAfterMs: failure.details.retryAfterMs },
    lane.attempts,
    {
      maxAttempts: retry?.maxAttempts ?? 30,
      firstDelayMs: (retry?.firstDelaySeconds ?? 2) * 1000,
      longestDelayMs: (retry?.longestDelaySeconds ?? 900) * 1000,
      fixedDelayMs: retry?.fixedDelaySeconds === undefined ? undefined : retry.fixedDelaySeconds * 1000,
    },
    context.random(),
  );
  // One record that takes too long says nothing of the others: no reason to call the whole system unreachable.
  const isOwn = failure.kind === 'unavailable' && isAttemptOverdue();
  const status = isOwn
    ? undefined
    : await tellConnection(context, lane, failingConnection, failure, decision.delayMs);
  const base = { failure: details, reason: failure.message, planAgain: false };
  const delayMs = decision.delayMs ?? 1000;
  const retryAt = new Date(context.now().getTime() + delayMs).toISOString();

  // The credentials were replaced since the run began: what refused the former ones says nothing of these.
  if (decision.decision === 'pauseConnection' && status === undefined)
    return { ...base, verdict: 'wait', delayMs: renewedDelayMs, keepAttempts: true, condition: 'pending' };
  if (decision.decision === 'pauseConnection') {
    return {
      ...base,
      verdict: 'wait',
      delayMs: 0,
      keepAttempts: true,
      condition: 'paused',
      remedy: 'renewCredentials',
    };
  }
  if (decision.decision === 'planAgain') {
    return {
      ...base,
      verdict: 'wait',
      delayMs,
      keepAttempts: failure.kind !== 'stale',
      condition: 'pending',
      planAgain: true,
    };
  }
  if (decision.decision === 'parkLink' || decision.decision === 'parkCommand') {
    return { ...base, verdict: 'park', condition: 'parked', remedy: 'explain', inboxReason: failure.message };
  }
  // While the whole system is away its lanes burn no attempts: an hour's outage parks nothing.
  const keepAttempts = !decision.countsAsAttempt || status === 'unreachable';
  return { ...base, verdict: 'wait', delayMs, keepAttempts, condition: 'delayed', remedy: 'retry', retryAt };
}

const breakerLongestMs = 30_000;
const renewedDelayMs = 1000;

async function tellConnection(
  context: EngineContext,
  { tenant, claimedAtMs }: ClaimedLane,
  connection: string,
  failure: Failure,
  delayMs: number | undefined,
): Promise<string | undefined> {
  if (failure.kind !== 'unauthorized' && failure.kind !== 'throttled' && failure.kind !== 'unavailable')
    return undefined;
  const wholeDelayMs =
    failure.kind === 'throttled'
      ? (failure.details.retryAfterMs ?? delayMs ?? 30_000)
      : failure.kind === 'unavailable' && (await isUnreachable(context, tenant, connection))
        ? Math.min(delayMs ?? breakerLongestMs, breakerLongestMs)
        : null;
  const rows = await context.store.call<{ status: string | null }>(
    'select note_connection($1, $2, $3, $4, $5, $6) as status',
    [tenant, connection, failure.kind, failure.message, wholeDelayMs, performance.now() - claimedAtMs],
  );
  context.settings.forget(tenant);
  return rows[0]?.status ?? undefined;
}

async function isUnreachable(context: EngineContext, tenant: number, connection: string): Promise<boolean> {
  const settings = await context.settings.of(tenant);
  return settings.connections.get(connection)?.status === 'unreachable';
}

/** After remote work went well: a connection that was in trouble is live again. */
export async function noteSuccess(
  context: EngineContext,
  tenant: number,
  connections: readonly string[],
): Promise<void> {
  const settings = await context.settings.of(tenant);
  for (const id of connections) {
    const known = settings.connections.get(id);
    if (known === undefined || (known.status === 'live' && known.failures === 0) || known.status === 'paused')
      continue;
    await context.store.call('select note_connection($1, $2, $3, null, null)', [tenant, id, 'success']);
    context.settings.forget(tenant);
  }
}

/** What is not a Failure is a fault of ours: it is shown as `malformed`, with the words of the error. */
export function failureOf(thrown: unknown): Failure {
  const cause = thrown instanceof SidedFailure ? thrown.cause : thrown;
  if (isFailure(cause)) return cause;
  const words = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new Failure(
    { kind: 'malformed', message: `Tandem could not handle this: ${words}`.slice(0, 1000) },
    { cause },
  );
}

const stackOf = (thrown: unknown): string => {
  const cause = thrown instanceof SidedFailure ? thrown.cause : thrown;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
};
