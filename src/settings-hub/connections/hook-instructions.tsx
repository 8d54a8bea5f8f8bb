import { useState } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import { Action } from '../../components/action.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useDoing } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { Copyable } from '../copyable.tsx';
import { useHub } from '../hub.tsx';

const w = words.connections;

/** How the service desk tells Tandem about changes, and a secret for it. */
export function HookInstructions({ connection }: { connection: Connection }) {
  const { api, projectId } = useHub();
  const rotating = useDoing();
  const [fresh, setFresh] = useState<{ secret: string; instructions: string[] }>();
  const rotate = () =>
    rotating.run(async () => {
      setFresh(await api.rotateHookSecret({ projectId, connectionId: connection.id }));
    });
  const { hook } = connection;
  return (
    <section className="card section stack">
      <h3>{w.hook}</h3>
      <span className="small-text quiet">
        {w.lastHook} {hook.lastReceivedAt ? <RelativeTime at={hook.lastReceivedAt} /> : words.never}
      </span>
      <Copyable label={w.hookUrl} value={hook.url} />
      <ol className="stack tight" style={{ paddingInlineStart: 20 }}>
        {(fresh?.instructions ?? hook.instructions).map((step) => (
          <li key={step} style={{ listStyle: 'decimal' }}>
            {step}
          </li>
        ))}
      </ol>
      {fresh && <Copyable label={w.hookSecretShown} value={fresh.secret} />}
      {rotating.problem && <ProblemNotice problem={rotating.problem} />}
      <div>
        <Action label={w.hookSecret} busy={rotating.busy} onClick={rotate} />
      </div>
    </section>
  );
}
