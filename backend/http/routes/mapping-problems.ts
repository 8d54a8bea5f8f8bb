import type { MappingSettings } from '../../contract/mapping.ts';
import type { MappingProblem } from '../../contract/mappings.ts';
import { type Descriptions, describeSides } from '../../engine/plan-input.ts';
import type { Session } from '../../security/session-token.ts';
import { azureDevOps, type ConnectionRow } from '../../store/connections.ts';
import { checkMapping } from '../../sync/check-mapping.ts';
import { isFailure } from '../../sync/failure.ts';
import type { ProblemError } from '../problem.ts';
import { invalid, invalidField } from './input-problems.ts';
import { isProject } from './mapping-lookup.ts';
import type { Services } from './services.ts';

/** The ticket system of a mapping, and its project under the name that Azure DevOps gives it. */
export interface Placed {
  settings: MappingSettings;
  connection: ConnectionRow;
}

/** Throws invalidRequest when the project is another than the session's or the connection is not there. */
export async function placeMapping(
  services: Services,
  session: Session,
  settings: MappingSettings,
): Promise<Placed> {
  const troubles = [];
  if (!isProject(settings.project, session.project)) {
    troubles.push({
      field: 'project',
      problem: 'A mapping belongs to the project in which it is made',
      remedy: `Use ${session.project.name}, or open the other project.`,
    });
  }
  const { connections } = await services.engine.settings.of(session.tenant);
  const connection = connections.get(settings.connectionId);
  if (connection === undefined || connection.id === azureDevOps) {
    throw invalid(...troubles, {
      field: 'connectionId',
      problem: 'There is no such connection to a ticket system',
      remedy: 'Choose one that is listed.',
    });
  }
  if (troubles.length > 0) throw invalid(...troubles);
  // One spelling for all: hooks are kept by it, and work items name their project so.
  return { settings: { ...settings, project: session.project.name }, connection };
}

/**
 * Work item types that the project does not have; without the first one nothing more can be told about work items.
 * Throws `Failure`.
 */
async function unknownTypes(
  services: Services,
  tenant: number,
  { project, workItemTypes }: Pick<MappingSettings, 'project' | 'workItemTypes'>,
  fieldOf = (index: number) => `workItemTypes[${index}]`,
): Promise<MappingProblem[]> {
  const { types } = await services.systems.describe(tenant, azureDevOps, { project });
  const known = new Set(types.flatMap(({ id, name }) => [id.toLowerCase(), name.toLowerCase()]));
  const some = types
    .slice(0, 10)
    .map(({ name }) => name)
    .join(', ');
  return workItemTypes.flatMap((type, index): MappingProblem[] => {
    if (known.has(type.toLowerCase())) return [];
    return [
      {
        field: fieldOf(index),
        severity: 'error',
        problem: `The project has no work item type "${type.slice(0, 60)}"`,
        remedy: `Choose one that exists, for example ${some}.`,
      },
    ];
  });
}

/** Both sides of a mapping that may name a type which is not there. Throws invalidRequest and `Failure`. */
export async function describeKnown(
  services: Services,
  tenant: number,
  settings: Parameters<typeof describeSides>[2],
  fieldOf?: (index: number) => string,
): Promise<Descriptions> {
  const unknown = await unknownTypes(services, tenant, settings, fieldOf);
  if (unknown.length > 0) throw asRefusal(unknown);
  return describeSides(services.systems, tenant, settings);
}

/** Everything that is wrong with the settings. Throws `Failure` when a system that must be asked is away. */
export async function problemsOf(
  services: Services,
  tenant: number,
  { settings, connection }: Placed,
): Promise<QuickLook> {
  const unknown = await unknownTypes(services, tenant, settings);
  if (unknown.length > 0) return { problems: unknown };
  const descriptions = await describeSides(services.systems, tenant, settings);
  const capabilities = services.systems.connectorOf(connection.kind)?.manifest.capabilities;
  if (capabilities === undefined) {
    throw invalidField(
      'connectionId',
      `There is no connector of kind ${connection.kind}`,
      'Choose another connection.',
    );
  }
  return { problems: checkMapping(settings, descriptions, capabilities), descriptions };
}

const asRefusal = (problems: readonly MappingProblem[]): ProblemError =>
  invalid(...problems.map(({ field, problem, remedy }) => ({ field, problem, remedy })));

/**
 * Refuses settings with errors. A mapping that is switched off may be saved as it is, also while a system is away: it
 * is a draft, and is checked when it is switched on.
 */
export async function refuseErrors(services: Services, tenant: number, placed: Placed): Promise<void> {
  if (!placed.settings.enabled) return;
  const { problems } = await problemsOf(services, tenant, placed);
  const errors = problems.filter((problem) => problem.severity === 'error');
  if (errors.length > 0) throw asRefusal(errors);
}

/** A list must not wait for a system that is away: what is not cached has to come within this time. */
const listPatienceMs = 1500;

export interface QuickLook {
  problems: MappingProblem[];
  descriptions?: Descriptions;
}

/** For lists: the problems, or one warning that they are not known. */
export async function problemsSoon(services: Services, tenant: number, placed: Placed): Promise<QuickLook> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), listPatienceMs);
  });
  try {
    const found = await Promise.race([problemsOf(services, tenant, placed), late]);
    return found ?? unchecked('one of the two systems takes long to answer');
  } catch (error) {
    if (!isFailure(error)) throw error;
    return unchecked(error.message);
  } finally {
    clearTimeout(timer);
  }
}

const unchecked = (reason: string): QuickLook => ({
  problems: [
    {
      field: 'connectionId',
      severity: 'warning',
      problem: `The mapping could not be checked: ${reason}`,
      remedy: 'Test the connection, then reload.',
    },
  ],
});
