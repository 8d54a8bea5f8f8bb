import { findLink } from '../../store/links.ts';
import type { OpenDownload } from '../downloads.ts';
import { ProblemError } from '../problem.ts';
import { createDownloadPlaces } from './download-places.ts';
import type { Services } from './services.ts';

/**
 * Opens the file of a token, as long as its link stands. Throws `Failure` when the other system does not give it, and
 * `ProblemError` tooManyRequests when too many read from that system already.
 */
export function downloadOpener(services: Services): OpenDownload {
  const places = createDownloadPlaces();
  return async (token) => {
    const wanted = await services.downloads.read(token);
    if (wanted === undefined) return undefined;
    const { tenant, generation, linkId, attachment } = wanted;
    // It ends with the sessions of its tenant.
    if ((await services.sessionGeneration(tenant)) !== generation) return undefined;
    const link = await services.engine.store.asTenant(tenant, (sql) => findLink(sql, linkId));
    if (link === undefined || link.ended_at !== null) return undefined;
    const { connections } = await services.engine.settings.of(tenant);
    const { concurrent = 1 } = connections.get(link.connection)?.budget ?? {};
    // One request is left for synchronisation, where there is more than one.
    const giveBack = await places.take(`${tenant} ${link.connection}`, Math.max(1, concurrent - 1));
    if (giveBack === undefined) throw new ProblemError('tooManyRequests');
    try {
      const system = await services.systems.open(tenant, link.connection);
      const content = await system.openAttachment(link.ticket_id, { ...attachment, marks: [] });
      content.once('close', giveBack);
      return { name: attachment.name, content };
    } catch (error) {
      giveBack();
      throw error;
    }
  };
}
