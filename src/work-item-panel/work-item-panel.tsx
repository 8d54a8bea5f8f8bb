import { useEffect, useMemo, useRef, useState } from 'react';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import { followForm, type OpenWorkItem } from '../host/form.ts';
import { fitFrame, type HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { useBackend } from '../ticket/use-backend.ts';
import { usePanel } from '../ticket/use-panel.ts';
import { ChangedBackend, NotSetUp, PanelSkeleton } from './panel-states.tsx';
import { Tickets } from './tickets.tsx';
import './work-item-panel.css';

/** Limits of the frame's height: below, a menu would be cut off; above, the form gets a second scroll bar. */
const frame = { minPx: 200, maxPx: 400 };

/** The group on the work item form. */
export function WorkItemPanel({ host }: { host: HostContext }) {
  const [workItem, setWorkItem] = useState<OpenWorkItem>();
  const content = useRef<HTMLDivElement>(null);
  useEffect(() => followForm({ onWorkItem: setWorkItem }), []);
  useEffect(() => (content.current ? fitFrame(content.current, frame) : undefined), []);
  return (
    <div className="panel-frame">
      <div className="panel-content" ref={content}>
        {!workItem ? (
          <PanelSkeleton />
        ) : workItem.isNew ? (
          <Notice tone="calm">{text.panel.unsaved}</Notice>
        ) : (
          // A new work item is a new panel: nothing that was typed for the last one may survive.
          <SavedWorkItem key={workItem.id} host={host} workItem={workItem} />
        )}
      </div>
    </div>
  );
}

function SavedWorkItem({ host, workItem }: { host: HostContext; workItem: OpenWorkItem }) {
  const backend = useBackend(host, workItem.project);
  const client = backend.state === 'ready' ? backend.client : undefined;
  const place = useMemo(
    () => ({ organizationId: host.organization.id, userId: host.user.id, workItemId: workItem.id }),
    [host, workItem.id],
  );
  const live = usePanel(client, place);

  if (backend.state === 'unset')
    return <NotSetUp host={host} workItem={workItem} reason={text.panel.noBackend} />;
  if (backend.state === 'failed') return <ProblemNotice problem={backend.problem} onRetry={backend.retry} />;
  if (backend.state === 'changed') return <ChangedBackend {...backend} />;
  if (!live.panel) {
    if (live.problem) return <ProblemNotice problem={live.problem} onRetry={live.refresh} />;
    return <PanelSkeleton />;
  }
  return <Tickets host={host} workItem={workItem} client={client} live={{ ...live, panel: live.panel }} />;
}
