import { useState } from 'react';
import type { Delivery } from '../../../backend/contract/activity.ts';
import { Action } from '../../components/action.tsx';
import { CheckInput } from '../../components/field.tsx';
import { LongList } from '../../components/long-list.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useDoing, useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { DetailsToggle } from './details-toggle.tsx';
import { FilterBar, useFilters, windowOf } from './filters.tsx';
import { indentJson } from './indent-json.ts';
import { usePages } from './use-pages.ts';

const w = words.activity;
type Outcome = Delivery['outcome'];
/** The contract takes so many ids in one request. */
const mostAtOnce = 200;

const tones: Record<Outcome, string> = {
  pending: 'calm',
  handled: 'good',
  parked: 'bad',
  discarded: 'quiet',
};

/** Hooks as they arrived, and what became of them. */
export function Deliveries() {
  const { api, projectId, say } = useHub();
  const { filters, setFilters } = useFilters();
  const recordId = filters.record.trim();
  const pages = usePages<Delivery>(
    async (before, signal) => {
      const answer = await api.listDeliveries(
        {
          projectId,
          ...windowOf(filters),
          ...(before ? { before } : {}),
          ...(filters.outcome ? { outcome: filters.outcome as Outcome } : {}),
          ...(filters.connectionId ? { connectionId: filters.connectionId } : {}),
          ...(recordId ? { recordId } : {}),
        },
        signal ? { signal } : {},
      );
      return { entries: answer.deliveries, more: answer.more };
    },
    [api, projectId, filters],
  );
  const outcomes = (Object.keys(w.deliveryOutcomes) as Outcome[]).map((id) => ({
    id,
    name: w.deliveryOutcomes[id],
  }));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const shown = pages.entries.map(({ id }) => id);
  const live = shown.filter((id) => chosen.has(id));
  const replaying = useDoing();
  const replay = () =>
    replaying.run(async () => {
      let [done, left] = [0, 0];
      for (let at = 0; at < live.length; at += mostAtOnce) {
        const body = { ids: live.slice(at, at + mostAtOnce) };
        const answer = await api.replayDeliveries({ projectId, body }, { timeoutMs: 60_000 });
        done += answer.replayed;
        left += answer.left;
      }
      say(w.replayedMany(done, left));
      setChosen(new Set());
      pages.reload();
    });
  const choose = (id: string, on: boolean) => {
    const next = new Set(live);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <div className="stack">
      <FilterBar filters={filters} outcomes={outcomes} recordLabel={w.record} onChange={setFilters} />
      {pages.entries.length > 0 && (
        <div className="row wrap">
          <CheckInput
            label={w.chooseAll}
            checked={live.length === shown.length}
            onChange={(on) => setChosen(new Set(on ? shown : []))}
          />
          {live.length > 0 && (
            <Action
              label={w.replayChosen(live.length)}
              icon="Sync"
              primary
              busy={replaying.busy}
              onClick={replay}
            />
          )}
        </div>
      )}
      {replaying.problem && <ProblemNotice problem={replaying.problem} />}
      {pages.problem && <ProblemNotice problem={pages.problem} onRetry={pages.reload} />}
      {!pages.ready && pages.loading && <div className="skeleton" style={{ height: 120 }} />}
      {pages.ready && pages.entries.length === 0 && <p className="quiet">{w.noDeliveries}</p>}
      {pages.entries.length > 0 && (
        <LongList rows={pages.entries} rowPx={81}>
          {(delivery) => (
            <Row
              key={delivery.id}
              delivery={delivery}
              chosen={chosen.has(delivery.id)}
              onChoose={(on) => choose(delivery.id, on)}
              onReplayed={pages.reload}
            />
          )}
        </LongList>
      )}
      <div className="row">
        {pages.more && <Action label={w.older} busy={pages.loading} onClick={pages.readOlder} />}
        <Action label={words.refresh} icon="Sync" onClick={pages.reload} />
      </div>
    </div>
  );
}

function Row({
  delivery,
  chosen,
  onChoose,
  onReplayed,
}: {
  delivery: Delivery;
  chosen: boolean;
  onChoose(on: boolean): void;
  onReplayed(): void;
}) {
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
      <input
        type="checkbox"
        aria-label={`${w.choose}: ${delivery.what} ${delivery.recordId ?? delivery.id}`}
        checked={chosen}
        onChange={(event) => onChoose(event.target.checked)}
      />
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
      <Action label={w.replay} disabled={!delivery.recordId} busy={replaying.busy} onClick={replay} />
      <DetailsToggle
        open={open}
        of={`${delivery.what} ${delivery.recordId ?? ''}`}
        onToggle={() => setOpen(!open)}
      />
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
      <h3>{w.body}</h3>
      {/* It scrolls, so it must be reached by keyboard; the name says what is read there. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll it once it has the focus. */}
      <section className="scrolled" tabIndex={0} aria-label={w.body}>
        <pre className="body" dir="ltr">
          {indentJson(data.body)}
        </pre>
      </section>
      {data.truncated && <span className="quiet">{w.truncated}</span>}
    </div>
  );
}
