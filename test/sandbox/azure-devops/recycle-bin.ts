import { requireWrite } from './permissions.ts';
import { AzureDevOpsProblem, workItemNotFound } from './problem.ts';
import { type CallContext, list, type Route } from './router.ts';
import type { Simulator } from './simulator.ts';
import { latest, type WorkItemRecord } from './store.ts';
import type { SandboxUser } from './users.ts';
import { readableWorkItem } from './work-item-routes.ts';
import { workItemView } from './work-item-view.ts';
import { addRevision } from './work-item-write.ts';

const recycleUrl = (simulator: Simulator, workItem: WorkItemRecord): string =>
  `${simulator.organizationUrl}/${workItem.projectId}/_apis/wit/recyclebin/${workItem.id}`;

function deleteView(
  simulator: Simulator,
  workItem: WorkItemRecord,
  withResource: boolean,
): Record<string, unknown> {
  const revision = latest(workItem);
  const by = workItem.deleted?.by ?? revision.changedBy;
  return {
    id: workItem.id,
    code: 200,
    type: workItem.typeName,
    name: revision.fields['System.Title'],
    project: simulator.store.projectById(workItem.projectId).name,
    // Not ISO: the service writes its own locale's date here.
    deletedDate: new Date(workItem.deleted?.at ?? revision.changedDate).toLocaleString('en-US', {
      timeZone: 'UTC',
    }),
    deletedBy: simulator.users.text(by),
    url: recycleUrl(simulator, workItem),
    ...(withResource
      ? {
          resource: {
            ...workItemView(simulator, workItem, { withLinks: true }),
            url: recycleUrl(simulator, workItem),
          },
        }
      : {}),
  };
}

function nextRevision(
  simulator: Simulator,
  workItem: WorkItemRecord,
  user: SandboxUser,
  isDeleted: boolean,
): void {
  const current = latest(workItem);
  const { 'System.History': _history, ...fields } = current.fields;
  addRevision(simulator, workItem, {
    ...current,
    rev: current.rev + 1,
    fields,
    changedBy: user.id,
    changedDate: simulator.clock.iso(),
    isDeleted,
  });
}

/** To the recycle bin; with `destroy` for good. */
export function deleteWorkItem(
  simulator: Simulator,
  workItem: WorkItemRecord,
  user: SandboxUser,
  destroy = false,
): void {
  const at = simulator.clock.iso();
  nextRevision(simulator, workItem, user, true);
  workItem.deleted = { at, by: user.id };
  simulator.ledger.record({
    kind: 'effect',
    at,
    effect: 'workItem.deleted',
    recordId: String(workItem.id),
    actor: user.key,
  });
  simulator.publish({ eventType: 'workitem.deleted', workItem, actorId: user.id });
  if (destroy) simulator.store.workItems.delete(workItem.id);
}

export function restoreWorkItem(simulator: Simulator, workItem: WorkItemRecord, user: SandboxUser): void {
  delete workItem.deleted;
  nextRevision(simulator, workItem, user, false);
  const at = simulator.clock.iso();
  simulator.ledger.record({
    kind: 'effect',
    at,
    effect: 'workItem.restored',
    recordId: String(workItem.id),
    actor: user.key,
  });
  simulator.publish({ eventType: 'workitem.restored', workItem, actorId: user.id });
}

function deletedWorkItem(context: CallContext): WorkItemRecord {
  const id = Number(context.params.id);
  const workItem = context.simulator.store.workItems.get(id);
  if (workItem?.deleted === undefined || !context.user.roles.has(workItem.projectId))
    throw workItemNotFound(id);
  return workItem;
}

const version = { since: 1, revision: 2 };

export const recycleBinRoutes: Route[] = [
  {
    id: 'workItem.delete',
    method: 'DELETE',
    path: 'wit/workitems/{id}',
    level: 'both',
    version: { since: 1, revision: 3 },
    scope: 'vso.work_write',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.id);
      requireWrite(context.user, workItem.projectId);
      const destroy = context.query.get('destroy')?.toLowerCase() === 'true';
      deleteWorkItem(context.simulator, workItem, context.user, destroy);
      return deleteView(context.simulator, workItem, true);
    },
  },
  {
    id: 'recycleBin.list',
    method: 'GET',
    path: 'wit/recyclebin',
    level: 'both',
    version,
    scope: 'vso.work',
    handle: (context) => {
      const deleted = [...context.simulator.store.workItems.values()].filter(
        (workItem) =>
          workItem.deleted !== undefined &&
          context.user.roles.has(workItem.projectId) &&
          (context.project === undefined || context.project.id === workItem.projectId),
      );
      const ids = context.query.get('ids')?.split(',').map(Number);
      if (ids === undefined)
        return list(
          deleted.map((workItem) => ({ id: workItem.id, url: recycleUrl(context.simulator, workItem) })),
        );
      return list(
        deleted
          .filter((workItem) => ids.includes(workItem.id))
          .map((workItem) => deleteView(context.simulator, workItem, false)),
      );
    },
  },
  {
    id: 'recycleBin.read',
    method: 'GET',
    path: 'wit/recyclebin/{id}',
    level: 'both',
    version,
    scope: 'vso.work',
    handle: (context) => deleteView(context.simulator, deletedWorkItem(context), true),
  },
  {
    id: 'workItem.restore',
    method: 'PATCH',
    path: 'wit/recyclebin/{id}',
    level: 'both',
    version,
    scope: 'vso.work_write',
    handle: (context) => {
      const workItem = deletedWorkItem(context);
      requireWrite(context.user, workItem.projectId);
      const body = (context.body ?? {}) as Record<string, unknown>;
      if ((body.isDeleted ?? body.IsDeleted) !== false)
        throw new AzureDevOpsProblem(
          400,
          'WorkItemInvalidRestoreRequestException',
          'TF401284: The restore request needs IsDeleted: false.',
        );
      restoreWorkItem(context.simulator, workItem, context.user);
      return deleteView(context.simulator, workItem, true);
    },
  },
  {
    id: 'recycleBin.destroy',
    method: 'DELETE',
    path: 'wit/recyclebin/{id}',
    level: 'both',
    version,
    scope: 'vso.work_write',
    handle: (context) => {
      const workItem = deletedWorkItem(context);
      requireWrite(context.user, workItem.projectId);
      context.simulator.store.workItems.delete(workItem.id);
      return context.reply.code(204).send();
    },
  },
];
