import { useState } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import type { ConnectorManifest } from '../../../backend/contract/connector-manifest.ts';
import { Action } from '../../components/action.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useDoing } from '../../components/use-load.ts';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { isTicketSystem } from '../ticket-systems.ts';
import { ConnectorMark } from './connector-mark.tsx';
import { CredentialLines } from './credential-standing.tsx';
import { DeleteConnection } from './delete-connection.tsx';
import { type Check, TestFindings } from './test-findings.tsx';

const w = words.connections;
const tones = { live: 'good', delayed: 'warn', paused: 'warn', unreachable: 'bad' } as const;

/** One connection: what it is, how it stands, and what can be done with it. */
export function ConnectionRow({
  connection,
  kindName,
  manifest,
  onEdit,
  onChange,
}: {
  connection: Connection;
  kindName: string;
  manifest: ConnectorManifest | undefined;
  onEdit(): void;
  onChange(): void;
}) {
  const { api, projectId, say } = useHub();
  const [checks, setChecks] = useState<Check[]>();
  const [deleting, setDeleting] = useState(false);
  const doing = useDoing();
  const here = { projectId, connectionId: connection.id };
  const test = () =>
    doing.run(async () => {
      const answer = await api.testConnection(here, { timeoutMs: 90_000 });
      setChecks(answer.checks);
      if (answer.resumed) say(w.resumed);
      onChange();
    });
  const toggle = () =>
    doing.run(async () => {
      await (connection.status === 'paused' ? api.resumeConnection(here) : api.pauseConnection(here));
      onChange();
    });
  return (
    <li>
      <ConnectorMark name={kindName} small />
      <div className="grow stack tight">
        <div className="row wrap">
          <h3 className="strong">{connection.name}</h3>
          <span className={tones[connection.status]}>
            {text.panel.connectionStatus[connection.status]}{' '}
            {connection.status !== 'live' && connection.since && <RelativeTime at={connection.since} />}
          </span>
        </div>
        <span>{w.sentence(kindName, w.links(connection.links))}</span>
        {manifest && <CredentialLines connection={connection} manifest={manifest} />}
        {connection.reason && <span className="any-wrap">{connection.reason}</span>}
        <span className="small-text quiet">
          {w.lastHook}{' '}
          {connection.hook.lastReceivedAt ? (
            <RelativeTime at={connection.hook.lastReceivedAt} />
          ) : (
            words.never
          )}
          {', '}
          {w.lastSweep} {connection.lastSweepAt ? <RelativeTime at={connection.lastSweepAt} /> : words.never}
        </span>
      </div>
      <div className="row wrap">
        <Action label={words.edit} icon="Edit" onClick={onEdit} />
        <Action label={w.test} busy={doing.busy} onClick={test} />
        <Action
          label={connection.status === 'paused' ? w.resume : w.pause}
          icon={connection.status === 'paused' ? 'Play' : 'Pause'}
          disabled={doing.busy}
          onClick={toggle}
        />
        {isTicketSystem(connection) && (
          <Action label={w.delete} icon="Delete" disabled={doing.busy} onClick={() => setDeleting(true)} />
        )}
      </div>
      {(doing.problem || checks) && (
        <div style={{ flexBasis: '100%' }} className="stack">
          {doing.problem && <ProblemNotice problem={doing.problem} />}
          {checks && <TestFindings checks={checks} />}
        </div>
      )}
      {deleting && (
        <DeleteConnection
          connection={connection}
          onDeleted={() => {
            setDeleting(false);
            onChange();
          }}
          onDismiss={() => setDeleting(false)}
        />
      )}
    </li>
  );
}
