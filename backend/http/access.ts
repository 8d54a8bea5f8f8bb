import type { Session } from '../security/session-token.ts';

/** An organisation or collection that the operator registered, as the session needs to know it. */
export interface RegisteredOrganization {
  tenant: number;
  /** As in the address: `contoso`, or the collection's name. */
  name: string;
  /** `https://dev.azure.com/contoso`. Requests with a user's token go here and nowhere else. */
  url: string;
  /** Instance id of the host. Undefined until it was bound: the first session then binds it. */
  hostId?: string;
  /** Azure DevOps Server has no way to share the key of app tokens, so there the access token decides alone. */
  requiresAppToken: boolean;
}

/** What Azure DevOps says about the user of an access token. */
export interface Standing {
  /** Instance id of the organisation that answered. */
  hostId: string;
  user: { id: string; name: string };
  /** Undefined when the user may not see it. */
  project: { id: string; name: string } | undefined;
  rights: Session['rights'];
}

/** Asks Azure DevOps with the user's own token. Implemented over `backend/azure-devops`. Throws `Failure`. */
export interface AskAsUser {
  standing(organization: RegisteredOrganization, accessToken: string, projectId: string): Promise<Standing>;
  /** What the user may do with a work item; `none` also when there is no such work item. */
  workItemAccess(session: Session, workItemId: string): Promise<WorkItemAccess>;
}

export type WorkItemAccess = 'none' | 'read' | 'write';

export interface AccessChecker {
  canReadWorkItem(session: Session, workItemId: string): Promise<boolean>;
  canChangeWorkItem(session: Session, workItemId: string): Promise<boolean>;
}

export interface AccessCheckerOptions {
  /** At most 5 minutes: so long may somebody still see what Azure DevOps has closed to them since. */
  cacheMs?: number;
  maxEntries?: number;
  now?: () => number;
}

/** Asks once per session and work item and keeps the answer; concurrent questions share one request. */
export const createAccessChecker = (ask: AskAsUser, options: AccessCheckerOptions = {}): AccessChecker => {
  const { cacheMs = 2 * 60 * 1000, maxEntries = 10_000, now = Date.now } = options;
  const known = new Map<string, { until: number; access: Promise<WorkItemAccess> }>();

  const accessOf = (session: Session, workItemId: string): Promise<WorkItemAccess> => {
    const key = JSON.stringify([session.tenant, session.user.id, session.expiresAt.getTime(), workItemId]);
    const found = known.get(key);
    if (found && found.until > now()) return found.access;
    const access = ask.workItemAccess(session, workItemId);
    known.delete(key);
    known.set(key, { until: now() + Math.min(cacheMs, 5 * 60 * 1000), access });
    // An error is no answer: the next question asks again.
    access.catch(() => {
      if (known.get(key)?.access === access) known.delete(key);
    });
    // Maps keep the order of insertion, so the first is the oldest.
    for (const oldest of known.keys()) {
      if (known.size <= maxEntries) break;
      known.delete(oldest);
    }
    return access;
  };

  return {
    canReadWorkItem: async (session, workItemId) => (await accessOf(session, workItemId)) !== 'none',
    canChangeWorkItem: async (session, workItemId) => (await accessOf(session, workItemId)) === 'write',
  };
};
