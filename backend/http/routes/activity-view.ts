import type { Attempt, AttemptDetail, Delivery, TroubledLink } from '../../contract/activity.ts';
import { isSecretName, redacted } from '../../security/redaction.ts';
import type { AttemptRow } from '../../store/attempts.ts';
import type { DeliveryRow } from '../../store/deliveries.ts';
import type { TroubledRow } from '../../store/troubled.ts';
import type { Note } from '../../sync/command.ts';
import { isoOf } from './ticket-card.ts';

export const deliveryView = (row: DeliveryRow): Delivery => ({
  id: String(row.id),
  receivedAt: row.received_at.toISOString(),
  source: row.source,
  connectionId: row.connection,
  what: row.what,
  recordId: row.record_id ?? undefined,
  outcome: row.outcome,
  reason: row.reason ?? undefined,
  duplicates: row.duplicates,
  handledAt: isoOf(row.handled_at),
});

const maxBodyLength = 64 * 1024;
/** Larger bodies are cleaned by shape and value only: parsing them costs more than their names tell. */
const maxParsedLength = 1024 * 1024;

/** A body as an admin may see it: secrets gone, at most 64 KiB of it. */
export function bodyView(
  row: Pick<DeliveryRow, 'body' | 'encoding'>,
  redact: (text: string) => string,
): { body: string; truncated: boolean } {
  const stored = row.body ?? '';
  const text = row.encoding === 'base64' ? Buffer.from(stored, 'base64').toString('utf8') : stored;
  // Cleaned before it is cut: half a secret at the edge would not be recognised.
  const body = redact(withoutSecretNames(text));
  return { body: body.slice(0, maxBodyLength), truncated: body.length > maxBodyLength };
}

/** Senders repeat their secret in the body; whether we know its value or not, its name gives it away. */
function withoutSecretNames(text: string): string {
  if (text.length > maxParsedLength) return text;
  let found = false;
  const hide = (name: string, value: unknown): unknown => {
    if (!isSecretName(name) || (typeof value !== 'string' && typeof value !== 'number')) return value;
    found = true;
    return redacted;
  };
  try {
    const cleaned = JSON.stringify(JSON.parse(text), hide, 2);
    return found ? cleaned : text;
  } catch (error) {
    // No JSON, or nested deeper than the stack: the text itself is cleaned by shape and value.
    if (error instanceof SyntaxError || error instanceof RangeError) return text;
    throw error;
  }
}

export const attemptView = (row: AttemptRow): Attempt => ({
  id: String(row.id),
  at: row.at.toISOString(),
  linkId: row.link === null ? undefined : String(row.link),
  connectionId: row.connection,
  workItemId: row.work_item_id ?? undefined,
  ticketKey: row.ticket_key ?? undefined,
  cause: row.cause,
  outcome: row.outcome,
  summary: row.summary,
  failure: row.failure ?? undefined,
  durationMs: row.duration_ms,
  attempts: row.attempts,
});

/** As the lanes write it; see `detailOf` in the engine. */
interface StoredDetail {
  commands?: AttemptDetail['commands'];
  notes?: readonly Note[];
  requests?: AttemptDetail['requests'];
  requestsOmitted?: number;
  fields?: readonly { field: string; problem: string }[] | null;
  requestId?: string | null;
}

export const attemptDetailView = (row: AttemptRow): AttemptDetail => {
  const detail = row.detail as StoredDetail;
  return {
    ...attemptView(row),
    commands: (detail.commands ?? []).map(({ side, action, outcome, detail: words }) => ({
      side,
      action,
      outcome,
      detail: words,
    })),
    notes: (detail.notes ?? []).map(({ code, side, field, from, to, reason }) => ({
      code,
      side,
      field,
      from,
      to,
      reason,
    })),
    requests: (detail.requests ?? []).map(({ route, status, durationMs, failure, sent, answer }) => ({
      route,
      status,
      durationMs,
      failure,
      sent,
      answer,
    })),
    requestsOmitted: detail.requestsOmitted,
    fields: (detail.fields ?? []).map(({ field, problem }) => ({ field, problem })),
    requestId: detail.requestId ?? undefined,
  };
};

export const troubledView = (row: TroubledRow): TroubledLink => ({
  id: String(row.id),
  workItemId: row.work_item_id,
  ticketKey: row.ticket_key,
  ticketUrl: row.ticket_url,
  connectionId: row.connection,
  condition: row.condition,
  reason: row.reason ?? undefined,
  retryAt: isoOf(row.retry_at),
});
