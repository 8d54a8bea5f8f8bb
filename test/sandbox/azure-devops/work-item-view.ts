import type { Simulator } from './simulator.ts';
import {
  type FieldValue,
  latest,
  type Relation,
  type Revision,
  type Update,
  type WorkItemRecord,
} from './store.ts';

export type Expand = 'none' | 'relations' | 'fields' | 'links' | 'all';

/** `ref`: full identity; `refWithoutId`: hook version 3.1-preview.3; `text`: "Name <mail>", hook version 1.0. */
export type IdentityForm = 'ref' | 'refWithoutId' | 'text';

const never = '9999-01-01T00:00:00Z';

export function identityView(simulator: Simulator, userId: string, form: IdentityForm): unknown {
  if (form === 'text') return simulator.users.text(userId);
  const ref = simulator.users.ref(userId);
  if (form === 'ref') return ref;
  const { id: _id, descriptor: _descriptor, ...rest } = ref;
  return rest;
}

export function valueView(
  simulator: Simulator,
  reference: string,
  value: FieldValue,
  form: IdentityForm = 'ref',
): unknown {
  const definition = simulator.store.fields.find(reference);
  return definition?.isIdentity ? identityView(simulator, String(value), form) : value;
}

/** When a revision was replaced by the next one; the newest carries the year 9999. */
export function revisedDate(workItem: WorkItemRecord, revision: Revision): string {
  const next = workItem.revisions[workItem.revisions.indexOf(revision) + 1];
  return next?.changedDate ?? never;
}

function derived(
  simulator: Simulator,
  workItem: WorkItemRecord,
  revision: Revision,
  reference: string,
): FieldValue | undefined {
  const project = simulator.store.projectById(workItem.projectId);
  const node = (structure: 'area' | 'iteration') =>
    simulator.store.findNode(
      structure === 'area' ? project.areas : project.iterations,
      String(revision.fields[structure === 'area' ? 'System.AreaPath' : 'System.IterationPath']),
    );
  switch (reference) {
    case 'System.Id':
      return workItem.id;
    case 'System.RevisedDate':
      return revisedDate(workItem, revision);
    case 'System.AreaId':
      return node('area')?.id;
    case 'System.NodeName':
      return node('area')?.name;
    case 'System.IterationId':
      return node('iteration')?.id;
    case 'System.PersonId':
      return 77_331;
    case 'System.IsDeleted':
      return revision.isDeleted ? true : undefined;
    default:
      return revision.fields[reference];
  }
}

export function fieldsView(
  simulator: Simulator,
  workItem: WorkItemRecord,
  revision: Revision,
  options: { only?: readonly string[]; isExpanded?: boolean; form?: IdentityForm } = {},
): Record<string, unknown> {
  const view: Record<string, unknown> = {};
  const names = options.only?.map((name) => simulator.store.fields.find(name)?.referenceName ?? name);
  for (const definition of simulator.store.fields.all) {
    const reference = definition.referenceName;
    if (names !== undefined ? !names.includes(reference) : definition.expandedOnly && !options.isExpanded)
      continue;
    const value = derived(simulator, workItem, revision, reference);
    if (value !== undefined) view[reference] = valueView(simulator, reference, value, options.form);
  }
  return view;
}

export function workItemUrl(simulator: Simulator, workItem: WorkItemRecord): string {
  // Project-scoped urls since 5.1; Server 2019 still gives the collection's.
  const scope = simulator.flavor === 'server-2019' ? '' : `/${workItem.projectId}`;
  return `${simulator.organizationUrl}${scope}/_apis/wit/workItems/${workItem.id}`;
}

export function linksView(simulator: Simulator, workItem: WorkItemRecord): Record<string, { href: string }> {
  const self = workItemUrl(simulator, workItem);
  const base = `${simulator.organizationUrl}/${workItem.projectId}/_apis/wit`;
  const project = simulator.store.projectById(workItem.projectId);
  return {
    self: { href: self },
    workItemUpdates: { href: `${self}/updates` },
    workItemRevisions: { href: `${self}/revisions` },
    workItemComments: { href: `${self}/comments` },
    html: {
      href: `${simulator.organizationUrl}/${encodeURIComponent(project.name)}/_workitems/edit/${workItem.id}`,
    },
    workItemType: { href: `${base}/workItemTypes/${encodeURIComponent(workItem.typeName)}` },
    fields: { href: `${base}/fields` },
  };
}

export function relationView(relation: Relation): Relation {
  return { rel: relation.rel, url: relation.url, attributes: relation.attributes };
}

function commentVersionView(simulator: Simulator, workItem: WorkItemRecord, revision: Revision): object {
  if (revision.commentVersion === undefined) return {};
  const { commentId, version } = revision.commentVersion;
  const url = `${workItemUrl(simulator, workItem)}/comments/${commentId}/versions/${version}`;
  return { commentVersionRef: { commentId, version, url } };
}

export interface ViewOptions {
  expand?: Expand;
  fields?: readonly string[];
  revision?: Revision;
  form?: IdentityForm;
  /** `_links` is part of the single get and of write answers, not of lists. */
  withLinks?: boolean;
}

/** One work item as JSON. Relations appear only when expanded, and only when there are any. */
export function workItemView(
  simulator: Simulator,
  workItem: WorkItemRecord,
  options: ViewOptions = {},
): Record<string, unknown> {
  const revision = options.revision ?? latest(workItem);
  const expand = options.expand ?? 'none';
  const isExpanded = expand === 'fields' || expand === 'all';
  const withRelations = (expand === 'relations' || expand === 'all') && revision.relations.length > 0;
  const withLinks = options.withLinks || expand === 'links' || expand === 'all';
  const markdown = revision.markdownFields;
  return {
    id: workItem.id,
    rev: revision.rev,
    fields: fieldsView(simulator, workItem, revision, {
      ...(options.fields === undefined ? {} : { only: options.fields }),
      isExpanded,
      form: options.form ?? 'ref',
    }),
    ...(markdown.length > 0
      ? { multilineFieldsFormat: Object.fromEntries(markdown.map((name) => [name, 'markdown'])) }
      : {}),
    ...(withRelations ? { relations: revision.relations.map(relationView) } : {}),
    ...(options.fields === undefined ? commentVersionView(simulator, workItem, revision) : {}),
    ...(withLinks ? { _links: linksView(simulator, workItem) } : {}),
    url:
      options.revision === undefined
        ? workItemUrl(simulator, workItem)
        : `${workItemUrl(simulator, workItem)}/revisions/${revision.rev}`,
  };
}

/** The plain GET, built once per revision: the route that every sync reads most. */
export function workItemJson(simulator: Simulator, workItem: WorkItemRecord): string {
  workItem.json ??= JSON.stringify(workItemView(simulator, workItem, { withLinks: true }));
  return workItem.json;
}

export function updateView(
  simulator: Simulator,
  workItem: WorkItemRecord,
  update: Update,
  form: IdentityForm = 'ref',
): Record<string, unknown> {
  const revision = workItem.revisions.find((candidate) => candidate.rev === update.rev) ?? latest(workItem);
  const fields: Record<string, { oldValue?: unknown; newValue?: unknown }> = {};
  for (const [reference, change] of Object.entries(update.fields)) {
    fields[reference] = {
      ...(change.oldValue === undefined
        ? {}
        : { oldValue: valueView(simulator, reference, change.oldValue, form) }),
      ...(change.newValue === undefined
        ? {}
        : { newValue: valueView(simulator, reference, change.newValue, form) }),
    };
  }
  if (Object.keys(fields).length > 0)
    fields['System.RevisedDate'] = {
      ...(update.rev > 1 ? { oldValue: update.date } : {}),
      newValue: revisedDate(workItem, revision),
    };
  const self = `${workItemUrl(simulator, workItem)}/updates/${update.id}`;
  return {
    id: update.id,
    workItemId: workItem.id,
    rev: update.rev,
    // revisedBy carries the id in every version (observed), with the old `name` beside it.
    revisedBy: { ...simulator.users.ref(update.revisedBy), name: simulator.users.text(update.revisedBy) },
    revisedDate: revisedDate(workItem, revision),
    ...(Object.keys(fields).length > 0 ? { fields } : {}),
    ...(update.relations === undefined ? {} : { relations: update.relations }),
    _links: {
      self: { href: self },
      workItemUpdates: { href: `${workItemUrl(simulator, workItem)}/updates` },
      parent: { href: workItemUrl(simulator, workItem) },
    },
    url: self,
  };
}
