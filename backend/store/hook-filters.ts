import type { HookFilter } from '../contract/subscriptions.ts';
import type { Sql } from './pool.ts';

const any: HookFilter = { areaPath: '', workItemType: '' };

/** What the service hooks of a project are narrowed to. */
export async function findHookFilter(sql: Sql, projectId: string): Promise<HookFilter> {
  const row = await sql.one<{ area_path: string; work_item_type: string }>(
    'select area_path, work_item_type from hook_filter where project_id = $1',
    [projectId.toLowerCase()],
  );
  return row === undefined ? any : { areaPath: row.area_path, workItemType: row.work_item_type };
}

export async function keepHookFilter(
  sql: Sql,
  tenant: number,
  projectId: string,
  { areaPath, workItemType }: HookFilter,
): Promise<void> {
  await sql.rows(
    `insert into hook_filter (tenant, project_id, area_path, work_item_type) values ($1, $2, $3, $4)
     on conflict (tenant, project_id) do update set
       area_path = excluded.area_path, work_item_type = excluded.work_item_type`,
    [tenant, projectId.toLowerCase(), areaPath, workItemType],
  );
}

export const forgetHookFilter = (sql: Sql, projectId: string): Promise<unknown> =>
  sql.rows('delete from hook_filter where project_id = $1', [projectId.toLowerCase()]);
