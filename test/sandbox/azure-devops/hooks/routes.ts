import { randomUUID } from 'node:crypto';
import { hasHookPermission, hookBits } from '../permissions.ts';
import { AzureDevOpsProblem } from '../problem.ts';
import { type CallContext, list, type Route } from '../router.ts';
import type { WorkItemEvent } from '../simulator.ts';
import { stableGuid } from '../users.ts';
import {
  actionView,
  consumerView,
  eventTypeIds,
  eventTypeView,
  publisherView,
  versionsOf,
} from './catalogue.ts';
import type { HookDispatcher } from './delivery.ts';
import {
  type Notification,
  notificationView,
  projectOf,
  type Subscription,
  type SubscriptionStatus,
  subscriptionView,
} from './subscriptions.ts';

const hooksNamespace = 'Microsoft.VisualStudio.Services.ServiceHooks.WebApi';

function hookProblem(status: number, typeKey: string, message: string): AzureDevOpsProblem {
  return new AzureDevOpsProblem(status, typeKey, message, { namespace: hooksNamespace, eventId: 4501 });
}

const missing = (what: string, id: string | undefined) =>
  hookProblem(404, `${what}NotFoundException`, `The ${what.toLowerCase()} with id ${id} does not exist.`);

function requireBit(
  context: CallContext,
  subscription: { publisherInputs: Record<string, string> },
  bit: number,
  name: string,
): void {
  if (hasHookPermission(context.user, projectOf(context.simulator, subscription.publisherInputs), bit))
    return;
  throw new AzureDevOpsProblem(
    403,
    'AccessCheckException',
    `Access Denied: ${context.user.displayName} needs the following permission(s) on the resource PublisherSecurity/${subscription.publisherInputs.projectId ?? ''} to perform this action: ${name}`,
    { namespace: 'Microsoft.TeamFoundation.Framework.Server', eventId: 3000 },
  );
}

function checkConsumerInputs(inputs: Record<string, string>): void {
  const url = inputs.url;
  if (url === undefined || !URL.canParse(url) || !/^https?:/.test(url))
    throw hookProblem(
      400,
      'SubscriptionInputException',
      'The value supplied for the url input is not valid.',
    );
  const { protocol, hostname } = new URL(url);
  // The service refuses loopback addresses altogether; here everything lives on one.
  const isLoopback = hostname === '127.0.0.1' || hostname === 'localhost' || hostname === '[::1]';
  if (inputs.basicAuthPassword && protocol === 'http:' && !isLoopback)
    throw hookProblem(400, 'SubscriptionInputException', 'Basic authentication is only supported for HTTPS.');
  if (inputs.basicAuthPassword !== undefined && !/^\S{0,256}$/.test(inputs.basicAuthPassword))
    throw hookProblem(
      400,
      'SubscriptionInputException',
      'The value supplied for the basicAuthPassword input is not valid.',
    );
}

function readSubscription(context: CallContext, id: string, old: Subscription | undefined): Subscription {
  const body = (context.body ?? {}) as Partial<Subscription>;
  const publisherInputs = { ...body.publisherInputs };
  const consumerInputs = { ...body.consumerInputs };
  if (body.publisherId !== 'tfs') throw missing('Publisher', body.publisherId);
  if (body.eventType === undefined || !eventTypeIds.includes(body.eventType))
    throw missing('EventType', body.eventType);
  if (body.consumerId !== 'webHooks' || body.consumerActionId !== 'httpRequest')
    throw missing('ConsumerAction', body.consumerActionId);
  const resourceVersion = body.resourceVersion ?? '1.0';
  if (!versionsOf(context.simulator, body.eventType).includes(resourceVersion))
    throw hookProblem(
      400,
      'ResourceVersionNotSupportedException',
      `The resource version ${resourceVersion} is not supported for ${body.eventType}.`,
    );
  if (publisherInputs.projectId && projectOf(context.simulator, publisherInputs) === undefined)
    throw hookProblem(
      400,
      'SubscriptionInputException',
      `The project ${publisherInputs.projectId} does not exist.`,
    );
  checkConsumerInputs(consumerInputs);
  requireBit(context, { publisherInputs }, hookBits.edit, 'Edit subscriptions');
  const at = context.simulator.clock.iso();
  const status: SubscriptionStatus = body.status === 'disabledByUser' ? 'disabledByUser' : 'enabled';
  return {
    id,
    publisherId: body.publisherId,
    eventType: body.eventType,
    resourceVersion,
    consumerId: body.consumerId,
    consumerActionId: body.consumerActionId,
    publisherInputs: {
      ...publisherInputs,
      tfsSubscriptionId: stableGuid(`tfs:${id}`),
      hostId: context.simulator.organizationId,
    },
    consumerInputs,
    status,
    createdBy: old?.createdBy ?? context.user.id,
    createdDate: old?.createdDate ?? at,
    modifiedBy: context.user.id,
    modifiedDate: at,
    probationRetries: 0,
    ...(old?.lastSuccessfulAttemptDate === undefined
      ? {}
      : { lastSuccessfulAttemptDate: old.lastSuccessfulAttemptDate }),
    notifications: old?.notifications ?? [],
    nextNotificationId: old?.nextNotificationId ?? 1,
    droppedEvents: old?.droppedEvents ?? 0,
  };
}

/** Without the View permission the lists are empty instead of refused. */
function visible(context: CallContext, hooks: HookDispatcher): Subscription[] {
  return [...hooks.subscriptions.values()].filter((subscription) =>
    hasHookPermission(
      context.user,
      projectOf(context.simulator, subscription.publisherInputs),
      hookBits.view,
    ),
  );
}

interface QueryFilter {
  conditions?: { inputId?: string; operator?: string; inputValue?: string; caseSensitive?: boolean }[];
}

function matchesFilters(inputs: Record<string, string>, filters: QueryFilter[] | undefined): boolean {
  if (filters === undefined || filters.length === 0) return true;
  return filters.some((filter) =>
    (filter.conditions ?? []).every((condition) => {
      const normal = (text: string) => (condition.caseSensitive ? text : text.toLowerCase());
      const isEqual = normal(inputs[condition.inputId ?? ''] ?? '') === normal(condition.inputValue ?? '');
      return condition.operator?.toLowerCase() === 'notequals' ? !isEqual : isEqual;
    }),
  );
}

function sampleEvent(
  context: CallContext,
  eventType: string,
  projectId: string | undefined,
): WorkItemEvent | undefined {
  const items = [...context.simulator.store.workItems.values()];
  const workItem =
    items.find(
      (candidate) => projectId === undefined || projectId === '' || candidate.projectId === projectId,
    ) ?? items[0];
  if (workItem === undefined) return undefined;
  const update = workItem.updates.at(-1);
  return {
    eventType: eventType as WorkItemEvent['eventType'],
    workItem,
    actorId: context.user.id,
    ...(update === undefined ? {} : { update }),
    ...(eventType === 'workitem.commented' ? { commentText: 'This is a great new idea' } : {}),
  };
}

const version = { since: 1, revision: 1 };

/** The service hooks API. Reading and writing them rides on the work scope (vso.hooks is no longer public). */
export function hookRoutes(hooks: HookDispatcher): Route[] {
  const find = (context: CallContext, bit: number, name: string): Subscription => {
    const subscription = hooks.subscriptions.get((context.params.subscriptionId ?? '').toLowerCase());
    if (subscription === undefined) throw missing('Subscription', context.params.subscriptionId);
    requireBit(context, subscription, bit, name);
    return subscription;
  };
  const route = (id: string, method: Route['method'], path: string, handle: Route['handle']): Route => ({
    id,
    method,
    path: `hooks/${path}`,
    level: 'organization',
    version,
    scope: 'vso.hooks',
    handle,
  });
  const selected = (context: CallContext, notifications: Notification[]): Notification[] => {
    const status = context.query.get('status')?.toLowerCase();
    const result = context.query.get('result')?.toLowerCase();
    const maxResults = Number(context.query.get('maxResults') ?? 100);
    return notifications
      .filter(
        (entry) => (!status || entry.status.toLowerCase() === status) && (!result || entry.result === result),
      )
      .slice(-maxResults)
      .reverse();
  };
  return [
    route('hooks.list', 'GET', 'subscriptions', (context) => {
      const wanted = ['publisherId', 'eventType', 'consumerId', 'consumerActionId'] as const;
      const found = visible(context, hooks).filter((subscription) =>
        wanted.every((name) => !context.query.get(name) || subscription[name] === context.query.get(name)),
      );
      return list(found.map((subscription) => subscriptionView(context.simulator, subscription)));
    }),
    route('hooks.create', 'POST', 'subscriptions', (context) => {
      const subscription = readSubscription(context, randomUUID(), undefined);
      hooks.subscriptions.set(subscription.id, subscription);
      return subscriptionView(context.simulator, subscription);
    }),
    route('hooks.read', 'GET', 'subscriptions/{subscriptionId}', (context) =>
      subscriptionView(context.simulator, find(context, hookBits.view, 'View subscriptions')),
    ),
    route('hooks.replace', 'PUT', 'subscriptions/{subscriptionId}', (context) => {
      const old = find(context, hookBits.edit, 'Edit subscriptions');
      // A masked password that is sent back becomes the password: what one forgets only once.
      const subscription = readSubscription(context, old.id, old);
      hooks.subscriptions.set(subscription.id, subscription);
      return subscriptionView(context.simulator, subscription);
    }),
    route('hooks.delete', 'DELETE', 'subscriptions/{subscriptionId}', (context) => {
      const subscription = find(context, hookBits.delete, 'Delete subscriptions');
      hooks.subscriptions.delete(subscription.id);
      return context.reply.code(204).send();
    }),
    route('hooks.query', 'POST', 'subscriptionsquery', (context) => {
      const body = (context.body ?? {}) as Record<string, unknown>;
      const wanted = ['publisherId', 'eventType', 'consumerId', 'consumerActionId'] as const;
      const results = visible(context, hooks).filter(
        (subscription) =>
          wanted.every((name) => !body[name] || subscription[name] === body[name]) &&
          matchesFilters(
            subscription.publisherInputs,
            body.publisherInputFilters as QueryFilter[] | undefined,
          ) &&
          matchesFilters(subscription.consumerInputs, body.consumerInputFilters as QueryFilter[] | undefined),
      );
      return {
        ...body,
        results: results.map((subscription) => subscriptionView(context.simulator, subscription)),
      };
    }),
    route('hooks.test', 'POST', 'testnotifications', async (context) => {
      const body = (context.body ?? {}) as { subscriptionId?: string; details?: Partial<Subscription> };
      const known = hooks.subscriptions.get((body.subscriptionId ?? '').toLowerCase());
      const subscription =
        known ??
        readSubscription(
          { ...context, body: { resourceVersion: '1.0', ...body.details } },
          randomUUID(),
          undefined,
        );
      const event = sampleEvent(context, subscription.eventType, subscription.publisherInputs.projectId);
      if (event === undefined)
        throw hookProblem(400, 'TestNotificationException', 'There is no work item to build a sample from.');
      const notification = await hooks.test(subscription, event);
      return notificationView(subscription, notification, true);
    }),
    route('hooks.notifications', 'GET', 'subscriptions/{subscriptionId}/notifications', (context) => {
      const subscription = find(context, hookBits.view, 'View subscriptions');
      return list(
        selected(context, subscription.notifications).map((entry) =>
          notificationView(subscription, entry, false),
        ),
      );
    }),
    route(
      'hooks.notification',
      'GET',
      'subscriptions/{subscriptionId}/notifications/{notificationId}',
      (context) => {
        const subscription = find(context, hookBits.view, 'View subscriptions');
        const notification = subscription.notifications.find(
          (entry) => entry.id === Number(context.params.notificationId),
        );
        if (notification === undefined) throw missing('Notification', context.params.notificationId);
        return notificationView(subscription, notification, true);
      },
    ),
    route('hooks.notificationsQuery', 'POST', 'notificationsquery', (context) => {
      const body = (context.body ?? {}) as {
        subscriptionIds?: string[];
        includeDetails?: boolean;
        status?: string;
        resultType?: string;
      };
      const found = visible(context, hooks).filter(
        (subscription) => body.subscriptionIds?.includes(subscription.id) ?? true,
      );
      const results = found.flatMap((subscription) =>
        subscription.notifications
          .filter(
            (entry) =>
              (!body.status || entry.status === body.status) &&
              (!body.resultType || entry.result === body.resultType),
          )
          .map((entry) => notificationView(subscription, entry, body.includeDetails ?? false)),
      );
      const kinds = ['pending', 'succeeded', 'failed', 'filtered'] as const;
      const summary = found.map((subscription) => ({
        subscriptionId: subscription.id,
        results: kinds.map((result) => ({
          result,
          notificationCount: subscription.notifications.filter((entry) => entry.result === result).length,
        })),
      }));
      return { ...body, results, summary };
    }),
    ...diagnosticRoutes(find),
    ...catalogueRoutes(),
  ];

  function diagnosticRoutes(findSubscription: typeof find): Route[] {
    const tracing = new Map<string, Record<string, unknown>>();
    return [
      route('hooks.diagnostics', 'GET', 'subscriptions/{subscriptionId}/diagnostics', (context) => {
        const subscription = findSubscription(context, hookBits.view, 'View subscriptions');
        return tracing.get(subscription.id) ?? {};
      }),
      route('hooks.diagnostics.set', 'PUT', 'subscriptions/{subscriptionId}/diagnostics', (context) => {
        const subscription = findSubscription(context, hookBits.edit, 'Edit subscriptions');
        const body = (context.body ?? {}) as Record<string, { enabled?: boolean }>;
        const nowMs = context.simulator.clock.nowMs();
        const entries = ['deliveryResults', 'deliveryTracing', 'evaluationTracing']
          .filter((name) => body[name] !== undefined)
          .map((name) => [
            name,
            {
              enabled: body[name]?.enabled ?? false,
              startDate: new Date(nowMs).toISOString(),
              endDate: new Date(nowMs + 3_600_000).toISOString(),
              maxTracedEntries: 25,
              tracedEntries: 0,
            },
          ]);
        const next = { ...tracing.get(subscription.id), ...Object.fromEntries(entries) };
        tracing.set(subscription.id, next);
        return next;
      }),
    ];
  }

  function catalogueRoutes(): Route[] {
    const publisher = (context: CallContext) => {
      if (context.params.publisherId !== 'tfs') throw missing('Publisher', context.params.publisherId);
      return publisherView(context.simulator);
    };
    const consumer = (context: CallContext) => {
      if (context.params.consumerId?.toLowerCase() !== 'webhooks')
        throw missing('Consumer', context.params.consumerId);
      return consumerView(context.simulator);
    };
    return [
      route('hooks.publishers', 'GET', 'publishers', (context) => list([publisherView(context.simulator)])),
      route('hooks.publisher', 'GET', 'publishers/{publisherId}', publisher),
      route('hooks.eventTypes', 'GET', 'publishers/{publisherId}/eventtypes', (context) =>
        list(publisher(context).supportedEvents as object[]),
      ),
      route('hooks.eventType', 'GET', 'publishers/{publisherId}/eventtypes/{eventTypeId}', (context) => {
        publisher(context);
        const view = eventTypeView(context.simulator, context.params.eventTypeId ?? '');
        if (view === undefined) throw missing('EventType', context.params.eventTypeId);
        return view;
      }),
      route('hooks.inputValues', 'POST', 'publishers/{publisherId}/inputvaluesquery', (context) => {
        const body = (context.body ?? {}) as {
          inputValues?: { inputId?: string }[];
          currentValues?: Record<string, string>;
        };
        const projects = context.simulator.store.projects.filter((project) =>
          context.user.roles.has(project.id),
        );
        const inputValues = (body.inputValues ?? []).map(({ inputId }) => ({
          inputId,
          defaultValue: '',
          possibleValues:
            inputId === 'projectId'
              ? projects.map((project) => ({ value: project.id, displayValue: project.name }))
              : [],
          isLimitedToPossibleValues: inputId === 'projectId',
        }));
        return { currentValues: body.currentValues ?? {}, inputValues };
      }),
      route('hooks.consumers', 'GET', 'consumers', (context) => list([consumerView(context.simulator)])),
      route('hooks.consumer', 'GET', 'consumers/{consumerId}', consumer),
      route('hooks.actions', 'GET', 'consumers/{consumerId}/actions', (context) =>
        list(consumer(context).actions as object[]),
      ),
      route('hooks.action', 'GET', 'consumers/{consumerId}/actions/{actionId}', (context) => {
        consumer(context);
        if (context.params.actionId?.toLowerCase() !== 'httprequest')
          throw missing('ConsumerAction', context.params.actionId);
        return actionView(context.simulator);
      }),
    ];
  }
}
