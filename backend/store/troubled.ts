import type { LinkCondition } from '../contract/links.ts';
import type { Sql } from './pool.ts';

export interface TroubledRow {
  id: number;
  work_item_id: string;
  ticket_key: string;
  ticket_url: string;
  connection: string;
  condition: LinkCondition;
  reason: string | null;
  retry_at: Date | null;
}

/** Links that are not in agreement, newest first, from the index that holds only those; resting ones when asked for. */
export const listTroubled = (
  sql: Sql,
  filter: { before?: string; limit: number; condition?: LinkCondition },
): Promise<TroubledRow[]> =>
  sql.rows<TroubledRow>(
    `select id, work_item_id, ticket_key, ticket_url, connection, condition, reason, retry_at from link
     where ended_at is null and condition <> 'inAgreement' and (condition <> 'resting' or $2 = 'resting')
       and ($1::bigint is null or id < $1) and ($2::text is null or condition = $2)
     order by id desc limit $3`,
    [filter.before ?? null, filter.condition ?? null, filter.limit],
  );
