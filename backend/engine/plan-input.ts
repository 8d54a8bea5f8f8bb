import type { Connector, SystemDescription } from '../connectors/connector.ts';
import type { MappingSettings } from '../contract/mapping.ts';
import { azureDevOps, type ConnectionRow } from '../store/connections.ts';
import type { IntentRow } from '../store/intents.ts';
import type { LinkRow } from '../store/links.ts';
import type { Pair } from '../sync/link-state.ts';
import type { PlanInput } from '../sync/plan-input.ts';
import type { FieldDescription, Reading, Side } from '../sync/record.ts';
import { fieldsById as describedById } from '../sync/side-description.ts';
import type { Systems } from './ports.ts';

/** Everything that the planner is told about a link; the lane and the dry run of a mapping say the same. */

export type Descriptions = Readonly<Record<Side, SystemDescription>>;

/** What both sides of a mapping look like. Throws `Failure` when a system never told yet and is away. */
export async function describeSides(
  systems: Systems,
  tenant: number,
  mapping: Pick<
    MappingSettings,
    'connectionId' | 'project' | 'workItemTypes' | 'ticketType' | 'ticketTemplate'
  >,
): Promise<Descriptions> {
  const [workItem, ticket] = await Promise.all([
    systems.describe(tenant, azureDevOps, { project: mapping.project, type: mapping.workItemTypes[0] }),
    systems.describe(tenant, mapping.connectionId, {
      type: mapping.ticketType,
      template: mapping.ticketTemplate,
    }),
  ]);
  return { workItem, ticket };
}

export interface PlanFacts {
  link: LinkRow;
  intents: readonly IntentRow[];
  mapping: MappingSettings;
  connection: ConnectionRow;
  connector: Connector | undefined;
  readings: Readonly<Record<Side, Reading>>;
  descriptions: Descriptions;
}

export function planInput(facts: PlanFacts): PlanInput {
  const { link, mapping, connection, connector, readings, descriptions } = facts;
  const capabilities = connector?.manifest.capabilities;
  return {
    link: {
      id: String(link.id),
      base: link.base ?? undefined,
      pairs: pairsOf(facts.intents),
      since: new Date(link.created_at).toISOString(),
      origin: link.origin,
      resolutions: link.resolutions,
      responded: link.responded,
    },
    workItem: readings.workItem,
    ticket: readings.ticket,
    mapping: link.origin === 'linked' ? { ...mapping, onLink: link.on_link } : mapping,
    fields: { workItem: fieldsById(descriptions.workItem), ticket: fieldsById(descriptions.ticket) },
    statusField: { workItem: descriptions.workItem.roles.status, ticket: descriptions.ticket.roles.status },
    systemName: { workItem: 'Azure DevOps', ticket: connector?.manifest.name ?? connection.name },
    can: {
      ticketComments: capabilities?.commentsWrite ?? false,
      ticketAttachments: capabilities?.attachmentsWrite ?? false,
      ticketAttachmentsMaxBytes: capabilities?.attachmentsMaxBytes ?? 0,
    },
  };
}

const fieldMaps = new WeakMap<SystemDescription, Readonly<Record<string, FieldDescription>>>();

/** Descriptions live for minutes and are asked for with every plan. */
export function fieldsById(description: SystemDescription): Readonly<Record<string, FieldDescription>> {
  let known = fieldMaps.get(description);
  if (known === undefined) {
    known = describedById(description);
    fieldMaps.set(description, known);
  }
  return known;
}

const pairsOf = (intents: readonly IntentRow[]): Pair[] =>
  intents.flatMap((intent): Pair[] => {
    if (intent.state !== 'done' || intent.target_id === null || intent.kind === 'create') return [];
    return [
      intent.side === 'ticket'
        ? { kind: intent.kind, workItemSideId: intent.source_id, ticketSideId: intent.target_id }
        : { kind: intent.kind, workItemSideId: intent.target_id, ticketSideId: intent.source_id },
    ];
  });
