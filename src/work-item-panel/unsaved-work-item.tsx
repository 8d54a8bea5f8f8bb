import { useEffect, useMemo, useState } from 'react';
import type { Client } from '../api/client.ts';
import { CheckInput, ChoiceInput } from '../components/field.tsx';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import { useLoad } from '../components/use-load.ts';
import type { OpenWorkItem } from '../host/form.ts';
import type { HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { ChangedBackend } from '../ticket/changed-backend.tsx';
import { type CreateWish, keepWish } from '../ticket/create-on-save.ts';
import { NotSetUp } from '../ticket/not-set-up.tsx';
import { useBackend } from '../ticket/use-backend.ts';

/** A new work item: tickets belong to saved ones, so a ticket can be ordered that is created with the save. */
export function UnsavedWorkItem({
  host,
  workItem,
  onWish,
}: {
  host: HostContext;
  workItem: OpenWorkItem;
  onWish(wish: CreateWish | undefined): void;
}) {
  const backend = useBackend(host, workItem.project);
  if (backend.state === 'unset')
    return <NotSetUp host={host} project={workItem.project} reason={text.panel.noBackend} />;
  if (backend.state === 'failed') return <ProblemNotice problem={backend.problem} onRetry={backend.retry} />;
  if (backend.state === 'changed') return <ChangedBackend {...backend} />;
  if (backend.state !== 'ready') return <div className="skeleton" style={{ height: 56 }} />;
  return <Wish client={backend.client} type={workItem.type} onWish={onWish} />;
}

function Wish({
  client,
  type,
  onWish,
}: {
  client: Client;
  type: string;
  onWish(wish: CreateWish | undefined): void;
}) {
  const ways = useLoad((signal) => client.api.readCreateWays({}, { signal }), [client]);
  const fitting = useMemo(
    () => ways.data?.createWith.filter(({ workItemTypes }) => !type || workItemTypes.includes(type)) ?? [],
    [ways.data, type],
  );
  const [wanted, setWanted] = useState(false);
  const [chosen, setChosen] = useState<string>();
  const [requestKey] = useState(() => crypto.randomUUID());
  const way = fitting.find(({ mappingId }) => mappingId === chosen) ?? fitting[0];
  const mappingId = way?.mappingId;

  useEffect(() => {
    const wish = wanted && mappingId ? { mappingId, requestKey, madeAtMs: Date.now() } : undefined;
    keepWish(wish);
    onWish(wish);
  }, [wanted, mappingId, requestKey, onWish]);

  if (ways.problem) return <ProblemNotice problem={ways.problem} onRetry={ways.reload} />;
  if (!ways.data) return <div className="skeleton" style={{ height: 56 }} />;
  if (!way) return <Notice tone="calm">{`${text.panel.unsaved} ${text.panel.noWays}`}</Notice>;
  return (
    <div className="stack">
      <CheckInput
        label={text.panel.createOnSave(way.ticketNoun)}
        help={text.panel.createOnSaveHelp}
        checked={wanted}
        onChange={setWanted}
      />
      {wanted && fitting.length > 1 && (
        <ChoiceInput
          label={text.create.with}
          value={way.mappingId}
          choices={fitting.map(({ mappingId: id, name }) => ({ id, name }))}
          onChange={setChosen}
        />
      )}
    </div>
  );
}
