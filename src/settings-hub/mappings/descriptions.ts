import type { ConnectionDescription } from '../../../backend/contract/connections.ts';
import type { MappingSettings } from '../../../backend/contract/mapping.ts';
import type { Choice } from '../../components/field.tsx';
import { type Loaded, useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { barredFor } from './described.ts';

/** Both systems' own words for types, fields and states, for the mapping that is edited. */
export interface Descriptions {
  workItem: Loaded<ConnectionDescription>;
  ticket: Loaded<ConnectionDescription>;
}

export function useDescriptions(settings: MappingSettings): Descriptions {
  const { api, projectId } = useHub();
  const { connectionId, ticketType, ticketTemplate } = settings;
  const workItemType = settings.workItemTypes[0];
  const workItem = useLoad(
    (signal) =>
      api.describeWorkItems(
        { projectId, ...(workItemType ? { type: workItemType } : {}) },
        { signal, timeoutMs: 60_000 },
      ),
    [api, projectId, workItemType],
  );
  const ticket = useLoad(
    (signal) =>
      api.describeConnection(
        {
          projectId,
          connectionId,
          ...(ticketType ? { type: ticketType } : {}),
          ...(ticketTemplate ? { template: ticketTemplate } : {}),
        },
        { signal, timeoutMs: 60_000 },
      ),
    [api, projectId, connectionId, ticketType, ticketTemplate],
  );
  return { workItem, ticket: { ...ticket, data: ticket.data && barredFor(settings, ticket.data) } };
}

type Side = keyof Descriptions;

/**
 * Fields of a side as choices. Where something is to be written, those that cannot be written are left out, but for the
 * chosen one, which is marked; so are those that a new record needs.
 */
export function fieldChoices(
  descriptions: Descriptions,
  side: Side,
  use: { written: boolean; chosen?: string | undefined },
): Choice[] {
  return (descriptions[side].data?.fields ?? [])
    .filter((field) => !use.written || field.id === use.chosen || canBeWritten(field))
    .map((field) => ({ id: field.id, name: `${field.name}${use.written ? markOf(field) : ''}` }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

type Field = ConnectionDescription['fields'][number];

const canBeWritten = ({ readOnly, barredBy }: Field): boolean => !readOnly && barredBy === undefined;

const markOf = (field: Field): string =>
  !canBeWritten(field) ? ` (${words.fields.readOnly})` : field.required ? ` (${words.fields.required})` : '';

export { fieldOf } from './described.ts';

export const statusChoices = (descriptions: Descriptions, side: Side): Choice[] =>
  (descriptions[side].data?.statuses ?? []).map(({ id, name }) => ({ id, name: name ?? id }));
