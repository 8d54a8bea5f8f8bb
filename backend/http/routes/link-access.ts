import { linkEntry } from '../../engine/link-entry.ts';
import { azureDevOps } from '../../store/connections.ts';
import { findLink, type LinkRow } from '../../store/links.ts';
import { ProblemError } from '../problem.ts';
import type { Services } from './services.ts';
import { ticketCard } from './ticket-card.ts';
import { waitForLink } from './waiting.ts';

/** How long a person waits for the result of what they asked for; then the answer says that it is on its way. */
export const patienceMs = 10_000;

/** The lane of a link as a person wakes it. */
export const laneOf = (link: LinkRow) => linkEntry(link.tenant, link, [{ what: 'unknown', cause: 'person' }]);

/** What all handlers of one link begin and end with. */
export function linkAccess(services: Services) {
  const { engine } = services;
  const { store, queue } = engine;

  /** A link of the work item in the path, as long as it stands. Throws `ProblemError` notFound. */
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

  const cardOf = async (link: LinkRow) => {
    const settings = await engine.settings.of(link.tenant);
    return ticketCard(link, settings.connections.get(link.connection), settings.connections.get(azureDevOps));
  };

  /** Wakes the link's lane and answers with what it came to, or with what is known when it takes long. */
  const runAndAnswer = async (link: LinkRow, signal: AbortSignal) => {
    await refuseWhenOff(services, link.tenant);
    await queue.wake([laneOf(link)]);
    const after = await waitForLink(services, link, patienceMs, signal);
    return { link: await cardOf(after), version: after.version };
  };

  return { linkOf, cardOf, runAndAnswer };
}

/** Throws `ProblemError` switchedOff while an administrator keeps the organisation off. */
export async function refuseWhenOff(services: Services, tenant: number): Promise<void> {
  if (!(await services.engine.settings.of(tenant)).enabled) throw new ProblemError('switchedOff');
}
