import { useEffect, useState } from 'react';
import type { Backfill } from '../../../backend/contract/mappings.ts';
import { Action } from '../../components/action.tsx';
import { RadioInput } from '../../components/field.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useDoing, useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';

const w = words.backfill;
type From = 'workItem' | 'ticket';
const refreshMs = 3_000;

/** Counterparts for records that existed before the mapping: counted first, then made in the background. */
export function BackfillPart({ mappingId }: { mappingId: string }) {
  const { api, projectId } = useHub();
  const [from, setFrom] = useState<From>('workItem');
  const [preview, setPreview] = useState<Awaited<ReturnType<typeof api.previewBackfill>>>();
  const doing = useDoing();
  const list = useLoad((signal) => api.listBackfills({ projectId }, { signal }), [api, projectId]);
  const mine = list.data?.backfills.filter((backfill) => backfill.mappingId === mappingId) ?? [];
  const running = mine.some(({ status }) => status === 'running');

  useEffect(() => {
    if (!running) return;
    const timer = setInterval(list.reload, refreshMs);
    return () => clearInterval(timer);
  }, [running, list.reload]);

  const count = () =>
    doing.run(async () =>
      setPreview(await api.previewBackfill({ projectId, mappingId, from }, { timeoutMs: 90_000 })),
    );
  const start = () =>
    doing.run(async () => {
      await api.startBackfill({ projectId, mappingId, body: { from } });
      setPreview(undefined);
      list.reload();
    });
  return (
    <section className="card section stack" aria-label={words.mappings.backfill}>
      <p>{w.intro}</p>
      <RadioInput
        label={w.from}
        value={from}
        choices={(['workItem', 'ticket'] as const).map((id) => ({ id, name: w.fromChoice[id] }))}
        onChange={(next) => {
          setFrom(next);
          setPreview(undefined);
        }}
      />
      {doing.problem && <ProblemNotice problem={doing.problem} />}
      {preview && (
        <div className="stack tight" role="status">
          <span>{w.counts(preview.records, preview.linked, preview.toLink, preview.toCreate)}</span>
          {preview.sample.map(({ key, title }) => (
            <span className="quiet small-text" key={key}>
              {key} {title}
            </span>
          ))}
        </div>
      )}
      <div className="row">
        <Action label={w.preview} busy={doing.busy} onClick={count} />
        {preview && preview.toLink + preview.toCreate > 0 && (
          <Action
            label={w.start(preview.toLink, preview.toCreate)}
            primary
            disabled={doing.busy || running}
            onClick={start}
          />
        )}
      </div>
      {list.problem && <ProblemNotice problem={list.problem} onRetry={list.reload} />}
      {mine.length > 0 && <h3>{w.earlier}</h3>}
      {mine.map((backfill) => (
        <Progress key={backfill.id} backfill={backfill} onChange={list.reload} />
      ))}
    </section>
  );
}

function Progress({ backfill, onChange }: { backfill: Backfill; onChange(): void }) {
  const { api, projectId } = useHub();
  const doing = useDoing();
  const { id: backfillId, status, handled, total, created, failed } = backfill;
  const toggle = () =>
    doing.run(async () => {
      const here = { projectId, backfillId };
      await (status === 'running' ? api.pauseBackfill(here) : api.resumeBackfill(here));
      onChange();
    });
  const share = total === 0 ? 100 : Math.min(100, (handled / total) * 100);
  return (
    <div className="stack tight">
      <div className="row wrap">
        <span className={status === 'failed' ? 'bad' : status === 'done' ? 'good' : 'calm'}>
          {w.status[status]}
        </span>
        <span>{w.progress(handled, total, created, failed)}</span>
        <span className="small-text quiet">
          <RelativeTime at={backfill.startedAt} />
        </span>
        {status !== 'done' && (
          <Action label={status === 'running' ? w.pause : w.resume} busy={doing.busy} onClick={toggle} />
        )}
      </div>
      <div
        className="progress"
        role="progressbar"
        aria-label={words.mappings.backfill}
        aria-valuenow={Math.round(share)}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <div style={{ width: `${share}%` }} />
      </div>
      {backfill.reason && <span className="any-wrap">{backfill.reason}</span>}
      {doing.problem && <ProblemNotice problem={doing.problem} />}
    </div>
  );
}
