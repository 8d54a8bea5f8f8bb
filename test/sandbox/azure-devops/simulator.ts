import type { Faults } from '../faults.ts';
import type { Ledger } from '../ledger.ts';
import type { SandboxClock } from './clock.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Store, Update, WorkItemRecord } from './store.ts';
import type { Users } from './users.ts';

export type Flavor = 'services' | 'server-2019' | 'server-2020' | 'server-2022' | 'server-2022.1';

/** What happened to a work item, as service hooks tell it. */
export interface WorkItemEvent {
  eventType:
    | 'workitem.created'
    | 'workitem.updated'
    | 'workitem.deleted'
    | 'workitem.restored'
    | 'workitem.commented';
  workItem: WorkItemRecord;
  /** For `workitem.updated`. */
  update?: Update;
  actorId: string;
  commentText?: string;
}

/** The parts that the routes share. `url` is known once the server listens. */
export interface Simulator {
  readonly flavor: Flavor;
  readonly organization: string;
  /** Scheme, host, port. */
  url: string;
  /** Where the REST API of the organisation (or collection) starts; no trailing slash. */
  organizationUrl: string;
  /** Where identities and graph start: a host of its own on Services, the same one on Server. */
  identityUrl: string;
  readonly organizationId: string;
  readonly clock: SandboxClock;
  readonly store: Store;
  readonly users: Users;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly rateLimit: RateLimit;
  readonly random: () => number;
  readonly attachmentFolder: string;
  readonly maxAttachmentBytes: number;
  /** Set by the hooks' dispatcher; called after the change is in the store. */
  publish: (event: WorkItemEvent) => void;
}

export const isServices = (simulator: Simulator): boolean => simulator.flavor === 'services';
