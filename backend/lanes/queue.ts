import { batcher } from '../store/batcher.ts';
import { wakeIfOpen } from '../store/connections.ts';
import type { IntentRow } from '../store/intents.ts';
import type { LinkRow } from '../store/links.ts';
import type { Store } from '../store/pool.ts';
import type { ClaimedLane, Settlement, SidedHint } from './lane.ts';

/** The lanes as the worker uses them: one SQL function each, batched where calls come in crowds. */
export interface LaneQueue {
  claim(maxLanes: number, leaseSeconds: number): Promise<ClaimedLane[]>;
  /** False when the lease had been lost and nothing was written. */
  settle(lane: ClaimedLane, settlement: Settlement): Promise<boolean>;
  /** Returns those that are still held; the others were overtaken. */
  extend(lanes: readonly ClaimedLane[], leaseSeconds: number): Promise<ClaimedLane[]>;
  enqueue(entries: readonly LaneEntry[]): Promise<void>;
  /** As enqueue, ahead of backoff and parking: a person waits. */
  wake(entries: readonly LaneEntry[]): Promise<void>;
}

export interface LaneEntry {
  tenant: number;
  key: string;
  kind: string;
  connection: string;
  link?: string;
  hints?: readonly SidedHint[];
  delayMs?: number;
  facts?: Record<string, unknown>;
}

interface ClaimRow {
  tenant: number;
  key: string;
  kind: string;
  connection: string;
  link: number | null;
  hints: SidedHint[];
  queued: number;
  last_inbox: number;
  lease_token: number;
  attempts: number;
  facts: Record<string, unknown>;
  link_row: LinkRow | null;
  intents: IntentRow[];
}

export function laneQueue(store: Store): LaneQueue {
  const settleBatch = batcher<{ lane: ClaimedLane; settlement: Settlement }, boolean>(
    async (items) => {
      const elements = items.map(({ lane, settlement }) => settleElement(lane, settlement));
      const settled = await store.call<{ settle_lanes: string }>('select settle_lanes($1)', [
        JSON.stringify(elements),
      ]);
      const keys = new Set(settled.map((row) => row.settle_lanes));
      return items.map(({ lane }) => keys.has(`${lane.tenant} ${lane.key}`));
    },
    { maxItems: 64, pace: { perItemMs: 4, atMostMs: 20, enoughItems: 12 } },
  );

  return {
    async claim(maxLanes, leaseSeconds) {
      const askedAtMs = performance.now();
      const rows = await store.call<ClaimRow>('select * from claim_lanes_with_links($1, $2)', [
        maxLanes,
        leaseSeconds,
      ]);
      return rows.map((row) => claimedLane(row, askedAtMs));
    },
    async settle(lane, settlement) {
      const written = await settleBatch({ lane, settlement });
      const awaited = settlement.verdict === 'wait' ? settlement.failure?.connection : undefined;
      if (written && awaited !== undefined)
        await store.asTenant(lane.tenant, (sql) => wakeIfOpen(sql, lane.key, awaited));
      return written;
    },
    async extend(lanes, leaseSeconds) {
      if (lanes.length === 0) return [];
      const elements = lanes.map((lane) => ({ tenant: lane.tenant, key: lane.key, token: lane.leaseToken }));
      const extended = await store.call<{ extend_leases: string }>('select extend_leases($1, $2)', [
        JSON.stringify(elements),
        leaseSeconds,
      ]);
      const keys = new Set(extended.map((row) => row.extend_leases));
      return lanes.filter((lane) => keys.has(`${lane.tenant} ${lane.key}`));
    },
    async enqueue(entries) {
      await store.call('select enqueue_lanes($1), pg_notify($2, $3)', [
        JSON.stringify(entries.map(entryElement)),
        'lane',
        '',
      ]);
    },
    async wake(entries) {
      await store.call('select wake_lanes($1)', [JSON.stringify(entries.map(entryElement))]);
    },
  };
}

const claimedLane = (row: ClaimRow, claimedAtMs: number): ClaimedLane => ({
  tenant: row.tenant,
  key: row.key,
  kind: row.kind,
  connection: row.connection,
  link: row.link === null ? undefined : String(row.link),
  loaded: row.link_row === null ? undefined : { link: row.link_row, intents: row.intents },
  hints: row.hints,
  queued: row.queued,
  lastInbox: row.last_inbox,
  leaseToken: row.lease_token,
  attempts: row.attempts,
  claimedAtMs,
  facts: row.facts,
});

export const entryElement = (entry: LaneEntry) => ({
  tenant: entry.tenant,
  key: entry.key,
  kind: entry.kind,
  connection: entry.connection,
  link: entry.link,
  hints: entry.hints ?? [],
  queued: 1,
  delay_ms: entry.delayMs,
  facts: entry.facts,
});

const settleElement = (lane: ClaimedLane, settlement: Settlement) => ({
  tenant: lane.tenant,
  key: lane.key,
  token: lane.leaseToken,
  queued: lane.queued,
  hint_count: lane.hints.length,
  last_inbox: lane.lastInbox,
  verdict: settlement.verdict,
  delay_ms: settlement.delayMs ?? 0,
  keep_attempts: settlement.keepAttempts ?? false,
  failure: settlement.failure,
  link: settlement.link,
  attempt: settlement.attempt,
  inbox_reason: settlement.inboxReason,
  recur_ms: settlement.recurMs,
});
