import type { CommentInput, RecordSystem, TestCheck, WriteResult } from '../connectors/connector.ts';
import type { HookFilter } from '../contract/subscriptions.ts';
import type { FieldChange } from '../sync/command.ts';
import type { RecordRef } from '../sync/record.ts';
import type { RestVersion } from './api-versions.ts';

/** Azure DevOps as the engine and the HTTP sessions see it. */
export interface AzureDevOps extends RecordSystem {
  /** With `project` the rights in that project are tested, else those in the first one that is visible. */
  test(options?: { project?: string }): Promise<readonly TestCheck[]>;
  update(
    id: string,
    changes: readonly FieldChange[],
    options: { revision: string; comment?: CommentInput },
  ): Promise<WriteResult & { commentId?: string }>;
  /** After `read` threw notFound: in the recycle bin, or not visible to us. One request. */
  whyMissing(id: string): Promise<'deleted' | 'notVisible'>;
  /** Work items whose reference field holds exactly this value; any creator, any age. */
  findByReference(
    field: string,
    value: string,
    input: { project?: string; type?: string },
  ): Promise<readonly RecordRef[]>;
  projects(): Promise<readonly { id: string; name: string }[]>;
  /** Paths of all areas of a project, written as on work items; the project's own area first. */
  areas(project: string): Promise<string[]>;
  /** Which server this is. Cached. */
  server(): Promise<ServerFacts>;
  hooks: ServiceHooks;
  /** Asks with the token that the extension's page got for its user. The token is neither kept nor logged. */
  askAsUser(accessToken: string): AsUser;
}

export interface ServerFacts {
  version: RestVersion;
  isServices: boolean;
  /** Id of the organisation or collection: `SDK.getHost().id` in the extension. */
  instanceId: string;
}

export interface AsUser {
  /** Throws unauthorized when the token is not taken. */
  whoAmI(): Promise<UserFacts>;
  /** By id or name; undefined when the user may not see it. */
  readProject(project: string): Promise<{ id: string; name: string } | undefined>;
  rights(projectId: string): Promise<UserRights>;
  /** Validates a change without saving it, to learn about `writable`. */
  workItem(id: string): Promise<WorkItemRights>;
}

export interface UserRights {
  /** "Edit project-level information". */
  projectAdmin: boolean;
  /** "Edit instance-level information". */
  collectionAdmin: boolean;
  /** "Edit work items in this node", asked for the project's root area; a single area may be closed all the same. */
  changeWorkItems: boolean;
}

export interface UserFacts {
  id: string;
  name: string;
  /** Mail address or account, when told. */
  account?: string;
  instanceId: string;
}

export type WorkItemRights =
  | { readable: false }
  | { readable: true; writable: boolean; project: string; type: string };

/** The five service hooks of a project that lead to this backend. */
export interface ServiceHooks {
  /** Whether the backend's identity may see and change subscriptions of the project. */
  rights(projectId: string): Promise<HookRights>;
  /** What should exist and what does; changes nothing. */
  inspect(expected: ExpectedHooks): Promise<HookReport>;
  /**
   * Registers what is missing and replaces what differs or was disabled by the system. With `everything` also what a
   * person disabled, and what is healthy (after the password was renewed). Needs the real password: Azure DevOps
   * returns it masked and a replacement that sends the mask would store the mask.
   */
  ensure(
    expected: ExpectedHooks & { password: string },
    options?: { everything?: boolean },
  ): Promise<HookReport>;
  /** Removes all that lead to `expected.url` or `expected.formerUrls`; returns how many. */
  remove(expected: ExpectedHooks): Promise<number>;
  /** Has Azure DevOps send a sample to the address. The delivery arrives with the ids of the sample, not of a record. */
  sendTest(subscriptionId: string, password: string): Promise<HookDelivery>;
  /** The newest deliveries of a subscription as Azure DevOps saw them. */
  deliveries(subscriptionId: string, limit: number): Promise<readonly HookDelivery[]>;
}

export interface ExpectedHooks {
  projectId: string;
  /** Address that receives; exact. */
  url: string;
  username: string;
  /** Addresses that were used before: subscriptions that lead there are ours and get the new one. */
  formerUrls?: readonly string[];
  filter: HookFilter;
}

export interface HookRights {
  mayView: boolean;
  mayEdit: boolean;
  mayDelete: boolean;
  /** The right that is missing, in Microsoft's words. */
  needs?: string;
}

export type HookHealth = 'healthy' | 'missing' | 'onProbation' | 'disabled' | 'differs' | 'unknown';

export interface HookFinding {
  eventType: WorkItemEventType;
  health: HookHealth;
  subscriptionId?: string;
  /** What it is narrowed to at present. */
  filter?: HookFilter;
  /** Why it is not healthy, one sentence. */
  reason?: string;
  /** Disabled by a person: `ensure` leaves it alone unless told otherwise. */
  disabledByPerson?: boolean;
  /** Further subscriptions for the same event that lead to us: every event arrives twice. */
  duplicates: readonly string[];
  probationRetries?: number;
  /** Only for those that are not healthy, or when Azure DevOps tells it by itself. */
  lastSucceededAt?: string;
}

export interface HookReport {
  rights: HookRights;
  /** One per event type, always all five; `unknown` without the right to view. */
  findings: readonly HookFinding[];
  /** What `ensure` did, by event type. */
  changes: readonly { eventType: WorkItemEventType; done: 'created' | 'replaced' | 'removedDuplicate' }[];
}

export interface HookDelivery {
  notificationId: number;
  at?: string;
  status: 'queued' | 'processing' | 'requestInProgress' | 'queuedForRetry' | 'completed' | 'unknown';
  result: 'pending' | 'succeeded' | 'failed' | 'filtered' | 'unknown';
  attempts?: number;
  /** What our side answered or why it could not be reached, in Azure DevOps' words. */
  problem?: string;
}

export const workItemEventTypes = [
  'workitem.created',
  'workitem.updated',
  'workitem.commented',
  'workitem.deleted',
  'workitem.restored',
] as const;

export type WorkItemEventType = (typeof workItemEventTypes)[number];

/** Words for people. */
export const workItemEventNames: Readonly<Record<WorkItemEventType, string>> = {
  'workitem.created': 'Work item created',
  'workitem.updated': 'Work item updated',
  'workitem.commented': 'Work item commented on',
  'workitem.deleted': 'Work item deleted',
  'workitem.restored': 'Work item restored',
};
