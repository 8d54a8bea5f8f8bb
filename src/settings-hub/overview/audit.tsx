import { useState } from 'react';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';

/** Who changed which setting; read when it is opened. */
export function Audit() {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="strong">{words.overview.audit}</summary>
      {open && <Entries />}
    </details>
  );
}

function Entries() {
  const { api, projectId } = useHub();
  const { data, problem, reload } = useLoad(
    (signal) => api.listAudit({ projectId, limit: 50 }, { signal }),
    [api, projectId],
  );
  if (problem) return <ProblemNotice problem={problem} onRetry={reload} />;
  if (!data) return <div className="skeleton" style={{ height: 80 }} />;
  if (data.entries.length === 0) return <p className="quiet">{words.overview.noAudit}</p>;
  return (
    <ul className="entries" style={{ marginBlockStart: 8 }}>
      {data.entries.map((entry) => (
        <li key={entry.id}>
          <span className="grow any-wrap">
            {entry.action} <span className="strong">{entry.subject}</span> {entry.detail}
          </span>
          <span className="small-text quiet">
            {words.byAt(entry.by)}, <RelativeTime at={entry.at} />
          </span>
        </li>
      ))}
    </ul>
  );
}
