import { useEffect, useMemo, useState } from 'react';
import type { TicketCard } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { Action } from '../components/action.tsx';
import { ChoiceInput } from '../components/field.tsx';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import { StatusMark } from '../components/status.tsx';
import { followForm, type OpenWorkItem } from '../host/form.ts';
import { openInNewWindow } from '../host/page.ts';
import type { HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { ChangedBackend } from '../ticket/changed-backend.tsx';
import { CommentBox } from '../ticket/comment-box.tsx';
import { Conversation } from '../ticket/conversation.tsx';
import { Mending, mappingOpener } from '../ticket/mending.tsx';
import { NotSetUp } from '../ticket/not-set-up.tsx';
import { Timeline } from '../ticket/timeline.tsx';
import { useBackend } from '../ticket/use-backend.ts';
import { type LivePanel, usePanel } from '../ticket/use-panel.ts';
import './work-item-page.css';

/** The tab on the work item form: a ticket's conversation, and what happened to the link and why. */
export function WorkItemPage({ host }: { host: HostContext }) {
  const [workItem, setWorkItem] = useState<OpenWorkItem>();
  useEffect(() => followForm({ onWorkItem: setWorkItem }), []);
  if (!workItem) return <div className="skeleton" style={{ height: 200 }} />;
  if (workItem.isNew) return <Notice tone="calm">{text.panel.unsaved}</Notice>;
  return <SavedWorkItem key={workItem.id} host={host} workItem={workItem} />;
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
    return <NotSetUp host={host} project={workItem.project} reason={text.panel.noBackend} />;
  if (backend.state === 'failed') return <ProblemNotice problem={backend.problem} onRetry={backend.retry} />;
  if (backend.state === 'changed') return <ChangedBackend {...backend} />;
  if (!live.panel) {
    if (live.problem) return <ProblemNotice problem={live.problem} onRetry={live.refresh} />;
    return <div className="skeleton" style={{ height: 200 }} />;
  }
  const { tickets } = live.panel;
  return (
    <div className="stack">
      {live.problem && <ProblemNotice problem={live.problem} onRetry={live.refresh} />}
      {/* Where the present state cannot be read, that there was none is no news. */}
      {tickets.length === 0 && !live.problem && <Notice tone="calm">{text.page.noTickets}</Notice>}
      {tickets.length > 0 && client && <Ticket {...{ host, client, workItem, live, tickets }} />}
    </div>
  );
}

function Ticket({
  host,
  client,
  workItem,
  live,
  tickets,
}: {
  host: HostContext;
  client: Client;
  workItem: OpenWorkItem;
  live: LivePanel;
  tickets: TicketCard[];
}) {
  const [chosen, setChosen] = useState<string>();
  const ticket = tickets.find(({ linkId }) => linkId === chosen) ?? tickets[0];
  if (!ticket) return null;
  const connection = live.panel?.connections.find(({ id }) => id === ticket.connectionId);
  const place = { client, workItemId: workItem.id, linkId: ticket.linkId, version: live.panel?.version };
  const mayChange = Boolean(live.panel?.may.change) && !workItem.isReadOnly;
  const mayComment = mayChange && connection?.can.comment !== false;
  const project = workItem.project ?? host.project?.name;
  return (
    <div className="ticket-page">
      <div className="stack">
        {tickets.length > 1 && (
          <ChoiceInput
            label={text.page.ticket}
            value={ticket.linkId}
            choices={tickets.map(({ linkId, number, title }) => ({ id: linkId, name: `${number} ${title}` }))}
            onChange={setChosen}
          />
        )}
        <div className="row wrap">
          <StatusMark status={ticket.status} />
          <span className="quiet">{ticket.number}</span>
          <h2 className="any-wrap">{ticket.title}</h2>
          {ticket.url && (
            <span className="push">
              <Action
                label={text.conversation.open}
                icon="OpenInNewWindow"
                onClick={() => void openInNewWindow(ticket.url)}
              />
            </span>
          )}
        </div>
        <Conversation key={ticket.linkId} {...place} />
        {mayComment && (
          <CommentBox
            key={`box-${ticket.linkId}`}
            client={client}
            workItemId={workItem.id}
            ticket={ticket}
            connection={connection}
            onDone={live.refresh}
          />
        )}
      </div>
      <section className="stack" aria-label={text.timeline.title}>
        <h2>{text.timeline.title}</h2>
        {live.panel && (
          <Mending
            key={`mending-${ticket.linkId}`}
            {...{ host, client, project, ticket, mayChange }}
            workItemId={workItem.id}
            panel={live.panel}
            refresh={live.refresh}
          />
        )}
        <Timeline
          key={ticket.linkId}
          {...place}
          changeMapping={live.panel?.may.administer ? mappingOpener(host, project, ticket) : undefined}
        />
      </section>
    </div>
  );
}
