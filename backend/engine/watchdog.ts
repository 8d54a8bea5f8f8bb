import type { LaneRunner } from '../lanes/lane.ts';
import { settleFailure } from './on-failure.ts';
import { type EngineContext, type HookFindings, type HookKeeper, onSide } from './ports.ts';
import { ensureSchedule } from './schedule.ts';

export interface WatchdogOptions {
  everyMs: number;
}

/**
 * `watchdog`: looks at the service hooks of every mapped project and repairs those that were registered once and do
 * not live any more (probation, disabled by the system, deleted). After a repair the sweep runs at once: what was
 * lost in between is found by it.
 */
export function watchdogLane(
  context: EngineContext,
  hooks: HookKeeper,
  options: WatchdogOptions,
): LaneRunner {
  return async (lane) => {
    const settings = await context.settings.of(lane.tenant);
    const projects = [
      ...new Set(settings.mappings.filter((row) => row.settings.enabled).map((row) => row.project)),
    ];
    try {
      await ensureSchedule(context, lane.tenant);
      let repaired = false;
      for (const project of projects) {
        const registered = await wasRegistered(context, lane.tenant, project);
        const before = await onSide('workItem', () => hooks.inspect(lane.tenant, project));
        let findings = before;
        if (registered && before.mayView && before.findings.some((finding) => finding.health !== 'healthy')) {
          findings = await onSide('workItem', () => hooks.ensure(lane.tenant, project));
          repaired = true;
          context.log('watchdog.hooks_repaired', { tenant: lane.tenant, project });
        }
        await keepFindings(context, lane.tenant, project, findings, registered);
      }
      if (repaired) {
        await context.queue.wake([
          {
            tenant: lane.tenant,
            key: `sweep:${lane.connection}`,
            kind: 'sweep',
            connection: lane.connection,
          },
        ]);
      }
      return { verdict: 'done', recurMs: options.everyMs };
    } catch (error) {
      const failed = await settleFailure(context, lane, error);
      return { verdict: 'wait', delayMs: options.everyMs, keepAttempts: true, failure: failed.failure };
    }
  };
}

/** Hooks are repaired only where somebody registered them: an admin who prefers sweeps alone is not overruled. */
async function wasRegistered(context: EngineContext, tenant: number, project: string): Promise<boolean> {
  const row = await context.store.asTenant(tenant, (sql) =>
    sql.one('select 1 from subscription where project = $1 and subscription_id is not null limit 1', [
      project,
    ]),
  );
  return row !== undefined;
}

/** What is kept of a report about a project's hooks. */
export const findingsOf = (report: {
  rights: Pick<HookFindings, 'mayView' | 'needs'>;
  findings: HookFindings['findings'];
}): HookFindings => ({
  mayView: report.rights.mayView,
  needs: report.rights.needs,
  findings: report.findings,
});

/** Stores what is known of a project's hooks. What could not be seen keeps its former finding, marked unknown. */
export async function keepFindings(
  context: Pick<EngineContext, 'store'>,
  tenant: number,
  project: string,
  found: HookFindings,
  registered: boolean,
): Promise<void> {
  await context.store.asTenant(tenant, async (sql) => {
    for (const finding of found.findings) {
      const known = found.mayView && (registered || finding.subscriptionId !== undefined);
      await sql.rows(
        `insert into subscription (tenant, project, event_type, subscription_id, health, reason) values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant, project, event_type) do update set
           subscription_id = coalesce(excluded.subscription_id, subscription.subscription_id), health = excluded.health,
           reason = excluded.reason, checked_at = clock_timestamp()`,
        [
          tenant,
          project,
          finding.eventType,
          known ? (finding.subscriptionId ?? null) : null,
          found.mayView ? finding.health : 'unknown',
          finding.reason ?? found.needs ?? null,
        ],
      );
    }
  });
}
