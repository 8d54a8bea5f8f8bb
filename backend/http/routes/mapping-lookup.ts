import type { TenantSettings } from '../../engine/settings.ts';
import type { Session } from '../../security/session-token.ts';
import type { MappingRow } from '../../store/mappings.ts';
import { actsByItself, mayCreate, triggerOf } from '../../sync/match.ts';
import type { Side } from '../../sync/record.ts';
import { ProblemError } from '../problem.ts';
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

/** Whether any mapping creates or finds counterparts for records of this side by itself. */
export async function automaticTriggers(services: Services, tenant: number, side: Side): Promise<boolean> {
  const settings = await services.engine.settings.of(tenant);
  return settings.mappings.some(
    ({ settings: mapping }) => mapping.enabled && actsByItself(triggerOf(mapping, side)),
  );
}

/** Mappings name their project by name or id, as the admin's page knew it. */
export const isProject = (stored: string, project: { id: string; name: string }): boolean =>
  stored.toLowerCase() === project.name.toLowerCase() || stored.toLowerCase() === project.id.toLowerCase();

/** Those that are on and of this project, in their order. */
export const applicableMappings = (settings: TenantSettings, project: { id: string; name: string }) =>
  settings.mappings.filter((mapping) => mapping.settings.enabled && isProject(mapping.project, project));

/** Those by which a person may create a ticket. */
export const creating = (mappings: readonly MappingRow[]) =>
  mappings.filter((mapping) => mayCreate(mapping.settings.createTicket));

/** A mapping as a person chooses it. */
export const wayOf = (mapping: MappingRow) => ({
  mappingId: mapping.id,
  name: mapping.settings.name,
  connectionId: mapping.connection,
  workItemTypes: [...mapping.settings.workItemTypes],
});
