import type { FastifyInstance } from 'fastify';
import type { FaultRule } from '../faults.ts';
import { storeAttachment } from './attachments.ts';
import { addComment } from './comments.ts';
import type { HookDispatcher, HookMishaps } from './hooks/delivery.ts';
import { subscriptionView } from './hooks/subscriptions.ts';
import { type Load, runLoad } from './load.ts';
import { workItemNotFound } from './problem.ts';
import type { RateLimitSettings } from './rate-limit.ts';
import { deleteWorkItem, restoreWorkItem } from './recycle-bin.ts';
import type { Simulator } from './simulator.ts';
import { latest, type WorkItemRecord } from './store.ts';
import { type Toggles, toggles } from './toggles.ts';
import { workItemView } from './work-item-view.ts';
import { createWorkItem, updateWorkItem } from './work-item-write.ts';

/** One deed of one user, as the sandbox's page and tests ask for it; it goes through the same rules as the API. */
export interface Deed {
  /** Key of a seeded user; `contributor` when absent. */
  as?: string;
  do: 'create' | 'update' | 'comment' | 'attach' | 'delete' | 'restore' | 'changeType';
  id?: number;
  project?: string;
  type?: string;
  fields?: Record<string, unknown>;
  text?: string;
  format?: 'html' | 'markdown';
  fileName?: string;
  contentBase64?: string;
}

const patch = (fields: Record<string, unknown> = {}) =>
  Object.entries(fields).map(([name, value]) =>
    value === null
      ? { op: 'remove', path: `/fields/${name}` }
      : { op: 'add', path: `/fields/${name}`, value },
  );

export async function act(simulator: Simulator, deed: Deed): Promise<WorkItemRecord> {
  const user = simulator.users.byKey(deed.as ?? 'contributor');
  if (deed.do === 'create') {
    const project = simulator.store.project(deed.project ?? 'Fabrikam');
    if (project === undefined) throw workItemNotFound(deed.project ?? '');
    return createWorkItem(simulator, project, deed.type ?? 'Bug', patch(deed.fields), user);
  }
  const workItem = simulator.store.workItems.get(deed.id ?? 0);
  if (workItem === undefined || (workItem.deleted !== undefined && deed.do !== 'restore'))
    throw workItemNotFound(deed.id ?? 0);
  switch (deed.do) {
    case 'update':
      return updateWorkItem(simulator, workItem, patch(deed.fields), user);
    case 'changeType':
      return updateWorkItem(simulator, workItem, patch({ 'System.WorkItemType': deed.type }), user);
    case 'comment':
      addComment(simulator, workItem, user, deed.text ?? '', deed.format ?? 'html');
      return workItem;
    case 'delete':
      deleteWorkItem(simulator, workItem, user);
      return workItem;
    case 'restore':
      restoreWorkItem(simulator, workItem, user);
      return workItem;
    case 'attach': {
      const content = Buffer.from(deed.contentBase64 ?? '', 'base64');
      const file = await storeAttachment(simulator, deed.fileName ?? 'attachment.bin', content, user);
      const value = { rel: 'AttachedFile', url: file.url, attributes: { comment: deed.text ?? '' } };
      return updateWorkItem(simulator, workItem, [{ op: 'add', path: '/relations/-', value }], user);
    }
  }
}

function state(simulator: Simulator, hooks: HookDispatcher): object {
  return {
    flavor: simulator.flavor,
    organization: simulator.organization,
    organizationUrl: simulator.organizationUrl,
    organizationId: simulator.organizationId,
    now: simulator.clock.iso(),
    pendingTimers: simulator.clock.pendingTimers(),
    projects: simulator.store.projects.map(({ id, name }) => ({ id, name })),
    users: simulator.users.all.map((user) => ({
      key: user.key,
      id: user.id,
      displayName: user.displayName,
      uniqueName: user.uniqueName,
      isMember: user.isMember,
      accessToken: user.accessToken,
      pat: user.pats[0]?.token,
      clientId: user.clientId,
      clientSecret: user.clientSecret,
      roles: Object.fromEntries(user.roles),
    })),
    workItems: [...simulator.store.workItems.values()].map((workItem) => {
      const { fields, rev } = latest(workItem);
      return {
        id: workItem.id,
        rev,
        type: workItem.typeName,
        title: fields['System.Title'],
        state: fields['System.State'],
        isDeleted: workItem.deleted !== undefined,
        comments: workItem.comments.length,
      };
    }),
    subscriptions: [...hooks.subscriptions.values()].map((subscription) => ({
      ...subscriptionView(simulator, subscription),
      droppedEvents: subscription.droppedEvents,
      notifications: subscription.notifications.length,
    })),
    hooks: { mishaps: hooks.mishaps, counts: hooks.counts },
    rateLimit: simulator.rateLimit.settings,
    toggles: toggles(simulator),
  };
}

/** `/_sandbox/*`: what no real service has. JSON in, JSON out; no credentials, because it listens on loopback only. */
export function registerControl(
  app: FastifyInstance,
  simulator: Simulator,
  hooks: HookDispatcher,
  reset: () => void,
): void {
  app.get('/_sandbox/health', () => ({ ready: true }));
  app.get('/_sandbox/state', () => state(simulator, hooks));
  app.get('/_sandbox/ledger', (request) => {
    const { kind, route, effect, recordId, since } = request.query as Record<string, string | undefined>;
    return simulator.ledger.entries((entry) => {
      if (kind !== undefined && entry.kind !== kind) return false;
      if (since !== undefined && entry.at < since) return false;
      if (route !== undefined && !(entry.kind === 'request' && entry.route === route)) return false;
      if (effect !== undefined && !(entry.kind === 'effect' && entry.effect === effect)) return false;
      return recordId === undefined || (entry.kind === 'effect' && entry.recordId === recordId);
    });
  });
  app.get('/_sandbox/ledger/counts', () => simulator.ledger.counts());
  app.delete('/_sandbox/ledger', () => {
    simulator.ledger.clear();
    return { cleared: true };
  });
  app.get('/_sandbox/faults', () => simulator.faults.list());
  app.put('/_sandbox/faults/:id', (request) => {
    const { id } = request.params as { id: string };
    simulator.faults.set({ ...(request.body as FaultRule), id });
    return simulator.faults.list();
  });
  app.delete('/_sandbox/faults', () => {
    simulator.faults.clear();
    return [];
  });
  app.delete('/_sandbox/faults/:id', (request) => {
    simulator.faults.remove((request.params as { id: string }).id);
    return simulator.faults.list();
  });
  app.post('/_sandbox/reset', () => {
    reset();
    return { reset: true };
  });
  app.get('/_sandbox/clock', () => ({
    now: simulator.clock.iso(),
    pendingTimers: simulator.clock.pendingTimers(),
  }));
  app.post('/_sandbox/clock', async (request) => {
    await simulator.clock.advance(Number((request.body as { advanceMs?: number }).advanceMs ?? 0));
    return { now: simulator.clock.iso(), pendingTimers: simulator.clock.pendingTimers() };
  });
  app.get('/_sandbox/hooks', () => ({ mishaps: hooks.mishaps, counts: hooks.counts }));
  app.patch('/_sandbox/hooks', (request) => {
    hooks.setMishaps(request.body as Partial<HookMishaps>);
    return { mishaps: hooks.mishaps, counts: hooks.counts };
  });
  app.patch('/_sandbox/rate-limit', (request) => {
    Object.assign(simulator.rateLimit.settings, request.body as Partial<RateLimitSettings>);
    return simulator.rateLimit.settings;
  });
  app.patch('/_sandbox/toggles', (request) =>
    Object.assign(toggles(simulator), request.body as Partial<Toggles>),
  );
  // As when somebody revokes a token and makes a new one: the old one is refused from now on.
  app.put('/_sandbox/users/:key/pat', (request) => {
    const user = simulator.users.byKey((request.params as { key: string }).key);
    const old = user.pats.splice(0);
    for (const pat of old) simulator.users.removeToken(pat.token);
    const { scopes = ['full'], expiresAtMs = simulator.clock.nowMs() + 86_400_000 } = old[0] ?? {};
    return { token: simulator.users.addPat(user, scopes, expiresAtMs).token };
  });
  app.post('/_sandbox/load', (request) => runLoad(simulator, request.body as Load));
  app.post('/_sandbox/act', async (request) => {
    const workItem = await act(simulator, request.body as Deed);
    return workItemView(simulator, workItem, { expand: 'all' });
  });
}
