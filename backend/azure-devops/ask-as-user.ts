import { z } from 'zod';
import { Failure, isFailure } from '../sync/failure.ts';
import type { Client } from './client.ts';
import type { AsUser } from './operations.ts';
import { onRevision, patchContentType, setHistory } from './patch.ts';
import {
  areaNamespace,
  areaToken,
  collectionNamespace,
  collectionToken,
  evaluatePermissions,
  genericWrite,
  projectNamespace,
  projectToken,
  workItemWrite,
} from './permissions.ts';
import { numberOf } from './reader.ts';
import { readConnectionFacts } from './server.ts';
import { projectOf, typeOf } from './translate.ts';
import { project, type WireWorkItem, workItem } from './wire.ts';

const areaNode = z.object({ identifier: z.string() });

/** Questions asked with a user's own token; `client` carries it. See `AsUser`. */
export const createAsUser = (client: Client): AsUser => ({
  whoAmI: async () => {
    const { user, isAnonymous, instanceId } = await readConnectionFacts(client);
    if (isAnonymous) {
      throw new Failure({ kind: 'unauthorized', message: 'Azure DevOps does not know the user' });
    }
    const { id, name, login } = user;
    return { id, name: name ?? login ?? id, ...(login && { account: login }), instanceId };
  },
  readProject: (nameOrId) => readProject(client, nameOrId),
  rights: (projectId) => readRights(client, projectId),
  workItem: (id) => readWorkItemRights(client, id),
});

/** What Azure DevOps hides looks as if it were not there: 404, 403, and 401 for projects closed to the user. */
const unlessHidden = async <T>(run: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await run();
  } catch (error) {
    if (isFailure(error) && (error.kind === 'notFound' || error.kind === 'forbidden')) return undefined;
    throw error;
  }
};

const readProject = (client: Client, nameOrId: string) =>
  unlessHidden(() =>
    client.json(
      {
        method: 'GET',
        path: `projects/${encodeURIComponent(nameOrId)}`,
        resource: 'core',
        route: 'project.read',
      },
      project,
    ),
  );

const readRights = async (client: Client, projectId: string) => {
  const root = await unlessHidden(() =>
    client.json(
      {
        method: 'GET',
        project: projectId,
        path: 'wit/classificationnodes/areas',
        resource: 'classificationNodes',
        route: 'areas.root',
        query: { $depth: 0 },
      },
      areaNode,
    ),
  );
  const [projectAdmin = false, collectionAdmin = false, changeWorkItems = false] = await evaluatePermissions(
    client,
    [
      {
        securityNamespaceId: projectNamespace,
        token: projectToken(projectId),
        permissions: genericWrite,
      },
      {
        securityNamespaceId: collectionNamespace,
        token: collectionToken,
        permissions: genericWrite,
      },
      ...(root
        ? [
            {
              securityNamespaceId: areaNamespace,
              token: areaToken(root.identifier),
              permissions: workItemWrite,
            },
          ]
        : []),
    ],
  );
  return { projectAdmin, collectionAdmin, changeWorkItems };
};

const readWorkItemRights: (client: Client, id: string) => ReturnType<AsUser['workItem']> = async (
  client,
  id,
) => {
  const item = await unlessHidden(() =>
    client.json(
      {
        method: 'GET',
        path: `wit/workitems/${numberOf(id)}`,
        resource: 'workItems',
        route: 'workItem.readAsUser',
        query: { fields: 'System.TeamProject,System.WorkItemType' },
      },
      workItem,
    ),
  );
  if (!item) return { readable: false };
  return {
    readable: true,
    writable: await mayWrite(client, item),
    project: projectOf(item) ?? '',
    type: typeOf(item) ?? '',
  };
};

/** Everything but the save itself is done, so the answer is that of a real write; only a missing right says no. */
const mayWrite = async (client: Client, item: WireWorkItem): Promise<boolean> => {
  try {
    await client.send({
      method: 'PATCH',
      path: `wit/workitems/${item.id}`,
      resource: 'workItems',
      route: 'workItem.tryAsUser',
      query: { validateOnly: true },
      body: [onRevision(item.rev), setHistory('Tandem')],
      contentType: patchContentType,
      repeat: 'safe',
    });
    return true;
  } catch (error) {
    if (!isFailure(error)) throw error;
    if (error.kind === 'forbidden' || error.kind === 'notFound') return false;
    // A rule that is broken already, or another edit at the same instant, says nothing about rights.
    if (error.kind === 'rejected' || error.kind === 'stale') return true;
    throw error;
  }
};
