import sjson from 'secure-json-parse';
import type { Hint, HookReading, HookRequest } from '../connectors/connector.ts';
import { isSamePerson, personIn } from './translate.ts';

/** What a delivery says about itself, for display and for deduplication; never trusted for content. */
export interface HookFacts {
  eventType?: string;
  projectId?: string;
  collectionId?: string;
  subscriptionId?: string;
  notificationId?: number;
  /** Id of the event, the same over all subscriptions that it fires. */
  eventId?: string;
  resourceVersion?: string;
  /** The sample that "Test" sends, or one like it: about no record of ours. */
  isSample: boolean;
}

export type AzureDevOpsHookReading = HookReading & { facts: HookFacts };

type Json = Readonly<Record<string, unknown>>;

const whatByEvent: Readonly<Record<string, Hint['what']>> = {
  'workitem.created': 'created',
  'workitem.updated': 'updated',
  'workitem.commented': 'commented',
  'workitem.deleted': 'deleted',
  'workitem.restored': 'restored',
};

/** Subscription of samples, and of nothing else. */
const noSubscription = '00000000-0000-0000-0000-000000000000';
const workItemInUrl = /\/(?:workItems|recyclebin)\/(\d+)/i;

/**
 * A delivery of a service hook. Pure; never throws. Tolerates every shape that Azure DevOps has been seen to send:
 * all resource versions, parts left out by `resourceDetailsToSend`, samples, and the damaged examples of its
 * documentation (Microsoft: service-hooks/events). A comment arrives as two events, commented and updated: both are
 * hints, and the engine reads once.
 */
export const readHook = (
  body: Buffer | string,
  headers: Readonly<Record<string, string | undefined>>,
  options: { ownId?: string } = {},
): AzureDevOpsHookReading => {
  const envelope = parse(body);
  if (!envelope) return { verdict: 'unreadable', reason: 'Not a JSON object', facts: { isSample: false } };
  const resource = objectIn(envelope.resource);
  const facts = factsOf(envelope, resource, headers);
  const { eventType } = facts;
  if (eventType === undefined) return { verdict: 'unreadable', reason: 'It names no event', facts };
  const what = whatByEvent[eventType];
  if (what === undefined) return { verdict: 'ignored', reason: `Not used: ${eventType}`, facts };
  if (facts.isSample) return { verdict: 'ignored', reason: 'A sample, as "Test" sends it', facts };
  const id = workItemIdOf(eventType, resource);
  if (id === undefined) return { verdict: 'unreadable', reason: 'It names no work item', facts };
  const revision = revisionOf(resource);
  const own = isOwn(resource, options.ownId);
  const dedupeKey = dedupeKeyOf(facts, headers);
  const hint: Hint = {
    recordId: String(id),
    what,
    ...(revision !== undefined && { revision: String(revision) }),
    ...(own !== undefined && { own }),
    ...(dedupeKey && { dedupeKey }),
  };
  return { verdict: 'hints', hints: [hint], facts };
};

/** As the intake calls it: there the identity of the backend is not known, and the engine finds out by the revision. */
export const readServiceHook = (request: HookRequest): AzureDevOpsHookReading =>
  readHook(request.body, request.headers);

const parse = (body: Buffer | string): Json | undefined => {
  // A byte order mark is allowed by what older .NET senders do.
  const text = (typeof body === 'string' ? body : body.toString('utf8')).replace(/^\uFEFF/, '');
  try {
    const value: unknown = sjson.parse(text, { protoAction: 'error', constructorAction: 'error' });
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const objectIn = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

const textIn = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

const positive = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number > 0 ? number : undefined;
};

const factsOf = (
  envelope: Json,
  resource: Json,
  headers: Readonly<Record<string, string | undefined>>,
): HookFacts => {
  const containers = objectIn(envelope.resourceContainers);
  const container = (name: string) => textIn(objectIn(containers[name]).id);
  const subscriptionId = textIn(envelope.subscriptionId) ?? textIn(headers['x-vss-subscriptionid']);
  const notificationId = positive(envelope.notificationId);
  const eventType = textIn(envelope.eventType);
  const projectId = container('project') ?? textIn(resource.projectId);
  const collectionId = container('collection');
  const eventId = textIn(envelope.id);
  const resourceVersion = textIn(envelope.resourceVersion);
  return {
    ...(eventType && { eventType }),
    ...(projectId && { projectId }),
    ...(collectionId && { collectionId }),
    ...(subscriptionId && { subscriptionId }),
    ...(notificationId !== undefined && { notificationId }),
    ...(eventId && { eventId }),
    ...(resourceVersion && { resourceVersion }),
    isSample: isSample(envelope, resource),
  };
};

/** Samples carry `scope` where deliveries have a subscription, or a subscription and a work item that are no one's. */
const isSample = (envelope: Json, resource: Json): boolean => {
  if (envelope.subscriptionId === noSubscription || resource.workItemId === 0) return true;
  const isSubscribed = textIn(envelope.subscriptionId) ?? positive(envelope.notificationId);
  return textIn(envelope.scope) !== undefined && isSubscribed === undefined;
};

/** `resource.id` of an update is the number of the update, not of the work item. */
const workItemIdOf = (eventType: string, resource: Json): number | undefined => {
  const named =
    positive(resource.workItemId) ?? positive(objectIn(resource.revision).id) ?? idInUrl(resource.url);
  if (named !== undefined) return named;
  const links = objectIn(resource._links);
  const linked = idInUrl(objectIn(links.parent).href) ?? idInUrl(objectIn(links.self).href);
  if (linked !== undefined) return linked;
  // Without a change list it is shaped like a snapshot, as the documentation prints it.
  const isSnapshot = eventType !== 'workitem.updated';
  return isSnapshot ? positive(resource.id) : undefined;
};

const idInUrl = (value: unknown): number | undefined => {
  const digits = typeof value === 'string' ? workItemInUrl.exec(value)?.[1] : undefined;
  return digits === undefined ? undefined : positive(digits);
};

const revisionOf = (resource: Json): number | undefined =>
  positive(resource.rev) ?? positive(objectIn(resource.revision).rev);

/** `revisedBy.id` is there in every resource version of an update; other events name people by version. */
const isOwn = (resource: Json, ownId: string | undefined): boolean | undefined => {
  if (ownId === undefined) return undefined;
  const revisedById = textIn(objectIn(resource.revisedBy).id);
  if (revisedById !== undefined) return revisedById.toLowerCase() === ownId.toLowerCase();
  const changedBy = objectIn(objectIn(resource.fields)['System.ChangedBy']);
  const author = textIn(changedBy.id) ? personIn(changedBy) : undefined;
  return author && isSamePerson(author, { kind: 'principal', id: ownId });
};

/** One delivery, however often it is retried. Without ids of its own the activity stands for it. */
const dedupeKeyOf = (
  facts: HookFacts,
  headers: Readonly<Record<string, string | undefined>>,
): string | undefined => {
  const { subscriptionId, notificationId, eventId } = facts;
  if (subscriptionId && notificationId !== undefined) return `${subscriptionId}/${notificationId}`;
  if (subscriptionId && eventId) return `${subscriptionId}/${eventId}`;
  return eventId ?? textIn(headers['x-vss-activityid']);
};
