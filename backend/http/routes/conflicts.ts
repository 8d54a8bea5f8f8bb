import { listAttempts } from '../../store/attempts.ts';
import { chooseSides } from '../../store/links.ts';
import type { Side } from '../../sync/record.ts';
import type { Handlers } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import { linkAccess } from './link-access.ts';
import type { Services } from './services.ts';
import { fieldNames, timelineOf } from './timeline.ts';

/** Why a link stands as it does, and what a person decides about it. */
type ConflictHandlers = Pick<Handlers, 'resolveConflict' | 'readTimeline'>;

export function conflictHandlers(services: Services): ConflictHandlers {
  const { store } = services.engine;
  const access = linkAccess(services);

  return {
    async resolveConflict(input) {
      const link = await access.linkOf(input);
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
      return access.runAndAnswer(link, input.signal);
    },

    async readTimeline(input) {
      const link = await access.linkOf(input);
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
  };
}
