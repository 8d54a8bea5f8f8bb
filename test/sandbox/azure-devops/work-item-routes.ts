import { requireBypass, requireWrite } from './permissions.ts';
import { AzureDevOpsProblem, workItemNotFound } from './problem.ts';
import { type CallContext, list, type Route } from './router.ts';
import type { Revision, WorkItemRecord } from './store.ts';
import { conflictStyle } from './toggles.ts';
import { type Expand, updateView, workItemJson, workItemView } from './work-item-view.ts';
import { createWorkItem, updateWorkItem, type WriteOptions } from './work-item-write.ts';

const maxBatch = 200;

/** 404 for what is missing, deleted, in another project than the address says, or not for this user to see. */
export function readableWorkItem(context: CallContext, idText: string | undefined): WorkItemRecord {
  const id = Number(idText);
  if (!Number.isInteger(id) || id <= 0)
    throw new AzureDevOpsProblem(
      404,
      'WorkItemNotFoundException',
      `TF401232: Work item ${idText} does not exist.`,
    );
  const workItem = context.simulator.store.workItems.get(id);
  const isVisible =
    workItem !== undefined &&
    workItem.deleted === undefined &&
    context.user.roles.has(workItem.projectId) &&
    (context.project === undefined || context.project.id === workItem.projectId);
  if (!isVisible) throw workItemNotFound(id);
  return workItem;
}

export function readExpand(text: string | null | undefined): Expand {
  const value = (text ?? 'none').toLowerCase();
  const byNumber: Expand[] = ['none', 'relations', 'fields', 'links', 'all'];
  const expand = byNumber[Number(value)] ?? byNumber.find((name) => name === value);
  if (expand === undefined) throw badQuery(`The value '${text}' is not valid for $expand.`);
  return expand;
}

function badQuery(message: string): AzureDevOpsProblem {
  return new AzureDevOpsProblem(400, 'VssPropertyValidationException', message, {
    namespace: 'Microsoft.VisualStudio.Services.Common',
    eventId: 3000,
  });
}

function readFields(context: CallContext, given: string[] | undefined, expand: Expand): string[] | undefined {
  if (given === undefined || given.length === 0) return undefined;
  if (expand !== 'none' && expand !== 'links')
    throw new AzureDevOpsProblem(
      400,
      'ConflictingParametersException',
      'The expand parameter can not be used with the fields parameter.',
    );
  for (const name of given)
    if (context.simulator.store.fields.find(name) === undefined)
      throw new AzureDevOpsProblem(
        400,
        'WorkItemTrackingFieldDefinitionNotFoundException',
        `TF51535: Cannot find field ${name}.`,
      );
  return given;
}

const splitList = (text: string | null): string[] | undefined =>
  text === null || text === '' ? undefined : text.split(',').map((part) => part.trim());

function revisionAt(workItem: WorkItemRecord, asOf: string | null | undefined): Revision | undefined {
  if (asOf === null || asOf === undefined || asOf === '') return undefined;
  const atMs = Date.parse(asOf);
  if (Number.isNaN(atMs)) throw badQuery(`The value '${asOf}' is not a date.`);
  const revision = workItem.revisions.findLast((candidate) => Date.parse(candidate.changedDate) <= atMs);
  if (revision === undefined) throw workItemNotFound(workItem.id);
  return revision;
}

function writeOptions(context: CallContext, projectId: string): WriteOptions {
  const flag = (name: string) => context.query.get(name)?.toLowerCase() === 'true';
  const options: WriteOptions = {
    validateOnly: flag('validateOnly'),
    bypassRules: flag('bypassRules'),
    suppressNotifications: flag('suppressNotifications'),
    conflictStyle: conflictStyle(context.simulator),
  };
  requireWrite(context.user, projectId);
  if (options.bypassRules || options.suppressNotifications) requireBypass(context.user, projectId);
  return options;
}

interface Selection {
  ids: unknown;
  fields?: string[] | undefined;
  expand: Expand;
  asOf?: string | null | undefined;
  errorPolicy?: string | null | undefined;
}

function readMany(context: CallContext, selection: Selection): object {
  const { ids } = selection;
  if (!Array.isArray(ids) || ids.length === 0 || ids.some((id) => !Number.isInteger(Number(id))))
    throw badQuery('The ids parameter has to hold at least one work item id.');
  if (ids.length > maxBatch)
    throw new AzureDevOpsProblem(
      400,
      'WorkItemPageSizeExceededException',
      `VS403474: You requested ${ids.length} work items which exceeds the limit of ${maxBatch} work items. To reduce the number of work items requested, narrow your query or page through the results.`,
    );
  const fields = readFields(context, selection.fields, selection.expand);
  const isOmitting =
    (selection.errorPolicy ?? 'fail').toString().toLowerCase() === 'omit' || selection.errorPolicy === '2';
  const value = ids.map((id) => {
    try {
      const workItem = readableWorkItem(context, String(id));
      const revision = revisionAt(workItem, selection.asOf);
      return workItemView(context.simulator, workItem, {
        expand: selection.expand,
        ...(fields === undefined ? {} : { fields }),
        ...(revision === undefined ? {} : { revision }),
      });
    } catch (error) {
      // Left-out items stay in the list as null, so that positions match the ids.
      if (isOmitting && error instanceof AzureDevOpsProblem && error.status === 404) return null;
      throw error;
    }
  });
  return list(value);
}

const items = { since: 1, revision: 3 };

export const workItemRoutes: Route[] = [
  {
    id: 'workItem.create',
    method: 'POST',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the dollar is part of the address
    path: 'wit/workitems/${type}',
    level: 'project',
    version: items,
    scope: 'vso.work_write',
    contentType: 'application/json-patch+json',
    handle: (context) => {
      const { project } = context;
      if (project === undefined) throw badQuery('A project is needed.');
      const options = writeOptions(context, project.id);
      const workItem = createWorkItem(
        context.simulator,
        project,
        context.params.type ?? '',
        context.body,
        context.user,
        options,
      );
      const expand = readExpand(context.query.get('$expand'));
      return workItemView(context.simulator, workItem, {
        expand: expand === 'none' ? 'relations' : expand,
        withLinks: true,
      });
    },
  },
  {
    id: 'workItem.update',
    method: 'PATCH',
    path: 'wit/workitems/{id}',
    level: 'both',
    version: items,
    scope: 'vso.work_write',
    contentType: 'application/json-patch+json',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.id);
      const options = writeOptions(context, workItem.projectId);
      const updated = updateWorkItem(context.simulator, workItem, context.body, context.user, options);
      const expand = readExpand(context.query.get('$expand'));
      return workItemView(context.simulator, updated, {
        expand: expand === 'none' ? 'relations' : expand,
        withLinks: true,
      });
    },
  },
  {
    id: 'workItem.read',
    method: 'GET',
    path: 'wit/workitems/{id}',
    level: 'both',
    version: items,
    scope: 'vso.work',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.id);
      const expand = readExpand(context.query.get('$expand'));
      const fields = readFields(context, splitList(context.query.get('fields')), expand);
      const revision = revisionAt(workItem, context.query.get('asOf'));
      if (expand === 'none' && fields === undefined && revision === undefined)
        return workItemJson(context.simulator, workItem);
      return workItemView(context.simulator, workItem, {
        expand,
        withLinks: fields === undefined,
        ...(fields === undefined ? {} : { fields }),
        ...(revision === undefined ? {} : { revision }),
      });
    },
  },
  {
    id: 'workItem.list',
    method: 'GET',
    path: 'wit/workitems',
    level: 'both',
    version: items,
    scope: 'vso.work',
    handle: (context) =>
      readMany(context, {
        ids: splitList(context.query.get('ids')),
        fields: splitList(context.query.get('fields')),
        expand: readExpand(context.query.get('$expand')),
        asOf: context.query.get('asOf'),
        errorPolicy: context.query.get('errorPolicy'),
      }),
  },
  {
    id: 'workItem.batch',
    method: 'POST',
    path: 'wit/workitemsbatch',
    level: 'both',
    version: { since: 4.1, revision: 1 },
    scope: 'vso.work',
    handle: (context) => {
      const body = (context.body ?? {}) as Record<string, unknown>;
      return readMany(context, {
        ids: body.ids,
        fields: Array.isArray(body.fields) ? (body.fields as string[]) : undefined,
        expand: readExpand(body.$expand === undefined || body.$expand === null ? null : String(body.$expand)),
        asOf: body.asOf as string | undefined,
        errorPolicy:
          body.errorPolicy === undefined || body.errorPolicy === null ? undefined : String(body.errorPolicy),
      });
    },
  },
  {
    id: 'workItem.updates',
    method: 'GET',
    path: 'wit/workitems/{id}/updates',
    level: 'both',
    version: items,
    scope: 'vso.work',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.id);
      return list(
        window(context, workItem.updates).map((update) => updateView(context.simulator, workItem, update)),
      );
    },
  },
  {
    id: 'workItem.update.read',
    method: 'GET',
    path: 'wit/workitems/{id}/updates/{number}',
    level: 'both',
    version: items,
    scope: 'vso.work',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.id);
      const update = workItem.updates.find((candidate) => candidate.id === Number(context.params.number));
      if (update === undefined)
        throw new AzureDevOpsProblem(
          404,
          'WorkItemIdRevisionNotFoundException',
          `Update ${context.params.number} of work item ${workItem.id} does not exist.`,
        );
      return updateView(context.simulator, workItem, update);
    },
  },
  {
    id: 'workItem.revisions',
    method: 'GET',
    path: 'wit/workitems/{id}/revisions',
    level: 'both',
    version: items,
    scope: 'vso.work',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.id);
      const expand = readExpand(context.query.get('$expand'));
      return list(
        window(context, workItem.revisions).map((revision) =>
          workItemView(context.simulator, workItem, { revision, expand }),
        ),
      );
    },
  },
  {
    id: 'workItem.revision.read',
    method: 'GET',
    path: 'wit/workitems/{id}/revisions/{number}',
    level: 'both',
    version: items,
    scope: 'vso.work',
    handle: (context) => {
      const workItem = readableWorkItem(context, context.params.id);
      const revision = workItem.revisions.find(
        (candidate) => candidate.rev === Number(context.params.number),
      );
      if (revision === undefined)
        throw new AzureDevOpsProblem(
          404,
          'WorkItemIdRevisionNotFoundException',
          `VS402330: Revision ${context.params.number} of work item ${workItem.id} does not exist.`,
        );
      return workItemView(context.simulator, workItem, {
        revision,
        expand: readExpand(context.query.get('$expand')),
        withLinks: true,
      });
    },
  },
];

function window<T>(context: CallContext, all: T[]): T[] {
  const skip = Number(context.query.get('$skip') ?? 0);
  const top = Number(context.query.get('$top') ?? maxBatch);
  return all.slice(skip, skip + Math.min(top, maxBatch));
}
