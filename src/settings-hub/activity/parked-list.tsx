import { useMemo, useState } from 'react';
import type { Parked } from '../../../backend/contract/activity.ts';
import { Action } from '../../components/action.tsx';
import { CheckInput, TextInput } from '../../components/field.tsx';
import { LongList } from '../../components/long-list.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { RelativeTime } from '../../components/time.tsx';
import { useDoing, useLoad } from '../../components/use-load.ts';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { Confirm } from '../confirm.tsx';
import { useHub } from '../hub.tsx';

const w = words.activity;

/** What waits for a person (as many as one request may name): retried or discarded one by one or many at once. */
export function ParkedList() {
  const { api, projectId, say } = useHub();
  const { data, problem, reload } = useLoad(
    (signal) => api.listParked({ projectId }, { signal }),
    [api, projectId],
  );
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [discarding, setDiscarding] = useState(false);
  const doing = useDoing();
  const ids = useMemo(() => (data?.parked ?? []).map(({ id }) => id), [data]);
  if (!data) {
    if (problem) return <ProblemNotice problem={problem} onRetry={reload} />;
    return <div className="skeleton" style={{ height: 120 }} />;
  }
  const live = ids.filter((id) => chosen.has(id));
  const after = () => {
    setChosen(new Set());
    setDiscarding(false);
    reload();
  };
  const discarded = (count: number, left: number) => {
    after();
    say(w.discarded(count, left));
  };
  const retry = (which: string[]) =>
    doing.run(async () => {
      await api.retryParked({ projectId, body: { ids: which } });
      after();
    });
  const choose = (id: string, on: boolean) => {
    const next = new Set(live);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <div className="stack">
      {problem && <ProblemNotice problem={problem} onRetry={reload} />}
      {doing.problem && !discarding && <ProblemNotice problem={doing.problem} />}
      {data.parked.length === 0 && <p className="quiet">{w.noParked}</p>}
      <div className="row wrap">
        {data.parked.length > 0 && (
          <>
            <CheckInput
              label={w.chooseAll}
              checked={live.length === ids.length}
              onChange={(on) => setChosen(new Set(on ? ids : []))}
            />
            <Action
              label={live.length > 0 || data.more ? w.retryChosen(live.length || ids.length) : w.retryAll}
              icon="Sync"
              primary
              busy={doing.busy}
              onClick={() => retry(live.length > 0 ? live : ids)}
            />
            <Action
              label={live.length > 0 ? w.discardChosen(live.length) : w.discard}
              icon="Delete"
              disabled={live.length === 0}
              onClick={() => setDiscarding(true)}
            />
          </>
        )}
        <Action label={words.refresh} icon="Sync" onClick={reload} />
      </div>
      {data.parked.length > 0 && (
        <LongList rows={data.parked} rowPx={61}>
          {(parked) => (
            <Row
              key={parked.id}
              parked={parked}
              chosen={chosen.has(parked.id)}
              onChoose={(on) => choose(parked.id, on)}
            />
          )}
        </LongList>
      )}
      {data.more && <p className="quiet">{w.moreParked(ids.length)}</p>}
      {discarding && <Discard ids={live} onDone={discarded} onDismiss={() => setDiscarding(false)} />}
    </div>
  );
}

function Row({ parked, chosen, onChoose }: { parked: Parked; chosen: boolean; onChoose(on: boolean): void }) {
  const records = [parked.workItemId && text.menu.workItem(parked.workItemId), parked.ticketKey].filter(
    Boolean,
  );
  const name = `${w.kind[parked.kind]} ${records.join(' ↔ ')}`;
  return (
    <li>
      <div className="grow">
        <CheckInput
          label={
            <span className="stack tight">
              <span className="strong">{name}</span>
              <span className="any-wrap">
                {parked.failure && (
                  <span className="chip">{w.failures[parked.failure] ?? parked.failure}</span>
                )}{' '}
                {parked.reason}
              </span>
            </span>
          }
          checked={chosen}
          onChange={onChoose}
        />
      </div>
      <span className="small-text quiet">
        <RelativeTime at={parked.since} /> · {w.attemptsCount(parked.attempts)}
      </span>
    </li>
  );
}

function Discard({
  ids,
  onDone,
  onDismiss,
}: {
  ids: string[];
  onDone(discarded: number, left: number): void;
  onDismiss(): void;
}) {
  const { api, projectId } = useHub();
  const [reason, setReason] = useState('');
  const doing = useDoing();
  return (
    <Confirm
      title={w.discardTitle(ids.length)}
      action={w.discard}
      disabled={reason.trim().length < 3}
      busy={doing.busy}
      problem={doing.problem}
      onDismiss={onDismiss}
      onConfirm={() =>
        doing.run(async () => {
          const body = { ids, reason: reason.trim() };
          const { discarded, left } = await api.discardParked({ projectId, body });
          onDone(discarded, left);
        })
      }
    >
      <p>{w.discardBody}</p>
      <TextInput label={w.discardReason} value={reason} onChange={setReason} maxLength={500} required />
    </Confirm>
  );
}
