import { newRequestTrace, showUnreadable, tracedRequests } from '../connectors/request-trace.ts';
import type { LaneRunner, Settlement } from '../lanes/lane.ts';
import { azureDevOps } from '../store/connections.ts';
import { findIntent, type IntentRow, markDone } from '../store/intents.ts';
import type { FieldValues } from '../sync/record.ts';
import { createCounterpart } from './create-counterpart.ts';
import { noteSuccess, settleFailure } from './on-failure.ts';
import { isRival } from './once-only.ts';
import { type EngineContext, onSide } from './ports.ts';
import { fieldsOf } from './reading.ts';
import { automaticKey } from './record-lane.ts';

/** `create:<intent>`: a person asked for a ticket from the panel, a menu or the API. */
export function createLane(context: EngineContext): LaneRunner {
  return async (lane): Promise<Settlement> => {
    const startedAt = performance.now();
    const { intentKey } = lane.facts as { intentKey: string };
    const intent = await context.store.asTenant(lane.tenant, (sql) => findIntent(sql, intentKey));
    if (intent === undefined || intent.state === 'abandoned') return { verdict: 'done' };
    const settings = await context.settings.of(lane.tenant);
    const mapping = settings.mappings.find((row) => row.id === intent.mapping);
    if (mapping === undefined) return { verdict: 'done', inboxReason: 'The mapping was deleted.' };
    const twin = await automaticTwin(context, lane.tenant, intent);
    if (twin === 'underway') return twinIsUnderway;
    if (twin !== undefined) {
      await context.store.asTenant(lane.tenant, async (sql) => {
        await markDone(sql, intentKey, twin.target_id as string, String(twin.link));
      });
      return { verdict: 'done', inboxReason: 'The mapping had created the ticket by itself.' };
    }
    const trace = newRequestTrace();
    return context.trace(trace, async () => {
      const attempt = (
        outcome: 'done' | 'failure',
        summary: string,
        more: { failure?: string; ticketKey?: string; fields?: unknown },
      ) => ({
        cause: 'person' as const,
        outcome,
        summary,
        failure: more.failure,
        workItemId: intent.source_id,
        ticketKey: more.ticketKey,
        durationMs: performance.now() - startedAt,
        attempts: lane.attempts,
        wrote: outcome === 'done' ? 1 : 0,
        detail: { ...tracedRequests(trace), fields: more.fields ?? [] },
      });
      try {
        const workItems = await context.systems.open(lane.tenant, azureDevOps);
        const { snapshot, bookmark } = await onSide('workItem', () =>
          workItems.read(intent.source_id, {
            comments: false,
            attachments: false,
            fields: fieldsOf('workItem', mapping.settings),
          }),
        );
        const created = await createCounterpart(context, {
          tenant: lane.tenant,
          side: 'ticket',
          source: snapshot,
          sourceBookmark: bookmark,
          mapping,
          intentKey,
          mark: intent.mark,
          entered: (intent.entered ?? {}) as FieldValues,
          requestedBy: intent.requested_by ?? undefined,
          // Decided on its way already; what it made is looked at in the next run.
          goesFirst: (other) =>
            other.key === automaticKey(mapping.id, 'workItem', intent.source_id) &&
            (other.state === 'sent' || isSameMoment(intent, other)),
        });
        await noteSuccess(context, lane.tenant, [azureDevOps, lane.connection]);
        const key = created.link.ticket_key;
        return { verdict: 'done', attempt: attempt('done', `Created ${key}.`, { ticketKey: key }) };
      } catch (error) {
        if (isRival(error)) return twinIsUnderway;
        showUnreadable(error);
        const failed = await settleFailure(context, lane, error);
        const { failure } = failed;
        return {
          ...failed,
          attempt: attempt('failure', failed.reason, { failure: failure?.kind, fields: failure?.fields }),
        };
      }
    });
  };
}

const sameMomentMs = 60_000;

/**
 * The mapping's own trigger may have fired for the same save that the person's order came with: one ticket is meant. A
 * ticket that was there for longer is another matter, and the person gets a second one.
 */
async function automaticTwin(
  context: EngineContext,
  tenant: number,
  intent: IntentRow,
): Promise<IntentRow | 'underway' | undefined> {
  if (intent.state !== 'planned' || intent.mapping === null) return undefined;
  const key = automaticKey(intent.mapping, 'workItem', intent.source_id);
  const twin = await context.store.asTenant(tenant, (sql) => findIntent(sql, key));
  if (twin === undefined || twin.state === 'abandoned' || twin.state === 'planned') return undefined;
  if (twin.state === 'sent' || twin.link === null) return 'underway';
  return isSameMoment(intent, twin) ? twin : undefined;
}

const isSameMoment = (one: IntentRow, other: IntentRow): boolean =>
  other.state === 'done' &&
  Math.abs(new Date(one.created_at).getTime() - new Date(other.created_at).getTime()) < sameMomentMs;

const twinIsUnderway: Settlement = { verdict: 'wait', delayMs: 300, keepAttempts: true };
