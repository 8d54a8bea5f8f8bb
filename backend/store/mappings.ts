import type { Mapping, MappingSettings } from '../contract/mapping.ts';
import { noteSettings } from './connections.ts';
import type { Sql } from './pool.ts';

export interface MappingRow {
  tenant: number;
  id: string;
  connection: string;
  project: string;
  position: number;
  version: number;
  settings: MappingSettings;
  updated_at: Date;
  updated_by: string;
}

/** As the contract knows a mapping. */
export const toMapping = (row: MappingRow): Mapping => ({
  ...row.settings,
  id: row.id,
  version: row.version,
  position: row.position,
  updatedAt: row.updated_at.toISOString(),
  updatedBy: row.updated_by,
});

export const listMappings = (sql: Sql): Promise<MappingRow[]> =>
  sql.rows<MappingRow>('select * from mapping order by project, position, id');

export const findMapping = (sql: Sql, id: string): Promise<MappingRow | undefined> =>
  sql.one<MappingRow>('select * from mapping where id = $1', [id]);

export async function insertMapping(
  sql: Sql,
  tenant: number,
  id: string,
  settings: MappingSettings,
  by: string,
): Promise<MappingRow> {
  const row = await sql.one<MappingRow>(
    `insert into mapping (tenant, id, connection, project, position, version, settings, updated_by)
     values ($1, $2, $3, $4, (select coalesce(max(position), 0) + 1 from mapping where project = $4), 1, $5, $6) returning *`,
    [tenant, id, settings.connectionId, settings.project, settings, by],
  );
  await keepVersion(sql, tenant, id, 1, settings, by);
  await noteSettings(sql, tenant);
  return row as MappingRow;
}

/** Undefined when `baseVersion` is no longer the current one. */
export async function updateMapping(
  sql: Sql,
  tenant: number,
  id: string,
  baseVersion: number,
  settings: MappingSettings,
  by: string,
): Promise<MappingRow | undefined> {
  const row = await sql.one<MappingRow>(
    `update mapping set settings = $3, connection = $4, project = $5, version = version + 1, updated_at = clock_timestamp(), updated_by = $6
     where id = $1 and version = $2 returning *`,
    [id, baseVersion, settings, settings.connectionId, settings.project, by],
  );
  if (row === undefined) return undefined;
  await keepVersion(sql, tenant, id, row.version, settings, by);
  await noteSettings(sql, tenant);
  return row;
}

const keepVersion = (
  sql: Sql,
  tenant: number,
  id: string,
  version: number,
  settings: MappingSettings,
  by: string,
) =>
  sql.rows('insert into mapping_version (tenant, id, version, settings, by) values ($1, $2, $3, $4, $5)', [
    tenant,
    id,
    version,
    settings,
    by,
  ]);

export async function deleteMapping(sql: Sql, tenant: number, id: string): Promise<void> {
  await sql.rows(`delete from lane where link in (select id from link where mapping = $1)`, [id]);
  await sql.rows('delete from mapping where id = $1', [id]);
  await noteSettings(sql, tenant);
}

export async function orderMappings(sql: Sql, tenant: number, ids: readonly string[]): Promise<void> {
  await sql.rows(
    `update mapping m set position = o.position from unnest($1::text[]) with ordinality as o(id, position) where m.id = o.id`,
    [ids],
  );
  await noteSettings(sql, tenant);
}

export interface MappingVersionRow {
  version: number;
  settings: MappingSettings;
  at: Date;
  by: string;
}

export const listVersions = (sql: Sql, id: string): Promise<MappingVersionRow[]> =>
  sql.rows<MappingVersionRow>(
    'select version, settings, at, by from mapping_version where id = $1 order by version desc limit 200',
    [id],
  );
