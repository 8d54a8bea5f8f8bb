import { useState } from 'react';
import type { Panel, TicketCard, TicketForm } from '../../backend/contract/links.ts';
import type { Client } from '../api/client.ts';
import { Action } from '../components/action.tsx';
import { ChoiceInput } from '../components/field.tsx';
import { ProblemNotice } from '../components/notice.tsx';
import { useDoing, useLoad } from '../components/use-load.ts';
import { text } from '../text.ts';
import { requestKeyFor, settleRequestKey } from './request-keys.ts';
import { plainText, RichText } from './rich-text.tsx';
import { TicketFieldInput } from './ticket-field.tsx';
import { View } from './view.tsx';
import { nounOf } from './words.ts';

type Value = string | number | boolean | null;

/** The form of a new ticket: what is missing first, what the mapping fills folded away below. */
export function CreateTicket({
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
  const [mappingId, setMappingId] = useState(panel.createWith[0]?.mappingId ?? '');
  const [values, setValues] = useState<Record<string, Value>>({});
  const [pressed, setPressed] = useState(false);
  const sending = useDoing();
  const form = useLoad(
    (signal) => client.api.readTicketForm({ workItemId, mappingId }, { signal, timeoutMs: 30_000 }),
    [client, workItemId, mappingId],
  );
  const noun = form.data?.ticketNoun ?? nounOf(panel, panel.createWith, mappingId);
  const lacking = form.data ? lackingFields(form.data, values) : [];

  const submit = () => {
    setPressed(true);
    if (lacking.length > 0) return;
    sending.run(async () => {
      // One order, one key: pressing again after a lost answer must not make a second ticket.
      const body = { mappingId, requestKey: requestKeyFor(mappingId, workItemId), values };
      const answer = await client.api.createTicket({ workItemId, body }, { timeoutMs: 60_000 });
      if (answer.link) settleRequestKey(mappingId, workItemId);
      onDone(answer.link);
    });
  };
  const chooseMapping = (id: string) => {
    setMappingId(id);
    setValues({});
    setPressed(false);
  };

  return (
    <View
      title={text.create.title(noun)}
      onBack={onBack}
      submit={{
        label: text.create.submit(noun),
        onSubmit: submit,
        busy: sending.busy,
        disabled: !form.data,
        problem: sending.problem,
      }}
    >
      {panel.createWith.length > 1 && (
        <ChoiceInput
          label={text.create.with}
          value={mappingId}
          choices={panel.createWith.map((way) => ({ id: way.mappingId, name: way.name }))}
          onChange={chooseMapping}
        />
      )}
      {form.problem && <ProblemNotice problem={form.problem} onRetry={form.reload} />}
      {!form.data && form.loading && <div className="skeleton" style={{ height: 140 }} />}
      {form.data && (
        <TicketFields
          form={form.data}
          values={values}
          flagged={pressed ? lacking : []}
          onChange={(id, value) => setValues((before) => ({ ...before, [id]: value }))}
        />
      )}
    </View>
  );
}

/** Fields that must have a value and have none, neither from the mapping nor from the person. */
export const lackingFields = (form: TicketForm, values: Record<string, Value>): string[] =>
  form.fields
    .filter(({ id, required, readOnly }) => (required || form.missing.includes(id)) && !readOnly)
    .filter(({ id, raw, value }) => {
      const entered = id in values ? values[id] : (raw ?? value);
      return entered === undefined || entered === null || entered === '';
    })
    .map(({ id }) => id);

function TicketFields({
  form,
  values,
  flagged,
  onChange,
}: {
  form: TicketForm;
  values: Record<string, Value>;
  flagged: string[];
  onChange(id: string, value: Value): void;
}) {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const openField = (id: string) => setOpened((before) => new Set([...before, id]));
  const input = (field: TicketForm['fields'][number]) => (
    <TicketFieldInput
      key={field.id}
      field={field}
      value={field.id in values ? (values[field.id] ?? null) : (field.raw ?? field.value ?? null)}
      problem={flagged.includes(field.id) ? text.create.needed : undefined}
      onChange={(value) => onChange(field.id, value)}
    />
  );
  const filled = form.fields.filter((field) => field.filledByMapping && !form.missing.includes(field.id));
  const open = form.fields.filter((field) => !filled.includes(field));
  return (
    <>
      {open.filter((field) => !field.readOnly).map(input)}
      {filled.length > 0 && (
        <section className="stack" aria-label={text.create.preview}>
          <div className="row wrap">
            <h2 className="part-title">{text.create.preview}</h2>
            <span className="small-text quiet">{text.create.filled(filled.length)}</span>
          </div>
          {filled.map((field) =>
            opened.has(field.id) ? (
              input(field)
            ) : (
              <Preview key={field.id} field={field} onChange={() => openField(field.id)} />
            ),
          )}
        </section>
      )}
    </>
  );
}

/** What the mapping sends for a field, in words, until somebody wants it otherwise. */
function Preview({ field, onChange }: { field: TicketForm['fields'][number]; onChange(): void }) {
  return (
    <div className="row preview">
      <div className="stack tight">
        <span className="small-text quiet">{field.name}</span>
        {field.type === 'rich' && typeof field.raw === 'string' && /<[a-z][^>]*>/i.test(field.raw) ? (
          <div className="preview-value rich">
            <RichText html={field.raw} />
          </div>
        ) : (
          <span className="preview-value any-wrap">{plainText(field.value ?? String(field.raw ?? ''))}</span>
        )}
      </div>
      {!field.readOnly && (
        <span className="push">
          <Action
            label={text.create.change}
            ariaLabel={text.create.changeField(field.name)}
            subtle
            onClick={onChange}
          />
        </span>
      )}
    </div>
  );
}
