import { useState } from 'react';
import type { Panel, TicketCard } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { Action } from '../components/action.tsx';
import { Notice, ProblemNotice, type Tone } from '../components/notice.tsx';
import { RelativeTime } from '../components/time.tsx';
import { useDoing } from '../components/use-load.ts';
import { openInNewWindow, settingsUrl } from '../host/page.ts';
import type { HostContext } from '../host/sdk.ts';
import { text } from '../text.ts';
import { ResolveConflict } from './resolve-conflict.tsx';

const tones: Record<Exclude<TicketCard['condition'], 'inAgreement'>, Tone> = {
  pending: 'calm',
  delayed: 'warn',
  paused: 'warn',
  parked: 'bad',
  conflict: 'bad',
  missing: 'bad',
  resting: 'calm',
};

interface MendingProps {
  host: HostContext;
  client: Client;
  /** Name; absent where the page does not say. */
  project: string | undefined;
  workItemId: string;
  panel: Panel;
  ticket: TicketCard;
  mayChange: boolean;
  refresh(): void;
}

/** Why a link is not in agreement, when Tandem tries again, and the one thing that a person can do about it. */
export function Mending(props: MendingProps) {
  const { client, workItemId, ticket, refresh } = props;
  const [deciding, setDeciding] = useState(false);
  const syncing = useDoing();
  if (ticket.condition === 'inAgreement') return null;
  if (deciding && ticket.condition === 'conflict') {
    const end = () => {
      setDeciding(false);
      refresh();
    };
    return (
      <ResolveConflict {...{ client, workItemId, ticket }} onBack={() => setDeciding(false)} onDone={end} />
    );
  }
  const sync = () =>
    syncing.run(async () => {
      await client.api.syncLink({ workItemId, linkId: ticket.linkId }, { timeoutMs: 60_000 });
      refresh();
    });
  return (
    <Notice tone={tones[ticket.condition]}>
      <span>{ticket.reason ?? text.condition[ticket.condition]}</span>
      {ticket.retryAt && (
        <span className="quiet">
          {text.condition.nextTry} <RelativeTime at={ticket.retryAt} />
        </span>
      )}
      <Remedy {...props} busy={syncing.busy} onSync={sync} onDecide={() => setDeciding(true)} />
      {syncing.problem && <ProblemNotice problem={syncing.problem} />}
    </Notice>
  );
}

function Remedy({
  host,
  project,
  panel,
  ticket,
  mayChange,
  busy,
  onSync,
  onDecide,
}: MendingProps & { busy: boolean; onSync(): void; onDecide(): void }) {
  if (ticket.condition === 'paused') {
    if (!panel.may.administer) return <span>{text.panel.ask(panel.askFor, text.panel.toMend)}</span>;
    if (!project) return null;
    const open = () => void openSettings(host, project, '#connections');
    return <Button label={text.remedy.renewCredentials} icon="Settings" onClick={open} />;
  }
  if (!mayChange || ticket.condition === 'pending' || ticket.condition === 'resting') return null;
  if (ticket.condition === 'conflict') {
    return <Button label={text.remedy.resolveConflict} icon="Conflict" onClick={onDecide} />;
  }
  return <Button label={text.remedy.retry} icon="Sync" busy={busy} onClick={onSync} />;
}

function Button(props: { label: string; icon: string; busy?: boolean; onClick(): void }) {
  return (
    <span>
      <Action {...props} />
    </span>
  );
}

const openSettings = async (host: HostContext, project: string, hash: string) =>
  openInNewWindow(`${await settingsUrl(host.extensionId, project)}${hash}`);

/** Opens the mapping of a ticket in Project Settings; undefined where the page does not say which project. */
export const mappingOpener = (host: HostContext, project: string | undefined, ticket: TicketCard) =>
  project ? () => void openSettings(host, project, `#mappings/${ticket.mappingId}`) : undefined;
