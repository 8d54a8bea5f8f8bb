import { setTimeout as delay } from 'node:timers/promises';
import type { TicketCard } from '../../contract/links.ts';
import { lastAdministrators } from '../../store/audit.ts';
import { azureDevOps, type ConnectionRow } from '../../store/connections.ts';
import { type LinkRow, linksBehind, linksOfTickets, linksOfWorkItem } from '../../store/links.ts';
import type { HandlerInput, Handlers } from '../handlers.ts';
import { laneOf } from './link-access.ts';
import { applicableMappings, automaticTriggers, creating, wayOf } from './mapping-lookup.ts';
import type { Services } from './services.ts';
import { connectionCard, ticketCard } from './ticket-card.ts';

type PanelHandlers = Pick<Handlers, 'readPanel' | 'noticeSave'>;

export function panelHandlers(services: Services): PanelHandlers {
  const { store, queue } = services.engine;

  return {
    async readPanel(input) {
      const { session, query, signal } = input;
      const deadline = performance.now() + (query.waitSeconds ?? 0) * 1000;
      for (;;) {
        const seen = services.panelChanges.count(session.tenant);
        const readAtMs = performance.now();
        const panel = await readPanel(services, input);
        const waitMs = deadline - performance.now();
        if (query.after === undefined || panel.version > query.after || waitMs <= 0 || signal.aborted)
          return panel;
        await services.panelChanges.next(session.tenant, seen, waitMs, signal);
        // Changes are those of the whole tenant: at 50 a second every open panel would read 50 times a second.
        const earlyMs = readAgainMs - (performance.now() - readAtMs);
        if (earlyMs > 0 && !signal.aborted) await delay(earlyMs);
      }
    },

    async noticeSave({ params, body, session }) {
      const links = await store.asTenant(session.tenant, (sql) => linksOfWorkItem(sql, params.workItemId));
      const hint = {
        what: 'updated' as const,
        side: 'workItem' as const,
        revision: body.revision === undefined ? undefined : String(body.revision),
        cause: 'extension' as const,
      };
      const entries = links.map((link) => ({ ...laneOf(link), hints: [hint] }));
      if (entries.length > 0) await queue.enqueue(entries);
      else if (await automaticTriggers(services, session.tenant, 'workItem')) {
        await queue.enqueue([
          {
            tenant: session.tenant,
            key: `record:workItem:${azureDevOps}:${params.workItemId}`,
            kind: 'record',
            connection: azureDevOps,
            hints: [hint],
            facts: { side: 'workItem', recordId: params.workItemId },
          },
        ]);
      }
      return { version: Math.max(0, ...links.map((link) => link.version)) };
    },
  };
}

async function readPanel(services: Services, { params, session }: HandlerInput<'readPanel'>) {
  const settings = await services.engine.settings.of(session.tenant);
  const { links, behind, version, people } = await services.engine.store.asTenant(
    session.tenant,
    async (sql) => {
      const links = await linksOfWorkItem(sql, params.workItemId);
      return {
        links,
        behind: links.length === 0 ? new Set() : await linksBehind(sql, links, behindAfterMs),
        people: await lastAdministrators(sql, maxNames),
        version: await sql.one<{ version: number }>(
          'select coalesce(max(version), 0) as version from link where work_item_id = $1',
          [params.workItemId],
        ),
      };
    },
  );
  const sharing = links.length === 0 ? [] : await sharingLinks(services, session.tenant, links);
  const azure = settings.connections.get(azureDevOps);
  const connections = [...settings.connections.values()].filter(
    (connection) => connection.id !== azureDevOps,
  );
  const applicable = applicableMappings(settings, session.project);
  const used = new Set([
    ...applicable.map((mapping) => mapping.connection),
    ...links.map((link) => link.connection),
  ]);
  return {
    version: version?.version ?? 0,
    configured: connections.length > 0 && applicable.length > 0,
    switchedOff: !settings.enabled,
    tickets: links.map((link) => ({
      ...underWay(ticketCard(link, settings.connections.get(link.connection), azure), behind.has(link.id)),
      sharedWith: sharing
        .filter((other) => other.connection === link.connection && other.ticket_id === link.ticket_id)
        .map((other) => other.work_item_id)
        .filter((id) => id !== params.workItemId),
    })),
    connections: connections
      .filter((connection: ConnectionRow) => used.has(connection.id))
      .map((connection: ConnectionRow) =>
        connectionCard(connection, services.systems.connectorOf(connection.kind)),
      ),
    createWith: creating(applicable).map(wayOf),
    linkWith: applicable.map(wayOf),
    askFor: people.map(({ by }) => by),
    may: { change: session.rights.changeWorkItems, administer: session.rights.administerProject },
  };
}

/** Links of the same tickets, those of other work items among them. */
const sharingLinks = (services: Services, tenant: number, links: readonly LinkRow[]) =>
  services.engine.store.asTenant(tenant, async (sql) => {
    const found: LinkRow[] = [];
    for (const connection of new Set(links.map((link) => link.connection))) {
      const ids = links.filter((link) => link.connection === connection).map((link) => link.ticket_id);
      found.push(...(await linksOfTickets(sql, connection, ids)));
    }
    return found;
  });

/** Between two readings of one waiting panel. */
const readAgainMs = 200;

/** What takes no longer than people expect is not worth a word. */
const behindAfterMs = 2000;

/** The agreement is of the last run; while another is late, "in agreement" would be said of what is not known. */
const underWay = (card: TicketCard, isBehind: boolean): TicketCard =>
  isBehind && card.condition === 'inAgreement' ? { ...card, condition: 'pending' } : card;

/** More would not be read. */
const maxNames = 3;
