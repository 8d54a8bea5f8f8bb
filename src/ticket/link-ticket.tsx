import { useEffect, useState } from 'react';
import type { Panel, TicketCard } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { ChoiceInput, RadioInput, TextInput } from '../components/field.tsx';
import { ProblemNotice } from '../components/notice.tsx';
import { StatusMark } from '../components/status.tsx';
import { RelativeTime } from '../components/time.tsx';
import { useDoing, useLoad } from '../components/use-load.ts';
import { text } from '../text.ts';
import { View } from './view.tsx';
import { nounOf } from './words.ts';

/** Long enough not to search for every letter, short enough not to be waited for. */
const typingPauseMs = 250;

export function LinkTicket({
  client,
  workItemId,
  panel,
  onBack,
  onDone,
}: {
  client: Client;
  workItemId: string;
  panel: Panel;
  onBack?: () => void;
  onDone(link: TicketCard | undefined): void;
}) {
  const [mappingId, setMappingId] = useState(panel.linkWith[0]?.mappingId ?? '');
  const [typed, setTyped] = useState('');
  const [searched, setSearched] = useState('');
  const [ticketId, setTicketId] = useState<string>();
  const [onLink, setOnLink] = useState<'keep' | 'workItemWins' | 'ticketWins'>('keep');
  const linking = useDoing();
  const noun = nounOf(panel, panel.linkWith, mappingId);

  useEffect(() => {
    const timer = setTimeout(() => setSearched(typed.trim()), typingPauseMs);
    return () => clearTimeout(timer);
  }, [typed]);

  const found = useLoad(
    (signal) => client.api.searchTickets({ workItemId, mappingId, text: searched }, { signal }),
    [client, workItemId, mappingId, searched],
  );
  const chosen = found.data?.tickets.find(
    (ticket) => ticket.ticketId === ticketId && !ticket.linkedTo.includes(workItemId),
  );

  const submit = () =>
    linking.run(async () => {
      if (!chosen) return;
      const body = { mappingId, ticketId: chosen.ticketId, onLink };
      const answer = await client.api.linkTicket({ workItemId, body }, { timeoutMs: 60_000 });
      onDone(answer.link);
    });

  return (
    <View
      title={text.link.title(noun)}
      onBack={onBack}
      submit={{
        label: text.link.submit,
        onSubmit: submit,
        busy: linking.busy,
        disabled: !chosen,
        problem: linking.problem,
      }}
    >
      {panel.linkWith.length > 1 && (
        <ChoiceInput
          label={text.create.with}
          value={mappingId}
          choices={panel.linkWith.map((way) => ({ id: way.mappingId, name: way.name }))}
          onChange={(id) => {
            setMappingId(id);
            setTicketId(undefined);
          }}
        />
      )}
      <TextInput
        label={text.link.search}
        type="search"
        value={typed}
        onChange={setTyped}
        autoFocus
        maxLength={200}
      />
      {found.problem && <ProblemNotice problem={found.problem} onRetry={found.reload} />}
      {!found.data && found.loading && <div className="skeleton" style={{ height: 90 }} />}
      {found.data && (
        <Found tickets={found.data.tickets} searched={searched} {...{ workItemId, ticketId, setTicketId }} />
      )}
      {chosen && (
        <RadioInput
          label={text.link.onLink}
          value={onLink}
          onChange={setOnLink}
          choices={[
            { id: 'keep', name: text.link.keep },
            { id: 'workItemWins', name: text.link.workItemWins },
            { id: 'ticketWins', name: text.link.ticketWins },
          ]}
        />
      )}
    </View>
  );
}

type FoundTicket = Awaited<ReturnType<Client['api']['searchTickets']>>['tickets'][number];

function Found({
  tickets,
  searched,
  workItemId,
  ticketId,
  setTicketId,
}: {
  tickets: FoundTicket[];
  searched: string;
  workItemId: string;
  ticketId: string | undefined;
  setTicketId(id: string): void;
}) {
  const heading = searched ? text.link.results(tickets.length) : text.link.recent;
  const nothing = searched ? text.link.nothing(searched) : text.link.nothingRecent;
  if (tickets.length === 0) return <p role="status">{nothing}</p>;
  return (
    <div className="stack tight" role="radiogroup" aria-label={heading}>
      <span className="small-text quiet" role="status">
        {heading}
      </span>
      {tickets.map((ticket) => (
        <label className="found" key={ticket.ticketId}>
          <input
            type="radio"
            name="ticket"
            disabled={ticket.linkedTo.includes(workItemId)}
            checked={ticket.ticketId === ticketId}
            onChange={() => setTicketId(ticket.ticketId)}
          />
          <span className="stack tight found-words">
            <span className="row">
              <StatusMark status={ticket.status} />
              <span className="quiet">{ticket.number}</span>
              {ticket.updatedAt && (
                <span className="small-text quiet push one-line">
                  <RelativeTime at={ticket.updatedAt} />
                </span>
              )}
            </span>
            <span className="any-wrap">{ticket.title}</span>
            {ticket.linkedTo.length > 0 && (
              <span className="small-text warn">
                {ticket.linkedTo.includes(workItemId)
                  ? text.link.linkedHere
                  : text.link.linkedTo(ticket.linkedTo.join(', '))}
              </span>
            )}
          </span>
        </label>
      ))}
    </div>
  );
}
