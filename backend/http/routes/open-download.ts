import { findLink } from '../../store/links.ts';
import type { OpenDownload } from '../downloads.ts';
import type { Services } from './services.ts';

/** The file of a token, as long as its link stands. Throws `Failure` when the other system does not give it. */
export async function openDownload(services: Services, token: string): ReturnType<OpenDownload> {
  const wanted = await services.downloads.read(token);
  if (wanted === undefined) return undefined;
  const { tenant, generation, linkId, attachment } = wanted;
  // It ends with the sessions of its tenant.
  if ((await services.sessionGeneration(tenant)) !== generation) return undefined;
  const link = await services.engine.store.asTenant(tenant, (sql) => findLink(sql, linkId));
  if (link === undefined || link.ended_at !== null) return undefined;
  const system = await services.systems.open(tenant, link.connection);
  const content = await system.openAttachment(link.ticket_id, { ...attachment, marks: [] });
  return { name: attachment.name, content };
}
