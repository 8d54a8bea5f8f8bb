import type { Simulator, WorkItemEvent } from '../simulator.ts';
import { isServices } from '../simulator.ts';
import { latest } from '../store.ts';
import { type IdentityForm, linksView, updateView, workItemUrl, workItemView } from '../work-item-view.ts';
import type { Notification, Subscription } from './subscriptions.ts';

/** Identities by resource version: text, objects without id, full references. */
export function identityForm(resourceVersion: string): IdentityForm {
  if (resourceVersion === '1.0') return 'text';
  return resourceVersion.startsWith('3.') ? 'refWithoutId' : 'ref';
}

const verbs: Record<WorkItemEvent['eventType'], string> = {
  'workitem.created': 'created by',
  'workitem.updated': 'updated by',
  'workitem.deleted': 'deleted by',
  'workitem.restored': 'restored by',
  'workitem.commented': 'commented on by',
};

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

interface Message {
  text: string;
  html: string;
  markdown: string;
}

function messages(
  simulator: Simulator,
  event: WorkItemEvent,
): { message: Message; detailedMessage: Message } {
  const { workItem } = event;
  const { fields } = latest(workItem);
  const name = `${workItem.typeName} #${workItem.id}`;
  const title = String(fields['System.Title'] ?? '');
  const actor = simulator.users.ref(event.actorId).displayName;
  const url = `${simulator.organizationUrl}/web/wi.aspx?pcguid=${simulator.organizationId}&id=${workItem.id}`;
  const tail = `(${title}) ${verbs[event.eventType]} ${actor}.`;
  const message = {
    text: `${name} ${tail}\r\n(${url})`,
    html: `<a href="${escapeHtml(url)}">${escapeHtml(name)}</a> ${escapeHtml(tail)}`,
    markdown: `[${name}](${url}) ${tail}`,
  };
  const lines =
    event.commentText === undefined
      ? [
          `Area: ${fields['System.AreaPath']}`,
          `Iteration: ${fields['System.IterationPath']}`,
          `State: ${fields['System.State']}`,
        ]
      : [event.commentText];
  return {
    message,
    detailedMessage: {
      text: `${message.text}\r\n\r\n- ${lines.join('\r\n- ')}\r\n`,
      html: `${message.html}<ul>\r\n<li>${lines.map(escapeHtml).join('</li>\r\n<li>')}</li></ul>`,
      markdown: `${message.markdown}\r\n\r\n* ${lines.join('\r\n* ')}\r\n`,
    },
  };
}

/** The snapshot is taken at delivery time: a late delivery shows a newer revision than the event was about. */
function resource(simulator: Simulator, event: WorkItemEvent, form: IdentityForm): Record<string, unknown> {
  const { workItem, update } = event;
  const revision = latest(workItem);
  if (event.eventType === 'workitem.updated' && update !== undefined) {
    const snapshot = workItemView(simulator, workItem, { form, revision, expand: 'relations' });
    return { ...updateView(simulator, workItem, update, form), revision: snapshot };
  }
  const view = workItemView(simulator, workItem, { form, expand: 'relations' });
  const recycled = `${simulator.organizationUrl}/${workItem.projectId}/_apis/wit/recyclebin/${workItem.id}`;
  const { self, workItemType, fields, ...links } = linksView(simulator, workItem);
  if (event.eventType === 'workitem.deleted')
    return { ...view, _links: { self: { href: recycled }, workItemType, fields }, url: recycled };
  if (event.eventType === 'workitem.commented')
    return {
      ...view,
      fields: { ...(view.fields as object), 'System.History': event.commentText },
      _links: { self, ...links, workItemType, fields },
    };
  return { ...view, _links: { self, ...links, workItemType, fields } };
}

function minimal(simulator: Simulator, event: WorkItemEvent): Record<string, unknown> {
  const { workItem, update } = event;
  if (event.eventType === 'workitem.updated' && update !== undefined) {
    const url = `${workItemUrl(simulator, workItem)}/updates/${update.id}`;
    return { id: update.id, workItemId: workItem.id, rev: update.rev, url };
  }
  return { id: workItem.id, rev: latest(workItem).rev, url: workItemUrl(simulator, workItem) };
}

function pick(message: Message, wanted: string | undefined): Partial<Message> | undefined {
  switch ((wanted ?? '').toLowerCase()) {
    case '':
    case 'all':
      return message;
    case 'text':
      return { text: message.text };
    case 'html':
      return { html: message.html };
    case 'markdown':
      return { markdown: message.markdown };
    default:
      return undefined;
  }
}

/** The envelope as JSON. Test notifications look like the samples of the docs: `scope` instead of the two ids. */
export function renderPayload(
  simulator: Simulator,
  subscription: Subscription,
  notification: Notification,
): string {
  const { event } = notification;
  const inputs = subscription.consumerInputs;
  const all = messages(simulator, event);
  const message = pick(all.message, inputs.messagesToSend);
  const detailedMessage = pick(all.detailedMessage, inputs.detailedMessagesToSend);
  const details = (inputs.resourceDetailsToSend ?? '').toLowerCase();
  const body =
    details === 'none'
      ? undefined
      : details === 'minimal'
        ? minimal(simulator, event)
        : resource(simulator, event, identityForm(subscription.resourceVersion));
  const base = { id: simulator.organizationId, baseUrl: `${simulator.organizationUrl}/` };
  return JSON.stringify({
    ...(notification.isTest ? {} : { subscriptionId: subscription.id, notificationId: notification.id }),
    id: notification.eventId,
    eventType: event.eventType,
    publisherId: subscription.publisherId,
    ...(notification.isTest ? { scope: 'all' } : {}),
    ...(message === undefined ? {} : { message }),
    ...(detailedMessage === undefined ? {} : { detailedMessage }),
    ...(body === undefined ? {} : { resource: body }),
    resourceVersion: subscription.resourceVersion,
    resourceContainers: {
      collection: base,
      ...(isServices(simulator) ? { account: base } : { server: base }),
      project: { id: event.workItem.projectId, baseUrl: base.baseUrl },
    },
    createdDate: notification.createdDate,
  });
}
