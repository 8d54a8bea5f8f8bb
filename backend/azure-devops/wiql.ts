import type { Client } from './client.ts';
import { wiqlResult } from './wire.ts';

/** A text literal. WIQL knows no other escape than the doubled quote. */
export const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Reference names hold letters, digits, dots and underscores; anything else would end the bracket. */
export const isReferenceName = (field: string): boolean => /^[A-Za-z_][\w.-]{0,127}$/.test(field);

/** Ids only, newest first; at most `top`, and never more than 20,000 (Microsoft: wit/wiql). */
export const queryIds = async (
  client: Client,
  conditions: readonly (string | undefined)[],
  options: { top?: number; orderBy?: string; timePrecision?: boolean; project?: string } = {},
): Promise<number[]> => {
  const where = conditions.filter((condition) => condition !== undefined).join(' AND ');
  const query = `SELECT [System.Id] FROM WorkItems WHERE ${where} ORDER BY [${options.orderBy ?? 'System.Id'}] DESC`;
  const result = await client.json(
    {
      method: 'POST',
      path: 'wit/wiql',
      ...(options.project !== undefined && { project: options.project }),
      resource: 'wiql',
      route: 'wiql.query',
      query: { $top: options.top, timePrecision: options.timePrecision },
      body: { query },
      repeat: 'safe',
    },
    wiqlResult,
  );
  return (result.workItems ?? []).map((item) => item.id);
};

export const inProject = (project: string | undefined): string | undefined =>
  project === undefined ? undefined : `[System.TeamProject] = ${quote(project)}`;

export const ofType = (type: string | undefined): string | undefined =>
  type === undefined ? undefined : `[System.WorkItemType] = ${quote(type)}`;
