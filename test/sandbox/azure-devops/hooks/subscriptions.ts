import type { Simulator, WorkItemEvent } from '../simulator.ts';
import type { Project } from '../store.ts';

export type SubscriptionStatus =
  | 'enabled'
  | 'onProbation'
  | 'disabledByUser'
  | 'disabledBySystem'
  | 'disabledByInactiveIdentity';

export interface Subscription {
  id: string;
  publisherId: string;
  eventType: string;
  resourceVersion: string;
  consumerId: string;
  consumerActionId: string;
  publisherInputs: Record<string, string>;
  /** Holds the real password; views mask it. */
  consumerInputs: Record<string, string>;
  status: SubscriptionStatus;
  createdBy: string;
  createdDate: string;
  modifiedBy: string;
  modifiedDate: string;
  probationRetries: number;
  lastProbationRetryDate?: string;
  lastSuccessfulAttemptDate?: string;
  notifications: Notification[];
  nextNotificationId: number;
  /** Events that came while the subscription was on probation or disabled: lost for good. */
  droppedEvents: number;
}

export interface Notification {
  id: number;
  eventId: string;
  event: WorkItemEvent;
  isTest: boolean;
  status: 'queued' | 'processing' | 'requestInProgress' | 'queuedForRetry' | 'completed';
  result: 'pending' | 'succeeded' | 'failed' | 'filtered';
  createdDate: string;
  modifiedDate: string;
  attempts: number;
  transientTries: number;
  probationTries: number;
  request: string;
  response: string;
  errorMessage: string;
  requestDurationS: number;
}

const confidential = ['basicAuthPassword'];
const mask = '********';

export function subscriptionUrl(simulator: Simulator, subscription: Subscription): string {
  return `${simulator.organizationUrl}/_apis/hooks/subscriptions/${subscription.id}`;
}

export function maskedInputs(subscription: Subscription): Record<string, string> {
  const inputs = { ...subscription.consumerInputs };
  for (const name of confidential) if (inputs[name] !== undefined && inputs[name] !== '') inputs[name] = mask;
  return inputs;
}

export function projectOf(simulator: Simulator, inputs: Record<string, string>): Project | undefined {
  const { projectId } = inputs;
  return projectId === undefined || projectId === '' ? undefined : simulator.store.project(projectId);
}

export function subscriptionView(simulator: Simulator, subscription: Subscription): Record<string, unknown> {
  const url = subscriptionUrl(simulator, subscription);
  const project = projectOf(simulator, subscription.publisherInputs);
  return {
    id: subscription.id,
    url,
    status: subscription.status,
    publisherId: subscription.publisherId,
    eventType: subscription.eventType,
    subscriber: null,
    resourceVersion: subscription.resourceVersion,
    eventDescription: project === undefined ? 'Any project' : `Any work item in ${project.name}`,
    consumerId: subscription.consumerId,
    consumerActionId: subscription.consumerActionId,
    actionDescription: `To host ${hostOf(subscription.consumerInputs.url)}`,
    probationRetries: subscription.probationRetries,
    ...(subscription.lastProbationRetryDate === undefined
      ? {}
      : { lastProbationRetryDate: subscription.lastProbationRetryDate }),
    ...(subscription.lastSuccessfulAttemptDate === undefined
      ? {}
      : { lastSuccessfulAttemptDate: subscription.lastSuccessfulAttemptDate }),
    createdBy: simulator.users.ref(subscription.createdBy),
    createdDate: subscription.createdDate,
    modifiedBy: simulator.users.ref(subscription.modifiedBy),
    modifiedDate: subscription.modifiedDate,
    publisherInputs: subscription.publisherInputs,
    consumerInputs: maskedInputs(subscription),
    _links: {
      self: { href: url },
      consumer: { href: `${simulator.organizationUrl}/_apis/hooks/consumers/${subscription.consumerId}` },
      actions: {
        href: `${simulator.organizationUrl}/_apis/hooks/consumers/${subscription.consumerId}/actions`,
      },
      notifications: { href: `${url}/notifications` },
      publisher: { href: `${simulator.organizationUrl}/_apis/hooks/publishers/${subscription.publisherId}` },
    },
  };
}

function hostOf(url: string | undefined): string {
  return url !== undefined && URL.canParse(url) ? new URL(url).hostname : '';
}

export function notificationView(
  subscription: Subscription,
  notification: Notification,
  withDetails: boolean,
): Record<string, unknown> {
  return {
    id: notification.id,
    subscriptionId: subscription.id,
    subscriberId: '00000000-0000-0000-0000-000000000000',
    eventId: notification.eventId,
    status: notification.status,
    result: notification.result,
    createdDate: notification.createdDate,
    modifiedDate: notification.modifiedDate,
    ...(withDetails
      ? {
          details: {
            publisherId: subscription.publisherId,
            consumerId: subscription.consumerId,
            consumerActionId: subscription.consumerActionId,
            eventType: subscription.eventType,
            consumerInputs: maskedInputs(subscription),
            publisherInputs: subscription.publisherInputs,
            request: notification.request,
            response: notification.response,
            errorMessage: notification.errorMessage,
            errorDetail: '',
            queuedDate: notification.createdDate,
            dequeuedDate: notification.createdDate,
            processedDate: notification.modifiedDate,
            completedDate: notification.modifiedDate,
            requestAttempts: notification.attempts,
            requestDuration: notification.requestDurationS,
          },
        }
      : {}),
  };
}
