import type { ConnectionDescription } from '../../../backend/contract/connections.ts';
import type { MappingSettings } from '../../../backend/contract/mapping.ts';
import type { Choice } from '../../components/field.tsx';
import { type Loaded, useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';

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
  return { workItem, ticket };
}

type Side = keyof Descriptions;

/** Fields of a side as choices; a field that cannot be written is marked where something is to be written into it. */
export function fieldChoices(descriptions: Descriptions, side: Side, written: boolean): Choice[] {
  return (descriptions[side].data?.fields ?? [])
    .map(({ id, name, required, readOnly }) => ({
      id,
      name: `${name}${written && readOnly ? ` (${words.fields.readOnly})` : ''}${written && required ? ` (${words.fields.required})` : ''}`,
    }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

export { fieldOf } from './described.ts';

export const statusChoices = (descriptions: Descriptions, side: Side): Choice[] =>
  (descriptions[side].data?.statuses ?? []).map(({ id, name }) => ({ id, name: name ?? id }));
