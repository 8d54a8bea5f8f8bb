import type { LaneRunner } from '../lanes/lane.ts';
import { keepSubscriptions, knownHooks } from '../store/subscriptions.ts';
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
  /** True when hooks had to be repaired. */
  const lookAt = async (tenant: number, project: string): Promise<boolean> => {
    const { registered, since } = await context.store.asTenant(tenant, (sql) => knownHooks(sql, project));
    const seen = await onSide('workItem', () => hooks.inspect(tenant, project));
    // Only where somebody registered them: an admin who prefers sweeps alone is not overruled.
    const isBroken = registered && seen.mayView && seen.findings.some(({ health }) => health !== 'healthy');
    const findings = isBroken ? await onSide('workItem', () => hooks.ensure(tenant, project)) : seen;
    const isKept = await keepFindings(context, tenant, project, findings, since);
    if (!isBroken) return false;
    if (isKept) context.log('watchdog.hooks_repaired', { tenant, project });
    else await undoRepair(tenant, project);
    return isKept;
  };

  /** Somebody removed the hooks during the repair: so goes what it registered, unless they are wanted again by now. */
  const undoRepair = async (tenant: number, project: string): Promise<void> => {
    const { registered } = await context.store.asTenant(tenant, (sql) => knownHooks(sql, project));
    if (registered) return;
    const removed = await onSide('workItem', () => hooks.remove(tenant, project));
    context.log('watchdog.repair_undone', { tenant, project, removed });
  };

  return async (lane) => {
    const settings = await context.settings.of(lane.tenant);
    const projects = [
      ...new Set(settings.mappings.filter((row) => row.settings.enabled).map((row) => row.project)),
    ];
    try {
      await ensureSchedule(context, lane.tenant);
      let repaired = false;
      for (const project of projects) if (await lookAt(lane.tenant, project)) repaired = true;
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

/** What is kept of a report about a project's hooks. */
export const findingsOf = (report: {
  rights: Pick<HookFindings, 'mayView' | 'needs'>;
  findings: HookFindings['findings'];
}): HookFindings => ({
  mayView: report.rights.mayView,
  needs: report.rights.needs,
  findings: report.findings,
});

/**
 * Stores what is known of a project's hooks. What could not be seen keeps its former finding, marked unknown. False when
 * somebody removed the hooks after `since`, when the look began: then nothing is stored.
 */
export const keepFindings = (
  context: Pick<EngineContext, 'store'>,
  tenant: number,
  project: string,
  found: HookFindings,
  since: string,
): Promise<boolean> =>
  context.store.asTenant(tenant, (sql) =>
    keepSubscriptions(
      sql,
      tenant,
      project,
      since,
      found.findings.map(({ eventType, subscriptionId, health, reason }) => ({
        eventType,
        subscriptionId: found.mayView ? subscriptionId : undefined,
        health: found.mayView ? health : 'unknown',
        reason: reason ?? found.needs,
      })),
    ),
  );
