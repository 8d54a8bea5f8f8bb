import { type DragEvent, useRef, useState } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import type { MappingSummary } from '../../../backend/contract/mappings.ts';
import { ProblemNotice } from '../../components/notice.tsx';
import { useDoing } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { fits, isNarrowed, MappingFilterBar, type MappingFilters, noFilters } from './mapping-filter.tsx';
import { MappingRow } from './mapping-row.tsx';

const w = words.mappings;

/** So many are taken in at a glance. */
const fewMappings = 3;

/** Mappings in the order in which they are asked; moved by dragging or by the arrow buttons. */
export function MappingList({
  mappings,
  connections,
  filters: chosen,
  onFilter,
  onChange,
}: {
  mappings: MappingSummary[];
  connections: Connection[];
  filters: MappingFilters;
  onFilter(filters: MappingFilters): void;
  onChange(): void;
}) {
  const { api, projectId } = useHub();
  const ordering = useDoing();
  const [dragged, setDragged] = useState<string>();
  const [over, setOver] = useState<string>();
  const [wanted, setWanted] = useState<readonly string[]>();
  const [told, setTold] = useState('');
  const waiting = useRef<{ ids: string[]; says: string }>(undefined);
  const stored = mappings.toSorted((a, b) => a.position - b.position);
  // What the person wants is shown at once; the list that is read afterwards says the same.
  const place = (id: string) => (wanted ?? []).indexOf(id);
  const ordered = wanted ? stored.toSorted((a, b) => place(a.id) - place(b.id)) : stored;

  // What is not shown must not hide anything: with few mappings left there is no bar to clear.
  const canFilter = mappings.length > fewMappings;
  const filters = canFilter ? chosen : noFilters;
  const isFiltered = isNarrowed(filters);
  const visible = ordered.filter((mapping) => fits(mapping, filters));
  const shown = w.filtered(visible.length, ordered.length);
  const canMove = ordered.length > 1;

  /** Moves that are made while an order is being saved change what is saved after it. */
  const saveWaiting = async () => {
    let saved: readonly string[] | undefined;
    while (waiting.current) {
      const { ids, says } = waiting.current;
      waiting.current = undefined;
      try {
        await api.orderMappings({ projectId, body: { mappingIds: ids } });
        saved = ids;
        setTold(says);
      } catch (reason) {
        // The order that waits has all moves in it, those that could not be saved too.
        if (waiting.current) continue;
        setWanted(saved);
        throw reason;
      }
    }
    onChange();
  };
  const move = (id: string, to: number) => {
    const ids = ordered.map((mapping) => mapping.id);
    const from = ids.indexOf(id);
    if (from < 0 || to < 0 || to >= ids.length || from === to) return;
    ids.splice(to, 0, ...ids.splice(from, 1));
    setWanted(ids);
    waiting.current = { ids, says: w.moved(ordered[from]?.name ?? '', to + 1, ids.length) };
    ordering.run(saveWaiting);
  };
  const dragging = (id: string, at: number) => ({
    onDragStart: (event: DragEvent) => {
      event.dataTransfer.effectAllowed = 'move';
      event.dataTransfer.setData('text/plain', id);
      setDragged(id);
    },
    onDragOver: (event: DragEvent) => {
      if (!dragged) return;
      event.preventDefault();
      setOver(id);
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      if (dragged) move(dragged, at);
      setDragged(undefined);
      setOver(undefined);
    },
    onDragEnd: () => {
      setDragged(undefined);
      setOver(undefined);
    },
  });
  return (
    <>
      {canFilter && <MappingFilterBar filters={filters} connections={connections} onChange={onFilter} />}
      {canMove && <p className="small-text quiet">{isFiltered ? shown : w.order}</p>}
      {ordering.problem && <ProblemNotice problem={ordering.problem} onRetry={onChange} />}
      <span className="visually-hidden" role="status">
        {isFiltered ? shown : told}
      </span>
      {visible.length === 0 && <p className="quiet">{w.noFit}</p>}
      <ul className="entries">
        {visible.map((mapping, at) => (
          <MappingRow
            key={mapping.id}
            mapping={mapping}
            connection={connections.find(({ id }) => id === mapping.connectionId)}
            canMove={canMove}
            fixedBecause={isFiltered ? w.notMovable : undefined}
            isTarget={over === mapping.id && dragged !== mapping.id}
            drag={dragging(mapping.id, at)}
            onChange={onChange}
            onUp={at > 0 ? () => move(mapping.id, at - 1) : undefined}
            onDown={at < ordered.length - 1 ? () => move(mapping.id, at + 1) : undefined}
          />
        ))}
      </ul>
    </>
  );
}
