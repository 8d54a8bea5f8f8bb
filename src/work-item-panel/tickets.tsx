import { useState } from 'react';
import type { Panel, TicketCard } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { Action } from '../components/action.tsx';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import type { OpenWorkItem } from '../host/form.ts';
import { openTicketDialog, showToast } from '../host/page.ts';
import type { HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { CommentView } from '../ticket/comment-box.tsx';
import { CreateTicket } from '../ticket/create-ticket.tsx';
import { LinkTicket } from '../ticket/link-ticket.tsx';
import { NotSetUp, SettingsAction } from '../ticket/not-set-up.tsx';
import { OutdatedNotice } from '../ticket/outdated-notice.tsx';
import { ResolveConflict } from '../ticket/resolve-conflict.tsx';
import { UnlinkTicket } from '../ticket/unlink-ticket.tsx';
import type { LivePanel } from '../ticket/use-panel.ts';
import { nounOf } from '../ticket/words.ts';
import { TicketGroups } from './ticket-groups.tsx';

export type TicketAction = 'comment' | 'resolve' | 'unlink' | 'explain' | 'settings';
interface Task {
  view: 'create' | 'link' | 'comment' | 'resolve' | 'unlink';
  linkId?: string;
}

interface TicketsProps {
  host: HostContext;
  workItem: OpenWorkItem;
  /** Absent while only the last known state is there: then nothing can be changed. */
  client: Client | undefined;
  live: LivePanel & { panel: Panel };
}

/** The cards, or the one task that the person is at. */
export function Tickets({ host, workItem, client, live }: TicketsProps) {
  const [task, setTask] = useState<Task>();
  const { panel, refresh } = live;
  const back = () => setTask(undefined);
  const finish = (message: string | undefined) => {
    back();
    refresh();
    // The host's toast is a courtesy; the card itself shows the outcome.
    if (message) showToast(message).catch(() => undefined);
  };
  if (task && client) {
    const common = { client, workItemId: workItem.id, onBack: back };
    if (task.view === 'create') {
      return (
        <CreateTicket
          {...common}
          panel={panel}
          onDone={(link) => finish(link && text.create.done(link.number))}
        />
      );
    }
    if (task.view === 'link') {
      return (
        <LinkTicket
          {...common}
          panel={panel}
          onDone={(link) => finish(link && text.link.done(link.number))}
        />
      );
    }
    const ticket = panel.tickets.find(({ linkId }) => linkId === task.linkId);
    if (ticket) {
      const connection = panel.connections.find(({ id }) => id === ticket.connectionId);
      if (task.view === 'comment') {
        return (
          <CommentView
            {...common}
            ticket={ticket}
            connection={connection}
            onDone={() => finish(text.comment.sent)}
          />
        );
      }
      if (task.view === 'resolve') {
        return <ResolveConflict {...common} ticket={ticket} onDone={() => finish(undefined)} />;
      }
      return (
        <UnlinkTicket {...common} ticket={ticket} onDone={() => finish(text.unlink.done(ticket.number))} />
      );
    }
  }
  const act = (action: TicketAction, ticket: TicketCard) => {
    if (action === 'explain') {
      const request = {
        view: 'explain' as const,
        workItemIds: [workItem.id],
        linkId: ticket.linkId,
        ...(workItem.project ? { project: workItem.project } : {}),
      };
      openTicketDialog(host.extensionId, text.menu.explain, request).then(refresh, refresh);
    } else if (action !== 'settings') setTask({ view: action, linkId: ticket.linkId });
  };
  return (
    <Overview
      {...{ host, workItem, client, live, act }}
      onCreate={() => setTask({ view: 'create' })}
      onLink={() => setTask({ view: 'link' })}
    />
  );
}

function Overview({
  host,
  workItem,
  client,
  live,
  act,
  onCreate,
  onLink,
}: TicketsProps & {
  act(action: TicketAction, ticket: TicketCard): void;
  onCreate(): void;
  onLink(): void;
}) {
  const { panel, outdated, problem, refresh } = live;
  if (!panel.configured && panel.tickets.length === 0) {
    // It may have been set up since; only the backend can tell.
    if (problem) return <ProblemNotice problem={problem} onRetry={refresh} />;
    return (
      <NotSetUp
        host={host}
        project={workItem.project}
        reason={text.panel.notSetUp}
        mayAdminister={panel.may.administer}
        askFor={panel.askFor ?? []}
      />
    );
  }
  const mayChange = panel.may.change && !workItem.isReadOnly;
  const ready = Boolean(client) && !problem;
  return (
    <>
      {mayChange && (
        <div className="row panel-tools">
          {panel.createWith.length > 0 && (
            <Action
              label={text.panel.createTicket(nounOf(panel, panel.createWith))}
              icon="Add"
              primary={panel.tickets.length === 0}
              disabled={!ready}
              onClick={onCreate}
            />
          )}
          {panel.linkWith.length > 0 && (
            <Action
              label={text.panel.linkTicket(nounOf(panel, panel.linkWith))}
              icon="Link"
              disabled={!ready}
              onClick={onLink}
            />
          )}
        </div>
      )}
      <div className="stack panel-scroller">
        {problem && <OutdatedNotice problem={problem} onRetry={refresh} />}
        {panel.switchedOff && (
          <Notice tone="warn">
            <span>{text.panel.switchedOff}</span>
            {panel.may.administer && (
              <span>
                <SettingsAction host={host} project={workItem.project} label={text.panel.openSettings} />
              </span>
            )}
          </Notice>
        )}
        {panel.tickets.length === 0 && <p>{mayChange ? text.panel.empty : text.panel.emptyReadOnly}</p>}
        <TicketGroups {...{ host, workItem, client, panel, act, refresh }} mayChange={mayChange && ready} />
        {!mayChange && panel.tickets.length > 0 && (
          <span className="small-text quiet">{text.panel.readOnly}</span>
        )}
      </div>
      <span className="visually-hidden" role="status">
        {outdated && !problem ? text.panel.loading : ''}
      </span>
    </>
  );
}
