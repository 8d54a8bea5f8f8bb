import type { Attempt, Delivery } from '../../../../backend/contract/activity.ts';
import type { Books } from '../../../../backend/contract/overview.ts';

export interface BackendView {
  url: string;
  state: string;
  restarts: number;
}

export interface FaultView {
  id: string;
  system: 'azureDevOps' | 'alemba';
  name: string;
  sentence: string;
  on: boolean;
}

export interface HomeData {
  project: string;
  agentUrl: string;
  backendUrl: string;
  workItems: { id: number; title: string; type: string }[];
  settingsPath: string;
  queriesPath: string;
  faults: FaultView[];
  backend: BackendView;
}

export interface ActivityView {
  attempts: Attempt[];
  deliveries: Delivery[];
  books?: Books;
  problem?: string;
}

/** @throws Error with the status when the sandbox refuses. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await fetch(path, {
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return (await answer.json()) as T;
}
