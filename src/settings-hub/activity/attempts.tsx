import { useState } from 'react';
import type { Attempt, AttemptDetail } from '../../../backend/contract/activity.ts';
import { Action } from '../../components/action.tsx';
import { Icon } from '../../components/icon.tsx';
import { LongList } from '../../components/long-list.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useLoad } from '../../components/use-load.ts';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { tellTimeline } from '../../text-timeline.ts';
import { useHub } from '../hub.tsx';
import { DetailsToggle } from './details-toggle.tsx';
import { FilterBar, useFilters, windowOf } from './filters.tsx';
import { Requests } from './requests.tsx';
import { usePages } from './use-pages.ts';

const w = words.activity;
type Outcome = Attempt['outcome'];

const looks: Record<Outcome, { icon: string; tone: string }> = {
  done: { icon: 'CheckMark', tone: 'good' },
  halt: { icon: 'Info', tone: 'quiet' },
  failure: { icon: 'Warning', tone: 'bad' },
};

/** What was planned and written, attempt by attempt. */
export function Attempts() {
  const { api, projectId } = useHub();
  const { filters, setFilters } = useFilters();
  const record = filters.record.trim();
  const pages = usePages<Attempt>(
    async (before, signal) => {
      const answer = await api.listAttempts(
        {
          projectId,
          ...windowOf(filters),
          ...(before ? { before } : {}),
          ...(filters.outcome ? { outcome: filters.outcome as Outcome } : {}),
          ...(filters.connectionId ? { connectionId: filters.connectionId } : {}),
          ...(record ? { record } : {}),
        },
        signal ? { signal } : {},
      );
      return { entries: answer.attempts, more: answer.more };
    },
    [api, projectId, filters],
  );
  const outcomes = (Object.keys(w.outcomes) as Outcome[]).map((id) => ({ id, name: w.outcomes[id] }));
  return (
    <div className="stack">
      <FilterBar filters={filters} outcomes={outcomes} recordLabel={w.workItem} onChange={setFilters} />
      {pages.problem && <ProblemNotice problem={pages.problem} onRetry={pages.reload} />}
      {!pages.ready && pages.loading && <div className="skeleton" style={{ height: 120 }} />}
      {pages.ready && pages.entries.length === 0 && <p className="quiet">{w.noAttempts}</p>}
      {pages.entries.length > 0 && (
        <LongList rows={pages.entries} rowPx={61}>
          {(attempt) => <Row key={attempt.id} attempt={attempt} />}
        </LongList>
      )}
      <div className="row">
        {pages.more && <Action label={w.older} busy={pages.loading} onClick={pages.readOlder} />}
        <Action label={words.refresh} icon="Sync" onClick={pages.reload} />
      </div>
    </div>
  );
}

function Row({ attempt }: { attempt: Attempt }) {
  const [open, setOpen] = useState(false);
  const { icon, tone } = looks[attempt.outcome];
  const records = [attempt.workItemId && text.menu.workItem(attempt.workItemId), attempt.ticketKey];
  return (
    <li>
      <span className={tone}>
        <Icon iconName={icon} ariaLabel={w.outcomes[attempt.outcome]} />
      </span>
      <div className="grow stack tight">
        <span className="any-wrap">{attempt.summary}</span>
        <span className="small-text quiet">
          {records.filter(Boolean).join(' ↔ ')} · {w.causes[attempt.cause] ?? attempt.cause} ·{' '}
          <RelativeTime at={attempt.at} /> · {text.timeline.took(attempt.durationMs)}
          {attempt.failure && ` · ${w.failures[attempt.failure] ?? attempt.failure}`}
        </span>
      </div>
      <DetailsToggle open={open} of={attempt.summary} onToggle={() => setOpen(!open)} />
      {open && <Detail attemptId={attempt.id} />}
    </li>
  );
}

function Detail({ attemptId }: { attemptId: string }) {
  const { api, projectId } = useHub();
  const { data, problem, reload } = useLoad(
    (signal) => api.readAttempt({ projectId, attemptId }, { signal }),
    [api, projectId, attemptId],
  );
  if (problem) return <ProblemNotice problem={problem} onRetry={reload} />;
  if (!data) return <div className="skeleton detail" style={{ height: 60 }} />;
  return (
    <div className="detail small-text">
      <Lines title={w.commands} lines={data.commands.map(command)} />
      <Lines title={data.outcome === 'failure' ? w.planned : w.notes} lines={data.notes.map(tellTimeline)} />
      <Lines title={w.fields} lines={data.fields.map(({ field, problem: why }) => `${field}: ${why}`)} />
      <Requests requests={data.requests} requestsOmitted={data.requestsOmitted} />
      {data.requestId && <span className="quiet">{text.problem.requestId(data.requestId)}</span>}
    </div>
  );
}

const command = ({ side, action, outcome, detail }: AttemptDetail['commands'][number]) =>
  `${words.dryRun.side[side]}: ${action}, ${outcome}${detail ? ` (${detail})` : ''}`;

function Lines({ title, lines }: { title: string; lines: string[] }) {
  if (lines.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul className="plain-list">
        {lines.map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same line may stand twice, and lines never move.
          <li key={at} className="any-wrap">
            {line}
          </li>
        ))}
      </ul>
    </section>
  );
}
