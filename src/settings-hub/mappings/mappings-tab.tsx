import { useState } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import type { MappingSummary } from '../../../backend/contract/mappings.ts';
import { Action, IconAction } from '../../components/action.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useDoing, useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { Confirm } from '../confirm.tsx';
import { isDesk } from '../connections/desk.ts';
import { useHub } from '../hub.tsx';
import { EditedMapping } from './edited-mapping.tsx';
import { NewMapping } from './new-mapping.tsx';

const w = words.mappings;

export function MappingsTab() {
  const { api, projectId, place, go, say } = useHub();
  const { data, problem, reload } = useLoad(
    async (signal) => {
      const [{ mappings }, { connections }] = await Promise.all([
        api.listMappings({ projectId }, { signal }),
        api.listConnections({ projectId }, { signal }),
      ]);
      return { mappings, connections: connections.filter(isDesk) };
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
      {data.mappings.length > 0 && <List {...data} onChange={reload} />}
    </div>
  );
}

function List({
  mappings,
  connections,
  onChange,
}: {
  mappings: MappingSummary[];
  connections: Connection[];
  onChange(): void;
}) {
  const { api, projectId } = useHub();
  const ordering = useDoing();
  const ordered = mappings.toSorted((a, b) => a.position - b.position);
  const move = (from: number, to: number) =>
    ordering.run(async () => {
      const mappingIds = ordered.map(({ id }) => id);
      mappingIds.splice(to, 0, ...mappingIds.splice(from, 1));
      await api.orderMappings({ projectId, body: { mappingIds } });
      onChange();
    });
  return (
    <>
      {ordered.length > 1 && <p className="small-text quiet">{w.order}</p>}
      {ordering.problem && <ProblemNotice problem={ordering.problem} onRetry={onChange} />}
      <ul className="entries">
        {ordered.map((mapping, at) => (
          <Row
            key={mapping.id}
            mapping={mapping}
            connectionName={connections.find(({ id }) => id === mapping.connectionId)?.name ?? ''}
            busy={ordering.busy}
            onChange={onChange}
            onUp={at > 0 ? () => move(at, at - 1) : undefined}
            onDown={at < ordered.length - 1 ? () => move(at, at + 1) : undefined}
          />
        ))}
      </ul>
    </>
  );
}

function Row({
  mapping,
  connectionName,
  busy,
  onChange,
  onUp,
  onDown,
}: {
  mapping: MappingSummary;
  connectionName: string;
  busy: boolean;
  onChange(): void;
  onUp: (() => void) | undefined;
  onDown: (() => void) | undefined;
}) {
  const { api, projectId, go } = useHub();
  const [asking, setAsking] = useState(false);
  const deleting = useDoing();
  const { id, name, links, problems } = mapping;
  const worst = problems.some(({ severity }) => severity === 'error') ? 'bad' : 'warn';
  return (
    <li>
      <div className="grow stack tight">
        <div className="row wrap">
          <span className="strong">{name}</span>
          {!mapping.enabled && <span className="chip">{words.disabled}</span>}
          {problems.length > 0 && <span className={worst}>{w.problems(problems.length)}</span>}
        </div>
        <span className="any-wrap">{mapping.sentence}</span>
        <span className="small-text quiet">
          {connectionName} · {w.links(links)} · {w.version(mapping.version)},{' '}
          <RelativeTime at={mapping.updatedAt} /> {words.byAt(mapping.updatedBy)}
        </span>
      </div>
      <div className="row wrap">
        <IconAction label={words.moveUp} icon="Up" disabled={!onUp || busy} onClick={() => onUp?.()} />
        <IconAction
          label={words.moveDown}
          icon="Down"
          disabled={!onDown || busy}
          onClick={() => onDown?.()}
        />
        <Action label={words.edit} icon="Edit" onClick={() => go('mappings', id)} />
        <Action label={w.delete} icon="Delete" onClick={() => setAsking(true)} />
      </div>
      {asking && (
        <Confirm
          title={w.deleteTitle(name)}
          action={w.delete}
          busy={deleting.busy}
          problem={deleting.problem}
          onDismiss={() => setAsking(false)}
          onConfirm={() =>
            deleting.run(async () => {
              await api.deleteMapping({ projectId, mappingId: id, confirmLinks: links });
              setAsking(false);
              onChange();
            })
          }
        >
          {w.deleteBody(links)}
        </Confirm>
      )}
    </li>
  );
}
