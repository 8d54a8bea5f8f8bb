import { type FieldDefinition, supportedOperations } from './fields.ts';
import { nodeView } from './nodes.ts';
import { AzureDevOpsProblem } from './problem.ts';
import { agileTypes, findType, type WorkItemTypeDefinition } from './process.ts';
import { linkTypes, resourceLinkTypes } from './relations.ts';
import { type CallContext, list, type Route } from './router.ts';
import { isServices, type Simulator } from './simulator.ts';
import type { Project } from './store.ts';

const identityFieldType = (definition: FieldDefinition): string => definition.type;

function fieldView(
  simulator: Simulator,
  definition: FieldDefinition,
  projectId?: string,
): Record<string, unknown> {
  const scope = projectId === undefined || simulator.flavor === 'server-2019' ? '' : `/${projectId}`;
  return {
    name: definition.name,
    referenceName: definition.referenceName,
    description: '',
    type: identityFieldType(definition),
    usage: 'workItem',
    readOnly: definition.readOnly,
    canSortBy: definition.type !== 'html' && definition.type !== 'history',
    isQueryable: true,
    supportedOperations: supportedOperations(definition.type),
    isIdentity: definition.isIdentity,
    isPicklist: definition.allowedValues !== undefined && definition.referenceName.startsWith('Custom.'),
    isPicklistSuggested: false,
    isDeleted: false,
    ...(isServices(simulator) ? { isLocked: false } : {}),
    url: `${simulator.organizationUrl}${scope}/_apis/wit/fields/${definition.referenceName}`,
  };
}

interface FieldOfType {
  definition: FieldDefinition;
  isRequired: boolean;
}

function fieldsOf(simulator: Simulator, type: WorkItemTypeDefinition): FieldOfType[] {
  return type.fields.flatMap((reference) => {
    const definition = simulator.store.fields.find(reference);
    return definition === undefined
      ? []
      : [{ definition, isRequired: type.requiredFields.includes(reference) }];
  });
}

function allowedValues(
  context: CallContext,
  type: WorkItemTypeDefinition,
  definition: FieldDefinition,
): unknown[] {
  if (definition.referenceName === 'System.State') return type.states.map((state) => state.name);
  if (definition.referenceName === 'System.Reason')
    return [
      ...new Set(Object.values(type.transitions).flatMap((moves) => moves.flatMap((move) => move.reasons))),
    ];
  if (definition.isIdentity)
    return context.simulator.users.all
      .filter((user) => user.isMember)
      .map((user) => context.simulator.users.ref(user.id));
  // Picklists are text on the wire, whatever the field's type.
  return (definition.allowedValues ?? []).map(String);
}

function fieldOfTypeView(
  context: CallContext,
  type: WorkItemTypeDefinition,
  field: FieldOfType,
  expand: string,
): Record<string, unknown> {
  const { definition } = field;
  const withValues = expand === 'allowedvalues' || expand === 'all';
  return {
    ...(withValues ? { allowedValues: allowedValues(context, type, definition) } : {}),
    defaultValue: definition.defaultValue === undefined ? null : String(definition.defaultValue),
    helpText: `The ${definition.name.toLowerCase()} of the work item`,
    alwaysRequired: field.isRequired,
    ...(expand === 'dependentfields' || expand === 'all' ? { dependentFields: [] } : {}),
    referenceName: definition.referenceName,
    name: definition.name,
    url: `${context.simulator.organizationUrl}/${context.project?.id}/_apis/wit/fields/${definition.referenceName}`,
  };
}

/** Microsoft's clients send the enum's number instead of its name. */
function fieldExpand(context: CallContext): string {
  const text = (context.query.get('$expand') ?? 'none').toLowerCase();
  return ['none', 'allowedvalues', 'dependentfields', 'all'][Number(text)] ?? text;
}

function typeView(context: CallContext, type: WorkItemTypeDefinition): Record<string, unknown> {
  const { simulator, project } = context;
  const instances = fieldsOf(simulator, type).map((field) => fieldOfTypeView(context, type, field, 'none'));
  return {
    name: type.name,
    referenceName: type.referenceName,
    description: type.description,
    color: type.color,
    icon: {
      id: type.icon,
      url: `${simulator.organizationUrl}/_apis/wit/workItemIcons/${type.icon}?color=${type.color}&v=2`,
    },
    isDisabled: false,
    xmlForm: '<FORM></FORM>',
    fields: instances,
    fieldInstances: instances,
    transitions: Object.fromEntries(
      Object.entries(type.transitions).map(([from, moves]) => [
        from,
        // The state itself is part of every list: staying is allowed.
        [
          ...(from === '' ? [] : [{ to: from, actions: null }]),
          ...moves.map((move) => ({ to: move.to, actions: null })),
        ],
      ]),
    ),
    states: type.states,
    url: `${simulator.organizationUrl}/${project?.id}/_apis/wit/workItemTypes/${encodeURIComponent(type.name)}`,
  };
}

function typeOf(context: CallContext): WorkItemTypeDefinition {
  const type = findType(context.params.type ?? '');
  if (type !== undefined) return type;
  throw new AzureDevOpsProblem(
    404,
    'WorkItemTypeNotFoundException',
    `VS402323: Work item type ${context.params.type} does not exist in project ${context.project?.name} or you do not have permission to access it.`,
  );
}

function fieldMissing(name: string | undefined): AzureDevOpsProblem {
  return new AzureDevOpsProblem(404, 'WitResourceNotFoundException', `TF51535: Cannot find field ${name}.`);
}

const requireProject = (context: CallContext): Project => {
  if (context.project === undefined) throw new Error('the route is project scoped');
  return context.project;
};

const typeVersion = { since: 1, revision: 2 };

const typeRoutes: Route[] = [
  {
    id: 'types.list',
    method: 'GET',
    path: 'wit/workitemtypes',
    level: 'project',
    version: typeVersion,
    scope: 'vso.work',
    handle: (context) => list(agileTypes.map((type) => typeView(context, type))),
  },
  {
    id: 'types.read',
    method: 'GET',
    path: 'wit/workitemtypes/{type}',
    level: 'project',
    version: typeVersion,
    scope: 'vso.work',
    handle: (context) => typeView(context, typeOf(context)),
  },
  {
    id: 'types.states',
    method: 'GET',
    path: 'wit/workitemtypes/{type}/states',
    level: 'project',
    version: { since: 4.1, revision: 1 },
    scope: 'vso.work',
    handle: (context) => list(typeOf(context).states),
  },
  {
    id: 'types.fields',
    method: 'GET',
    path: 'wit/workitemtypes/{type}/fields',
    level: 'project',
    version: { since: 4.1, revision: 3 },
    scope: 'vso.work',
    handle: (context) => {
      const type = typeOf(context);
      const expand = fieldExpand(context);
      return list(
        fieldsOf(context.simulator, type).map((field) => fieldOfTypeView(context, type, field, expand)),
      );
    },
  },
  {
    id: 'types.field',
    method: 'GET',
    path: 'wit/workitemtypes/{type}/fields/{field}',
    level: 'project',
    version: { since: 4.1, revision: 3 },
    scope: 'vso.work',
    handle: (context) => {
      const type = typeOf(context);
      const wanted = context.simulator.store.fields.find(context.params.field ?? '')?.referenceName;
      const field = fieldsOf(context.simulator, type).find(
        (candidate) => candidate.definition.referenceName === wanted,
      );
      if (field === undefined) throw fieldMissing(context.params.field);
      return fieldOfTypeView(context, type, field, fieldExpand(context));
    },
  },
  {
    id: 'types.categories',
    method: 'GET',
    path: 'wit/workitemtypecategories',
    level: 'project',
    version: typeVersion,
    scope: 'vso.work',
    handle: (context) => {
      const base = `${context.simulator.organizationUrl}/${context.project?.id}/_apis/wit`;
      const category = (name: string, referenceName: string, typeName: string) => {
        const reference = { name: typeName, url: `${base}/workItemTypes/${encodeURIComponent(typeName)}` };
        return {
          name,
          referenceName,
          defaultWorkItemType: reference,
          workItemTypes: [reference],
          url: `${base}/workItemTypeCategories/${referenceName}`,
        };
      };
      return list([
        category('Bug Category', 'Microsoft.BugCategory', 'Bug'),
        category('Task Category', 'Microsoft.TaskCategory', 'Task'),
        category('Requirement Category', 'Microsoft.RequirementCategory', 'User Story'),
      ]);
    },
  },
];

const fieldRoutes: Route[] = [
  {
    id: 'fields.list',
    method: 'GET',
    path: 'wit/fields',
    level: 'both',
    version: { since: 1, revision: 3 },
    scope: 'vso.work',
    handle: (context) =>
      list(
        context.simulator.store.fields.all.map((definition) =>
          fieldView(context.simulator, definition, context.project?.id),
        ),
      ),
  },
  {
    id: 'fields.read',
    method: 'GET',
    path: 'wit/fields/{field}',
    level: 'both',
    version: { since: 1, revision: 3 },
    scope: 'vso.work',
    handle: (context) => {
      const definition = context.simulator.store.fields.find(context.params.field ?? '');
      if (definition === undefined) throw fieldMissing(context.params.field);
      return fieldView(context.simulator, definition, context.project?.id);
    },
  },
];

function nodeRoute(context: CallContext): unknown {
  const project = requireProject(context);
  const group = (context.params.structureGroup ?? '').toLowerCase();
  const root =
    group === 'areas' || group === '0'
      ? project.areas
      : group === 'iterations' || group === '1'
        ? project.iterations
        : undefined;
  const depth = Number(context.query.get('$depth') ?? 0);
  const path = context.params.path ?? '';
  const full = [root?.name ?? '', ...path.split('/').filter((part) => part !== '')].join('\\');
  const node = root === undefined ? undefined : context.simulator.store.findNode(root, full);
  if (node === undefined)
    throw new AzureDevOpsProblem(
      404,
      'WorkItemTrackingTreeNodeNotFoundException',
      `VS402485: The ${group} path '${path}' does not exist in project ${project.name}.`,
    );
  return nodeView(context.simulator.organizationUrl, project, node, depth);
}

const nodeRoutes: Route[] = [
  {
    id: 'nodes.roots',
    method: 'GET',
    path: 'wit/classificationnodes',
    level: 'project',
    version: { since: 1, revision: 2 },
    scope: 'vso.work',
    handle: (context) => {
      const project = requireProject(context);
      const depth = Number(context.query.get('$depth') ?? 0);
      return list(
        [project.areas, project.iterations].map((node) =>
          nodeView(context.simulator.organizationUrl, project, node, depth),
        ),
      );
    },
  },
  {
    id: 'nodes.read',
    method: 'GET',
    path: 'wit/classificationnodes/{structureGroup}',
    level: 'project',
    version: { since: 1, revision: 2 },
    scope: 'vso.work',
    handle: nodeRoute,
  },
  {
    id: 'nodes.readPath',
    method: 'GET',
    path: 'wit/classificationnodes/{structureGroup}/{*path}',
    level: 'project',
    version: { since: 1, revision: 2 },
    scope: 'vso.work',
    handle: nodeRoute,
  },
];

function tagView(
  context: CallContext,
  tag: { id: string; name: string; lastUpdated: string },
): Record<string, unknown> {
  return {
    id: tag.id,
    name: tag.name,
    url: `${context.simulator.organizationUrl}/${context.project?.id}/_apis/wit/tags/${tag.id}`,
    lastUpdated: tag.lastUpdated,
  };
}

function relationTypes(simulator: Simulator): Record<string, unknown>[] {
  const url = (name: string) => `${simulator.organizationUrl}/_apis/wit/workItemRelationTypes/${name}`;
  return [
    ...linkTypes.map((type) => ({
      attributes: {
        usage: 'workItemLink',
        editable: false,
        enabled: true,
        acyclic: type.acyclic,
        directional: type.directional,
        singleTarget: type.singleTarget,
        topology: type.topology,
        isForward: type.isForward,
        oppositeEndReferenceName: type.opposite,
      },
      referenceName: type.referenceName,
      name: type.name,
      url: url(type.referenceName),
    })),
    ...resourceLinkTypes.map((type) => ({
      attributes: { usage: 'resourceLink', editable: false, enabled: true },
      ...type,
      url: url(type.referenceName),
    })),
  ];
}

const otherRoutes: Route[] = [
  {
    id: 'tags.list',
    method: 'GET',
    path: 'wit/tags',
    level: 'project',
    version: { since: 5.1, revision: 1, isPreviewOnly: true },
    scope: 'vso.work',
    handle: (context) => list([...requireProject(context).tags.values()].map((tag) => tagView(context, tag))),
  },
  {
    id: 'tags.read',
    method: 'GET',
    path: 'wit/tags/{tag}',
    level: 'project',
    version: { since: 5.1, revision: 1, isPreviewOnly: true },
    scope: 'vso.work',
    handle: (context) => {
      const wanted = (context.params.tag ?? '').toLowerCase();
      const tag = [...requireProject(context).tags.values()].find(
        (entry) => entry.id === wanted || entry.name.toLowerCase() === wanted,
      );
      if (tag === undefined)
        throw new AzureDevOpsProblem(
          404,
          'WitResourceNotFoundException',
          `The tag ${context.params.tag} does not exist.`,
        );
      return tagView(context, tag);
    },
  },
  {
    id: 'relationTypes.list',
    method: 'GET',
    path: 'wit/workitemrelationtypes',
    level: 'organization',
    version: { since: 1, revision: 2 },
    scope: 'vso.work',
    handle: (context) => list(relationTypes(context.simulator)),
  },
  {
    id: 'relationTypes.read',
    method: 'GET',
    path: 'wit/workitemrelationtypes/{relation}',
    level: 'organization',
    version: { since: 1, revision: 2 },
    scope: 'vso.work',
    handle: (context) => {
      const wanted = context.params.relation?.toLowerCase();
      const type = relationTypes(context.simulator).find(
        (entry) => String(entry.referenceName).toLowerCase() === wanted,
      );
      if (type === undefined)
        throw new AzureDevOpsProblem(
          404,
          'WitResourceNotFoundException',
          `The relation type ${wanted} does not exist.`,
        );
      return type;
    },
  },
];

export const metadataRoutes: Route[] = [...typeRoutes, ...fieldRoutes, ...nodeRoutes, ...otherRoutes];
