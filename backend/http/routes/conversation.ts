import { declareIntent } from '../../store/intents.ts';
import { footer, withoutMarks } from '../../sync/carry-over.ts';
import { markFor } from '../../sync/mark.ts';
import { escapeText, toHtml } from '../../sync/markup/index.ts';
import type { RichText } from '../../sync/record.ts';
import { downloadPath } from '../downloads.ts';
import type { Handlers } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import { linkAccess } from './link-access.ts';
import type { Services } from './services.ts';

type ConversationHandlers = Pick<Handlers, 'commentOnTicket' | 'readConversation' | 'openAttachment'>;

export function conversationHandlers(services: Services): ConversationHandlers {
  const { engine } = services;
  const { store } = engine;
  const access = linkAccess(services);

  return {
    async commentOnTicket(input) {
      const { body, session, signal } = input;
      const link = await access.linkOf(input);
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
      return access.runAndAnswer(link, signal);
    },

    async readConversation(input) {
      const link = await access.linkOf(input);
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
      const link = await access.linkOf(input);
      const system = await services.systems.open(link.tenant, link.connection);
      // Asked before the window opens: a problem is shown where the person pressed.
      const attachments = await system.listAttachments(link.ticket_id);
      const found = attachments.find(({ id }) => id === input.params.attachmentId);
      if (found === undefined) throw new ProblemError('notFound');
      const { token, expiresAt } = await services.downloads.issue({
        tenant: link.tenant,
        generation: input.session.generation,
        linkId: String(link.id),
        attachment: { id: found.id, name: found.name, sizeBytes: found.sizeBytes },
      });
      return { path: downloadPath(token), expiresAt: expiresAt.toISOString() };
    },
  };
}

/** Without the line of the mark at the end, which is for Tandem alone. */
const shownBody = (body: RichText): string =>
  withoutMarks(body).replace(/<p>(?:\s|<small>|<\/small>|<br ?\/?>)*<\/p>\s*$/, '');

/** A comment as a person typed it, with who wrote it where, and the mark that keeps it single. */
const typedComment = (text: string, author: string, mark: string): string => {
  const format = /<\/?[a-z][^>]*>/i.test(text) ? 'html' : 'text';
  const body = toHtml({ kind: 'rich', format, text }).text;
  return `<p><em>${escapeText(`${author} wrote in Azure DevOps:`)}</em></p>${body}${footer(mark)}`;
};
