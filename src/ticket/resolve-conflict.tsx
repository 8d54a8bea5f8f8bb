import { useState } from 'react';
import type { ConflictCard, TicketCard } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { RelativeTime } from '../components/time.tsx';
import { useDoing } from '../components/use-load.ts';
import { text } from '../text.ts';
import { plainText } from './rich-text.tsx';
import { View } from './view.tsx';

type Side = 'workItem' | 'ticket';

/** The two values of each contested field side by side; nothing is chosen beforehand. */
export function ResolveConflict({
  client,
  workItemId,
  ticket,
  onBack,
  onDone,
}: {
  client: Client;
  workItemId: string;
  ticket: TicketCard;
  onBack?: () => void;
  onDone(): void;
}) {
  const [choices, setChoices] = useState<Record<string, Side>>({});
  const deciding = useDoing();
  const open = ticket.conflicts.filter((conflict) => !choices[conflict.row]);
  const submit = () =>
    deciding.run(async () => {
      const chosen = Object.entries(choices).map(([row, keep]) => ({ row, keep }));
      const input = { workItemId, linkId: ticket.linkId, body: { choices: chosen } };
      await client.api.resolveConflict(input, { timeoutMs: 60_000 });
      onDone();
    });
  return (
    <View
      title={text.conflict.title(ticket.number)}
      onBack={onBack}
      submit={{
        label: text.conflict.submit,
        onSubmit: submit,
        busy: deciding.busy,
        disabled: open.length > 0,
        problem: deciding.problem,
      }}
    >
      <p>{text.conflict.intro}</p>
      {ticket.conflicts.map((conflict) => (
        <Versus
          key={conflict.row}
          conflict={conflict}
          keep={choices[conflict.row]}
          onChange={(keep) => setChoices((before) => ({ ...before, [conflict.row]: keep }))}
        />
      ))}
    </View>
  );
}

function Versus({
  conflict,
  keep,
  onChange,
}: {
  conflict: ConflictCard;
  keep: Side | undefined;
  onChange(keep: Side): void;
}) {
  return (
    <fieldset className="versus">
      <legend>{conflict.label}</legend>
      {(['workItem', 'ticket'] as const).map((side) => {
        const { value, at, by } = conflict[side];
        return (
          <label key={side}>
            <input
              type="radio"
              name={`conflict-${conflict.row}`}
              checked={keep === side}
              onChange={() => onChange(side)}
            />
            <span className="stack tight">
              <span className="small-text strong">{text.conflict[side]}</span>
              <span className="versus-value any-wrap">{plainText(value) || <em>{text.empty}</em>}</span>
              <span className="small-text quiet">
                {by && text.conflict.by(by)} {at && <RelativeTime at={at} />}
              </span>
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}
