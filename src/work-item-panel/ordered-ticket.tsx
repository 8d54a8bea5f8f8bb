import { useEffect } from 'react';
import type { Client } from '../api/client.ts';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import { useDoing } from '../components/use-load.ts';
import { text } from '../text.ts';
import type { CreateWish } from '../ticket/create-on-save.ts';

/**
 * Creates the ticket that was ordered on a new work item, while its form stays open. The observer sends the same
 * request with the same key, for forms that close; here the person sees what comes of it.
 */
export function OrderedTicket({
  client,
  workItemId,
  wish,
  onDone,
}: {
  client: Client;
  workItemId: string;
  wish: CreateWish;
  onDone(): void;
}) {
  const creating = useDoing();
  const { run } = creating;
  const create = () =>
    run(async () => {
      const body = { mappingId: wish.mappingId, requestKey: wish.requestKey, values: {} };
      await client.api.createTicket({ workItemId, body }, { timeoutMs: 60_000 });
      onDone();
    });
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each wish.
  useEffect(create, [wish.requestKey]);
  if (creating.problem) return <ProblemNotice problem={creating.problem} onRetry={create} />;
  if (creating.busy) return <Notice tone="calm">{text.panel.creatingNow('ticket')}</Notice>;
  return null;
}
