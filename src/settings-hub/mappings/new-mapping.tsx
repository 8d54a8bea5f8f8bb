import { useState } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import type { MappingSettings } from '../../../backend/contract/mapping.ts';
import { Action, IconAction } from '../../components/action.tsx';
import { ChoiceInput } from '../../components/field.tsx';
import { ProblemNotice } from '../../components/notice.tsx';
import { useDoing, useLoad } from '../../components/use-load.ts';
import { text } from '../../text.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { ImportMapping } from './import-mapping.tsx';
import { MappingEditor } from './mapping-editor.tsx';

const w = words.mappings;

/** A new mapping begins with a suggestion that Tandem makes from what both systems say about themselves. */
export function NewMapping({
  connections,
  onSaved,
  onBack,
}: {
  connections: Connection[];
  onSaved(): void;
  onBack(): void;
}) {
  const { api, projectId } = useHub();
  const [connectionId, setConnectionId] = useState(connections[0]?.id ?? '');
  const [workItemType, setWorkItemType] = useState('');
  const [suggestion, setSuggestion] = useState<MappingSettings>();
  const suggesting = useDoing();
  const side = useLoad((signal) => api.describeWorkItems({ projectId }, { signal }), [api, projectId]);
  const types = side.data?.types ?? [];
  const type = workItemType || types[0]?.name || '';

  if (suggestion) return <MappingEditor settings={suggestion} onSaved={onSaved} onBack={onBack} />;
  const suggest = () =>
    suggesting.run(async () => {
      setSuggestion(await api.suggestMapping({ projectId, connectionId, workItemType: type }));
    });
  return (
    <div className="stack form-narrow" style={{ gap: 16 }}>
      <div className="row">
        <IconAction label={text.back} icon="Back" onClick={onBack} />
        <h2>{w.newTitle}</h2>
      </div>
      <p>{w.suggestIntro}</p>
      <ChoiceInput
        label={w.connection}
        value={connectionId}
        choices={connections}
        onChange={setConnectionId}
      />
      {side.problem && <ProblemNotice problem={side.problem} onRetry={side.reload} />}
      <ChoiceInput
        label={w.workItemType}
        value={type}
        choices={types.map(({ name }) => ({ id: name, name }))}
        onChange={setWorkItemType}
      />
      {suggesting.problem && <ProblemNotice problem={suggesting.problem} onRetry={suggest} />}
      <div className="row">
        <Action
          label={w.suggest}
          primary
          disabled={!type || !connectionId}
          busy={suggesting.busy}
          onClick={suggest}
        />
        <Action label={text.cancel} onClick={onBack} />
      </div>
      <ImportMapping connections={connections} onRead={setSuggestion} />
    </div>
  );
}
