import { useState } from 'react';
import type { TimelineEntry } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { Action } from '../components/action.tsx';
import { Icon } from '../components/icon.tsx';
import { ProblemNotice } from '../components/notice.tsx';
import { RelativeTime } from '../components/time.tsx';
import { useDoing, useLoad } from '../components/use-load.ts';
import { text } from '../text.ts';
import { tellTimeline } from '../text-timeline.ts';
import './timeline.css';

const looks: Record<TimelineEntry['outcome'], { icon: string; tone: string }> = {
  done: { icon: 'CheckMark', tone: 'good' },
  halt: { icon: 'Info', tone: 'quiet' },
  failure: { icon: 'Warning', tone: 'bad' },
  info: { icon: 'Info', tone: 'quiet' },
};

/** What happened to a link and why, newest first. `version` rises when there is something new to read. */
export function Timeline({
  client,
  workItemId,
  linkId,
  version,
}: {
  client: Client;
  workItemId: string;
  linkId: string;
  version: number | undefined;
}) {
  const first = useLoad(
    (signal) => client.api.readTimeline({ workItemId, linkId }, { signal }),
    [client, workItemId, linkId, version],
  );
  const [older, setOlder] = useState<{ entries: TimelineEntry[]; more: boolean }>();
  const reading = useDoing();
  const entries = joined(first.data?.entries ?? [], older?.entries ?? []);
  const more = older?.more ?? first.data?.more ?? false;
  const readOlder = () =>
    reading.run(async () => {
      const last = entries.at(-1);
      if (!last) return;
      const next = await client.api.readTimeline({ workItemId, linkId, before: last.id });
      setOlder((before) => ({ entries: [...(before?.entries ?? []), ...next.entries], more: next.more }));
    });
  if (!first.data && first.loading) return <div className="skeleton" style={{ height: 120 }} />;
  return (
    <div className="stack">
      {first.problem && <ProblemNotice problem={first.problem} onRetry={first.reload} />}
      {first.data && entries.length === 0 && <p className="quiet">{text.timeline.empty}</p>}
      <ol className="timeline">
        {entries.map((entry) => (
          <Entry key={entry.id} entry={entry} />
        ))}
      </ol>
      {reading.problem && <ProblemNotice problem={reading.problem} />}
      {more && (
        <div>
          <Action label={text.timeline.older} busy={reading.busy} onClick={readOlder} />
        </div>
      )}
    </div>
  );
}

/** A new reading of the first entries may overlap with what was read before. */
function joined(newest: TimelineEntry[], older: TimelineEntry[]): TimelineEntry[] {
  const known = new Set(newest.map(({ id }) => id));
  return [...newest, ...older.filter(({ id }) => !known.has(id))];
}

function Entry({ entry }: { entry: TimelineEntry }) {
  const { icon, tone } = looks[entry.outcome];
  return (
    <li>
      <span className={tone}>
        <Icon iconName={icon} />
      </span>
      <div className="any-wrap">
        <div>{tellTimeline(entry)}</div>
        <div className="small-text quiet">
          <RelativeTime at={entry.at} />
          {entry.durationMs !== undefined && ` · ${text.timeline.took(entry.durationMs)}`}
          {entry.nextAttemptAt && (
            <>
              {' · '}
              {text.timeline.nextAttempt} <RelativeTime at={entry.nextAttemptAt} />
            </>
          )}
        </div>
      </div>
    </li>
  );
}
