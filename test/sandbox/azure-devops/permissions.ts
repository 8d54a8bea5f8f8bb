import { AzureDevOpsProblem, frameworkProblem } from './problem.ts';
import type { CallContext, Route } from './router.ts';
import type { Project } from './store.ts';
import type { SandboxUser } from './users.ts';

/** Namespaces and bits (Microsoft: organizations/security/namespace-reference). */
export const projectNamespace = '52d39943-cb85-4d7f-8fa8-c6baac873819';
export const serviceHooksNamespace = 'cb594ebe-87dd-4fc9-ac2c-6a10a4c92046';
export const collectionNamespace = '3e65f728-f8bc-4ecd-8764-7e378b19bfa7';
export const areaNamespace = '83e28ad4-2d72-4ceb-97b0-c7726d5502c3';
export const hookBits = { view: 1, edit: 2, delete: 4, publish: 8 } as const;

/** The bits one user has on one token; 0 for what is not known here. */
function grantedBits(context: CallContext, user: SandboxUser, namespace: string, token: string): number {
  const { store } = context.simulator;
  const projectId = /([0-9a-f]{8}-[0-9a-f-]{27})/i.exec(token)?.[1];
  const project = projectId === undefined ? undefined : store.project(projectId);
  switch (namespace.toLowerCase()) {
    case projectNamespace: {
      const role = project === undefined ? undefined : user.roles.get(project.id);
      return role === undefined ? 0 : role === 'administrator' ? 0xffff : 1;
    }
    // "View instance-level information" is everyone's, "Edit instance-level information" the administrator's.
    case collectionNamespace:
      return user.key === 'admin' ? 3 : 1;
    case serviceHooksNamespace:
      return hookGrant(user, project);
    case areaNamespace: {
      // Area tokens name nodes, not projects: the best role anywhere decides in this stand-in.
      const roles = [...user.roles.values()];
      return roles.some((role) => role !== 'reader') ? 16 | 32 : roles.length > 0 ? 16 : 0;
    }
    default:
      return 0;
  }
}

/** Project administrators, and the service identity that was given the hook permissions. */
function hookGrant(user: SandboxUser, project: Project | undefined): number {
  if (project === undefined) return user.key === 'admin' ? 15 : 0;
  const role = user.roles.get(project.id);
  if (role === 'administrator') return 15;
  return role !== undefined && user.key === 'service' ? 7 : 0;
}

export function hasHookPermission(user: SandboxUser, project: Project | undefined, bit: number): boolean {
  return (hookGrant(user, project) & bit) === bit;
}

export function canWrite(user: SandboxUser, projectId: string): boolean {
  const role = user.roles.get(projectId);
  return role === 'administrator' || role === 'contributor';
}

export function requireWrite(user: SandboxUser, projectId: string): void {
  if (canWrite(user, projectId)) return;
  throw new AzureDevOpsProblem(
    403,
    'PermissionDeniedException',
    'TF237111: The current user does not have permissions to save work items under the specified area path.',
  );
}

/** "Bypass rules on work item updates" and "Suppress notifications": administrators and the service identity. */
export function requireBypass(user: SandboxUser, projectId: string): void {
  if (user.roles.get(projectId) === 'administrator' || user.key === 'service') return;
  throw new AzureDevOpsProblem(
    403,
    'PermissionDeniedException',
    'VS402335: The current user does not have permission to bypass rules or suppress notifications on work item updates.',
  );
}

export const permissionRoutes: Route[] = [
  {
    id: 'permissions.has',
    method: 'GET',
    path: 'permissions/{securityNamespaceId}/{permissions}',
    level: 'organization',
    version: { since: 5, revision: 2 },
    scope: '',
    handle: (context) => {
      const { securityNamespaceId = '', permissions = '0' } = context.params;
      const delimiter = context.query.get('delimiter') ?? ',';
      const tokens = (context.query.get('tokens') ?? '').split(delimiter);
      const wanted = Number(permissions);
      if (!Number.isInteger(wanted))
        throw frameworkProblem(400, 'ArgumentException', 'Invalid permission bits.');
      const value = tokens.map(
        (token) => (grantedBits(context, context.user, securityNamespaceId, token) & wanted) === wanted,
      );
      return { count: value.length, value };
    },
  },
  {
    id: 'permissions.batch',
    method: 'POST',
    path: 'security/permissionevaluationbatch',
    level: 'organization',
    version: { since: 5, revision: 1 },
    scope: '',
    handle: (context) => {
      const body = context.body as { alwaysAllowAdministrators?: boolean; evaluations?: unknown };
      if (!Array.isArray(body?.evaluations))
        throw frameworkProblem(
          400,
          'ArgumentNullException',
          'Value cannot be null. Parameter name: evaluations',
        );
      const evaluations = body.evaluations as {
        securityNamespaceId: string;
        token: string;
        permissions: number;
      }[];
      return {
        alwaysAllowAdministrators: body.alwaysAllowAdministrators ?? false,
        evaluations: evaluations.map((evaluation) => ({
          ...evaluation,
          value:
            (grantedBits(context, context.user, evaluation.securityNamespaceId, evaluation.token) &
              evaluation.permissions) ===
            evaluation.permissions,
        })),
      };
    },
  },
];
