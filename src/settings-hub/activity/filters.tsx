import { useState } from 'react';
import { Action } from '../../components/action.tsx';
import { ChoiceInput, TextInput } from '../../components/field.tsx';
import { useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';

const w = words.activity;
type Time = keyof typeof w.times;

export interface Filters {
  outcome: string;
  connectionId: string;
  record: string;
  time: Time;
  /** As a `datetime-local` input has them, in the browser's zone; for `between`. */
  from: string;
  until: string;
}

const none: Filters = { outcome: '', connectionId: '', record: '', time: 'all', from: '', until: '' };
const hourMs = 3_600_000;
const lengthsMs: Partial<Record<Time, number>> = { hour: hourMs, day: 24 * hourMs, week: 168 * hourMs };

export const useFilters = () => {
  const [filters, setFilters] = useState(none);
  return { filters, setFilters };
};

/** The chosen time as the routes want it. "The last hour" is counted from now, so each reading moves on. */
export function windowOf({ time, from, until }: Filters): { since?: string; until?: string } {
  const lengthMs = lengthsMs[time];
  if (lengthMs) return { since: new Date(Date.now() - lengthMs).toISOString() };
  if (time !== 'between') return {};
  const [sinceMs, untilMs] = [Date.parse(from), Date.parse(until)];
  return {
    ...(Number.isNaN(sinceMs) ? {} : { since: new Date(sinceMs).toISOString() }),
    ...(Number.isNaN(untilMs) ? {} : { until: new Date(untilMs).toISOString() }),
  };
}

/** By outcome, connection, record and time; the same over both lists. */
export function FilterBar({
  filters,
  outcomes,
  recordLabel,
  onChange,
}: {
  filters: Filters;
  outcomes: readonly { id: string; name: string }[];
  recordLabel: string;
  onChange(filters: Filters): void;
}) {
  const { api, projectId } = useHub();
  const list = useLoad((signal) => api.listConnections({ projectId }, { signal }), [api, projectId]);
  const put = (parts: Partial<Filters>) => onChange({ ...filters, ...parts });
  const times = (Object.keys(w.times) as Time[]).map((id) => ({ id, name: w.times[id] }));
  return (
    <search className="filters">
      <ChoiceInput
        label={w.outcome}
        value={filters.outcome}
        choices={outcomes}
        none={w.all}
        onChange={(outcome) => put({ outcome })}
      />
      <ChoiceInput
        label={w.connection}
        value={filters.connectionId}
        choices={list.data?.connections ?? []}
        none={w.all}
        onChange={(connectionId) => put({ connectionId })}
      />
      <TextInput
        label={recordLabel}
        type="search"
        value={filters.record}
        onChange={(record) => put({ record })}
      />
      <ChoiceInput
        label={w.time}
        value={filters.time}
        choices={times}
        onChange={(time) => put({ time: time as Time })}
      />
      {filters.time === 'between' && (
        <>
          <TextInput
            label={w.from}
            type="datetime-local"
            value={filters.from}
            onChange={(from) => put({ from })}
          />
          <TextInput
            label={w.until}
            type="datetime-local"
            value={filters.until}
            onChange={(until) => put({ until })}
          />
        </>
      )}
      {JSON.stringify(filters) !== JSON.stringify(none) && (
        <div className="filters-clear">
          <Action label={w.clear} subtle onClick={() => onChange(none)} />
        </div>
      )}
    </search>
  );
}
