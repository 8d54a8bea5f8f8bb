import type { LinkCondition } from '../contract/links.ts';
import type { Sql } from './pool.ts';

export const countConditions = async (sql: Sql): Promise<Partial<Record<LinkCondition, number>>> => {
  const rows = await sql.rows<{ condition: LinkCondition; count: number }>(
    'select condition, count(*) as count from link where ended_at is null group by condition',
  );
  return Object.fromEntries(rows.map(({ condition, count }) => [condition, count]));
};

/** Changes that a sweep found and no hook had told, among the attempts that are kept. */
export const countGaps = async (sql: Sql): Promise<{ gaps: number; lastDay: number }> => {
  const row = await sql.one<{ gaps: number; day: number }>(
    `select count(*) as gaps, count(*) filter (where at > now() - interval '1 day') as day
     from attempt where cause = 'sweep' and wrote > 0`,
  );
  return { gaps: row?.gaps ?? 0, lastDay: row?.day ?? 0 };
};

export interface KeptSubscription {
  project: string;
  event_type: string;
  subscription_id: string | null;
  health: string;
  reason: string | null;
  checked_at: Date;
}

export const listSubscriptions = (sql: Sql, projects: readonly string[]): Promise<KeptSubscription[]> =>
  sql.rows(
    `select project, event_type, subscription_id, health, reason, checked_at from subscription
     where project = any($1) order by project, event_type`,
    [projects],
  );
