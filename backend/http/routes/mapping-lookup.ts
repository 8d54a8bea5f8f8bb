import type { Session } from '../../security/session-token.ts';
import type { MappingRow } from '../../store/mappings.ts';
import type { Side } from '../../sync/record.ts';
import { ProblemError } from '../problem.ts';
import { isProject } from './links.ts';
import type { Services } from './services.ts';

/** A mapping of the session's own project; others do not exist for it. */
export async function mappingOf(services: Services, session: Session, id: string): Promise<MappingRow> {
  const settings = await services.engine.settings.of(session.tenant);
  const mapping = settings.mappings.find((row) => row.id === id);
  if (mapping === undefined || !isProject(mapping.project, session.project)) {
    throw new ProblemError('notFound', { title: 'There is no such mapping in this project' });
  }
  return mapping;
}

/** Whether any mapping creates counterparts for records of this side by itself. */
export async function automaticTriggers(services: Services, tenant: number, side: Side): Promise<boolean> {
  const settings = await services.engine.settings.of(tenant);
  return settings.mappings.some(
    ({ settings: mapping }) =>
      mapping.enabled &&
      (side === 'workItem' ? mapping.createTicket : mapping.createWorkItem).mode === 'automatic',
  );
}
