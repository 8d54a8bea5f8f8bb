import { endLink, insertLink, linksOfTickets } from '../../store/links.ts';
import type { Handlers } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import { linkAccess } from './link-access.ts';
import { mappingOf } from './mapping-lookup.ts';
import type { Services } from './services.ts';

type LinkHandlers = Pick<Handlers, 'linkTicket' | 'searchTickets' | 'unlinkTicket' | 'syncLink'>;

export function linkHandlers(services: Services): LinkHandlers {
  const { store } = services.engine;
  const access = linkAccess(services);

  return {
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
      return access.runAndAnswer(link, signal);
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
      const link = await access.linkOf(input);
      const ended = await store.asTenant(link.tenant, (sql) =>
        endLink(sql, link.tenant, String(link.id), `Unlinked by ${input.session.user.name}.`),
      );
      return { version: ended?.version ?? link.version };
    },

    syncLink: async (input) => access.runAndAnswer(await access.linkOf(input), input.signal),
  };
}
