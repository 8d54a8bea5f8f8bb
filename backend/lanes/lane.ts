import type { Hint } from '../connectors/connector.ts';
import type { LoadedLink } from '../store/links.ts';
import type { FailureDetails } from '../sync/failure.ts';
import type { Side } from '../sync/record.ts';

/** A hint as a lane carries it: which side it speaks of. */
export type SidedHint = Partial<Hint> & { what: Hint['what']; side?: Side; cause?: Cause };

/** Why a lane runs, for the activity list. */
export type Cause = 'hook' | 'sweep' | 'person' | 'extension' | 'schedule' | 'follow-up';

/** A lane that this worker holds under a lease. `leaseToken` fences: a settle with an older one writes nothing. */
export interface ClaimedLane {
  tenant: number;
  key: string;
  kind: string;
  connection: string;
  link: string | undefined;
  /** The link as it stood right after the claim; undefined when it is gone. */
  loaded: LoadedLink | undefined;
  hints: readonly SidedHint[];
  queued: number;
  lastInbox: number;
  leaseToken: number;
  /** This run included. */
  attempts: number;
  /** When the run began, by `performance.now()`. */
  claimedAtMs: number;
  facts: Readonly<Record<string, unknown>>;
}

/** How a run ended. */
export interface Settlement {
  /** done: nothing more to do until the next hint. wait: run again after `delayMs`. park: a person must look. */
  verdict: 'done' | 'wait' | 'park';
  delayMs?: number;
  /** The run does not count as an attempt (the whole connection waits). */
  keepAttempts?: boolean;
  /** `connection`: whose recovery the lane waits for, where that is another one than its own. */
  failure?: FailureDetails & { side?: Side; connection?: string };
  /** What changes in the link; see settle_lanes in migration 0018. */
  link?: LinkChange;
  attempt?: AttemptRecord;
  /** Said of the deliveries that this run handles. */
  inboxReason?: string;
  /** For lanes that run again and again: due in so many milliseconds. */
  recurMs?: number;
}

export interface LinkChange {
  base?: unknown;
  responded?: boolean;
  usedResolutions?: readonly string[];
  conflicts?: readonly unknown[];
  shown?: unknown;
  ticketKey?: string;
  ticketUrl?: string;
  condition?: string;
  reason?: string;
  remedy?: string;
  retryAt?: string;
  agreed?: boolean;
  /** Everything was read, comments and attachments included. */
  fullLook?: boolean;
  endReason?: string;
}

export interface AttemptRecord {
  cause: Cause;
  outcome: 'done' | 'halt' | 'failure';
  summary: string;
  failure?: string;
  workItemId?: string;
  ticketKey?: string;
  durationMs: number;
  attempts: number;
  wrote: number;
  detail: Record<string, unknown>;
}

export type LaneRunner = (lane: ClaimedLane, signal: AbortSignal) => Promise<Settlement>;
