import { z } from 'zod';
import type { Client } from './client.ts';

/** Namespaces and their bits (Microsoft: organizations/security/namespace-reference). */
export const projectNamespace = '52d39943-cb85-4d7f-8fa8-c6baac873819';
export const collectionNamespace = '3e65f728-f8bc-4ecd-8764-7e378b19bfa7';
export const areaNamespace = '83e28ad4-2d72-4ceb-97b0-c7726d5502c3';
export const serviceHooksNamespace = 'cb594ebe-87dd-4fc9-ac2c-6a10a4c92046';

export const projectToken = (projectId: string): string =>
  `$PROJECT:vstfs:///Classification/TeamProject/${projectId}`;
export const collectionToken = 'NAMESPACE:';
export const areaToken = (nodeId: string): string => `vstfs:///Classification/Node/${nodeId}`;

/** "Edit project-level information", "Edit instance-level information". */
export const genericWrite = 2;
/** "Edit work items in this node". */
export const workItemWrite = 32;

export interface Evaluation {
  securityNamespaceId: string;
  token: string;
  permissions: number;
}

const batch = z.object({ evaluations: z.array(z.object({ value: z.boolean().nullish() })) });

/** Whether the caller has all bits of each, in the order asked (Microsoft: security/permissions/batch). */
export const evaluatePermissions = async (
  client: Client,
  evaluations: readonly Evaluation[],
): Promise<boolean[]> => {
  const answer = await client.json(
    {
      method: 'POST',
      path: 'security/permissionevaluationbatch',
      resource: 'permissions',
      route: 'permissions.evaluate',
      body: { alwaysAllowAdministrators: false, evaluations },
      repeat: 'safe',
    },
    batch,
  );
  return evaluations.map((_, index) => answer.evaluations[index]?.value === true);
};
