import { AzureDevOpsProblem, workItemNotFound } from './problem.ts';
import type { Simulator } from './simulator.ts';
import { latest, type Relation, type Update, type WorkItemRecord } from './store.ts';
import type { SandboxUser } from './users.ts';
import type { ParsedPatch } from './work-item-patch.ts';

const maxRelations = 1000;
const maxAttachments = 100;

interface LinkType {
  referenceName: string;
  name: string;
  opposite: string;
  isForward: boolean;
  topology: string;
  acyclic: boolean;
  directional: boolean;
  singleTarget: boolean;
}

function pair(
  reference: string,
  forward: string,
  reverse: string,
  topology: string,
  names: [string, string],
): LinkType[] {
  const common = { topology, acyclic: true, directional: true };
  return [
    {
      referenceName: `${reference}-${forward}`,
      name: names[0],
      opposite: `${reference}-${reverse}`,
      isForward: true,
      singleTarget: false,
      ...common,
    },
    {
      referenceName: `${reference}-${reverse}`,
      name: names[1],
      opposite: `${reference}-${forward}`,
      isForward: false,
      singleTarget: topology === 'tree',
      ...common,
    },
  ];
}

export const linkTypes: LinkType[] = [
  ...pair('System.LinkTypes.Hierarchy', 'Forward', 'Reverse', 'tree', ['Child', 'Parent']),
  ...pair('System.LinkTypes.Duplicate', 'Forward', 'Reverse', 'tree', ['Duplicate', 'Duplicate Of']),
  // Dependency alone spells its directions in lower case.
  ...pair('System.LinkTypes.Dependency', 'forward', 'reverse', 'dependency', ['Successor', 'Predecessor']),
  {
    referenceName: 'System.LinkTypes.Related',
    name: 'Related',
    opposite: 'System.LinkTypes.Related',
    isForward: true,
    topology: 'network',
    acyclic: false,
    directional: false,
    singleTarget: false,
  },
];

export const resourceLinkTypes = [
  { referenceName: 'AttachedFile', name: 'Attached File' },
  { referenceName: 'Hyperlink', name: 'Hyperlink' },
  { referenceName: 'ArtifactLink', name: 'Artifact Link' },
];

export interface RelationChange {
  after: Relation[];
  added: Relation[];
  removed: Relation[];
  changed: boolean;
}

function badRelation(message: string): AzureDevOpsProblem {
  return new AzureDevOpsProblem(400, 'VssPropertyValidationException', message, {
    namespace: 'Microsoft.VisualStudio.Services.Common',
    eventId: 3000,
  });
}

const linkType = (rel: string): LinkType | undefined =>
  linkTypes.find((type) => type.referenceName.toLowerCase() === rel.toLowerCase());

export function linkedWorkItemId(relation: Relation): number | undefined {
  if (linkType(relation.rel) === undefined) return undefined;
  const id = /\/workitems\/(\d+)$/i.exec(relation.url)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** Indexes refer to the relations before the patch, as in a JSON patch they are all resolved against one document. */
export function changeRelations(
  simulator: Simulator,
  workItem: WorkItemRecord | undefined,
  before: Relation[],
  parsed: ParsedPatch,
  at: string,
): RelationChange {
  const after = [...before];
  const removed: Relation[] = [];
  for (const { index, relation } of parsed.replacedRelations) {
    const old = after[index];
    if (old === undefined) throw badRelation(`Relation index ${index} does not exist.`);
    after[index] = { ...old, attributes: { ...old.attributes, ...relation.attributes } };
  }
  for (const index of parsed.removedRelationIndexes) {
    const old = before[index];
    if (old === undefined) throw badRelation(`Relation index ${index} does not exist.`);
    removed.push(old);
  }
  const kept = after.filter((_, index) => !parsed.removedRelationIndexes.includes(index));
  const added = parsed.addedRelations.map((relation) => normalise(simulator, workItem, kept, relation, at));
  kept.push(...added);
  if (kept.length > maxRelations) throw badRelation(`A work item can have at most ${maxRelations} links.`);
  if (kept.filter((relation) => relation.rel === 'AttachedFile').length > maxAttachments)
    throw badRelation(`TF401256: A work item can have at most ${maxAttachments} attachments.`);
  const changed = added.length + removed.length + parsed.replacedRelations.length > 0;
  return { after: kept, added, removed, changed };
}

function normalise(
  simulator: Simulator,
  workItem: WorkItemRecord | undefined,
  existing: Relation[],
  relation: Relation,
  at: string,
): Relation {
  const twin = existing.find((other) => other.rel === relation.rel && other.url === relation.url);
  if (twin !== undefined)
    throw new AzureDevOpsProblem(400, 'RelationAlreadyExistsException', 'Relation already exists.', {
      namespace: 'Microsoft.TeamFoundation.WorkItemTracking.Web.Common',
    });
  const stamps = {
    authorizedDate: at,
    id: simulator.store.takeResourceId(),
    resourceCreatedDate: at,
    resourceModifiedDate: at,
    revisedDate: '9999-01-01T00:00:00Z',
  };
  if (relation.rel === 'Hyperlink') {
    return { rel: 'Hyperlink', url: relation.url, attributes: { ...stamps, ...relation.attributes } };
  }
  if (relation.rel === 'ArtifactLink') {
    if (typeof relation.attributes.name !== 'string')
      throw badRelation('An artifact link needs attributes.name.');
    return { rel: 'ArtifactLink', url: relation.url, attributes: { ...stamps, ...relation.attributes } };
  }
  if (relation.rel === 'AttachedFile') {
    const id = /\/attachments\/([0-9a-f-]{36})/i.exec(relation.url)?.[1]?.toLowerCase();
    const attachment = id === undefined ? undefined : simulator.store.attachments.get(id);
    if (attachment === undefined)
      throw new AzureDevOpsProblem(
        400,
        'WorkItemAttachmentNotFoundException',
        `TF401254: The attachment ${id ?? relation.url} could not be found.`,
      );
    const url = `${relation.url.split('?')[0]}`;
    if (existing.some((other) => other.rel === 'AttachedFile' && other.url === url))
      throw new AzureDevOpsProblem(400, 'RelationAlreadyExistsException', 'Relation already exists.');
    return {
      rel: 'AttachedFile',
      url,
      attributes: {
        ...stamps,
        resourceSize: attachment.sizeBytes,
        name: attachment.fileName,
        ...relation.attributes,
      },
    };
  }
  return normaliseLink(simulator, workItem, existing, relation);
}

function normaliseLink(
  simulator: Simulator,
  workItem: WorkItemRecord | undefined,
  existing: Relation[],
  relation: Relation,
): Relation {
  const type = linkType(relation.rel);
  if (type === undefined) throw badRelation(`Unrecognized link type ${relation.rel}.`);
  const id = linkedWorkItemId(relation);
  const target = id === undefined ? undefined : simulator.store.workItems.get(id);
  if (target === undefined || target.deleted !== undefined) throw workItemNotFound(id ?? relation.url);
  if (target.id === workItem?.id)
    throw new AzureDevOpsProblem(
      400,
      'WorkItemLinkInvalidException',
      'TF201035: A work item cannot be linked to itself.',
    );
  const url = `${simulator.organizationUrl}/_apis/wit/workItems/${target.id}`;
  if (existing.some((other) => other.rel === type.referenceName && other.url === url))
    throw new AzureDevOpsProblem(400, 'WorkItemLinkExistsException', 'TF201036: Relation already exists.');
  const hasParent = (relations: Relation[]) =>
    relations.some((other) => other.rel === 'System.LinkTypes.Hierarchy-Reverse');
  const extraParent =
    (type.referenceName === 'System.LinkTypes.Hierarchy-Reverse' && hasParent(existing)) ||
    (type.referenceName === 'System.LinkTypes.Hierarchy-Forward' && hasParent(latest(target).relations));
  if (extraParent)
    throw new AzureDevOpsProblem(
      400,
      'WorkItemLinkAddExtraParentException',
      'TF201036: You cannot add a Parent link because a work item can have only one Parent link.',
    );
  return {
    rel: type.referenceName,
    url,
    attributes: { isLocked: false, ...relation.attributes, name: type.name },
  };
}

/**
 * The other end of a work item link shows it too. It gets an update but no revision, which is why update numbers
 * run ahead of revision numbers (Microsoft's own example of updates shows one).
 */
export function mirrorLinks(
  simulator: Simulator,
  workItem: WorkItemRecord,
  change: RelationChange,
  user: SandboxUser,
  options: { suppressNotifications?: boolean },
): void {
  const ownUrl = `${simulator.organizationUrl}/_apis/wit/workItems/${workItem.id}`;
  const mirror = (relation: Relation, kind: 'added' | 'removed') => {
    const type = linkType(relation.rel);
    const id = linkedWorkItemId(relation);
    const other = id === undefined ? undefined : simulator.store.workItems.get(id);
    if (type === undefined || other === undefined) return;
    const revision = latest(other);
    const name = linkType(type.opposite)?.name;
    const twin: Relation = { rel: type.opposite, url: ownUrl, attributes: { ...relation.attributes, name } };
    revision.relations =
      kind === 'added'
        ? [...revision.relations, twin]
        : revision.relations.filter((existing) => !(existing.rel === twin.rel && existing.url === twin.url));
    if (twin.rel === 'System.LinkTypes.Hierarchy-Reverse') {
      if (kind === 'added') revision.fields['System.Parent'] = workItem.id;
      else delete revision.fields['System.Parent'];
    }
    delete other.json;
    const update: Update = {
      id: (other.updates.at(-1)?.id ?? 0) + 1,
      rev: revision.rev,
      revisedBy: user.id,
      date: simulator.clock.iso(),
      fields: {},
      relations: { [kind]: [twin] },
    };
    other.updates.push(update);
    if (!options.suppressNotifications)
      simulator.publish({ eventType: 'workitem.updated', workItem: other, update, actorId: user.id });
  };
  for (const relation of change.added) mirror(relation, 'added');
  for (const relation of change.removed) mirror(relation, 'removed');
}
