import { useState } from 'react';
import type { AttachmentPolicy, CommentPolicy } from '../../../backend/contract/mapping.ts';
import { CheckInput, ChoiceInput, RadioInput, TextInput } from '../../components/field.tsx';
import { words } from '../../text-settings.ts';
import { listOf } from './conditions.ts';
import type { TabProps } from './mapping-editor.tsx';

const w = words.content;
const histories = (['none', 'all'] as const).map((id) => ({ id, name: w.histories[id] }));
const visibilities = (['internal', 'public'] as const).map((id) => ({ id, name: w.visibilities[id] }));
const bytesPerMegabyte = 1024 * 1024;

export function ContentTab({ settings, change }: TabProps) {
  return (
    <div
      className="tiles"
      style={{ maxWidth: 900, gridTemplateColumns: 'repeat(auto-fill, minmax(340px, 1fr))' }}
    >
      <Comments policy={settings.comments} onChange={(comments) => change({ comments })} />
      <Attachments policy={settings.attachments} onChange={(attachments) => change({ attachments })} />
    </div>
  );
}

function Comments({ policy, onChange }: { policy: CommentPolicy; onChange(policy: CommentPolicy): void }) {
  const put = (parts: Partial<CommentPolicy>) => onChange({ ...policy, ...parts });
  return (
    <section className="card section stack" aria-label={w.comments}>
      <h3>{w.comments}</h3>
      <CheckInput label={w.out} checked={policy.out} onChange={(out) => put({ out })} />
      {policy.out && (
        <RadioInput
          label={w.visibility}
          value={policy.outVisibility}
          choices={visibilities}
          onChange={(outVisibility) => put({ outVisibility })}
        />
      )}
      <CheckInput label={w.in} checked={policy.in} onChange={(next) => put({ in: next })} />
      {policy.in && (
        <>
          <CheckInput
            label={w.includeSystem}
            checked={policy.includeSystem}
            onChange={(includeSystem) => put({ includeSystem })}
          />
          <CheckInput
            label={w.onlyPublic}
            checked={policy.onlyPublic}
            onChange={(onlyPublic) => put({ onlyPublic })}
          />
        </>
      )}
      <CheckInput
        label={w.attribution}
        checked={policy.attribution}
        onChange={(attribution) => put({ attribution })}
      />
      <ChoiceInput
        label={w.history}
        value={policy.history}
        choices={histories}
        onChange={(id) => put({ history: id as CommentPolicy['history'] })}
      />
    </section>
  );
}

function Attachments({
  policy,
  onChange,
}: {
  policy: AttachmentPolicy;
  onChange(policy: AttachmentPolicy): void;
}) {
  const put = (parts: Partial<AttachmentPolicy>) => onChange({ ...policy, ...parts });
  return (
    <section className="card section stack" aria-label={w.attachments}>
      <h3>{w.attachments}</h3>
      <CheckInput label={w.out} checked={policy.out} onChange={(out) => put({ out })} />
      <CheckInput label={w.in} checked={policy.in} onChange={(next) => put({ in: next })} />
      <TextInput
        label={w.maxMegabytes}
        type="number"
        min={0}
        max={60}
        value={String(policy.maxBytes / bytesPerMegabyte)}
        onChange={(typed) =>
          put({ maxBytes: Math.round(Math.min(60, Math.max(0, Number(typed))) * bytesPerMegabyte) })
        }
      />
      <ListInput
        label={w.allowTypes}
        help={w.typesHelp}
        list={policy.allowTypes}
        onChange={(list) => put({ allowTypes: list.map(extension) })}
      />
      <ListInput
        label={w.denyTypes}
        list={policy.denyTypes}
        onChange={(list) => put({ denyTypes: list.map(extension) })}
      />
      <ListInput
        label={w.denyNames}
        help={w.namesHelp}
        list={policy.denyNames}
        onChange={(denyNames) => put({ denyNames })}
      />
      <ChoiceInput
        label={w.history}
        value={policy.history}
        choices={histories}
        onChange={(id) => put({ history: id as AttachmentPolicy['history'] })}
      />
    </section>
  );
}

const extension = (typed: string) => typed.replace(/^\*?\./, '').toLowerCase();

/** What was typed stays as typed; only the list in the draft is tidied. */
function ListInput({
  label,
  help,
  list,
  onChange,
}: {
  label: string;
  help?: string;
  list: readonly string[];
  onChange(list: string[]): void;
}) {
  const [typed, setTyped] = useState(list.join(', '));
  return (
    <TextInput
      label={label}
      help={help}
      value={typed}
      onChange={(next) => {
        setTyped(next);
        onChange(listOf(next));
      }}
    />
  );
}
