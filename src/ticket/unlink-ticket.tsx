import type { TicketCard } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { useDoing } from '../components/use-load.ts';
import { text } from '../text.ts';
import { View } from './view.tsx';

export function UnlinkTicket({
  client,
  workItemId,
  ticket,
  onBack,
  onDone,
}: {
  client: Client;
  workItemId: string;
  ticket: TicketCard;
  onBack(): void;
  onDone(): void;
}) {
  const ending = useDoing();
  const submit = () =>
    ending.run(async () => {
      await client.api.unlinkTicket({ workItemId, linkId: ticket.linkId });
      onDone();
    });
  return (
    <View
      title={text.unlink.title(ticket.number)}
      onBack={onBack}
      submit={{
        label: text.unlink.submit,
        onSubmit: submit,
        busy: ending.busy,
        danger: true,
        problem: ending.problem,
      }}
    >
      <p className="any-wrap strong">{ticket.title}</p>
      <p>{text.unlink.body(workItemId, ticket.number)}</p>
    </View>
  );
}
