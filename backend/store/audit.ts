import type { Sql } from './pool.ts';

export interface AuditRow {
  id: number;
  at: Date;
  by: string;
  action: string;
  subject: string;
  detail: string | null;
}

/** In the same transaction as the change that it tells of. Never with secrets. */
export const recordAudit = (
  sql: Sql,
  tenant: number,
  entry: { by: string; action: string; subject: string; detail?: string },
): Promise<unknown> =>
  sql.rows('insert into audit (tenant, by, action, subject, detail) values ($1, $2, $3, $4, $5)', [
    tenant,
    entry.by,
    entry.action,
    entry.subject,
    entry.detail ?? null,
  ]);

export const listAudit = (sql: Sql, page: { before?: string; limit: number }): Promise<AuditRow[]> =>
  sql.rows<AuditRow>(
    'select * from audit where ($1::bigint is null or id < $1) order by tenant desc, id desc limit $2',
    [page.before ?? null, page.limit],
  );

/** Who changed settings last, newest first: read on every opening of a panel, so of the last hundred changes only. */
export const lastAdministrators = (sql: Sql, limit: number): Promise<{ by: string }[]> =>
  sql.rows(
    `select by from (select id, by from audit order by tenant desc, id desc limit 100) newest
     group by by order by max(id) desc limit $1`,
    [limit],
  );
