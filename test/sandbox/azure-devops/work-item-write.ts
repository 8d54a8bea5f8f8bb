import { nodeById, nodeOf, treeNameProblem } from './nodes.ts';
import { AzureDevOpsProblem, ruleProblem } from './problem.ts';
import { findType, startingState, type WorkItemTypeDefinition } from './process.ts';
import { changeRelations, mirrorLinks } from './relations.ts';
import { applyStateRules, checkRules } from './rules.ts';
import type { Simulator } from './simulator.ts';
import {
  type Fields,
  latest,
  type Project,
  type Relation,
  type Revision,
  type Update,
  type WorkItemRecord,
} from './store.ts';
import type { SandboxUser } from './users.ts';
import { stableGuid } from './users.ts';
import { checkTests, type ParsedPatch, parsePatch, splitTags } from './work-item-patch.ts';

export interface WriteOptions {
  validateOnly?: boolean;
  bypassRules?: boolean;
  suppressNotifications?: boolean;
  conflictStyle?: 'testFailed' | 'revisionMismatch';
}

const maxTags = 100;

/** 400 with the rules broken, 404 for an unknown type. The new item is in the store when this returns. */
export function createWorkItem(
  simulator: Simulator,
  project: Project,
  typeName: string,
  body: unknown,
  user: SandboxUser,
  options: WriteOptions = {},
): WorkItemRecord {
  const type = findType(typeName);
  if (type === undefined)
    throw new AzureDevOpsProblem(
      404,
      'WorkItemTypeNotFoundException',
      `VS402323: Work item type ${typeName} does not exist in project ${project.name} or you do not have permission to access it.`,
    );
  const parsed = parsePatch(simulator, body, options.bypassRules ?? false);
  const at = simulator.clock.iso();
  const fields: Fields = {
    'System.TeamProject': project.name,
    'System.WorkItemType': type.name,
    'System.AreaPath': project.areas.path,
    'System.IterationPath': project.iterations.path,
    'System.State': startingState(type),
    'System.CreatedDate': at,
    'System.CreatedBy': user.id,
    'System.CommentCount': 0,
  };
  for (const reference of type.fields) {
    const definition = simulator.store.fields.find(reference);
    if (definition?.defaultValue !== undefined && fields[reference] === undefined)
      fields[reference] = definition.defaultValue;
  }
  const changed = applyFields(simulator, project, -1, fields, parsed);
  applyStateRules(type, undefined, fields, changed, at, user.id);
  if (!options.bypassRules)
    checkRules(type, undefined, fields, changed, (name) => simulator.store.fields.find(name));
  const relations = changeRelations(simulator, undefined, [], parsed, at);
  const id = options.validateOnly ? 0 : simulator.store.takeWorkItemId();
  const workItem: WorkItemRecord = {
    id,
    projectId: project.id,
    typeName: type.name,
    revisions: [],
    updates: [],
    comments: [],
  };
  save(simulator, workItem, fields, relations.after, parsed, user, at, options);
  if (options.validateOnly) return workItem;
  simulator.store.workItems.set(id, workItem);
  registerTags(project, fields, at);
  mirrorLinks(simulator, workItem, relations, user, options);
  simulator.ledger.record({
    kind: 'effect',
    at,
    effect: 'workItem.created',
    recordId: String(id),
    actor: user.key,
    detail: { type: type.name, title: fields['System.Title'] },
  });
  if (!options.suppressNotifications)
    simulator.publish({ eventType: 'workitem.created', workItem, actorId: user.id });
  return workItem;
}

/** A patch that changes nothing leaves the revision as it is, fires nothing, and answers like a success. */
export function updateWorkItem(
  simulator: Simulator,
  workItem: WorkItemRecord,
  body: unknown,
  user: SandboxUser,
  options: WriteOptions = {},
): WorkItemRecord {
  const parsed = parsePatch(simulator, body, options.bypassRules ?? false);
  const current = latest(workItem);
  checkTests(parsed, current, options.conflictStyle ?? 'testFailed');
  const at = simulator.clock.iso();
  const fields: Fields = { ...current.fields };
  delete fields['System.History'];
  const target = moveTarget(simulator, workItem, parsed);
  fields['System.TeamProject'] = target.project.name;
  fields['System.WorkItemType'] = target.type.name;
  const changed = applyFields(simulator, target.project, workItem.id, fields, parsed);
  const typeChanged = target.type.name !== workItem.typeName;
  const before = typeChanged ? undefined : current.fields;
  if (typeChanged && !target.type.states.some((state) => state.name === fields['System.State']))
    fields['System.State'] = startingState(target.type);
  applyStateRules(target.type, typeChanged ? undefined : current.fields, fields, changed, at, user.id);
  if (!options.bypassRules && !typeChanged)
    checkRules(target.type, before, fields, changed, (name) => simulator.store.fields.find(name));
  const relations = changeRelations(simulator, workItem, current.relations, parsed, at);
  const newMarkdown = parsed.markdownFields.some((name) => !current.markdownFields.includes(name));
  const same =
    parsed.history === undefined && !relations.changed && !newMarkdown && sameFields(current.fields, fields);
  if (same) return workItem;
  if (options.validateOnly) {
    const copy: WorkItemRecord = {
      ...workItem,
      revisions: [...workItem.revisions],
      updates: [],
      comments: [],
    };
    delete copy.json;
    save(simulator, copy, fields, relations.after, parsed, user, at, options);
    const preview = copy.revisions.at(-1);
    // "ValidationOnly won't increase Rev" in Microsoft's own example.
    if (preview !== undefined) preview.rev = current.rev;
    return copy;
  }
  workItem.projectId = target.project.id;
  workItem.typeName = target.type.name;
  const update = save(simulator, workItem, fields, relations.after, parsed, user, at, options);
  registerTags(target.project, fields, at);
  mirrorLinks(simulator, workItem, relations, user, options);
  simulator.ledger.record({
    kind: 'effect',
    at,
    effect: parsed.history === undefined ? 'workItem.updated' : 'workItem.commented',
    recordId: String(workItem.id),
    actor: user.key,
    detail: { rev: update.rev, fields: [...changed], comment: parsed.history?.text },
  });
  if (!options.suppressNotifications) announce(simulator, workItem, update, user, parsed.history?.text);
  return workItem;
}

export function announce(
  simulator: Simulator,
  workItem: WorkItemRecord,
  update: Update,
  user: SandboxUser,
  commentText?: string,
): void {
  // A comment fires both events.
  simulator.publish({ eventType: 'workitem.updated', workItem, update, actorId: user.id });
  if (commentText !== undefined)
    simulator.publish({ eventType: 'workitem.commented', workItem, actorId: user.id, commentText });
}

function sameFields(a: Fields, b: Fields): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const name of names) if (name !== 'System.History' && a[name] !== b[name]) return false;
  return true;
}

function moveTarget(
  simulator: Simulator,
  workItem: WorkItemRecord,
  parsed: ParsedPatch,
): { project: Project; type: WorkItemTypeDefinition } {
  const projectName = parsed.fields.get('System.TeamProject');
  const typeName = parsed.fields.get('System.WorkItemType') ?? workItem.typeName;
  const own = simulator.store.projectById(workItem.projectId);
  const project = projectName === undefined ? own : simulator.store.project(String(projectName));
  const type = findType(String(typeName));
  if (project === undefined)
    throw new AzureDevOpsProblem(
      400,
      'WorkItemTargetProjectDoesNotExistException',
      `The target project '${String(projectName)}' does not exist.`,
    );
  if (type === undefined)
    throw new AzureDevOpsProblem(
      400,
      'WorkItemTargetTypeDoesNotExistException',
      `The target work item type '${String(typeName)}' does not exist.`,
    );
  if (project !== own && !parsed.fields.has('System.AreaPath'))
    throw new AzureDevOpsProblem(
      400,
      'WorkItemTargetAreaPathNotProvidedException',
      'A move needs System.AreaPath.',
    );
  if (project !== own && !parsed.fields.has('System.IterationPath'))
    throw new AzureDevOpsProblem(
      400,
      'WorkItemTargetIterationPathNotProvidedException',
      'A move needs System.IterationPath.',
    );
  return { project, type };
}

/** Writes the patch's values into `fields` and returns the names it touched. */
function applyFields(
  simulator: Simulator,
  project: Project,
  workItemId: number,
  fields: Fields,
  parsed: ParsedPatch,
): Set<string> {
  const changed = new Set<string>();
  for (const [reference, value] of parsed.fields) {
    changed.add(reference);
    if (reference === 'System.WorkItemType' || reference === 'System.TeamProject') continue;
    if (reference === 'System.AreaId' || reference === 'System.IterationId') {
      const structure = reference === 'System.AreaId' ? 'area' : 'iteration';
      const node = nodeById(project, structure, Number(value));
      if (node === undefined)
        throw new AzureDevOpsProblem(
          400,
          'WorkItemFieldInvalidTreeIdException',
          `TF401346: Invalid tree id given for work item ${workItemId}, field '${reference}'.`,
        );
      fields[structure === 'area' ? 'System.AreaPath' : 'System.IterationPath'] = node.path;
    } else if (reference === 'System.AreaPath' || reference === 'System.IterationPath') {
      const node =
        value === undefined ? undefined : nodeOf(simulator.store, project, reference, String(value));
      if (node === undefined) throw treeNameProblem(workItemId, reference);
      fields[reference] = node.path;
    } else if (reference === 'System.Tags') {
      setTags(fields, splitTags(String(value ?? '')));
    } else if (value === undefined) {
      delete fields[reference];
    } else {
      fields[reference] = value;
    }
  }
  if (parsed.addedTags !== undefined) {
    changed.add('System.Tags');
    setTags(fields, splitTags([String(fields['System.Tags'] ?? ''), ...parsed.addedTags].join(';')));
  }
  return changed;
}

/** The service keeps tags sorted and joined by "; ". */
function setTags(fields: Fields, tags: string[]): void {
  if (tags.length > maxTags)
    throw new AzureDevOpsProblem(
      400,
      'WorkItemTagLimitExceededException',
      `More than ${maxTags} tags on one work item.`,
    );
  const tooLong = tags.find((tag) => tag.length > 400);
  if (tooLong !== undefined)
    throw ruleProblem([{ field: 'System.Tags', fieldName: 'Tags', flags: ['invalidTooLong'] }]);
  if (tags.length === 0) delete fields['System.Tags'];
  else fields['System.Tags'] = tags.sort((a, b) => a.localeCompare(b)).join('; ');
}

function registerTags(project: Project, fields: Fields, at: string): void {
  for (const name of splitTags(String(fields['System.Tags'] ?? ''))) {
    const key = name.toLowerCase();
    if (!project.tags.has(key))
      project.tags.set(key, { id: stableGuid(`tag:${project.id}:${key}`), name, lastUpdated: at });
  }
}

/** Adds the next revision and its update. A history text becomes a comment of its own. */
function save(
  simulator: Simulator,
  workItem: WorkItemRecord,
  fields: Fields,
  relations: Relation[],
  parsed: ParsedPatch,
  user: SandboxUser,
  at: string,
  options: WriteOptions,
): Update {
  const previous = workItem.revisions.at(-1);
  const rev = (previous?.rev ?? 0) + 1;
  const parent = relations.find((relation) => relation.rel === 'System.LinkTypes.Hierarchy-Reverse');
  if (parent === undefined) delete fields['System.Parent'];
  else fields['System.Parent'] = Number(parent.url.split('/').at(-1));
  const markdownFields = [...new Set([...(previous?.markdownFields ?? []), ...parsed.markdownFields])].filter(
    (name) => name !== 'System.History',
  );
  const revision: Revision = {
    rev,
    fields,
    relations,
    changedBy: user.id,
    changedDate: at,
    watermark: 0,
    isDeleted: false,
    markdownFields,
  };
  if (previous?.commentVersion !== undefined) revision.commentVersion = previous.commentVersion;
  if (parsed.history !== undefined) {
    fields['System.History'] = parsed.history.text;
    fields['System.CommentCount'] = Number(fields['System.CommentCount'] ?? 0) + 1;
    if (!options.validateOnly) {
      const id = simulator.store.takeCommentId();
      revision.commentVersion = { commentId: id, version: 1 };
      workItem.comments.push({
        id,
        createdBy: user.id,
        createdDate: at,
        isDeleted: false,
        versions: [
          {
            version: 1,
            text: parsed.history.text,
            format: parsed.history.format,
            modifiedBy: user.id,
            modifiedDate: at,
            createdInRevision: rev,
            isDeleted: false,
          },
        ],
      });
    }
  }
  return addRevision(simulator, workItem, revision, options.validateOnly ?? false);
}

/** Stamps the system's own fields, appends the revision and derives the update from the one before. */
export function addRevision(
  simulator: Simulator,
  workItem: WorkItemRecord,
  revision: Revision,
  isPreview = false,
): Update {
  const previous = workItem.revisions.at(-1);
  const { fields } = revision;
  revision.watermark = isPreview ? 0 : simulator.store.takeWatermark(workItem.id, revision.rev);
  fields['System.ChangedDate'] = revision.changedDate;
  fields['System.ChangedBy'] = revision.changedBy;
  fields['System.AuthorizedDate'] = revision.changedDate;
  fields['System.AuthorizedAs'] = revision.changedBy;
  fields['System.Rev'] = revision.rev;
  fields['System.Watermark'] = revision.watermark;
  const update: Update = {
    id: (workItem.updates.at(-1)?.id ?? 0) + 1,
    rev: revision.rev,
    revisedBy: revision.changedBy,
    date: revision.changedDate,
    fields: difference(previous?.fields ?? {}, fields, workItem.id, previous === undefined),
  };
  const links = relationDifference(previous?.relations ?? [], revision.relations);
  if (links !== undefined) update.relations = links;
  workItem.revisions.push(revision);
  workItem.updates.push(update);
  delete workItem.json;
  return update;
}

function difference(before: Fields, after: Fields, workItemId: number, isFirst: boolean): Update['fields'] {
  const changes: Update['fields'] = {};
  if (isFirst) changes['System.Id'] = { newValue: workItemId };
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const oldValue = before[name];
    const newValue = after[name];
    if (name === 'System.History') {
      if (newValue !== undefined) changes[name] = { newValue };
    } else if (oldValue !== newValue) {
      changes[name] = {
        ...(oldValue === undefined ? {} : { oldValue }),
        ...(newValue === undefined ? {} : { newValue }),
      };
    }
  }
  return changes;
}

function relationDifference(before: Relation[], after: Relation[]): Update['relations'] {
  const added = after.filter((relation) => !before.some((other) => sameTarget(other, relation)));
  const removed = before.filter((relation) => !after.some((other) => sameTarget(other, relation)));
  const updated = after.filter((relation) =>
    before.some((other) => sameTarget(other, relation) && other !== relation),
  );
  if (added.length + removed.length + updated.length === 0) return undefined;
  return {
    ...(added.length > 0 ? { added } : {}),
    ...(removed.length > 0 ? { removed } : {}),
    ...(updated.length > 0 ? { updated } : {}),
  };
}

const sameTarget = (a: Relation, b: Relation): boolean => a.rel === b.rel && a.url === b.url;
