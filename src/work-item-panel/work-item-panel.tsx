import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ProblemNotice } from '../components/notice.tsx';
import { followForm, type OpenWorkItem } from '../host/form.ts';
import { fitFrame, type HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { ChangedBackend } from '../ticket/changed-backend.tsx';
import type { CreateWish } from '../ticket/create-on-save.ts';
import { NotSetUp } from '../ticket/not-set-up.tsx';
import { useBackend } from '../ticket/use-backend.ts';
import { usePanel } from '../ticket/use-panel.ts';
import { forType } from '../ticket/words.ts';
import { OrderedTicket } from './ordered-ticket.tsx';
import { PanelSkeleton } from './panel-states.tsx';
import { Tickets } from './tickets.tsx';
import { UnsavedWorkItem } from './unsaved-work-item.tsx';
import './work-item-panel.css';

/** Limits of the frame's height: below, a menu would be cut off; above, the form gets a second scroll bar. */
const frame = { minPx: 200, maxPx: 400, scrollers: '.view-body, .panel-scroller' };

/** The group on the work item form. */
export function WorkItemPanel({ host }: { host: HostContext }) {
  const [workItem, setWorkItem] = useState<OpenWorkItem>();
  const content = useRef<HTMLDivElement>(null);
  const wish = useRef<CreateWish>(undefined);
  const [ordered, setOrdered] = useState<CreateWish & { workItemId: string }>();
  useEffect(
    () =>
      followForm({
        onWorkItem: (next) => {
          // The first save of a new work item arrives as another loading; a form taken away was never saved.
          if (next && !next.isNew && wish.current) setOrdered({ ...wish.current, workItemId: next.id });
          if (!next?.isNew) wish.current = undefined;
          setWorkItem(next);
        },
      }),
    [],
  );
  const onWish = useCallback((next: CreateWish | undefined) => {
    wish.current = next;
  }, []);
  useEffect(() => (content.current ? fitFrame(content.current, frame) : undefined), []);
  return (
    <div className="panel-frame">
      <div className="panel-content" ref={content}>
        {!workItem ? (
          <PanelSkeleton />
        ) : workItem.isNew ? (
          <UnsavedWorkItem host={host} workItem={workItem} onWish={onWish} />
        ) : (
          // A new work item is a new panel: nothing that was typed for the last one may survive.
          <SavedWorkItem
            key={workItem.id}
            host={host}
            workItem={workItem}
            ordered={ordered?.workItemId === workItem.id ? ordered : undefined}
          />
        )}
      </div>
    </div>
  );
}

function SavedWorkItem({
  host,
  workItem,
  ordered,
}: {
  host: HostContext;
  workItem: OpenWorkItem;
  /** A ticket that was asked for before the work item was saved. */
  ordered: CreateWish | undefined;
}) {
  const backend = useBackend(host, workItem.project);
  const client = backend.state === 'ready' ? backend.client : undefined;
  const place = useMemo(
    () => ({ organizationId: host.organization.id, userId: host.user.id, workItemId: workItem.id }),
    [host, workItem.id],
  );
  const live = usePanel(client, place);

  if (backend.state === 'unset')
    return <NotSetUp host={host} project={workItem.project} reason={text.panel.noBackend} />;
  if (backend.state === 'failed') return <ProblemNotice problem={backend.problem} onRetry={backend.retry} />;
  if (backend.state === 'changed') return <ChangedBackend {...backend} />;
  if (!live.panel) {
    if (live.problem) return <ProblemNotice problem={live.problem} onRetry={live.refresh} />;
    return <PanelSkeleton />;
  }
  return (
    <>
      {ordered && client && live.panel.tickets.length === 0 && (
        <OrderedTicket client={client} workItemId={workItem.id} wish={ordered} onDone={live.refresh} />
      )}
      <Tickets
        host={host}
        workItem={workItem}
        client={client}
        live={{ ...live, panel: forType(live.panel, workItem.type) }}
      />
    </>
  );
}
