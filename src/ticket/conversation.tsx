import { useState } from 'react';
import type { ConversationEntry } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { Action } from '../components/action.tsx';
import { ProblemNotice } from '../components/notice.tsx';
import { RelativeTime } from '../components/time.tsx';
import { useDoing, useLoad } from '../components/use-load.ts';
import { useViewer } from '../components/viewer.tsx';
import { openInNewWindow } from '../host/page.ts';
import { text } from '../text.ts';
import { RichText } from './rich-text.tsx';
import './conversation.css';

/** The ticket's comments, oldest first, and its attachments, as the ticket system has them now. */
export function Conversation({
  client,
  workItemId,
  linkId,
  version,
}: {
  client: Client;
  workItemId: string;
  linkId: string;
  version: number | undefined;
}) {
  const { locale } = useViewer();
  const { data, problem, loading, reload } = useLoad(
    (signal) => client.api.readConversation({ workItemId, linkId }, { signal, timeoutMs: 40_000 }),
    [client, workItemId, linkId, version],
  );
  const opening = useDoing();
  const [openingId, setOpeningId] = useState<string>();
  const download = (attachmentId: string) => {
    setOpeningId(attachmentId);
    opening.run(async () => {
      const { path } = await client.api.openAttachment({ workItemId, linkId, attachmentId });
      // A window of its own: frames on servers may not download, and a large file does not fill the page's memory.
      await openInNewWindow(client.backendUrl + path);
    });
  };
  if (!data && loading) return <div className="skeleton" style={{ height: 160 }} />;
  const entries = [...(data?.entries ?? [])].sort((a, b) => a.at.localeCompare(b.at));
  return (
    <div className="stack">
      {problem && <ProblemNotice problem={problem} onRetry={reload} />}
      {data && entries.length === 0 && <p className="quiet">{text.conversation.empty}</p>}
      <ol className="conversation">
        {entries.map((entry) => (
          <Entry key={entry.id} entry={entry} />
        ))}
      </ol>
      {data && data.attachments.length > 0 && (
        <section aria-label={text.conversation.attachments} className="stack tight">
          <h3>{text.conversation.attachments}</h3>
          {opening.problem && <ProblemNotice problem={opening.problem} />}
          {data.attachments.map((attachment) => (
            <div className="row wrap" key={attachment.id}>
              <Action
                label={attachment.name}
                ariaLabel={text.conversation.download(attachment.name)}
                icon="Attachment"
                subtle
                busy={opening.busy && openingId === attachment.id}
                onClick={() => download(attachment.id)}
              />
              <span className="small-text quiet">
                {attachment.sizeBytes !== undefined && size(attachment.sizeBytes, locale)}{' '}
                {attachment.at && <RelativeTime at={attachment.at} />}
              </span>
              {attachment.carriedOver && <span className="chip">{text.conversation.carriedOver}</span>}
            </div>
          ))}
        </section>
      )}
    </div>
  );
}

function Entry({ entry }: { entry: ConversationEntry }) {
  return (
    <li className={`card ${entry.visibility} ${entry.system ? 'system' : ''}`}>
      <div className="row wrap small-text">
        <span className="strong">{entry.author}</span>
        <span className="quiet">
          <RelativeTime at={entry.at} />
        </span>
        <span className={`chip ${entry.visibility === 'public' ? 'warn' : ''}`}>
          {text.conversation[entry.visibility]}
        </span>
        {entry.system && <span className="chip">{text.conversation.system}</span>}
        {entry.carriedOver && <span className="chip">{text.conversation.carriedOver}</span>}
      </div>
      <RichText html={entry.html} />
    </li>
  );
}

const size = (bytes: number, locale: string) =>
  new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: bytes < 1_000_000 ? 'kilobyte' : 'megabyte',
    maximumFractionDigits: 1,
  }).format(bytes / (bytes < 1_000_000 ? 1_000 : 1_000_000));
