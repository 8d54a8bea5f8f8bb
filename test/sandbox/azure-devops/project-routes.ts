import { supported } from './api-version.ts';
import { tenantId } from './auth.ts';
import { frameworkProblem, projectNotFound } from './problem.ts';
import { type CallContext, list, type Route } from './router.ts';
import { isServices, type Simulator } from './simulator.ts';
import type { Project } from './store.ts';

export function projectView(simulator: Simulator, project: Project): Record<string, unknown> {
  return {
    id: project.id,
    name: project.name,
    description: project.description,
    url: `${simulator.organizationUrl}/_apis/projects/${project.id}`,
    state: project.state,
    revision: project.revision,
    visibility: 'private',
    lastUpdateTime: project.lastUpdateTime,
  };
}

function visibleProject(context: CallContext): Project {
  const wanted = context.params.projectId ?? '';
  const project = context.simulator.store.project(wanted);
  if (project === undefined || !context.user.roles.has(project.id)) throw projectNotFound(wanted);
  return project;
}

function teamView(
  simulator: Simulator,
  project: Project,
  team: Project['teams'][number],
): Record<string, unknown> {
  return {
    id: team.id,
    name: team.name,
    url: `${simulator.organizationUrl}/_apis/projects/${project.id}/teams/${team.id}`,
    description: team.description,
    identityUrl: `${simulator.identityUrl}/_apis/Identities/${team.id}`,
    projectName: project.name,
    projectId: project.id,
  };
}

function page<T>(context: CallContext, all: T[]): T[] {
  const top = Number(context.query.get('$top') ?? 100);
  const skip = Number(context.query.get('$skip') ?? context.query.get('continuationToken') ?? 0);
  if (!Number.isInteger(top) || !Number.isInteger(skip) || top < 0 || skip < 0)
    throw frameworkProblem(400, 'ArgumentOutOfRangeException', 'Invalid $top or $skip.');
  const end = skip + top;
  if (end < all.length) context.reply.header('x-ms-continuationtoken', String(end));
  return all.slice(skip, end);
}

const version = { since: 1, revision: 4 };

export const projectRoutes: Route[] = [
  {
    id: 'projects.list',
    method: 'GET',
    path: 'projects',
    level: 'organization',
    version,
    scope: 'vso.project',
    handle: (context) => {
      const filter = context.query.get('stateFilter') ?? 'wellFormed';
      const visible = context.simulator.store.projects.filter(
        (project) => context.user.roles.has(project.id) && (filter === 'all' || project.state === filter),
      );
      return list(page(context, visible).map((project) => projectView(context.simulator, project)));
    },
  },
  {
    id: 'projects.read',
    method: 'GET',
    path: 'projects/{projectId}',
    level: 'organization',
    version,
    scope: 'vso.project',
    handle: (context) => {
      const project = visibleProject(context);
      const { simulator } = context;
      const self = `${simulator.organizationUrl}/_apis/projects/${project.id}`;
      const team = project.teams[0];
      return {
        ...projectView(simulator, project),
        ...(context.query.get('includeCapabilities') === 'true'
          ? {
              capabilities: {
                processTemplate: {
                  templateName: 'Agile',
                  templateTypeId: 'adcc42ab-9882-485e-a3ed-7678f01f66bc',
                },
                versioncontrol: { sourceControlType: 'Git', gitEnabled: 'True', tfvcEnabled: 'False' },
              },
            }
          : {}),
        _links: {
          self: { href: self },
          collection: {
            href: `${simulator.organizationUrl}/_apis/projectCollections/${simulator.organizationId}`,
          },
          web: { href: `${simulator.organizationUrl}/${encodeURIComponent(project.name)}` },
        },
        ...(team === undefined
          ? {}
          : { defaultTeam: { id: team.id, name: team.name, url: `${self}/teams/${team.id}` } }),
      };
    },
  },
  {
    id: 'teams.list',
    method: 'GET',
    path: 'projects/{projectId}/teams',
    level: 'organization',
    version: { since: 1, revision: 3 },
    scope: 'vso.project',
    handle: (context) => {
      const project = visibleProject(context);
      return list(page(context, project.teams).map((team) => teamView(context.simulator, project, team)));
    },
  },
  {
    id: 'teams.read',
    method: 'GET',
    path: 'projects/{projectId}/teams/{teamId}',
    level: 'organization',
    version: { since: 1, revision: 3 },
    scope: 'vso.project',
    handle: (context) => {
      const project = visibleProject(context);
      const wanted = (context.params.teamId ?? '').toLowerCase();
      const team = project.teams.find(
        (candidate) => candidate.id === wanted || candidate.name.toLowerCase() === wanted,
      );
      if (team === undefined)
        throw frameworkProblem(
          404,
          'TeamNotFoundException',
          `VS402485: The team '${context.params.teamId}' does not exist.`,
        );
      return teamView(context.simulator, project, team);
    },
  },
  {
    id: 'teams.members',
    method: 'GET',
    path: 'projects/{projectId}/teams/{teamId}/members',
    level: 'organization',
    version: { since: 1, revision: 2 },
    scope: 'vso.project',
    handle: (context) => {
      const team = visibleProject(context).teams.find((candidate) => candidate.id === context.params.teamId);
      return list(
        page(context, team?.memberIds ?? []).map((id) => ({
          isTeamAdmin: context.simulator.users.byId(id)?.key === 'admin',
          identity: context.simulator.users.ref(id),
        })),
      );
    },
  },
];

/** Who is calling, and which organisation this is. The app token is not accepted here, as on the real service. */
export const connectionDataRoute: Route = {
  id: 'connectionData.read',
  method: 'GET',
  path: 'connectionData',
  level: 'organization',
  version: { since: 1, revision: 1, isPreviewOnly: true },
  scope: '',
  handle: ({ simulator, user }) => {
    const identity = {
      id: user.id,
      descriptor: `Microsoft.IdentityModel.Claims.ClaimsIdentity;${tenantId}\\${user.uniqueName}`,
      subjectDescriptor: user.descriptor,
      providerDisplayName: user.displayName,
      isActive: user.isActive,
      properties: { Account: { $type: 'System.String', $value: user.uniqueName } },
      resourceVersion: 2,
      metaTypeId: 0,
    };
    return {
      authenticatedUser: identity,
      authorizedUser: identity,
      instanceId: simulator.organizationId,
      deploymentId: '8ea8bb2c-3c5e-4c3c-ae9c-4a0b9c1d2f7e',
      deploymentType: isServices(simulator) ? 'hosted' : 'onPremises',
      locationServiceData: {
        serviceOwner: '00025394-6065-48ca-87d9-7f5672854ef7',
        defaultAccessMappingMoniker: isServices(simulator) ? 'HostGuidAccessMapping' : 'PublicAccessMapping',
        lastChangeId: 1,
        lastChangeId64: 1,
      },
    };
  },
};

/** Resource areas: where each area's host is. Server answers with an empty list that is not even an array. */
export const resourceAreasRoute: Route = {
  id: 'resourceAreas.list',
  method: 'GET',
  path: 'ResourceAreas',
  level: 'organization',
  version: { since: 1, revision: 1, isPreviewOnly: false },
  scope: '',
  handle: ({ simulator }) => {
    if (!isServices(simulator)) return { count: 0, value: null };
    const own = `${simulator.organizationUrl}/`;
    const areas: [string, string, string][] = [
      ['5264459e-e5e0-4bd8-b118-0985e68a4ec5', 'wit', own],
      ['79134c72-4a58-4b42-976c-04e7115f32bf', 'core', own],
      ['965220d5-5bb9-42cf-8d67-9b146df2a5a4', 'build', own],
      ['4e080c62-fa21-4fbc-8fef-2a10a2b38049', 'git', own],
      ['6c2b0933-3600-42ae-bf8b-93d4f7e83594', 'ExtensionManagement', own],
      ['bb1e7ec9-e901-4b68-999a-de7012b920f8', 'Graph', `${simulator.identityUrl}/`],
      ['8a3d49b8-91f0-46ef-b33d-dda338c25db3', 'IMS', `${simulator.identityUrl}/`],
    ];
    return list(areas.map(([id, name, locationUrl]) => ({ id, name, locationUrl })));
  },
};

/** What `OPTIONS {base}/_apis/{area}` tells a client library: route templates and versions by location id. */
const locations: Record<string, [id: string, resource: string, template: string, revision: number][]> = {
  wit: [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the dollar is part of the address
    ['62d3d110-0047-428c-ad3c-4fe872c91c74', 'workItems', '{project}/_apis/{area}/{resource}/${type}', 3],
    ['72c7ddf8-2cdc-4f60-90cd-ab71c14a399b', 'workItems', '{project}/_apis/{area}/{resource}/{id}', 3],
    ['908509b6-4248-4475-a1cd-829139ba419f', 'workItemsBatch', '{project}/_apis/{area}/{resource}', 1],
    [
      '6570bf97-d02c-4a91-8d93-3abe9895b1a9',
      'updates',
      '{project}/_apis/{area}/workItems/{id}/{resource}/{updateNumber}',
      3,
    ],
    [
      'a00c85a5-80fa-4565-99c3-bcd2181434bb',
      'revisions',
      '{project}/_apis/{area}/workItems/{id}/{resource}/{revisionNumber}',
      3,
    ],
    [
      '608aac0a-32e1-4493-a863-b9cf4566d257',
      'comments',
      '{project}/_apis/{area}/workItems/{workItemId}/{resource}/{commentId}',
      4,
    ],
    ['e07b5fa4-1499-494d-a496-64b860fd64ff', 'attachments', '{project}/_apis/{area}/{resource}/{id}', 4],
    ['1a9c53f7-f243-4447-b110-35ef023636e4', 'wiql', '{project}/{team}/_apis/{area}/{resource}', 2],
    ['7c8d7a76-4a09-43e8-b5df-bd792f4ac6aa', 'workItemTypes', '{project}/_apis/{area}/{resource}/{type}', 2],
    [
      '7c9d7a76-4a09-43e8-b5df-bd792f4ac6aa',
      'states',
      '{project}/_apis/{area}/workItemTypes/{type}/{resource}',
      1,
    ],
    [
      'bd293ce5-3d25-4192-8e67-e8092e879efb',
      'fields',
      '{project}/_apis/{area}/workItemTypes/{type}/{resource}/{field}',
      3,
    ],
    [
      'b51fd764-e5c2-4b9b-aaf7-3395cf4bdd94',
      'fields',
      '{project}/_apis/{area}/{resource}/{fieldNameOrRefName}',
      3,
    ],
    [
      '5a172953-1b41-49d3-840a-33f79c3ce89f',
      'classificationNodes',
      '{project}/_apis/{area}/{resource}/{structureGroup}/{*path}',
      2,
    ],
    [
      'f5d33bc9-5b49-4a3c-a9bd-f3cd46dd2165',
      'workItemRelationTypes',
      '_apis/{area}/{resource}/{relation}',
      2,
    ],
    ['b70d8d39-926c-465e-b927-b1bf0e5ca0e0', 'recycleBin', '{project}/_apis/{area}/{resource}/{id}', 2],
    [
      'f828fe59-dd87-495d-a17c-7a8d6211ca6c',
      'workItemRevisions',
      '{project}/_apis/{area}/reporting/{resource}',
      2,
    ],
    ['bc15bc60-e7a8-43cb-ab01-2106be3983a1', 'tags', '{project}/_apis/{area}/{resource}/{tagIdOrName}', 1],
  ],
  core: [
    ['603fe2ac-9723-48b9-88ad-09305aa6c6e1', 'projects', '_apis/{resource}/{*projectId}', 4],
    ['d30a3dd1-f8ba-442a-b86a-bd0c0c383e59', 'teams', '_apis/projects/{projectId}/{resource}/{*teamId}', 3],
    [
      '294c494c-2600-4d7e-b76c-3dd50c3c95be',
      'members',
      '_apis/projects/{projectId}/teams/{teamId}/{resource}',
      2,
    ],
  ],
  location: [['e81700f7-3be2-46de-8624-2eb35882fcaa', 'resourceAreas', '_apis/{resource}/{areaId}', 1]],
};

export function areaLocations(simulator: Simulator, area: string): object {
  const { released, max } = supported[simulator.flavor];
  const rows = locations[area.toLowerCase()] ?? [];
  return list(
    rows.map(([id, resourceName, routeTemplate, resourceVersion]) => ({
      id,
      area,
      resourceName,
      routeTemplate,
      resourceVersion,
      minVersion: '1.0',
      maxVersion: max.toFixed(1),
      releasedVersion: resourceName === 'comments' ? '0.0' : released.toFixed(1),
    })),
  );
}
