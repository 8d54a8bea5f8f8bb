import type { SidedHint } from '../lanes/lane.ts';
import type { Side } from '../sync/record.ts';
import { batcher } from './batcher.ts';
import type { Sql, Store } from './pool.ts';
import { idsWithin, type TimeWindow } from './time-window.ts';

/** A hook that was verified and read; not yet stored. */
export interface Arrival {
  tenant: number;
  /** Unique within the tenant for as long as deliveries are kept. */
  dedupe: string;
  source: 'azureDevOps' | 'ticketSystem';
  connection: string;
  what: string;
  side: Side;
  recordId?: string;
  hint?: SidedHint;
  body: string;
  encoding: 'utf8' | 'base64';
  /** Absent: pending, its lanes will say. */
  outcome?: 'handled' | 'parked';
  reason?: string;
}

export type Accept = (arrival: Arrival) => Promise<{ duplicate: boolean }>;

/** Resolves after the commit that holds the arrival; crowds share a commit. */
export function acceptor(store: Store, wake: () => void): Accept {
  const flush = async (arrivals: readonly Arrival[]): Promise<{ duplicate: boolean }[]> => {
    const rows = await store.call<{ n: number; duplicate: boolean }>(
      'select n, duplicate from accept_deliveries($1, $2)',
      acceptedForm(arrivals),
    );
    const answers = arrivals.map(() => ({ duplicate: false }));
    for (const row of rows) answers[row.n] = { duplicate: row.duplicate };
    wake();
    return answers;
  };
  return batcher<Arrival, { duplicate: boolean }>(
    async (arrivals) => {
      try {
        return await flush(arrivals);
      } catch (error) {
        if (!isDataError(error)) throw error;
        // One arrival holds something that the store cannot keep. It must not cost the others their commit: each goes
        // alone, and the culprit is parked with its bytes and nothing read from it.
        const answers: { duplicate: boolean }[] = [];
        for (const arrival of arrivals) {
          try {
            answers.push(...(await flush([arrival])));
          } catch (again) {
            if (!isDataError(again)) throw again;
            answers.push(...(await flush([unreadable(arrival)])));
          }
        }
        return answers;
      }
    },
    // A delivery and an echo each: spread further from 250 changes a second.
    { maxItems: 200, pace: { perItemMs: 2, atMostMs: 25, enoughItems: 24 } },
  );
}

/** Elements without their bodies, and the bodies end to end: as bytes they need no escaping on either side. */
function acceptedForm(arrivals: readonly Arrival[]): [string, Buffer] {
  const bodies = arrivals.map((arrival) => Buffer.from(arrival.body));
  let at = 1;
  const elements = arrivals.map((arrival, n) => {
    const bytes = bodies[n]?.length ?? 0;
    const element = {
      n,
      tenant: arrival.tenant,
      dedupe: arrival.dedupe,
      source: arrival.source,
      connection: arrival.connection,
      what: arrival.what,
      side: arrival.side,
      record_id: arrival.recordId,
      hint: arrival.hint ?? { what: 'unknown', side: arrival.side },
      body_at: at,
      body_bytes: bytes,
      encoding: arrival.encoding,
      outcome: arrival.outcome,
      reason: arrival.reason,
    };
    at += bytes;
    return element;
  });
  return [JSON.stringify(elements), Buffer.concat(bodies)];
}

const unreadable = (arrival: Arrival): Arrival => ({
  tenant: arrival.tenant,
  dedupe: `unreadable:${Buffer.from(arrival.dedupe).toString('base64url').slice(0, 300)}`,
  source: arrival.source,
  connection: arrival.connection,
  what: 'unreadable',
  side: arrival.side,
  body: Buffer.from(arrival.body, arrival.encoding).toString('base64'),
  encoding: 'base64',
  outcome: 'parked',
  reason: 'The body holds characters that cannot be stored as text.',
});

/** Class 22 of PostgreSQL's codes: the data, not the server, is the reason. */
const isDataError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('22');

export interface DeliveryRow {
  id: number;
  dedupe: string;
  source: Arrival['source'];
  connection: string;
  what: string;
  record_id: string | null;
  received_at: Date;
  outcome: 'pending' | 'handled' | 'parked' | 'discarded';
  reason: string | null;
  duplicates: number;
  handled_at: Date | null;
  body: string | null;
  encoding: 'utf8' | 'base64';
}

export interface DeliveryFilter extends TimeWindow {
  before?: string;
  limit: number;
  outcome?: string;
  connection?: string;
  recordId?: string;
}

/** Newest first, by key: quick at any depth. */
export async function listDeliveries(sql: Sql, filter: DeliveryFilter): Promise<DeliveryRow[]> {
  const ids = await idsWithin(sql, 'inbox', filter);
  return sql.rows<DeliveryRow>(
    `select id, dedupe, source, connection, what, record_id, received_at, outcome, reason, duplicates, handled_at, encoding from inbox
     where ($1::bigint is null or id < $1) and ($2::text is null or outcome = $2) and ($3::text is null or connection = $3)
       and ($4::text is null or record_id = $4) and ($6::bigint is null or id >= $6) and ($7::bigint is null or id < $7)
       and ($8::timestamptz is null or received_at >= $8) and ($9::timestamptz is null or received_at < $9)
     order by tenant desc, id desc limit $5`,
    [
      filter.before ?? null,
      filter.outcome ?? null,
      filter.connection ?? null,
      filter.recordId ?? null,
      filter.limit,
      ids.from,
      ids.to,
      filter.since ?? null,
      filter.until ?? null,
    ],
  );
}

export const findDelivery = (sql: Sql, id: string): Promise<DeliveryRow | undefined> =>
  sql.one<DeliveryRow>('select * from inbox where id = $1', [id]);

export async function readBooks(sql: Sql): Promise<{
  received: number;
  handled: number;
  duplicate: number;
  parked: number;
  pending: number;
  balanced: boolean;
}> {
  // One statement, one snapshot: the two ways of counting see the same instant.
  const row = await sql.one<
    Record<'received' | 'duplicate' | 'archived' | 'rows' | 'parked' | 'pending' | 'repeats', number>
  >(
    `select coalesce(b.received, 0) as received, coalesce(b.duplicate, 0) as duplicate, coalesce(b.archived, 0) as archived,
       (select count(*) from inbox) as rows,
       (select count(*) from inbox where outcome = 'parked') as parked,
       (select count(*) from inbox where outcome = 'pending') as pending
     from (select current_tenant() as tenant) t left join books b using (tenant)`,
  );
  const { received = 0, duplicate = 0, archived = 0, rows = 0, parked = 0, pending = 0 } = row ?? {};
  const handled = rows - parked - pending + archived;
  return {
    received,
    handled,
    duplicate,
    parked,
    pending,
    balanced: received === handled + duplicate + parked + pending,
  };
}
