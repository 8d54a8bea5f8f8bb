import type { TenantSettings } from '../../engine/settings.ts';
import { listAttempts } from '../../store/attempts.ts';
import { lastAdministrators } from '../../store/audit.ts';
import { azureDevOps, type ConnectionRow } from '../../store/connections.ts';
import { declareIntent } from '../../store/intents.ts';
import {
  chooseSides,
  endLink,
  findLink,
  insertLink,
  type LinkRow,
  linksOfTickets,
  linksOfWorkItem,
} from '../../store/links.ts';
import type { MappingRow } from '../../store/mappings.ts';
import { footer, withoutMarks } from '../../sync/carry-over.ts';
import { markFor } from '../../sync/mark.ts';
import { escapeText, toHtml } from '../../sync/markup/index.ts';
import type { RichText, Side } from '../../sync/record.ts';
import { downloadPath } from '../downloads.ts';
import type { HandlerInput, Handlers } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import { automaticTriggers, mappingOf } from './mapping-lookup.ts';
import type { Services } from './services.ts';
import { connectionCard, ticketCard } from './ticket-card.ts';
import { enteredValues, ticketFormOf } from './ticket-form.ts';
import { fieldNames, timelineOf } from './timeline.ts';
import { type CreateOutcome, waitForCreate, waitForLink } from './waiting.ts';

type LinkHandlers = Pick<
  Handlers,
  | 'readPanel'
  | 'readCreateWays'
  | 'readTicketForm'
  | 'createTicket'
  | 'linkTicket'
  | 'searchTickets'
  | 'unlinkTicket'
  | 'syncLink'
  | 'commentOnTicket'
  | 'resolveConflict'
  | 'readTimeline'
  | 'readConversation'
  | 'openAttachment'
  | 'noticeSave'
>;

/** How long a person waits for the result of what they asked for; then the answer says that it is on its way. */
const patienceMs = 10_000;

export function linkHandlers(services: Services): LinkHandlers {
  const { engine } = services;
  const { store, queue } = engine;

  const linkOf = async (input: {
    params: { workItemId: string; linkId: string };
    session: { tenant: number };
  }): Promise<LinkRow> => {
    const { workItemId, linkId } = input.params;
    const link = /^\d{1,15}$/.test(linkId)
      ? await store.asTenant(input.session.tenant, (sql) => findLink(sql, linkId))
      : undefined;
    if (link === undefined || link.work_item_id !== workItemId || link.ended_at !== null)
      throw new ProblemError('notFound');
    return link;
  };

  const lane = (link: LinkRow, what: 'unknown' | 'updated' = 'unknown') => ({
    tenant: link.tenant,
    key: `link:${link.id}`,
    kind: 'link',
    connection: link.connection,
    link: String(link.id),
    hints: [{ what, cause: 'person' as const }],
  });

  const cardOf = async (link: LinkRow) => {
    const settings = await engine.settings.of(link.tenant);
    return ticketCard(link, settings.connections.get(link.connection), settings.connections.get(azureDevOps));
  };

  /** Wakes the link's lane and answers with what it came to, or with what is known when it takes long. */
  const runAndAnswer = async (link: LinkRow, signal: AbortSignal) => {
    await refuseWhenOff(services, link.tenant);
    await queue.wake([lane(link)]);
    const after = await waitForLink(services, link, patienceMs, signal);
    return { link: await cardOf(after), version: after.version };
  };

  return {
    async readPanel(input) {
      const { session, query, params, signal } = input;
      const deadline = performance.now() + (query.waitSeconds ?? 0) * 1000;
      for (;;) {
        const panel = await readPanel(services, input);
        const waitMs = deadline - performance.now();
        if (query.after === undefined || panel.version > query.after || waitMs <= 0 || signal.aborted)
          return panel;
        await services.panelChanges.next(session.tenant, waitMs, signal);
        void params;
      }
    },

    async readCreateWays({ session }) {
      const settings = await engine.settings.of(session.tenant);
      const ways = settings.enabled ? creating(applicableMappings(settings, session.project)) : [];
      return {
        createWith: ways.map((mapping) => {
          const kind = settings.connections.get(mapping.connection)?.kind ?? '';
          const ticketNoun = services.systems.connectorOf(kind)?.manifest.ticketNoun ?? 'ticket';
          return { ...wayOf(mapping), ticketNoun };
        }),
      };
    },

    async readTicketForm({ params, query, session }) {
      const mapping = await mappingOf(services, session, query.mappingId);
      return ticketFormOf(services, session.tenant, mapping, params.workItemId);
    },

    async createTicket({ params, body, session, signal }) {
      await refuseWhenOff(services, session.tenant);
      const mapping = await mappingOf(services, session, body.mappingId);
      const entered = await enteredValues(services, session.tenant, mapping, body.values);
      const intentKey = `create:person:${params.workItemId}:${body.requestKey}`;
      await store.asTenant(session.tenant, (sql) =>
        declareIntent(sql, session.tenant, {
          key: intentKey,
          kind: 'create',
          side: 'ticket',
          mapping: mapping.id,
          sourceId: params.workItemId,
          mark: markFor(`${session.tenant}:${mapping.id}`, 'create', `person:${body.requestKey}`),
          entered,
          requestedBy: session.user.name,
        }),
      );
      await queue.wake([
        {
          tenant: session.tenant,
          key: `create:${intentKey}`,
          kind: 'create',
          connection: mapping.connection,
          facts: { intentKey },
        },
      ]);
      const outcome: CreateOutcome = await waitForCreate(
        services,
        session.tenant,
        intentKey,
        patienceMs,
        signal,
      );
      if (outcome.link === undefined) return { version: 0 };
      return { link: await cardOf(outcome.link), version: outcome.link.version };
    },

    async linkTicket({ params, body, session, signal }) {
      const mapping = await mappingOf(services, session, body.mappingId);
      const system = await services.systems.open(session.tenant, mapping.connection);
      const ref = (await system.read(body.ticketId, { comments: false, attachments: false, fields: [] }))
        .snapshot.ref;
      const link = await store.asTenant(session.tenant, (sql) =>
        insertLink(sql, session.tenant, {
          mapping: mapping.id,
          connection: mapping.connection,
          project: mapping.project,
          workItemId: params.workItemId,
          ticketId: ref.id,
          ticketKey: ref.key,
          ticketUrl: ref.url,
          origin: 'linked',
          onLink: body.onLink ?? mapping.settings.onLink,
          createdBy: session.user.name,
        }),
      );
      if (link === undefined) throw new ProblemError('alreadyLinked');
      return runAndAnswer(link, signal);
    },

    async searchTickets({ query, session }) {
      const mapping = await mappingOf(services, session, query.mappingId);
      const system = await services.systems.open(session.tenant, mapping.connection);
      const found = await system.search(query.text, { limit: 25, type: mapping.settings.ticketType });
      const links = await store.asTenant(session.tenant, (sql) =>
        linksOfTickets(
          sql,
          mapping.connection,
          found.map((card) => card.ref.id),
        ),
      );
      return {
        tickets: found.map((card) => ({
          ticketId: card.ref.id,
          number: card.ref.key,
          title: card.title,
          url: card.ref.url,
          status: card.status,
          updatedAt: card.updatedAt,
          linkedTo: links.filter((link) => link.ticket_id === card.ref.id).map((link) => link.work_item_id),
        })),
      };
    },

    async unlinkTicket(input) {
      const link = await linkOf(input);
      const ended = await store.asTenant(link.tenant, (sql) =>
        endLink(sql, link.tenant, String(link.id), `Unlinked by ${input.session.user.name}.`),
      );
      return { version: ended?.version ?? link.version };
    },

    syncLink: async (input) => runAndAnswer(await linkOf(input), input.signal),

    async commentOnTicket(input) {
      const { body, session, signal } = input;
      const link = await linkOf(input);
      const settings = await engine.settings.of(link.tenant);
      const capabilities = services.systems.connectorOf(settings.connections.get(link.connection)?.kind ?? '')
        ?.manifest.capabilities;
      const wanted = body.visibility === 'public' ? 'internalOnly' : 'publicOnly';
      if (capabilities?.commentVisibility === wanted) {
        throw new ProblemError('invalidRequest', {
          fields: [
            {
              field: 'visibility',
              problem: `This system has no ${body.visibility} comments`,
              remedy: 'Choose the other visibility.',
            },
          ],
        });
      }
      const mark = markFor(String(link.id), 'comment', `person:${body.requestKey}`);
      await store.asTenant(link.tenant, (sql) =>
        declareIntent(sql, link.tenant, {
          key: `comment:${link.id}:ticket:person:${body.requestKey}`,
          kind: 'comment',
          link: String(link.id),
          side: 'ticket',
          sourceId: `person:${body.requestKey}`,
          mark,
          entered: {
            html: typedComment(body.text, session.user.name, mark),
            visibility: body.visibility,
          },
          requestedBy: session.user.name,
        }),
      );
      return runAndAnswer(link, signal);
    },

    async resolveConflict(input) {
      const link = await linkOf(input);
      const contested = new Set(link.conflicts.map((conflict) => conflict.row));
      const unknown = input.body.choices.filter((choice) => !contested.has(choice.row));
      if (unknown.length > 0) {
        throw new ProblemError('invalidRequest', {
          fields: unknown.map((choice) => ({
            field: choice.row,
            problem: 'This field is not in conflict any more',
            remedy: 'Reload the conflict.',
          })),
        });
      }
      const choices: Record<string, Side> = Object.fromEntries(
        input.body.choices.map((choice) => [choice.row, choice.keep]),
      );
      await store.asTenant(link.tenant, (sql) => chooseSides(sql, link.tenant, String(link.id), choices));
      return runAndAnswer(link, input.signal);
    },

    async readTimeline(input) {
      const link = await linkOf(input);
      const { before, limit } = input.query;
      const rows = await store.asTenant(link.tenant, (sql) =>
        listAttempts(sql, { before: before?.split('.')[0], limit: limit + 1, link: String(link.id) }),
      );
      const nameOf = await fieldNames(services, link);
      return {
        entries: rows.slice(0, limit).flatMap((row) => timelineOf(row, link, nameOf)),
        more: rows.length > limit,
      };
    },

    async readConversation(input) {
      const link = await linkOf(input);
      const system = await services.systems.open(link.tenant, link.connection);
      const [comments, attachments] = await Promise.all([
        system.listComments(link.ticket_id),
        system.listAttachments(link.ticket_id),
      ]);
      return {
        entries: comments.map((comment) => ({
          id: comment.id,
          at: comment.at,
          author: comment.author?.name ?? comment.author?.email ?? 'Unknown',
          html: shownBody(comment.body),
          visibility: comment.visibility,
          system: comment.system,
          carriedOver: comment.marks.length > 0,
        })),
        attachments: attachments.map((attachment) => ({
          id: attachment.id,
          name: attachment.name,
          sizeBytes: attachment.sizeBytes,
          at: attachment.at,
          carriedOver: attachment.marks.length > 0,
        })),
      };
    },

    async openAttachment(input) {
      const link = await linkOf(input);
      const system = await services.systems.open(link.tenant, link.connection);
      // Asked before the window opens: a problem is shown where the person pressed.
      const attachments = await system.listAttachments(link.ticket_id);
      const found = attachments.find(({ id }) => id === input.params.attachmentId);
      if (found === undefined) throw new ProblemError('notFound');
      const { token, expiresAt } = await services.downloads.issue({
        tenant: link.tenant,
        linkId: String(link.id),
        attachment: { id: found.id, name: found.name, sizeBytes: found.sizeBytes },
      });
      return { path: downloadPath(token), expiresAt: expiresAt.toISOString() };
    },

    async noticeSave({ params, body, session }) {
      const links = await store.asTenant(session.tenant, (sql) => linksOfWorkItem(sql, params.workItemId));
      const hint = {
        what: 'updated' as const,
        side: 'workItem' as const,
        revision: body.revision === undefined ? undefined : String(body.revision),
        cause: 'extension' as const,
      };
      const entries = links.map((link) => ({ ...lane(link), hints: [hint] }));
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
  const { links, version, people } = await services.engine.store.asTenant(session.tenant, async (sql) => ({
    people: await lastAdministrators(sql, maxNames),
    links: await linksOfWorkItem(sql, params.workItemId),
    version: await sql.one<{ version: number }>(
      'select coalesce(max(version), 0) as version from link where work_item_id = $1',
      [params.workItemId],
    ),
  }));
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
      ...ticketCard(link, settings.connections.get(link.connection), azure),
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

/** Without the line of the mark at the end, which is for Tandem alone. */
const shownBody = (body: RichText): string =>
  withoutMarks(body).replace(/<p>(?:\s|<small>|<\/small>|<br ?\/?>)*<\/p>\s*$/, '');

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

/** More would not be read. */
const maxNames = 3;

const applicableMappings = (settings: TenantSettings, project: { id: string; name: string }) =>
  settings.mappings.filter((mapping) => mapping.settings.enabled && isProject(mapping.project, project));

const creating = (mappings: readonly MappingRow[]) =>
  mappings.filter((mapping) => mapping.settings.createTicket.mode !== 'never');

const wayOf = (mapping: MappingRow) => ({
  mappingId: mapping.id,
  name: mapping.settings.name,
  connectionId: mapping.connection,
  workItemTypes: [...mapping.settings.workItemTypes],
});

export const isProject = (stored: string, project: { id: string; name: string }): boolean =>
  stored.toLowerCase() === project.name.toLowerCase() || stored.toLowerCase() === project.id.toLowerCase();

async function refuseWhenOff(services: Services, tenant: number): Promise<void> {
  if (!(await services.engine.settings.of(tenant)).enabled) throw new ProblemError('switchedOff');
}

/** A comment as a person typed it, with who wrote it where, and the mark that keeps it single. */
const typedComment = (text: string, author: string, mark: string): string => {
  const format = /<\/?[a-z][^>]*>/i.test(text) ? 'html' : 'text';
  const body = toHtml({ kind: 'rich', format, text }).text;
  return `<p><em>${escapeText(`${author} wrote in Azure DevOps:`)}</em></p>${body}${footer(mark)}`;
};
