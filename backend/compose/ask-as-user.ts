import type { AskAsUser } from '../http/access.ts';
import type { OpenSystems } from './systems.ts';

/** Asks Azure DevOps with the user's own token, at the registered address of the session's tenant. */
export function askAsUser(systems: OpenSystems): AskAsUser {
  return {
    async standing(organization, accessToken, projectId) {
      const user = (await systems.azureDevOps(organization.tenant)).askAsUser(accessToken);
      const [facts, project] = await Promise.all([user.whoAmI(), user.readProject(projectId)]);
      const rights = project === undefined ? undefined : await user.rights(project.id);
      return {
        hostId: facts.instanceId,
        user: { id: facts.id, name: facts.name },
        project,
        rights: {
          // Asked again per work item, as that user; the session's word only decides which buttons show.
          changeWorkItems: rights?.changeWorkItems ?? false,
          administerProject: rights?.projectAdmin ?? false,
          administerTenant: rights?.collectionAdmin ?? false,
        },
      };
    },
    async rights(session) {
      const user = (await systems.azureDevOps(session.tenant)).askAsUser(session.accessToken);
      const rights = await user.rights(session.project.id);
      return {
        changeWorkItems: rights.changeWorkItems,
        administerProject: rights.projectAdmin,
        administerTenant: rights.collectionAdmin,
      };
    },
    async workItemAccess(session, workItemId) {
      if (!/^\d{1,10}$/.test(workItemId)) return 'none';
      const user = (await systems.azureDevOps(session.tenant)).askAsUser(session.accessToken);
      const rights = await user.workItem(workItemId);
      if (!rights.readable || rights.project.toLowerCase() !== session.project.name.toLowerCase())
        return 'none';
      return rights.writable ? 'write' : 'read';
    },
  };
}
