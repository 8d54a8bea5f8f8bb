import { tenantId } from './auth.ts';
import { frameworkProblem } from './problem.ts';
import { type CallContext, list, type Route } from './router.ts';
import { isServices } from './simulator.ts';
import type { SandboxUser } from './users.ts';

function identityView(user: SandboxUser): Record<string, unknown> {
  const property = (value: string) => ({ $type: 'System.String', $value: value });
  return {
    id: user.id,
    descriptor: `Microsoft.IdentityModel.Claims.ClaimsIdentity;${tenantId}\\${user.uniqueName}`,
    subjectDescriptor: user.descriptor,
    providerDisplayName: user.displayName,
    isActive: user.isActive,
    isContainer: false,
    members: [],
    memberOf: [],
    memberIds: [],
    properties: {
      SchemaClassName: property('User'),
      Domain: property(tenantId),
      Account: property(user.uniqueName),
      Mail: property(user.uniqueName),
    },
    resourceVersion: 2,
    metaTypeId: 0,
  };
}

const contains = (text: string, part: string): boolean => text.toLowerCase().startsWith(part.toLowerCase());

function matches(user: SandboxUser, filter: string, value: string): boolean {
  const wanted = value.toLowerCase();
  switch (filter.toLowerCase()) {
    case 'mailaddress':
    case 'accountname':
      return user.uniqueName.toLowerCase() === wanted;
    case 'displayname':
      return user.displayName.toLowerCase() === wanted;
    case 'general':
      return contains(user.displayName, wanted) || contains(user.uniqueName, wanted);
    default:
      throw frameworkProblem(400, 'ArgumentException', `The search filter '${filter}' is not supported.`);
  }
}

function search(context: CallContext): object {
  const { query, simulator } = context;
  const ids = query.get('identityIds')?.split(',');
  if (ids !== undefined)
    return list(
      ids
        .map((id) => simulator.users.byId(id))
        .filter((user) => user !== undefined)
        .map(identityView),
    );
  const descriptors = query.get('subjectDescriptors')?.split(',');
  if (descriptors !== undefined)
    return list(
      simulator.users.all.filter((user) => descriptors.includes(user.descriptor)).map(identityView),
    );
  const filter = query.get('searchFilter');
  const value = query.get('filterValue');
  if (filter === null || value === null || value === '')
    throw frameworkProblem(
      400,
      'ArgumentNullException',
      'Value cannot be null. Parameter name: searchFilter',
    );
  return list(
    simulator.users.all.filter((user) => user.isMember && matches(user, filter, value)).map(identityView),
  );
}

function graphView(user: SandboxUser): Record<string, unknown> {
  return {
    subjectKind: 'user',
    domain: tenantId,
    principalName: user.uniqueName,
    mailAddress: user.uniqueName,
    origin: 'aad',
    originId: user.id,
    displayName: user.displayName,
    descriptor: user.descriptor,
  };
}

export const identityRoutes: Route[] = [
  {
    id: 'identities.search',
    method: 'GET',
    path: 'identities',
    level: 'organization',
    version: { since: 4.1, revision: 1 },
    scope: 'vso.identity',
    handle: search,
  },
  {
    id: 'graph.subjectQuery',
    method: 'POST',
    path: 'graph/subjectquery',
    level: 'organization',
    version: { since: 5, revision: 1, isPreviewOnly: true },
    scope: 'vso.graph',
    handle: (context) => {
      if (!isServices(context.simulator))
        throw frameworkProblem(
          404,
          'VssResourceNotFoundException',
          'The graph is part of Azure DevOps Services only.',
        );
      const { query } = (context.body ?? {}) as { query?: unknown };
      if (typeof query !== 'string' || query.length < 2)
        throw frameworkProblem(400, 'ArgumentException', 'The query needs at least two characters.');
      const found = context.simulator.users.all.filter(
        (user) => user.isMember && matches(user, 'general', query),
      );
      return list(found.slice(0, 100).map(graphView));
    },
  },
];
