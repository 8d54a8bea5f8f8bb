import { linkEntry } from '../../engine/link-entry.ts';
import type { LaneEntry } from '../../lanes/queue.ts';
import { findAttempt, listAttempts } from '../../store/attempts.ts';
import { recordAudit } from '../../store/audit.ts';
import { azureDevOps } from '../../store/connections.ts';
import { type DeliveryRow, findDelivery, listDeliveries } from '../../store/deliveries.ts';
import { linksOfTickets, linksOfWorkItems } from '../../store/links.ts';
import type { Sql } from '../../store/pool.ts';
import { listTroubled } from '../../store/troubled.ts';
import type { Handlers } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import { attemptDetailView, attemptView, bodyView, deliveryView, troubledView } from './activity-view.ts';
import { cursorOf, invalidField, rowId } from './input-problems.ts';
import { parkedHandlers } from './parked.ts';
import type { Services } from './services.ts';

type ActivityHandlers = Pick<
  Handlers,
  | 'listDeliveries'
  | 'readDelivery'
  | 'replayDelivery'
  | 'replayDeliveries'
  | 'listAttempts'
  | 'readAttempt'
  | 'listTroubledLinks'
  | 'listParked'
  | 'retryParked'
  | 'discardParked'
>;

/**
 * What came in and what was done. Shown for the whole organisation to admins of any project: a hook of a ticket system
 * names no project, and who mends a connection must see all that passes through it.
 */
export function activityHandlers(services: Services): ActivityHandlers {
  const { store, queue } = services.engine;

  const deliveryOf = async (sql: Sql, id: string): Promise<DeliveryRow> => {
    const row = await findDelivery(sql, id);
    if (row === undefined) throw new ProblemError('notFound', { title: 'There is no such delivery' });
    return row;
  };

  return {
    async listDeliveries({ session, query }) {
      const { limit, outcome, connectionId: connection, recordId, since, until } = query;
      const before = cursorOf(query.before);
      const rows = await store.asTenant(session.tenant, (sql) =>
        listDeliveries(sql, { before, limit: limit + 1, outcome, connection, recordId, since, until }),
      );
      return { deliveries: rows.slice(0, limit).map(deliveryView), more: rows.length > limit };
    },

    async readDelivery({ session, params }) {
      const id = rowId(params.deliveryId);
      const row = await store.asTenant(session.tenant, (sql) => deliveryOf(sql, id));
      return { ...deliveryView(row), ...bodyView(row, services.redact) };
    },

    async replayDelivery({ session, params }) {
      const { tenant, user } = session;
      const id = rowId(params.deliveryId);
      const entries = await store.asTenant(tenant, async (sql) => {
        const row = await deliveryOf(sql, id);
        const lanes = await lanesOf(sql, tenant, row);
        await recordAudit(sql, tenant, {
          by: user.name,
          action: 'delivery.replayed',
          subject: id,
          detail: `${row.what} of ${row.record_id}`,
        });
        return lanes;
      });
      // No second row of the inbox: the delivery came once, and the books count it once.
      await queue.wake(entries);
      return deliveryView(await store.asTenant(tenant, (sql) => deliveryOf(sql, id)));
    },

    async replayDeliveries({ session, body }) {
      const { tenant, user } = session;
      const ids = [...new Set(body.ids)].map(rowId);
      const { entries, replayed } = await store.asTenant(tenant, async (sql) => {
        const rows = await Promise.all(ids.map((id) => deliveryOf(sql, id)));
        const readable = rows.filter((row) => row.record_id !== null);
        const lanes = new Map<string, LaneEntry>();
        // Several deliveries of one record are one look at it.
        for (const row of readable) {
          for (const lane of await lanesOf(sql, tenant, row)) lanes.set(lane.key, lane);
        }
        if (readable.length > 0) {
          await recordAudit(sql, tenant, {
            by: user.name,
            action: 'delivery.replayed',
            subject: `${readable.length} deliveries`,
          });
        }
        return { entries: [...lanes.values()], replayed: readable.length };
      });
      if (entries.length > 0) await queue.wake(entries);
      return { replayed, left: ids.length - replayed };
    },

    async listAttempts({ session, query }) {
      const { limit, outcome, connectionId: connection, workItemId, linkId: link } = query;
      const { record, since, until } = query;
      const before = cursorOf(query.before);
      if (link !== undefined && !/^[1-9]\d{0,14}$/.test(link)) {
        throw invalidField('linkId', 'This is no id of a link', 'Give the id of a link.');
      }
      const rows = await store.asTenant(session.tenant, (sql) =>
        listAttempts(sql, {
          before,
          limit: limit + 1,
          outcome,
          connection,
          workItemId,
          link,
          record,
          since,
          until,
        }),
      );
      return { attempts: rows.slice(0, limit).map(attemptView), more: rows.length > limit };
    },

    async readAttempt({ session, params }) {
      const id = rowId(params.attemptId);
      const row = await store.asTenant(session.tenant, (sql) => findAttempt(sql, id));
      if (row === undefined) throw new ProblemError('notFound', { title: 'There is no such attempt' });
      return attemptDetailView(row);
    },

    async listTroubledLinks({ session, query }) {
      const { limit, condition } = query;
      const before = cursorOf(query.before);
      const rows = await store.asTenant(session.tenant, (sql) =>
        listTroubled(sql, { before, limit: limit + 1, condition }),
      );
      return { links: rows.slice(0, limit).map(troubledView), more: rows.length > limit };
    },

    ...parkedHandlers(services),
  };
}

/** The lanes that the delivery would wake if it came now, and those that still hold it. */
async function lanesOf(sql: Sql, tenant: number, row: DeliveryRow): Promise<LaneEntry[]> {
  if (row.record_id === null) {
    throw invalidField(
      'deliveryId',
      row.outcome === 'parked'
        ? 'This delivery could not be read, and would not be read better the second time'
        : 'This delivery names no record, so there is nothing to do for it',
      'Have the sending system send it again, or let the sweep find the change.',
    );
  }
  const side = row.connection === azureDevOps ? ('workItem' as const) : ('ticket' as const);
  const hints = [{ what: 'unknown' as const, side, cause: 'person' as const }];
  const links =
    side === 'workItem'
      ? await linksOfWorkItems(sql, [row.record_id])
      : await linksOfTickets(sql, row.connection, [row.record_id]);
  const entries = links.map((link) => linkEntry(tenant, link, hints));
  const holding = await sql.rows<{
    key: string;
    kind: string;
    connection: string;
    link: number | null;
    facts: Record<string, unknown>;
  }>(
    `select l.key, l.kind, l.connection, l.link, l.facts from inbox_lane w
     join lane l on l.tenant = w.tenant and l.key = w.lane_key where w.inbox = $1`,
    [row.id],
  );
  for (const lane of holding) {
    if (entries.some((entry) => entry.key === lane.key)) continue;
    const { key, kind, connection, facts } = lane;
    entries.push({
      tenant,
      key,
      kind,
      connection,
      facts,
      hints,
      link: lane.link === null ? undefined : String(lane.link),
    });
  }
  if (entries.length > 0) return entries;
  return [
    {
      tenant,
      key: `record:${side}:${row.connection}:${row.record_id}`,
      kind: 'record',
      connection: row.connection,
      hints,
      facts: { side, recordId: row.record_id },
    },
  ];
}
