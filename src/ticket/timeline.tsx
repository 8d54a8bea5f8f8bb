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
  changeMapping,
}: {
  client: Client;
  workItemId: string;
  linkId: string;
  version: number | undefined;
  /** For those who may: opens the mapping that decided so. */
  changeMapping?: (() => void) | undefined;
}) {
  const first = useLoad(
    (signal) => client.api.readTimeline({ workItemId, linkId }, { signal }),
    [client, workItemId, linkId, version],
  );
  const [older, setOlder] = useState<{ entries: TimelineEntry[]; more: boolean }>();
  const reading = useDoing();
  const entries = joined(first.data?.entries ?? [], older?.entries ?? []);
  const firstOfRules = mappingEntries(entries);
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
        {attemptsOf(entries).map((attempt) => (
          <Attempt key={attempt[0].id} attempt={attempt} mappings={firstOfRules} change={changeMapping} />
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

type Entries = [TimelineEntry, ...TimelineEntry[]];

/** What one attempt did stands together: ids are `attempt.number`, newest attempt first. */
function attemptsOf(entries: TimelineEntry[]): Entries[] {
  const attempts: Entries[] = [];
  let last: string | undefined;
  for (const entry of entries) {
    const [attempt] = entry.id.split('.');
    if (attempt === last) attempts.at(-1)?.push(entry);
    else attempts.push([entry]);
    last = attempt;
  }
  return attempts;
}

/** What the mapping decided, and would decide otherwise if somebody changed it. */
const decidedByMapping = new Set(['fieldOverruled', 'fieldUnmappable', 'stateUnmapped']);

/** The newest entry of each rule and field: one button for each is enough. */
function mappingEntries(entries: TimelineEntry[]): ReadonlySet<string> {
  const first = new Map<string, string>();
  for (const { id, code, field } of entries) {
    const rule = `${code} ${field}`;
    if (decidedByMapping.has(code) && !first.has(rule)) first.set(rule, id);
  }
  return new Set(first.values());
}

function Attempt({
  attempt,
  mappings,
  change,
}: {
  attempt: Entries;
  mappings: ReadonlySet<string>;
  change: (() => void) | undefined;
}) {
  const [{ at, durationMs }] = attempt;
  const next = attempt.find(({ nextAttemptAt }) => nextAttemptAt)?.nextAttemptAt;
  return (
    <li className="stack tight">
      <ul className="plain-list stack tight">
        {attempt.map((entry) => (
          <li key={entry.id} className="timeline-entry">
            <span className={looks[entry.outcome].tone}>
              <Icon iconName={looks[entry.outcome].icon} />
            </span>
            <div className="any-wrap">
              {tellTimeline(entry)}
              {change && mappings.has(entry.id) && (
                <Action label={text.timeline.changeMapping} subtle onClick={change} />
              )}
            </div>
          </li>
        ))}
      </ul>
      <div className="small-text quiet timeline-time">
        <RelativeTime at={at} />
        {durationMs !== undefined && ` · ${text.timeline.took(durationMs)}`}
        {next && (
          <>
            {' · '}
            {text.timeline.nextAttempt} <RelativeTime at={next} />
          </>
        )}
      </div>
    </li>
  );
}
