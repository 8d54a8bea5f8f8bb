import { useState } from 'react';
import { Action } from '../../components/action.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { isTicketSystem } from '../ticket-systems.ts';
import { EditedMapping } from './edited-mapping.tsx';
import { noFilters } from './mapping-filter.tsx';
import { MappingList } from './mapping-list.tsx';
import { NewMapping } from './new-mapping.tsx';

const w = words.mappings;

export function MappingsTab() {
  const { api, projectId, place, go, say } = useHub();
  // Here, so that it is still on after a mapping was edited.
  const [filters, setFilters] = useState(noFilters);
  const { data, problem, reload } = useLoad(
    async (signal) => {
      const [{ mappings }, { connections }] = await Promise.all([
        api.listMappings({ projectId }, { signal }),
        api.listConnections({ projectId }, { signal }),
      ]);
      return { mappings, connections: connections.filter(isTicketSystem) };
    },
    [api, projectId],
  );
  if (!data) {
    if (problem) return <ProblemNotice problem={problem} onRetry={reload} />;
    return <div className="skeleton" style={{ height: 160 }} />;
  }
  const back = () => go('mappings');
  const finish = () => {
    say(w.published);
    back();
    reload();
  };
  if (place[1] === 'new' && data.connections.length > 0) {
    return <NewMapping connections={data.connections} onSaved={finish} onBack={back} />;
  }
  if (place[1] && place[1] !== 'new') {
    return <EditedMapping key={place[1]} mappingId={place[1]} onSaved={finish} onBack={back} />;
  }
  return (
    <div className="stack" style={{ gap: 16 }}>
      {problem && <ProblemNotice problem={problem} onRetry={reload} />}
      <div className="row wrap">
        <Action
          label={w.add}
          icon="Add"
          primary
          disabled={data.connections.length === 0}
          onClick={() => go('mappings', 'new')}
        />
        {data.connections.length === 0 && <span className="quiet">{w.needConnection}</span>}
      </div>
      {data.mappings.length === 0 && <p className="quiet">{w.empty}</p>}
      {data.mappings.length > 0 && (
        <MappingList {...data} filters={filters} onFilter={setFilters} onChange={reload} />
      )}
    </div>
  );
}
