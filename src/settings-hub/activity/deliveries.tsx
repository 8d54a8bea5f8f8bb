import { useState } from 'react';
import type { Delivery } from '../../../backend/contract/activity.ts';
import { Action } from '../../components/action.tsx';
import { ChoiceInput, TextInput } from '../../components/field.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useDoing, useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { usePages } from './use-pages.ts';

const w = words.activity;
type Outcome = Delivery['outcome'];

const tones: Record<Outcome, string> = {
  pending: 'calm',
  handled: 'good',
  parked: 'bad',
  discarded: 'quiet',
};

/** Hooks as they arrived, and what became of them. */
export function Deliveries() {
  const { api, projectId } = useHub();
  const [outcome, setOutcome] = useState('');
  const [recordId, setRecordId] = useState('');
  const pages = usePages<Delivery>(
    async (before, signal) => {
      const answer = await api.listDeliveries(
        {
          projectId,
          ...(before ? { before } : {}),
          ...(outcome ? { outcome: outcome as Outcome } : {}),
          ...(recordId.trim() ? { recordId: recordId.trim() } : {}),
        },
        signal ? { signal } : {},
      );
      return { entries: answer.deliveries, more: answer.more };
    },
    [api, projectId, outcome, recordId],
  );
  const outcomes = (Object.keys(w.deliveryOutcomes) as Outcome[]).map((id) => ({
    id,
    name: w.deliveryOutcomes[id],
  }));
  return (
    <div className="stack">
      <div className="filters">
        <ChoiceInput
          label={w.outcome}
          value={outcome}
          choices={outcomes}
          none={w.all}
          onChange={setOutcome}
        />
        <TextInput label={w.record} type="search" value={recordId} onChange={setRecordId} />
      </div>
      {pages.problem && <ProblemNotice problem={pages.problem} onRetry={pages.reload} />}
      {!pages.ready && pages.loading && <div className="skeleton" style={{ height: 120 }} />}
      {pages.ready && pages.entries.length === 0 && <p className="quiet">{w.noDeliveries}</p>}
      {pages.entries.length > 0 && (
        <ul className="entries">
          {pages.entries.map((delivery) => (
            <Row key={delivery.id} delivery={delivery} onReplayed={pages.reload} />
          ))}
        </ul>
      )}
      <div className="row">
        {pages.more && <Action label={w.older} busy={pages.loading} onClick={pages.readOlder} />}
        <Action label={words.refresh} icon="Sync" onClick={pages.reload} />
      </div>
    </div>
  );
}

function Row({ delivery, onReplayed }: { delivery: Delivery; onReplayed(): void }) {
  const { api, projectId, say } = useHub();
  const [open, setOpen] = useState(false);
  const replaying = useDoing();
  const replay = () =>
    replaying.run(async () => {
      await api.replayDelivery({ projectId, deliveryId: delivery.id });
      say(w.replayed);
      onReplayed();
    });
  return (
    <li>
      <div className="grow stack tight">
        <span className="any-wrap">
          <span className="strong">{delivery.what}</span> {delivery.recordId}{' '}
          <span className={tones[delivery.outcome]}>{w.deliveryOutcomes[delivery.outcome]}</span>
        </span>
        {delivery.reason && <span className="any-wrap">{delivery.reason}</span>}
        <span className="small-text quiet">
          {w.sources[delivery.source]} · <RelativeTime at={delivery.receivedAt} />
          {delivery.duplicates > 0 && ` · ${w.duplicates(delivery.duplicates)}`}
        </span>
      </div>
      <Action label={w.replay} busy={replaying.busy} onClick={replay} />
      <Action label={words.details} subtle onClick={() => setOpen(!open)} />
      {replaying.problem && <ProblemNotice problem={replaying.problem} />}
      {open && <Detail deliveryId={delivery.id} />}
    </li>
  );
}

function Detail({ deliveryId }: { deliveryId: string }) {
  const { api, projectId } = useHub();
  const { data, problem, reload } = useLoad(
    (signal) => api.readDelivery({ projectId, deliveryId }, { signal }),
    [api, projectId, deliveryId],
  );
  if (problem) return <ProblemNotice problem={problem} onRetry={reload} />;
  if (!data) return <div className="skeleton detail" style={{ height: 60 }} />;
  return (
    <div className="detail small-text">
      <h4>{w.body}</h4>
      <pre className="body">{data.body}</pre>
      {data.truncated && <span className="quiet">{w.truncated}</span>}
    </div>
  );
}
