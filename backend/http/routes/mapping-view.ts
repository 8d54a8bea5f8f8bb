import type { MappingSettings } from '../../contract/mapping.ts';
import type { MappingSummary } from '../../contract/mappings.ts';
import type { Descriptions } from '../../engine/plan-input.ts';
import type { ConnectionRow } from '../../store/connections.ts';
import { type MappingRow, toMapping } from '../../store/mappings.ts';
import { describeMapping } from '../../sync/describe-mapping.ts';
import { problemsSoon } from './mapping-problems.ts';
import type { Services } from './services.ts';

/** Display names of states and templates by id. */
function namesOf(descriptions: Descriptions | undefined): Record<string, string> {
  const names: Record<string, string> = {};
  for (const side of descriptions === undefined ? [] : [descriptions.ticket, descriptions.workItem]) {
    for (const { id, name } of side.templates ?? []) names[id] = name;
    for (const { id, name } of side.statuses) if (name !== undefined) names[id] = name;
  }
  return names;
}

export async function mappingSummary(
  services: Services,
  row: MappingRow,
  connection: ConnectionRow,
  links: number,
): Promise<MappingSummary> {
  const { problems, descriptions } = await problemsSoon(services, row.tenant, {
    settings: row.settings,
    connection,
  });
  const { id, name, enabled, connectionId, project, workItemTypes, version, position, updatedAt, updatedBy } =
    toMapping(row);
  const sentence = describeMapping(row.settings, {
    connection: connection.name,
    ticketNoun: services.systems.connectorOf(connection.kind)?.manifest.ticketNoun ?? 'ticket',
    names: namesOf(descriptions),
  });
  return {
    id,
    name,
    enabled,
    connectionId,
    project,
    workItemTypes,
    version,
    position,
    updatedAt,
    updatedBy,
    sentence,
    creates: { tickets: row.settings.createTicket.mode, workItems: row.settings.createWorkItem.mode },
    links,
    problems,
  };
}

/** What decides about links that exist; triggers and names do not. */
export const whatIsPlanned = (settings: MappingSettings) => {
  const { name: _n, createTicket: _t, createWorkItem: _w, ticketScope: _s, ...rest } = settings;
  return rest;
};
