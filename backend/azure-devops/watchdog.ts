import { z } from 'zod';
import { filterDifference, filterOf } from './hook-filter.ts';
import type { ExpectedHooks, HookFinding, WorkItemEventType } from './operations.ts';

/** A subscription as it is listed (Microsoft: hooks/subscriptions, 7.1). The password comes masked. */
export const wireSubscription = z.object({
  id: z.string(),
  status: z.union([z.string(), z.number()]).nullish(),
  publisherId: z.string(),
  eventType: z.string(),
  resourceVersion: z.string().nullish(),
  consumerId: z.string(),
  consumerActionId: z.string(),
  publisherInputs: z.record(z.string(), z.unknown()).default({}),
  consumerInputs: z.record(z.string(), z.unknown()).default({}),
  probationRetries: z.union([z.string(), z.number()]).nullish(),
  lastSuccessfulAttemptDate: z.string().nullish(),
});

export type WireSubscription = z.infer<typeof wireSubscription>;

const inputOf = (inputs: Readonly<Record<string, unknown>>, name: string): string => {
  const value = inputs[name];
  return typeof value === 'string' ? value : '';
};

/** Of the project, and leads to this backend now or did so before. */
export const isOurs = (subscription: WireSubscription, expected: ExpectedHooks): boolean => {
  const project = inputOf(subscription.publisherInputs, 'projectId').toLowerCase();
  const url = inputOf(subscription.consumerInputs, 'url');
  return (
    subscription.consumerId === 'webHooks' &&
    project === expected.projectId.toLowerCase() &&
    (url === expected.url || (expected.formerUrls ?? []).includes(url))
  );
};

/** Numbers are what clients get that ask for them. */
const statusByNumber: Readonly<Record<string, string>> = {
  '0': 'enabled',
  '10': 'onProbation',
  '20': 'disabledByUser',
  '30': 'disabledBySystem',
  '40': 'disabledByInactiveIdentity',
};

const reasons: Readonly<Record<string, string>> = {
  onProbation: 'Deliveries failed; until one succeeds Azure DevOps drops new events.',
  disabledBySystem: 'Azure DevOps disabled it after deliveries kept failing for about 36 hours.',
  disabledByUser: 'A person disabled it.',
  disabledByInactiveIdentity: 'It was disabled because the account that created it is no longer active.',
};

const statusOf = ({ status }: WireSubscription): string => {
  const text = String(status ?? 'enabled');
  return statusByNumber[text] ?? text;
};

/** What is there for one event type, and what is wrong with it. Pure. */
export const inspectSubscription = (
  eventType: WorkItemEventType,
  ours: readonly WireSubscription[],
  expected: ExpectedHooks,
): HookFinding => {
  const candidates = ours
    .filter((subscription) => subscription.eventType === eventType)
    .sort((a, b) => rank(a, expected) - rank(b, expected));
  const [best, ...others] = candidates;
  const duplicates = others.map((subscription) => subscription.id);
  if (!best) {
    return { eventType, health: 'missing', reason: 'It does not exist.', duplicates };
  }
  const retries = Number(best.probationRetries ?? Number.NaN);
  const told = {
    eventType,
    subscriptionId: best.id,
    filter: filterOf(best.publisherInputs),
    duplicates,
    ...(Number.isFinite(retries) && { probationRetries: retries }),
    ...(best.lastSuccessfulAttemptDate && { lastSucceededAt: best.lastSuccessfulAttemptDate }),
  };
  const status = statusOf(best);
  if (status === 'onProbation')
    return { ...told, health: 'onProbation', reason: reasons.onProbation ?? status };
  if (status !== 'enabled') {
    const disabledByPerson = status === 'disabledByUser';
    return {
      ...told,
      health: 'disabled',
      reason: reasons[status] ?? status,
      ...(disabledByPerson && { disabledByPerson }),
    };
  }
  const difference = differenceOf(best, expected);
  return difference ? { ...told, health: 'differs', reason: difference } : { ...told, health: 'healthy' };
};

/** The one that works as it is comes first, so that repairing keeps it. */
const rank = (subscription: WireSubscription, expected: ExpectedHooks): number =>
  (differenceOf(subscription, expected) ? 2 : 0) + (statusOf(subscription) === 'enabled' ? 0 : 1);

const differenceOf = (subscription: WireSubscription, expected: ExpectedHooks): string | undefined => {
  const { publisherInputs, consumerInputs } = subscription;
  if (inputOf(consumerInputs, 'url') !== expected.url) return 'It leads to a former address.';
  if (inputOf(consumerInputs, 'basicAuthUsername') !== expected.username) return 'Its user name differs.';
  if (inputOf(consumerInputs, 'basicAuthPassword') === '') return 'It has no password.';
  const narrowed = filterDifference(publisherInputs, expected.filter);
  if (narrowed) return narrowed;
  const details = inputOf(consumerInputs, 'resourceDetailsToSend').toLowerCase();
  // Empty is the catalogue's word for all.
  return details === '' || details === 'all' ? undefined : 'It leaves out the resource.';
};
