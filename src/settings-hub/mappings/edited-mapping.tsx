import { ProblemNotice } from '../../components/notice.tsx';
import { useLoad } from '../../components/use-load.ts';
import { useHub } from '../hub.tsx';
import { MappingEditor } from './mapping-editor.tsx';
import { settingsOf } from './settings-of.ts';

/** A stored mapping, read and handed to the editor. After a roll back it is read again. */
export function EditedMapping({
  mappingId,
  onSaved,
  onBack,
}: {
  mappingId: string;
  onSaved(): void;
  onBack(): void;
}) {
  const { api, projectId } = useHub();
  const { data, problem, reload } = useLoad(
    (signal) => api.readMapping({ projectId, mappingId }, { signal }),
    [api, projectId, mappingId],
  );
  if (problem) return <ProblemNotice problem={problem} onRetry={reload} />;
  if (!data) return <div className="skeleton" style={{ height: 240 }} />;
  const { id, version } = data;
  return (
    <MappingEditor
      key={version}
      settings={settingsOf(data)}
      stored={{ id, version }}
      onSaved={onSaved}
      onBack={onBack}
      onChanged={reload}
    />
  );
}
