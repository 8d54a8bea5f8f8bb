import { useEffect, useState } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import type { ConnectorManifest } from '../../../backend/contract/connector-manifest.ts';
import { Action, IconAction } from '../../components/action.tsx';
import { TextInput } from '../../components/field.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { useDoing } from '../../components/use-load.ts';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import {
  type ConnectionDraft,
  draftOf,
  endDayField,
  inputOf,
  problemsOf,
  withSecret,
} from './connection-draft.ts';
import { HookInstructions } from './hook-instructions.tsx';
import { RetryInputs } from './retry-inputs.tsx';
import { EndDayInput, SecretInput, SettingInput } from './setting-inputs.tsx';
import { type Check, TestFindings } from './test-findings.tsx';

const w = words.connections;

/** The form of a connection, drawn from the connector's declaration; tested before it is saved if the person likes. */
export function ConnectionEditor({
  connection,
  manifest,
  onSaved,
  onBack,
}: {
  connection?: Connection;
  manifest: ConnectorManifest;
  onSaved(): void;
  onBack(): void;
}) {
  const { api, projectId, setUnsaved } = useHub();
  const [draft, setDraft] = useState(() => draftOf(manifest, connection));
  const [pressed, setPressed] = useState(false);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [checks, setChecks] = useState<Check[]>();
  const doing = useDoing();
  const found = problemsOf(manifest, draft, connection);
  // While typing only what was touched is judged; an empty form full of complaints helps nobody.
  const problems = pressed
    ? found
    : Object.fromEntries(Object.entries(found).filter(([name]) => touched.has(name)));
  const edit = (next: ConnectionDraft) => {
    setTouched(new Set([...touched, ...changedIn(draft, next)]));
    setDraft(next);
    setUnsaved(true);
  };
  useEffect(() => () => setUnsaved(false), [setUnsaved]);

  const withValidInput = (work: () => Promise<void>) => {
    setPressed(true);
    if (Object.keys(found).length === 0) doing.run(work);
  };
  const test = () =>
    withValidInput(async () => {
      const body = {
        ...inputOf(manifest, draft, connection),
        ...(connection ? { connectionId: connection.id } : {}),
      };
      setChecks((await api.testConnectionInput({ projectId, body }, { timeoutMs: 90_000 })).checks);
    });
  const save = () =>
    withValidInput(async () => {
      const body = inputOf(manifest, draft, connection);
      if (connection) await api.updateConnection({ projectId, connectionId: connection.id, body });
      else await api.createConnection({ projectId, body });
      setUnsaved(false);
      onSaved();
    });

  return (
    <div className="stack form-narrow" style={{ gap: 20 }}>
      <div className="row">
        <IconAction label={text.back} icon="Back" onClick={onBack} />
        <h2>{connection?.name ?? w.newTitle}</h2>
        <span className="quiet">{manifest.name}</span>
      </div>
      {!connection && (
        <p>
          {manifest.description}{' '}
          {manifest.documentationUrl && (
            <a href={manifest.documentationUrl} target="_blank" rel="noopener noreferrer">
              {manifest.name}
            </a>
          )}
        </p>
      )}
      <TextInput
        label={w.name}
        help={w.nameHelp}
        required
        maxLength={120}
        value={draft.name}
        problem={problems.name}
        onChange={(name) => edit({ ...draft, name })}
      />
      <Settings {...{ manifest, draft, setDraft: edit, problems }} advanced={false} />
      <Secrets {...{ manifest, draft, setDraft: edit, problems, connection }} />
      <Advanced {...{ manifest, draft, setDraft: edit, problems }} />
      {pressed && Object.keys(found).length > 0 && (
        <span className="bad" role="alert">
          {w.clear}
        </span>
      )}
      {doing.problem && <ProblemNotice problem={doing.problem} />}
      {checks && <TestFindings checks={checks} />}
      <div className="row wrap">
        <Action label={text.save} primary busy={doing.busy} onClick={save} />
        <Action label={w.testBeforeSave} disabled={doing.busy} onClick={test} />
        <Action label={text.cancel} onClick={onBack} />
      </div>
      {connection && <HookInstructions connection={connection} />}
    </div>
  );
}

/** Names of the fields that differ between two drafts. */
function changedIn(before: ConnectionDraft, after: ConnectionDraft): string[] {
  const flat = (draft: ConnectionDraft): Record<string, unknown> => ({
    name: draft.name,
    ...draft.settings,
    ...draft.secrets,
    ...Object.fromEntries(Object.entries(draft.secretEnds).map(([name, day]) => [endDayField(name), day])),
    wait: draft.wait,
    ...draft.retry,
    ...draft.budget,
  });
  const [old, fresh] = [flat(before), flat(after)];
  return Object.keys(fresh).filter((name) => old[name] !== fresh[name]);
}

interface PartProps {
  manifest: ConnectorManifest;
  draft: ConnectionDraft;
  setDraft(draft: ConnectionDraft): void;
  problems: Record<string, string>;
}

function Settings({ manifest, draft, setDraft, problems, advanced }: PartProps & { advanced: boolean }) {
  return manifest.settings
    .filter((field) => field.advanced === advanced)
    .map((field) => (
      <SettingInput
        key={field.name}
        field={field}
        value={draft.settings[field.name] ?? ''}
        problem={problems[field.name]}
        onChange={(value) => setDraft({ ...draft, settings: { ...draft.settings, [field.name]: value } })}
      />
    ));
}

function Secrets({
  manifest,
  draft,
  setDraft,
  problems,
  connection,
}: PartProps & { connection: Connection | undefined }) {
  // One that Tandem makes is there to be dated only, once it is made.
  const shown = manifest.secrets.filter(
    ({ name, origin }) => origin === 'typed' || connection?.secrets[name],
  );
  if (shown.length === 0) return null;
  return (
    <section className="stack" aria-label={w.secrets}>
      <h3>{w.secrets}</h3>
      {shown.map((field) => {
        const { name } = field;
        const stored = connection?.secrets[name];
        return (
          <div className="stack tight" key={name}>
            <SecretInput
              field={field}
              stored={stored}
              value={draft.secrets[name] ?? ''}
              problem={problems[name]}
              onChange={(value) => setDraft(withSecret(draft, name, value, stored?.ends?.on))}
            />
            {(stored || draft.secrets[name]) && (
              <EndDayInput
                field={field}
                value={draft.secretEnds[name] ?? ''}
                isNew={Boolean(stored && draft.secrets[name])}
                problem={problems[endDayField(name)]}
                onChange={(day) => setDraft({ ...draft, secretEnds: { ...draft.secretEnds, [name]: day } })}
              />
            )}
          </div>
        );
      })}
    </section>
  );
}

/** What most administrators leave alone. Open when something in it is wrong. */
function Advanced(props: PartProps) {
  const { draft, setDraft, problems, manifest } = props;
  // Stays open when the wrong value is put right: it must not close under the hands of who types.
  const [opened, setOpened] = useState(false);
  const names = [
    ...Object.keys(draft.retry),
    ...Object.keys(draft.budget),
    ...manifest.settings.filter(({ advanced }) => advanced).map(({ name }) => name),
  ];
  const budgetLabels = { requestsPerSecond: w.requestsPerSecond, concurrent: w.concurrent };
  return (
    <details
      className="card section"
      open={opened || names.some((name) => name in problems)}
      onToggle={(event) => setOpened(event.currentTarget.open)}
    >
      <summary className="strong">{words.advanced}</summary>
      <div className="stack" style={{ paddingBlockStart: 12 }}>
        <Settings {...props} advanced />
        <h3>{w.retry}</h3>
        <div className="form-grid">
          <RetryInputs {...{ draft, setDraft, problems }} />
          {(Object.keys(budgetLabels) as (keyof typeof budgetLabels)[]).map((name) => (
            <TextInput
              key={name}
              type="number"
              min={1}
              label={budgetLabels[name]}
              value={draft.budget[name]}
              problem={problems[name]}
              onChange={(value) => setDraft({ ...draft, budget: { ...draft.budget, [name]: value } })}
            />
          ))}
        </div>
      </div>
    </details>
  );
}
