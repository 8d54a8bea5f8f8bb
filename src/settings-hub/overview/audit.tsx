import { useState } from 'react';
import type { AuditEntry } from '../../../backend/contract/overview.ts';
import { Action } from '../../components/action.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { words } from '../../text-settings.ts';
import { usePages } from '../activity/use-pages.ts';
import { useHub } from '../hub.tsx';

const w = words.overview;

/** Who changed which setting; read when it is opened. */
export function Audit() {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="strong">{w.audit}</summary>
      {open && <Entries />}
    </details>
  );
}

function Entries() {
  const { api, projectId } = useHub();
  const pages = usePages<AuditEntry>(
    (before, signal) =>
      api.listAudit({ projectId, limit: 50, ...(before ? { before } : {}) }, signal ? { signal } : {}),
    [api, projectId],
  );
  if (pages.problem) return <ProblemNotice problem={pages.problem} onRetry={pages.reload} />;
  if (!pages.ready) return <div className="skeleton" style={{ height: 80 }} />;
  if (pages.entries.length === 0) return <p className="quiet">{w.noAudit}</p>;
  return (
    <div className="stack" style={{ marginBlockStart: 8 }}>
      <ul className="entries long">
        {pages.entries.map((entry) => (
          <li key={entry.id}>
            <span className="grow any-wrap">
              <span className="strong">{entry.by}</span> {w.auditActions[entry.action] ?? entry.action}{' '}
              <span className="strong">{entry.subject}</span>
              {entry.detail && <span className="quiet">: {entry.detail}</span>}
            </span>
            <span className="small-text quiet">
              <RelativeTime at={entry.at} />
            </span>
          </li>
        ))}
      </ul>
      {pages.more && (
        <div>
          <Action label={w.older} busy={pages.loading} onClick={pages.readOlder} />
        </div>
      )}
    </div>
  );
}
