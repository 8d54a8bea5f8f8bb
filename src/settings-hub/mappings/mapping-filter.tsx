import { useRef } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import type { MappingSummary } from '../../../backend/contract/mappings.ts';
import { Action } from '../../components/action.tsx';
import { ChoiceInput } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';

const w = words.mappings;
type Does = keyof typeof w.does;

/** Empty: any. */
export interface MappingFilters {
  connectionId: string;
  does: Does | '';
}

export const noFilters: MappingFilters = { connectionId: '', does: '' };

export const isNarrowed = ({ connectionId, does }: MappingFilters): boolean =>
  connectionId !== '' || does !== '';

type Creating = Pick<MappingSummary, 'creates'>;
type TriggerMode = Creating['creates']['tickets'];

const isCreating = (mode: TriggerMode): boolean => mode === 'automatic' || mode === 'manual';

const deeds: Record<Does, (mapping: Creating) => boolean> = {
  createsTickets: ({ creates }) => isCreating(creates.tickets),
  createsWorkItems: ({ creates }) => isCreating(creates.workItems),
  keepsLinks: ({ creates }) => !isCreating(creates.tickets) && !isCreating(creates.workItems),
};

export const fits = (
  mapping: Creating & Pick<MappingSummary, 'connectionId'>,
  { connectionId, does }: MappingFilters,
): boolean =>
  (connectionId === '' || mapping.connectionId === connectionId) && (does === '' || deeds[does](mapping));

/** "Creates tickets and work items when asked": in the words of the filter. */
export function tellDeed({ creates }: Creating): string {
  const parts = (['tickets', 'workItems'] as const).flatMap((side) => {
    if (!isCreating(creates[side])) return [];
    return creates[side] === 'manual' ? [w.whenAsked(w[side])] : [w[side]];
  });
  if (parts.length > 0) return w.creates(parts);
  return creates.tickets === 'linkOnly' || creates.workItems === 'linkOnly' ? w.linksByNumber : w.keepsLinks;
}

/** By connection, where there are several, and by what a mapping does. */
export function MappingFilterBar({
  filters,
  connections,
  onChange,
}: {
  filters: MappingFilters;
  connections: readonly Connection[];
  onChange(filters: MappingFilters): void;
}) {
  const choices = (Object.keys(w.does) as Does[]).map((id) => ({ id, name: w.does[id] }));
  const bar = useRef<HTMLElement>(null);
  const clear = () => {
    onChange(noFilters);
    // The button goes away with the filter: without this the focus would be lost.
    bar.current?.querySelector('select')?.focus();
  };
  return (
    <search className="filters" ref={bar}>
      {(connections.length > 1 || filters.connectionId !== '') && (
        <ChoiceInput
          label={w.filterConnection}
          value={filters.connectionId}
          choices={connections}
          none={w.anyConnection}
          onChange={(connectionId) => onChange({ ...filters, connectionId })}
        />
      )}
      <ChoiceInput
        label={w.filterDoes}
        value={filters.does}
        choices={choices}
        none={w.anyDoes}
        onChange={(does) => onChange({ ...filters, does: does as Does | '' })}
      />
      {isNarrowed(filters) && (
        <div className="filters-clear">
          <Action label={w.clearFilter} subtle onClick={clear} />
        </div>
      )}
    </search>
  );
}
