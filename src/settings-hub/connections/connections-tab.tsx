import type { Connection } from '../../../backend/contract/connections.ts';
import type { ConnectorManifest, ListedConnector } from '../../../backend/contract/connector-manifest.ts';
import { Action, IconAction } from '../../components/action.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { useLoad } from '../../components/use-load.ts';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { isTicketSystem } from '../ticket-systems.ts';
import { ConnectionEditor } from './connection-editor.tsx';
import { ConnectionRow } from './connection-row.tsx';
import { ConnectorMark } from './connector-mark.tsx';

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
          {data.connections.map((connection: Connection) => {
            const declared = data.connectors.find(({ kind }) => kind === connection.kind);
            return (
              <ConnectionRow
                key={connection.id}
                connection={connection}
                kindName={declared?.name ?? connection.kind}
                manifest={declared}
                onEdit={() => go('connections', connection.id)}
                onChange={reload}
              />
            );
          })}
        </ul>
      )}
    </div>
  );
}

/** The kinds of service desk that Tandem speaks to; Azure DevOps itself is connected by the operator. */
function NewConnection({
  connectors,
  onSaved,
  onBack,
}: {
  connectors: ListedConnector[];
  onSaved(): void;
  onBack(): void;
}) {
  const { place, go } = useHub();
  const desks = connectors.filter(({ offered }) => offered);
  const manifest = desks.find(({ kind }) => kind === place[2]);
  if (manifest) return <ConnectionEditor manifest={manifest} onSaved={onSaved} onBack={onBack} />;
  return (
    <div className="stack" style={{ gap: 16 }}>
      <div className="row">
        <IconAction label={text.back} icon="Back" onClick={onBack} />
        <h2>{w.choose}</h2>
      </div>
      <p className="quiet">{desks.length > 0 ? w.chooseHelp : w.noneOffered}</p>
      <div className="gallery">
        {desks.map((connector) => (
          <section className="card tile stack" key={connector.kind} aria-label={connector.name}>
            <div className="row">
              <ConnectorMark name={connector.name} />
              <h3>{connector.name}</h3>
            </div>
            <p>{connector.description}</p>
            <div className="row wrap">
              {abilitiesOf(connector).map((ability) => (
                <span className="chip" key={ability}>
                  {ability}
                </span>
              ))}
            </div>
            <div>
              <Action
                label={connector.name}
                primary
                onClick={() => go('connections', 'new', connector.kind)}
              />
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}

/** What people ask first about a system, from the connector's own declaration. */
function abilitiesOf({ capabilities }: ConnectorManifest): string[] {
  return [
    capabilities.create && w.can.create,
    capabilities.commentsWrite && w.can.comments,
    capabilities.attachmentsWrite && w.can.attachments,
    capabilities.templates && w.can.templates,
    capabilities.webhook !== 'none' && w.can.webhook,
  ].filter((word): word is Exclude<typeof word, false> => word !== false);
}
