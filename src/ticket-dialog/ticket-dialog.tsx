import { useEffect, useMemo, useRef } from 'react';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import type { DialogRequest } from '../host/page.ts';
import { fitFrame, type HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { ChangedBackend } from '../ticket/changed-backend.tsx';
import { NotSetUp } from '../ticket/not-set-up.tsx';
import { OutdatedNotice } from '../ticket/outdated-notice.tsx';
import { useBackend } from '../ticket/use-backend.ts';
import { usePanel } from '../ticket/use-panel.ts';
import { RequestedView } from './requested-view.tsx';
import './ticket-dialog.css';

/** Dialogs grow with their content up to about two thirds of a small screen. */
const frame = { minPx: 260, maxPx: 560, scrollers: '.view-body' };

export function TicketDialog({ host }: { host: HostContext }) {
  const content = useRef<HTMLDivElement>(null);
  useEffect(() => (content.current ? fitFrame(content.current, frame) : undefined), []);
  const request = requestOf(host.configuration);
  return (
    <div className="dialog-content" ref={content}>
      {request ? (
        <Requested host={host} request={request} />
      ) : (
        <Notice tone="bad">{text.menu.noWorkItem}</Notice>
      )}
    </div>
  );
}

/** As the host's title bar has it. */
export function dialogHeading({ configuration }: HostContext): string {
  const request = requestOf(configuration);
  return request ? text.menu[request.view] : text.page.ticket;
}

/** What the opener asked for; undefined when the configuration is not ours. */
function requestOf(configuration: Record<string, unknown>): DialogRequest | undefined {
  const { view, workItemIds, linkId, project } = configuration as Partial<DialogRequest>;
  const ids = Array.isArray(workItemIds) ? workItemIds.map(String).filter((id) => /^\d+$/.test(id)) : [];
  if (!view || !(view in text.menu) || ids.length === 0) return undefined;
  return {
    view,
    workItemIds: ids,
    ...(linkId ? { linkId: String(linkId) } : {}),
    ...(project ? { project: String(project) } : {}),
  };
}

function Requested({ host, request }: { host: HostContext; request: DialogRequest }) {
  const backend = useBackend(host, request.project);
  const client = backend.state === 'ready' ? backend.client : undefined;
  const workItemId = request.workItemIds[0] ?? '';
  const place = useMemo(
    () => ({ organizationId: host.organization.id, userId: host.user.id, workItemId }),
    [host, workItemId],
  );
  const live = usePanel(client, place);
  const begun = useRef(false);
  if (backend.state === 'unset')
    return <NotSetUp host={host} project={request.project} reason={text.panel.noBackend} />;
  if (backend.state === 'failed') return <ProblemNotice problem={backend.problem} onRetry={backend.retry} />;
  if (backend.state === 'changed') return <ChangedBackend {...backend} />;
  // Forms wait for a fresh reading: the last known state may offer mappings that are gone. A form that is there stays
  // there, with what was typed and what is under way, whatever becomes of the readings after it.
  if (client && live.panel && !live.outdated) begun.current = true;
  if (!client || !live.panel || !begun.current) {
    if (live.problem) return <ProblemNotice problem={live.problem} onRetry={live.refresh} />;
    return <div className="skeleton" style={{ height: 180 }} />;
  }
  return (
    <>
      {live.problem && <OutdatedNotice problem={live.problem} onRetry={live.refresh} />}
      <RequestedView {...{ host, client, request }} panel={live.panel} refresh={live.refresh} />
    </>
  );
}
