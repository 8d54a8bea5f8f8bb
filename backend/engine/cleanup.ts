import type { LaneRunner } from '../lanes/lane.ts';
import { linkEntry } from './link-entry.ts';
import type { EngineContext } from './ports.ts';

export interface RetentionOptions {
  /** Handled deliveries; at least 7 days, because Azure DevOps may deliver again for 36 hours. */
  deliveryDays: number;
  attemptDays: number;
  everyMs: number;
}

const maxRowsPerRun = 20_000;
/** With a run an hour 12,000 links are looked at once a day: one more read per side every 7 s. */
const maxLooksPerRun = 500;

/**
 * A full look at links that had none for a day: finds what a system changed without a new revision, without a hook and
 * outside its feed (a file that its history does not speak of). Not at those that wait for a person or were given up by
 * one: nothing new speaks for another try.
 */
async function lookAgain(context: EngineContext, tenant: number): Promise<void> {
  const links = await context.store.asTenant(tenant, (sql) =>
    sql.rows<{ id: number; connection: string }>(
      `select id, connection from link k
       where ended_at is null and condition <> 'parked' and looked_at < now() - interval '1 day'
         and not exists (select from lane l where l.tenant = k.tenant and l.key = 'link:' || k.id and l.queued > 0)
       order by looked_at limit $1`,
      [maxLooksPerRun],
    ),
  );
  if (links.length === 0) return;
  await context.queue.enqueue(
    links.map((link) => linkEntry(tenant, link, [{ what: 'unknown', cause: 'schedule' }])),
  );
}

/** `cleanup`: forgets old deliveries and attempts in small bites; what it forgets stays counted in the books. */
export function cleanupLane(context: EngineContext, options: RetentionOptions): LaneRunner {
  return async (lane) => {
    const removed = await context.store.asTenant(lane.tenant, async (sql) => {
      const deliveries = await sql.one<{ count: number }>(
        `with old as (
           select id from inbox where outcome in ('handled', 'discarded') and received_at < now() - make_interval(days => $2) order by id limit $3
         ), gone as (delete from inbox i using old where i.tenant = $1 and i.id = old.id returning 1),
         counted as (select count(*) as count from gone),
         booked as (update books set archived = archived + (select count from counted) where tenant = $1)
         select count from counted`,
        [lane.tenant, options.deliveryDays, maxRowsPerRun],
      );
      const attempts = await sql.one<{ count: number }>(
        `with old as (select id from attempt where at < now() - make_interval(days => $2) order by id limit $3),
         gone as (delete from attempt a using old where a.tenant = $1 and a.id = old.id returning 1)
         select count(*) as count from gone`,
        [lane.tenant, options.attemptDays, maxRowsPerRun],
      );
      await sql.rows(
        // What a person gave up keeps its hints for a while, see giveUp.
        `delete from lane where queued = 0 and kind in ('record', 'create')
           and due < now() - case when hints = '[]' then interval '1 hour' else interval '14 days' end`,
      );
      await sql.rows(`delete from sweep_run where at < now() - interval '14 days'`);
      return Math.max(deliveries?.count ?? 0, attempts?.count ?? 0);
    });
    await lookAgain(context, lane.tenant);
    return { verdict: 'done', recurMs: removed >= maxRowsPerRun ? 1000 : options.everyMs };
  };
}
