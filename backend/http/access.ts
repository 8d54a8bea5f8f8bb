import { type Session, sessionLifetimeMs } from '../security/session-token.ts';

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
  /** Goes into its sessions; see `Session`. */
  sessionGeneration: number;
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
  /** Rights in the session's project as they are now. */
  rights(session: Session): Promise<Session['rights']>;
}

export type WorkItemAccess = 'none' | 'read' | 'write';

export interface AccessChecker {
  canReadWorkItem(session: Session, workItemId: string): Promise<boolean>;
  canChangeWorkItem(session: Session, workItemId: string): Promise<boolean>;
  canAdministerProject(session: Session): Promise<boolean>;
  canAdministerTenant(session: Session): Promise<boolean>;
}

export interface AccessCheckerOptions {
  /** At most 5 minutes: so long may somebody still see what Azure DevOps has closed to them since. */
  cacheMs?: number;
  maxEntries?: number;
  now?: () => number;
}

const longestCacheMs = 5 * 60 * 1000;

/** Asks once per session and subject and keeps the answer; concurrent questions share one request. */
export const createAccessChecker = (ask: AskAsUser, options: AccessCheckerOptions = {}): AccessChecker => {
  const { maxEntries = 10_000, now = Date.now } = options;
  const cacheMs = Math.min(options.cacheMs ?? longestCacheMs, longestCacheMs);
  const workItems = createMemory<WorkItemAccess>(cacheMs, maxEntries, now);
  const rights = createMemory<Session['rights']>(cacheMs, maxEntries, now);

  const accessOf = (session: Session, workItemId: string) =>
    workItems(`${sessionKey(session)} ${workItemId}`, () => ask.workItemAccess(session, workItemId));

  const rightsOf = (session: Session) => {
    const issuedAt = session.expiresAt.getTime() - sessionLifetimeMs;
    // The session itself is an answer of Azure DevOps, fresh enough at first.
    if (now() - issuedAt < cacheMs) return session.rights;
    return rights(sessionKey(session), () => ask.rights(session));
  };

  return {
    canReadWorkItem: async (session, workItemId) => (await accessOf(session, workItemId)) !== 'none',
    canChangeWorkItem: async (session, workItemId) => (await accessOf(session, workItemId)) === 'write',
    canAdministerProject: async (session) =>
      session.rights.administerProject && (await rightsOf(session)).administerProject,
    canAdministerTenant: async (session) =>
      session.rights.administerTenant && (await rightsOf(session)).administerTenant,
  };
};

const sessionKey = (session: Session) =>
  JSON.stringify([session.tenant, session.user.id, session.project.id, session.expiresAt.getTime()]);

/** Keeps answers for a time and no more than so many; an error is no answer, the next question asks again. */
const createMemory = <T>(keepMs: number, maxEntries: number, now: () => number) => {
  const known = new Map<string, { until: number; answer: Promise<T> }>();
  return (key: string, ask: () => Promise<T>): Promise<T> => {
    const found = known.get(key);
    if (found && found.until > now()) return found.answer;
    const answer = ask();
    // Deleted first, because a Map keeps the place of a key: so the first is always the oldest.
    known.delete(key);
    known.set(key, { until: now() + keepMs, answer });
    answer.catch(() => {
      if (known.get(key)?.answer === answer) known.delete(key);
    });
    for (const oldest of known.keys()) {
      if (known.size <= maxEntries) break;
      known.delete(oldest);
    }
    return answer;
  };
};
