import { ChoiceInput, TextInput } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import { type ConnectionDraft, type Wait, waitFields } from './connection-draft.ts';

const w = words.connections;
type Name = keyof ConnectionDraft['retry'];

const waits = (['growing', 'fixed'] as const).map((id) => ({ id, name: w.waits[id] }));
const labels: Record<Name, string> = {
  maxAttempts: w.maxAttempts,
  firstDelaySeconds: w.firstDelay,
  longestDelaySeconds: w.longestDelay,
  fixedDelaySeconds: w.fixedDelay,
  attemptTimeoutSeconds: w.attemptTimeout,
};

/** How often a change is tried, how long it waits in between, and how long an attempt may take. */
export function RetryInputs({
  draft,
  setDraft,
  problems,
}: {
  draft: ConnectionDraft;
  setDraft(draft: ConnectionDraft): void;
  problems: Record<string, string>;
}) {
  const input = (name: Name) => (
    <TextInput
      key={name}
      type="number"
      min={1}
      label={labels[name]}
      value={draft.retry[name]}
      problem={problems[name]}
      onChange={(value) => setDraft({ ...draft, retry: { ...draft.retry, [name]: value } })}
    />
  );
  return (
    <>
      {input('maxAttempts')}
      <ChoiceInput
        label={w.wait}
        help={w.waitHelp}
        value={draft.wait}
        choices={waits}
        onChange={(wait) => setDraft({ ...draft, wait: wait as Wait })}
      />
      {waitFields[draft.wait].map(input)}
      {input('attemptTimeoutSeconds')}
    </>
  );
}
