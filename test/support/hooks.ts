import { type Dispatcher, Pool } from 'undici';
import type { Scene } from './scene.ts';

/** The two addresses that hooks are posted to, with what proves their sender. */
export interface HookGate {
  name: string;
  path: string;
  headers: Record<string, string>;
}

export async function openGates(scene: Scene): Promise<HookGate[]> {
  const { rig, projectId } = scene;
  const manual = await rig.api('revealManualPassword', { params: { projectId } });
  const basic = Buffer.from(`${manual.username}:${manual.password}`).toString('base64');
  const params = { projectId, connectionId: scene.connectionId };
  const { secret } = await rig.api('rotateHookSecret', { params });
  const { connections } = await rig.api('listConnections', { params: { projectId } });
  const alemba = connections.find(({ id }) => id === scene.connectionId);
  return [
    {
      name: 'Azure DevOps',
      path: new URL(manual.url, 'http://x').pathname,
      headers: { authorization: `Basic ${basic}` },
    },
    {
      name: 'Alemba',
      path: new URL(alemba?.hook.url ?? '', 'http://x').pathname,
      headers: { 'x-alemba-secret': secret },
    },
  ];
}

/** Posts bodies as they are, over connections of its own. */
export function poster(backendUrl: string) {
  const pool = new Pool(backendUrl, { connections: 16 });
  return {
    async post(gate: HookGate, body: Buffer | string, headers: Record<string, string> = {}): Promise<number> {
      const answer: Dispatcher.ResponseData = await pool.request({
        method: 'POST',
        path: gate.path,
        headers: { 'content-type': 'application/json', ...gate.headers, ...headers },
        body,
      });
      await answer.body.dump();
      return answer.statusCode;
    },
    close: () => pool.close(),
  };
}

export const workItemHook = (workItemId: number, rev: number, notificationId: number): string =>
  JSON.stringify({
    subscriptionId: '00000000-0000-4000-a000-000000000001',
    notificationId,
    id: `00000000-0000-4000-a000-${String(notificationId).padStart(12, '0')}`,
    eventType: 'workitem.updated',
    publisherId: 'tfs',
    message: { text: 'changed' },
    resource: {
      id: rev,
      workItemId,
      rev,
      revisedBy: null,
      fields: { 'System.Rev': { oldValue: rev - 1, newValue: rev } },
      revision: { id: workItemId, rev },
    },
    resourceVersion: '5.1-preview.3',
    resourceContainers: { collection: { id: 'c' }, project: { id: 'p' } },
    createdDate: new Date().toISOString(),
  });

export const callHook = (ref: number, order: number): string =>
  JSON.stringify({
    Action: 'Updated',
    Call: { Ref: ref, CallStatus: 2, LastActionDate: new Date().toISOString(), LastHistoryOrder: order },
    ActionHistoryId: order,
  });
