import type { Guard } from '../contract/route.ts';
import type { Session } from '../security/session-token.ts';
import type { AccessChecker } from './access.ts';
import { ProblemError } from './problem.ts';

type Params = Readonly<Record<string, string>>;

/** The session of `Authorization: Bearer …`; tokens in addresses or cookies are not looked at. Throws `ProblemError`. */
export const requireSession = (
  header: string | undefined,
  verify: (token: string) => Session | undefined,
): Session => {
  const [, token] = /^Bearer ([\w.~+/=-]+)$/i.exec(header ?? '') ?? [];
  const session = token === undefined ? undefined : verify(token);
  if (!session) throw new ProblemError('signInRequired');
  return session;
};

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/**
 * What each guard of the contract demands. What the caller may not know of is `notFound`, word for word the same as
 * for what does not exist; what they may see but not change is `notAllowed`, with the right that is missing.
 */
export const checkGuard = async (
  guard: Exclude<Guard, 'open'>,
  session: Session,
  params: Params,
  access: AccessChecker,
): Promise<void> => {
  const { projectId, workItemId } = params;
  if (projectId !== undefined && !same(projectId, session.project.id)) throw new ProblemError('notFound');
  switch (guard) {
    case 'member':
      return;
    case 'workItemRead':
    case 'workItemWrite': {
      if (workItemId === undefined || !(await access.canReadWorkItem(session, workItemId))) {
        throw new ProblemError('notFound');
      }
      if (guard === 'workItemWrite' && !(await access.canChangeWorkItem(session, workItemId))) {
        throw new ProblemError('notAllowed', { needs: 'Edit work items in this node' });
      }
      return;
    }
    case 'projectAdmin':
      if (await access.canAdministerProject(session)) return;
      throw new ProblemError('notAllowed', { needs: 'Edit project-level information' });
    case 'tenantAdmin':
      if (await access.canAdministerTenant(session)) return;
      throw new ProblemError('notAllowed', { needs: 'Edit collection-level information' });
  }
};
