import type { Connector, RecordSystem, SystemDescription } from '../connectors/connector.ts';
import type { RequestTrace } from '../connectors/request-trace.ts';
import type { LaneQueue } from '../lanes/queue.ts';
import type { Store } from '../store/pool.ts';
import type { Side } from '../sync/record.ts';
import type { Echoes } from './echoes.ts';
import type { SettingsCache } from './settings.ts';

/** Opens the systems of a tenant; keeps them open until their settings change. */
export interface Systems {
  /** The work item side is the connection `azure-devops`. Throws `Failure` when it is not set up. */
  open(tenant: number, connection: string): Promise<RecordSystem>;
  connectorOf(kind: string): Connector | undefined;
  /** Cached; throws `Failure` when the system never answered yet. */
  describe(
    tenant: number,
    connection: string,
    scope: { type?: string; project?: string; template?: string },
  ): Promise<SystemDescription>;
}

/** What the engine's runners share. */
export interface EngineContext {
  store: Store;
  queue: LaneQueue;
  settings: SettingsCache;
  systems: Systems;
  echoes: Echoes;
  now(): Date;
  random(): number;
  log(line: string, facts?: Record<string, unknown>): void;
  /** Collects the requests of one attempt. */
  trace<T>(trace: RequestTrace, work: () => Promise<T>): Promise<T>;
  /** Named places where a test can end the process; does nothing in production. */
  failpoint(name: string): Promise<void> | void;
}

/** A failure with the side that it came from. */
export class SidedFailure extends Error {
  readonly side: Side;
  /** Where the side does not tell it: the lane of a work item works with the ticket systems of many mappings. */
  readonly connection: string | undefined;
  override readonly cause: unknown;
  constructor(side: Side, cause: unknown, connection?: string) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = 'SidedFailure';
    this.side = side;
    this.connection = connection;
    this.cause = cause;
  }
}

/** Runs remote work of one side so that what it throws tells the side, and the connection where that is not the lane's. */
export async function onSide<T>(side: Side, work: () => Promise<T>, connection?: string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SidedFailure) {
      throw error.connection === undefined && connection !== undefined && error.side === side
        ? new SidedFailure(side, error.cause, connection)
        : error;
    }
    throw new SidedFailure(side, error, connection);
  }
}

/** The hooks of one project as the watchdog sees them; the words are those of the contract. */
export interface HookFindings {
  /** Undefined when the backend's identity may not see subscriptions: then nothing is known, which is not "none". */
  mayView: boolean;
  needs?: string;
  findings: readonly { eventType: string; health: string; subscriptionId?: string; reason?: string }[];
}

/** Keeps the service hooks of the work item side alive. Implemented over the Azure DevOps client. */
export interface HookKeeper {
  inspect(tenant: number, project: string): Promise<HookFindings>;
  /** Registers what is missing, replaces what differs or was disabled by the system. */
  ensure(tenant: number, project: string): Promise<HookFindings>;
  /** Removes what leads to this backend and forgets the filter; returns how many there were. */
  remove(tenant: number, project: string): Promise<number>;
}
