import type { Sql } from './pool.ts';

/** What is known of a project's service hooks by the time somebody looks at them. */
export interface KnownHooks {
  /** By the store's clock; as text, because a Date has no microseconds. */
  since: string;
  /** Somebody registered them, and nobody removed them since. */
  registered: boolean;
}

/** Asked before a look, for `keepSubscriptions`. One row, also of a project that nobody looked at yet. */
export const knownHooks = async (sql: Sql, project: string): Promise<KnownHooks> =>
  (await sql.one<KnownHooks>(
    `select clock_timestamp()::text as since, coalesce(bool_or(subscription_id is not null), false) as registered
     from subscription where project = $1`,
    [project],
  )) as KnownHooks;

export interface SubscriptionFinding {
  eventType: string;
  /** Undefined: none, or not visible; a former one stays known. */
  subscriptionId: string | undefined;
  health: string;
  reason: string | undefined;
}

/**
 * Keeps what was seen of a project's hooks by somebody who began to look at `since`. False when they were removed
 * meanwhile: then what was seen is of before, and is not kept. It would bring them back.
 */
export async function keepSubscriptions(
  sql: Sql,
  tenant: number,
  project: string,
  since: string,
  findings: readonly SubscriptionFinding[],
): Promise<boolean> {
  let isKept = true;
  for (const { eventType, subscriptionId, health, reason } of findings) {
    const kept = await sql.rows(
      `insert into subscription (tenant, project, event_type, subscription_id, health, reason) values ($1, $2, $3, $4, $5, $6)
       on conflict (tenant, project, event_type) do update set
         subscription_id = coalesce(excluded.subscription_id, subscription.subscription_id), health = excluded.health,
         reason = excluded.reason, checked_at = clock_timestamp()
       where subscription.removed_at is null or subscription.removed_at <= $7::timestamptz
       returning event_type`,
      [tenant, project, eventType, subscriptionId ?? null, health, reason ?? null, since],
    );
    isKept &&= kept.length > 0;
  }
  return isKept;
}

/** The hooks of a project are being removed, or were: the watchdog does not bring them back. */
export const forgetSubscriptions = (sql: Sql, project: string): Promise<unknown> =>
  sql.rows(
    'update subscription set subscription_id = null, removed_at = clock_timestamp() where project = $1',
    [project],
  );
