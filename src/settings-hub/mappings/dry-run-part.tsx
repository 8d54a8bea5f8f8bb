import { useState } from 'react';
import type { MappingSettings } from '../../../backend/contract/mapping.ts';
import type { DryRun } from '../../../backend/contract/mappings.ts';
import { Action } from '../../components/action.tsx';
import { TextInput } from '../../components/field.tsx';
import { Notice, ProblemNotice } from '../../components/notice.tsx';
import { useDoing } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { tellTimeline } from '../../text-timeline.ts';
import { useHub } from '../hub.tsx';

const w = words.dryRun;

/** The plan for a real record under the draft, nothing written. */
export function DryRunPart({ settings }: { settings: MappingSettings }) {
  const { api, projectId } = useHub();
  const [workItemId, setWorkItemId] = useState('');
  const [ticketId, setTicketId] = useState('');
  const [result, setResult] = useState<DryRun>();
  const running = useDoing();
  const run = () =>
    running.run(async () => {
      const body = {
        settings,
        ...(workItemId.trim() ? { workItemId: workItemId.trim() } : {}),
        ...(ticketId.trim() ? { ticketId: ticketId.trim() } : {}),
      };
      setResult(await api.dryRunMapping({ projectId, body }, { timeoutMs: 60_000 }));
    });
  return (
    <section className="card section stack" aria-label={words.mappings.dryRun}>
      <p>{w.intro}</p>
      <div className="row wrap" style={{ alignItems: 'flex-end' }}>
        <TextInput label={w.workItemId} value={workItemId} onChange={setWorkItemId} />
        <TextInput label={w.ticketId} value={ticketId} onChange={setTicketId} />
        <Action
          label={w.run}
          primary
          disabled={!workItemId.trim() && !ticketId.trim()}
          busy={running.busy}
          onClick={run}
        />
      </div>
      {running.problem && <ProblemNotice problem={running.problem} onRetry={run} />}
      {result && <Plan result={result} />}
    </section>
  );
}

function Plan({ result }: { result: DryRun }) {
  return (
    <div className="stack" role="status">
      <Notice tone={result.matches ? 'good' : 'warn'}>{result.matches ? w.matches : w.noMatch}</Notice>
      {result.steps.length === 0 && <p>{w.nothing}</p>}
      <ul className="plain-list stack tight">
        {result.steps.map((step, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps have no identity and never move.
          <li key={at} className="any-wrap">
            <span className="strong">{w.side[step.side]}</span>: {step.action} {step.field}
            {(step.from !== undefined || step.to !== undefined) &&
              ` “${step.from ?? ''}” → “${step.to ?? ''}”`}
          </li>
        ))}
      </ul>
      <ul className="plain-list stack tight quiet">
        {result.notes.map((note, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above.
          <li key={at}>{tellTimeline(note)}</li>
        ))}
      </ul>
    </div>
  );
}
