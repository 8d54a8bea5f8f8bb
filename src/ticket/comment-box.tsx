import { useRef, useState } from 'react';
import type { ConnectionCard, TicketCard } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { Action } from '../components/action.tsx';
import { RadioInput, TextInput } from '../components/field.tsx';
import { ProblemNotice } from '../components/notice.tsx';
import { useDoing } from '../components/use-load.ts';
import { text } from '../text.ts';
import { View } from './view.tsx';

type Visibility = 'internal' | 'public';

interface CommentProps {
  client: Client;
  workItemId: string;
  ticket: TicketCard;
  connection: ConnectionCard | undefined;
  onDone(): void;
}

/** Text and visibility of a comment on its way. Internal unless the person says otherwise: a leak cannot be undone. */
function useComment({ client, workItemId, ticket, connection, onDone }: CommentProps) {
  const mayBe: Visibility[] = [];
  if (connection?.can.internalComments !== false) mayBe.push('internal');
  if (connection?.can.publicComments) mayBe.push('public');
  const [words, setWords] = useState('');
  const [visibility, setVisibility] = useState<Visibility>(mayBe[0] ?? 'internal');
  const requestKey = useRef(crypto.randomUUID());
  const sending = useDoing();
  const send = () =>
    sending.run(async () => {
      const body = { requestKey: requestKey.current, text: words, visibility };
      await client.api.commentOnTicket({ workItemId, linkId: ticket.linkId, body }, { timeoutMs: 60_000 });
      requestKey.current = crypto.randomUUID();
      setWords('');
      onDone();
    });
  return { mayBe, words, setWords, visibility, setVisibility, sending, send, ready: words.trim() !== '' };
}

type Comment = ReturnType<typeof useComment>;

function CommentFields({
  comment,
  rows,
  autoFocus,
}: {
  comment: Comment;
  rows: number;
  autoFocus?: boolean;
}) {
  return (
    <>
      <TextInput
        label={text.comment.label}
        value={comment.words}
        onChange={comment.setWords}
        rows={rows}
        maxLength={100_000}
        autoFocus={autoFocus ?? false}
      />
      <RadioInput
        label={text.comment.visibility}
        value={comment.visibility}
        onChange={comment.setVisibility}
        choices={comment.mayBe.map((id) => ({ id, name: text.comment[id] }))}
      />
    </>
  );
}

export function CommentView({ onBack, ...props }: CommentProps & { onBack?: () => void }) {
  const comment = useComment(props);
  return (
    <View
      title={text.comment.title(props.ticket.number)}
      onBack={onBack}
      submit={{
        label: text.comment.submit,
        onSubmit: comment.send,
        busy: comment.sending.busy,
        disabled: !comment.ready,
        problem: comment.sending.problem,
      }}
    >
      <CommentFields comment={comment} rows={5} autoFocus />
    </View>
  );
}

/** At the end of a conversation. */
export function CommentBox(props: CommentProps) {
  const comment = useComment(props);
  return (
    <div className="stack">
      <CommentFields comment={comment} rows={3} />
      {comment.sending.problem && <ProblemNotice problem={comment.sending.problem} />}
      <div className="row">
        <Action
          label={text.comment.submit}
          primary
          disabled={!comment.ready}
          busy={comment.sending.busy}
          onClick={comment.send}
        />
        <span className={`small-text ${comment.visibility === 'public' ? 'warn' : 'quiet'}`}>
          {comment.visibility === 'public' ? text.comment.publicHint : text.comment.internalHint}
        </span>
      </div>
    </div>
  );
}
