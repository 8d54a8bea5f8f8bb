import { useState } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import type { ConnectorManifest } from '../../../backend/contract/connector-manifest.ts';
import { Action } from '../../components/action.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { isTicketSystem } from '../ticket-systems.ts';
import { ConnectionEditor } from './connection-editor.tsx';
import { ConnectionRow } from './connection-row.tsx';

const w = words.connections;

export function ConnectionsTab() {
  const { api, projectId, place, go, say } = useHub();
  const { data, problem, reload } = useLoad(
    async (signal) => {
      const [{ connectors }, { connections }] = await Promise.all([
        api.listConnectors({ projectId }, { signal }),
        api.listConnections({ projectId }, { signal }),
      ]);
      return { connectors, connections };
    },
    [api, projectId],
  );
  if (!data) {
    if (problem) return <ProblemNotice problem={problem} onRetry={reload} />;
    return <div className="skeleton" style={{ height: 160 }} />;
  }
  const list = () => go('connections');
  const finish = () => {
    say(w.saved);
    list();
    reload();
  };
  if (place[1] === 'new')
    return <NewConnection connectors={data.connectors} onSaved={finish} onBack={list} />;
  const hasDesk = data.connections.some(isTicketSystem);
  const edited = data.connections.find(({ id }) => id === place[1]);
  const manifest = data.connectors.find(({ kind }) => kind === edited?.kind);
  if (edited && manifest) {
    return (
      <ConnectionEditor
        key={edited.id}
        connection={edited}
        manifest={manifest}
        onSaved={finish}
        onBack={list}
      />
    );
  }
  return (
    <div className="stack" style={{ gap: 16 }}>
      {problem && <ProblemNotice problem={problem} onRetry={reload} />}
      <div>
        <Action
          label={hasDesk ? w.add : w.emptyAction}
          icon="Add"
          primary
          onClick={() => go('connections', 'new')}
        />
      </div>
      {!hasDesk && <p className="quiet">{w.empty}</p>}
      {data.connections.length > 0 && (
        <ul className="entries">
          {data.connections.map((connection: Connection) => (
            <ConnectionRow
              key={connection.id}
              connection={connection}
              kindName={data.connectors.find(({ kind }) => kind === connection.kind)?.name ?? connection.kind}
              onEdit={() => go('connections', connection.id)}
              onChange={reload}
            />
          ))}
        </ul>
      )}
    </div>
  );
}

/** With one kind of service desk there is nothing to choose. */
function NewConnection({
  connectors,
  onSaved,
  onBack,
}: {
  connectors: ConnectorManifest[];
  onSaved(): void;
  onBack(): void;
}) {
  const [kind, setKind] = useState(connectors.length === 1 ? connectors[0]?.kind : undefined);
  const manifest = connectors.find((connector) => connector.kind === kind);
  if (manifest) return <ConnectionEditor manifest={manifest} onSaved={onSaved} onBack={onBack} />;
  return (
    <div className="stack">
      <h2>{w.choose}</h2>
      <div className="tiles">
        {connectors.map((connector) => (
          <section className="card tile stack" key={connector.kind}>
            <h3>{connector.name}</h3>
            <p>{connector.description}</p>
            <div>
              <Action label={connector.name} onClick={() => setKind(connector.kind)} />
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}
