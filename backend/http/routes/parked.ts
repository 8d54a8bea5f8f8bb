import type { Parked } from '../../contract/activity.ts';
import type { Session } from '../../security/session-token.ts';
import { recordAudit } from '../../store/audit.ts';
import { abandonIntent } from '../../store/intents.ts';
import { notePanel } from '../../store/links.ts';
import {
  countUnreadable,
  discardDeliveries,
  holdParkedLanes,
  listParkedDeliveries,
  listParkedLanes,
  type ParkedDelivery,
  type ParkedLane,
} from '../../store/parked.ts';
import type { Sql } from '../../store/pool.ts';
import { releaseLanes } from '../../store/release.ts';
import type { Handlers } from '../handlers.ts';
import { invalidField } from './input-problems.ts';
import type { Services } from './services.ts';

const maxListed = 1000;

/** What stands still until a person decides: lanes that gave up, and deliveries that could not be read. */
export function parkedHandlers(
  services: Services,
): Pick<Handlers, 'listParked' | 'retryParked' | 'discardParked'> {
  const { store, queue } = services.engine;

  return {
    listParked: ({ session }) =>
      store.asTenant(session.tenant, async (sql) => {
        const lanes = await listParkedLanes(sql, maxListed + 1);
        const deliveries = await listParkedDeliveries(sql, maxListed + 1);
        const parked = [...lanes.map(laneView), ...deliveries.map(deliveryView)];
        parked.sort((a, b) => b.since.localeCompare(a.since));
        return { parked: parked.slice(0, maxListed), more: parked.length > maxListed };
      }),

    async retryParked({ session, body }) {
      const { tenant } = session;
      const { keys, deliveries } = split(body.ids);
      const retried = await store.asTenant(tenant, async (sql) => {
        const lanes = await holdParkedLanes(sql, keys);
        if (lanes.length === 0 && (await countUnreadable(sql, deliveries)) > 0) {
          throw invalidField(
            'ids',
            'A delivery that could not be read cannot be read better the second time',
            'Discard it. The sweep finds the change that it told of.',
          );
        }
        if (lanes.length > 0)
          await auditParked(
            sql,
            session,
            'parked.retried',
            lanes.map(({ key }) => key),
          );
        return lanes;
      });
      await queue.wake(
        retried.map((lane) => ({
          tenant,
          key: lane.key,
          kind: lane.kind,
          connection: lane.connection,
          link: lane.link === null ? undefined : String(lane.link),
          hints: [{ what: 'unknown', cause: 'person' }],
          facts: lane.facts,
        })),
      );
      return { retried: retried.length };
    },

    async discardParked({ session, body }) {
      const { tenant, user } = session;
      const { keys, deliveries } = split(body.ids);
      const reason = `${user.name} gave up on it: ${body.reason}`;
      const discarded = await store.asTenant(tenant, async (sql) => {
        const lanes = await holdParkedLanes(sql, keys);
        await releaseLanes(
          sql,
          lanes.map(({ key }) => key),
          reason,
        );
        for (const lane of lanes) await giveUp(sql, tenant, lane, reason);
        const count = lanes.length + (await discardDeliveries(sql, deliveries, reason));
        const given = [...lanes.map(({ key }) => key), ...deliveries];
        if (count > 0) await auditParked(sql, session, 'parked.discarded', given, body.reason);
        return count;
      });
      return { discarded, left: keys.length + deliveries.length - discarded };
    },
  };
}

/** Deliveries go by number, lanes by key; no key of a lane is a number. */
function split(ids: readonly string[]): { keys: string[]; deliveries: string[] } {
  const unique = [...new Set(ids)];
  const isDelivery = (id: string) => /^[1-9]\d{0,14}$/.test(id);
  return { keys: unique.filter((id) => !isDelivery(id)), deliveries: unique.filter(isDelivery) };
}

async function giveUp(sql: Sql, tenant: number, lane: ParkedLane, reason: string): Promise<void> {
  // Its hints stay: by them a sweep knows that it was told of this change before, and leaves it given up.
  await sql.rows(
    `update lane set queued = 0, parked = false, parked_at = null, attempts = 0, failure = null where key = $1`,
    [lane.key],
  );
  const { intentKey } = lane.facts;
  if (typeof intentKey === 'string') await abandonIntent(sql, intentKey);
  if (lane.link === null) return;
  // A typed comment that the system refuses would park the link again at its next change.
  await sql.rows(
    `update intent set state = 'abandoned' where link = $1 and entered is not null and state <> 'done' and kind = 'comment'`,
    [lane.link],
  );
  // The two records still differ, and the panel keeps saying so: the next change of either plans anew.
  await sql.rows(
    `update link set reason = $2, remedy = 'retry', version = nextval('panel_version') where id = $1 and condition = 'parked'`,
    [lane.link, reason],
  );
  await notePanel(sql, tenant, lane.link);
}

const auditParked = (sql: Sql, session: Session, action: string, ids: readonly string[], reason?: string) => {
  const shown = ids.slice(0, 20).join(', ');
  const more = ids.length > 20 ? ` and ${ids.length - 20} more` : '';
  return recordAudit(sql, session.tenant, {
    by: session.user.name,
    action,
    subject: ids.length === 1 ? (ids[0] as string) : `${ids.length} parked`,
    detail: `${reason === undefined ? '' : `${reason}: `}${shown}${more}`,
  });
};

const kinds: Readonly<Record<string, Parked['kind']>> = { link: 'link', record: 'record' };

function laneView(lane: ParkedLane): Parked {
  const { side, recordId } = lane.facts as { side?: string; recordId?: string };
  const ofRecord = (wanted: string) => (side === wanted ? recordId : undefined);
  return {
    id: lane.key,
    kind: kinds[lane.kind] ?? 'command',
    since: (lane.parked_at ?? new Date(0)).toISOString(),
    reason: lane.failure?.message ?? 'It was tried too often.',
    failure: lane.failure?.kind,
    workItemId: lane.work_item_id ?? lane.source_id ?? ofRecord('workItem'),
    ticketKey: lane.ticket_key ?? ofRecord('ticket'),
    connectionId: lane.connection,
    attempts: lane.attempts,
  };
}

const deliveryView = (row: ParkedDelivery): Parked => ({
  id: String(row.id),
  kind: 'delivery',
  since: row.received_at.toISOString(),
  reason: row.reason ?? 'It could not be read.',
  connectionId: row.connection,
  attempts: 0,
});
