import { z } from 'zod';
import { Failure, isFailure } from '../sync/failure.ts';
import type { Client } from './client.ts';
import { publisherInputsOf } from './hook-filter.ts';
import {
  type ExpectedHooks,
  type HookDelivery,
  type HookFinding,
  type HookReport,
  type HookRights,
  type ServiceHooks,
  type WorkItemEventType,
  workItemEventTypes,
} from './operations.ts';
import { evaluatePermissions, serviceHooksNamespace } from './permissions.ts';
import { inspectSubscription, isOurs, type WireSubscription, wireSubscription } from './watchdog.ts';

/**
 * People come with ids only in the first; Servers before 2022 may know the second alone (Microsoft:
 * service-hooks/events).
 */
const resourceVersions = ['5.1-preview.3', '1.0'] as const;

const bits = { view: 1, edit: 2, delete: 4 } as const;

const notification = z.object({
  id: z.number().int(),
  createdDate: z.string().nullish(),
  status: z.string().nullish(),
  result: z.string().nullish(),
  details: z.object({ errorMessage: z.string().nullish(), requestAttempts: z.number().nullish() }).nullish(),
});

const notificationResults = z.object({ results: z.array(notification).nullish() });
const subscriptionList = z.object({ value: z.array(wireSubscription) });

/** The five service hooks of a project; see `ServiceHooks`. */
export const createServiceHooks = (client: Client): ServiceHooks => {
  const hookRequest = (route: string, path: string) => ({ path, resource: 'hooks', route }) as const;

  const rights = async (projectId: string): Promise<HookRights> => {
    const token = `PublisherSecurity/${projectId}`;
    const [mayView = false, mayEdit = false, mayDelete = false] = await evaluatePermissions(
      client,
      [bits.view, bits.edit, bits.delete].map((permissions) => ({
        securityNamespaceId: serviceHooksNamespace,
        token,
        permissions,
      })),
    );
    const missing = [!mayView && 'View Subscriptions', !mayEdit && 'Edit Subscriptions'].filter(Boolean);
    return {
      mayView,
      mayEdit,
      mayDelete,
      ...(missing.length > 0 && { needs: `${missing.join(' and ')} of the project's service hooks` }),
    };
  };

  const listOurs = async (expected: ExpectedHooks): Promise<WireSubscription[]> => {
    const { value } = await client.json(
      {
        method: 'GET',
        ...hookRequest('hooks.list', 'hooks/subscriptions'),
        query: { publisherId: 'tfs', consumerId: 'webHooks', consumerActionId: 'httpRequest' },
      },
      subscriptionList,
    );
    return value.filter((subscription) => isOurs(subscription, expected));
  };

  // The plain list of a subscription leaves out why a delivery failed; the query can bring it along.
  const deliveries: ServiceHooks['deliveries'] = async (subscriptionId, limit) => {
    const { results } = await client.json(
      {
        method: 'POST',
        ...hookRequest('hooks.deliveries', 'hooks/notificationsquery'),
        body: { subscriptionIds: [subscriptionId], maxResults: limit, includeDetails: true },
        repeat: 'safe',
      },
      notificationResults,
    );
    const newestFirst = [...(results ?? [])].sort((a, b) => b.id - a.id);
    return newestFirst.slice(0, limit).map(deliveryOf);
  };

  /** The last success is only asked for where something is wrong: it costs a request per subscription. */
  const withHistory = async (finding: HookFinding): Promise<HookFinding> => {
    const { subscriptionId, health } = finding;
    if (!subscriptionId || (health !== 'onProbation' && health !== 'disabled')) return finding;
    const recent = await deliveries(subscriptionId, 50);
    const succeeded = recent
      .filter((delivery) => delivery.result === 'succeeded' && delivery.at)
      .map((d) => d.at);
    const lastSucceededAt = finding.lastSucceededAt ?? succeeded.sort().at(-1);
    // One that is still to be retried is pending, and carries the reason already.
    const problem = recent.find((delivery) => delivery.result !== 'succeeded' && delivery.problem)?.problem;
    return {
      ...finding,
      ...(lastSucceededAt && { lastSucceededAt }),
      ...(problem && { reason: `${finding.reason ?? ''} Last problem: ${problem}`.trim() }),
    };
  };

  const look = async (expected: ExpectedHooks) => {
    const granted = await rights(expected.projectId);
    // Without the right to view, the list is empty and 200: an empty list would be taken for "all missing".
    if (!granted.mayView) {
      const findings = workItemEventTypes.map((eventType) => unknownFinding(eventType, granted));
      return { granted, ours: [] as WireSubscription[], findings };
    }
    const ours = await listOurs(expected);
    const findings = workItemEventTypes.map((eventType) => inspectSubscription(eventType, ours, expected));
    return { granted, ours, findings };
  };

  const inspect = async (expected: ExpectedHooks): Promise<HookReport> => {
    const { granted, findings } = await look(expected);
    return { rights: granted, findings: await Promise.all(findings.map(withHistory)), changes: [] };
  };

  const ensure: ServiceHooks['ensure'] = async (expected, { everything = false } = {}) => {
    const { granted, ours, findings } = await look(expected);
    if (!granted.mayView || !granted.mayEdit) {
      const message = `Service hooks need a right that is missing: ${granted.needs}`;
      throw new Failure({ kind: 'forbidden', message, missingRight: granted.needs ?? 'Edit Subscriptions' });
    }
    const changes: HookReport['changes'][number][] = [];
    for (const finding of findings) {
      const { eventType, subscriptionId, duplicates } = finding;
      const present = ours.find((subscription) => subscription.id === subscriptionId);
      if (!present) {
        await createSubscription(client, eventType, expected);
        changes.push({ eventType, done: 'created' });
      } else if (everything || (finding.health !== 'healthy' && !finding.disabledByPerson)) {
        await replaceSubscription(client, present, expected);
        changes.push({ eventType, done: 'replaced' });
      }
      for (const duplicate of granted.mayDelete ? duplicates : []) {
        await removeSubscription(client, duplicate);
        changes.push({ eventType, done: 'removedDuplicate' });
      }
    }
    if (changes.length === 0) return { rights: granted, findings, changes };
    return { ...(await inspect(expected)), changes };
  };

  const remove: ServiceHooks['remove'] = async (expected) => {
    const granted = await rights(expected.projectId);
    if (!granted.mayView || !granted.mayDelete) {
      const missingRight = 'Delete Subscriptions';
      const message = `Removing service hooks needs a right that is missing: ${missingRight}`;
      throw new Failure({ kind: 'forbidden', message, missingRight });
    }
    const ours = await listOurs(expected);
    for (const { id } of ours) await removeSubscription(client, id);
    return ours.length;
  };

  const sendTest: ServiceHooks['sendTest'] = async (subscriptionId, password) => {
    const path = `hooks/subscriptions/${encodeURIComponent(subscriptionId)}`;
    const found = await client.json({ method: 'GET', ...hookRequest('hooks.read', path) }, wireSubscription);
    const { publisherId, eventType, resourceVersion, consumerId, consumerActionId } = found;
    const sent = await client.json(
      {
        method: 'POST',
        ...hookRequest('hooks.test', 'hooks/testnotifications'),
        body: {
          subscriptionId,
          details: {
            publisherId,
            eventType,
            resourceVersion,
            consumerId,
            consumerActionId,
            publisherInputs: found.publisherInputs,
            consumerInputs: { ...found.consumerInputs, basicAuthPassword: password },
          },
        },
      },
      notification,
    );
    return deliveryOf(sent);
  };

  return { rights, inspect, ensure, remove, sendTest, deliveries };
};

const unknownFinding = (eventType: WorkItemEventType, granted: HookRights): HookFinding => ({
  eventType,
  health: 'unknown',
  reason: `Not visible without ${granted.needs}`,
  duplicates: [],
});

/**
 * The whole resource, without messages: what "minimal" leaves has neither the revision nor who made it (Microsoft:
 * service-hooks/services/webhooks), and then every echo of an own write would cost a read. Messages are localised
 * prose about the same fields, which nobody reads here.
 */
const bodyOf = (
  eventType: WorkItemEventType,
  expected: ExpectedHooks & { password: string },
  resourceVersion: string,
) => ({
  publisherId: 'tfs',
  eventType,
  resourceVersion,
  consumerId: 'webHooks',
  consumerActionId: 'httpRequest',
  publisherInputs: publisherInputsOf(expected.projectId, expected.filter),
  consumerInputs: {
    url: expected.url,
    basicAuthUsername: expected.username,
    basicAuthPassword: expected.password,
    resourceDetailsToSend: 'all',
    messagesToSend: 'none',
    detailedMessagesToSend: 'none',
  },
});

const inNewestVersion = async <T>(send: (resourceVersion: string) => Promise<T>): Promise<T> => {
  const [newest, oldest] = resourceVersions;
  try {
    return await send(newest);
  } catch (error) {
    // 400 is all that is known of a Server that lacks the version; anything else about the request shows again.
    if (!isFailure(error) || error.kind !== 'rejected') throw error;
    return send(oldest);
  }
};

const createSubscription = (
  client: Client,
  eventType: WorkItemEventType,
  expected: ExpectedHooks & { password: string },
) =>
  inNewestVersion((resourceVersion) =>
    client.json(
      {
        method: 'POST',
        path: 'hooks/subscriptions',
        resource: 'hooks',
        route: 'hooks.create',
        body: bodyOf(eventType, expected, resourceVersion),
        // Made twice, the watchdog finds the duplicate and removes it.
        repeat: 'safe',
      },
      wireSubscription,
    ),
  );

/** Everything is sent anew, also the password, and the status is set: that is what brings it back to life. */
const replaceSubscription = (
  client: Client,
  present: WireSubscription,
  expected: ExpectedHooks & { password: string },
) =>
  inNewestVersion((resourceVersion) =>
    client.json(
      {
        method: 'PUT',
        path: `hooks/subscriptions/${encodeURIComponent(present.id)}`,
        resource: 'hooks',
        route: 'hooks.replace',
        body: {
          ...bodyOf(present.eventType as WorkItemEventType, expected, resourceVersion),
          id: present.id,
          status: 'enabled',
        },
        repeat: 'safe',
      },
      wireSubscription,
    ),
  );

const removeSubscription = async (client: Client, id: string): Promise<void> => {
  await client.send({
    method: 'DELETE',
    path: `hooks/subscriptions/${encodeURIComponent(id)}`,
    resource: 'hooks',
    route: 'hooks.remove',
    accept: [404],
    repeat: 'safe',
  });
};

const statuses: readonly HookDelivery['status'][] = [
  'queued',
  'processing',
  'requestInProgress',
  'queuedForRetry',
  'completed',
];
const results: readonly HookDelivery['result'][] = ['pending', 'succeeded', 'failed', 'filtered'];

const deliveryOf = (wire: z.infer<typeof notification>): HookDelivery => ({
  notificationId: wire.id,
  ...(wire.createdDate && { at: wire.createdDate }),
  status: statuses.find((status) => status === wire.status) ?? 'unknown',
  result: results.find((result) => result === wire.result) ?? 'unknown',
  ...(wire.details?.requestAttempts && { attempts: wire.details.requestAttempts }),
  ...(wire.details?.errorMessage && { problem: wire.details.errorMessage.slice(0, 500) }),
});
