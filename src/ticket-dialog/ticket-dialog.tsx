import { useEffect, useMemo, useRef, useState } from 'react';
import type { Panel } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { ChoiceInput } from '../components/field.tsx';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import type { DialogRequest } from '../host/page.ts';
import { fitFrame, type HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { ChangedBackend } from '../ticket/changed-backend.tsx';
import { CommentView } from '../ticket/comment-box.tsx';
import { CreateTicket } from '../ticket/create-ticket.tsx';
import { LinkTicket } from '../ticket/link-ticket.tsx';
import { Mending, mappingOpener } from '../ticket/mending.tsx';
import { NotSetUp } from '../ticket/not-set-up.tsx';
import { Timeline } from '../ticket/timeline.tsx';
import { useBackend } from '../ticket/use-backend.ts';
import { usePanel } from '../ticket/use-panel.ts';
import { closeDialog } from './close-dialog.ts';
import { CreateMany } from './create-many.tsx';
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
  if (backend.state === 'unset')
    return <NotSetUp host={host} project={request.project} reason={text.panel.noBackend} />;
  if (backend.state === 'failed') return <ProblemNotice problem={backend.problem} onRetry={backend.retry} />;
  if (backend.state === 'changed') return <ChangedBackend {...backend} />;
  if (live.problem) return <ProblemNotice problem={live.problem} onRetry={live.refresh} />;
  // Forms wait for a fresh reading: the last known state may offer mappings that are gone.
  if (!client || !live.panel || live.outdated) return <div className="skeleton" style={{ height: 180 }} />;
  return <RequestedView {...{ host, client, request }} panel={live.panel} refresh={live.refresh} />;
}

function RequestedView({
  host,
  client,
  panel,
  request,
  refresh,
}: {
  host: HostContext;
  client: Client;
  panel: Panel;
  refresh(): void;
  request: DialogRequest;
}) {
  const [done, setDone] = useState<string>();
  const [linkId, setLinkId] = useState(request.linkId ?? panel.tickets[0]?.linkId ?? '');
  const workItemId = request.workItemIds[0] ?? '';
  const many = request.workItemIds.length > 1;
  const finish = (message: string | undefined) => {
    setDone(message ?? text.done);
    closeDialog(host);
  };
  if (done) return <Notice tone="good">{done}</Notice>;
  if (request.view === 'create') {
    if (panel.createWith.length === 0) return <Notice tone="calm">{text.create.none}</Notice>;
    if (many)
      return <CreateMany host={host} client={client} panel={panel} workItemIds={request.workItemIds} />;
    const onDone = (link?: { number: string }) => finish(link && text.create.done(link.number));
    return <CreateTicket client={client} workItemId={workItemId} panel={panel} onDone={onDone} />;
  }
  if (request.view === 'link') {
    if (panel.linkWith.length === 0) return <Notice tone="calm">{text.link.none}</Notice>;
    const onDone = (link?: { number: string }) => finish(link && text.link.done(link.number));
    return (
      <>
        {many && <p className="quiet">{text.menu.oneOnly}</p>}
        <LinkTicket client={client} workItemId={workItemId} panel={panel} onDone={onDone} />
      </>
    );
  }
  const ticket = panel.tickets.find((card) => card.linkId === linkId);
  if (!ticket) return <Notice tone="calm">{text.panel.empty}</Notice>;
  const project = request.project ?? host.project?.name;
  const connection = panel.connections.find(({ id }) => id === ticket.connectionId);
  return (
    <div className="stack">
      {panel.tickets.length > 1 && (
        <ChoiceInput
          label={text.page.ticket}
          value={linkId}
          choices={panel.tickets.map(({ linkId: id, number, title }) => ({ id, name: `${number} ${title}` }))}
          onChange={setLinkId}
        />
      )}
      {request.view === 'comment' ? (
        <CommentView
          {...{ client, workItemId, ticket, connection }}
          onDone={() => finish(text.comment.sent)}
        />
      ) : (
        <>
          <Mending
            key={`mending-${linkId}`}
            {...{ host, client, project, ticket, panel, workItemId, refresh }}
            mayChange={panel.may.change}
          />
          <Timeline
            key={linkId}
            {...{ client, workItemId, linkId }}
            version={panel.version}
            changeMapping={panel.may.administer ? mappingOpener(host, project, ticket) : undefined}
          />
        </>
      )}
    </div>
  );
}
