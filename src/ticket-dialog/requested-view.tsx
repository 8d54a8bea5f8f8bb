import { useRef, useState } from 'react';
import type { Panel } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { ChoiceInput } from '../components/field.tsx';
import { Notice } from '../components/notice.tsx';
import type { DialogRequest } from '../host/page.ts';
import type { HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { CommentView } from '../ticket/comment-box.tsx';
import { CreateTicket } from '../ticket/create-ticket.tsx';
import { LinkTicket } from '../ticket/link-ticket.tsx';
import { Mending, mappingOpener } from '../ticket/mending.tsx';
import { Timeline } from '../ticket/timeline.tsx';
import { closeDialog } from './close-dialog.ts';
import { CreateMany } from './create-many.tsx';

interface ViewProps {
  host: HostContext;
  client: Client;
  panel: Panel;
  request: DialogRequest;
  refresh(): void;
}

/** The one thing that the dialog was opened for, until it is done. */
export function RequestedView(props: ViewProps) {
  const { host, panel, request } = props;
  const [done, setDone] = useState<string>();
  const [linkId, setLinkId] = useState(request.linkId ?? panel.tickets[0]?.linkId ?? '');
  const offered = useRef<Panel>(undefined);
  const isOffered = offers(panel, request.view, linkId);
  // What is offered no more is told, and what was typed for it stays: only the person can say that it may go.
  if (isOffered) offered.current = panel;
  const finish = (message: string | undefined) => {
    setDone(message ?? text.done);
    closeDialog(host);
  };
  if (done) return <Notice tone="good">{done}</Notice>;
  if (!offered.current) return <Notice tone="calm">{lack(request.view) ?? text.panel.empty}</Notice>;
  return (
    <>
      {!isOffered && <Notice tone="warn">{lack(request.view) ?? text.menu.ticketGone}</Notice>}
      {request.view === 'create' || request.view === 'link' ? (
        <NewTicket {...props} panel={offered.current} finish={finish} />
      ) : (
        <LinkedTicket
          {...props}
          panel={offered.current}
          linkId={linkId}
          onChoose={setLinkId}
          finish={finish}
        />
      )}
    </>
  );
}

function offers(panel: Panel, view: DialogRequest['view'], linkId: string): boolean {
  if (view === 'create') return panel.createWith.length > 0;
  if (view === 'link') return panel.linkWith.length > 0;
  return panel.tickets.some((card) => card.linkId === linkId);
}

/** Why there is no form for another ticket. */
function lack(view: DialogRequest['view']): string | undefined {
  if (view === 'create') return text.create.none;
  return view === 'link' ? text.link.none : undefined;
}

type Finish = (message: string | undefined) => void;

/** Adds a ticket to the work item: a new one, or one that the desk has already. */
function NewTicket({ host, client, panel, request, finish }: ViewProps & { finish: Finish }) {
  const workItemId = request.workItemIds[0] ?? '';
  const many = request.workItemIds.length > 1;
  if (request.view === 'create') {
    if (many)
      return <CreateMany host={host} client={client} panel={panel} workItemIds={request.workItemIds} />;
    const onDone = (link?: { number: string }) => finish(link && text.create.done(link.number));
    return <CreateTicket client={client} workItemId={workItemId} panel={panel} onDone={onDone} />;
  }
  const onDone = (link?: { number: string }) => finish(link && text.link.done(link.number));
  return (
    <>
      {many && <p className="quiet">{text.menu.oneOnly}</p>}
      <LinkTicket client={client} workItemId={workItemId} panel={panel} onDone={onDone} />
    </>
  );
}

/** What the dialog has about a ticket of the work item. */
function LinkedTicket({
  host,
  client,
  panel,
  request,
  refresh,
  linkId,
  onChoose,
  finish,
}: ViewProps & { linkId: string; onChoose(linkId: string): void; finish: Finish }) {
  const workItemId = request.workItemIds[0] ?? '';
  const ticket = panel.tickets.find((card) => card.linkId === linkId);
  if (!ticket) return null;
  const project = request.project ?? host.project?.name;
  const connection = panel.connections.find(({ id }) => id === ticket.connectionId);
  return (
    <div className="stack">
      {panel.tickets.length > 1 && (
        <ChoiceInput
          label={text.page.ticket}
          value={linkId}
          choices={panel.tickets.map(({ linkId: id, number, title }) => ({ id, name: `${number} ${title}` }))}
          onChange={onChoose}
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
