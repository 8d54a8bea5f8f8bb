import { useId, useState } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import type { MappingSettings } from '../../../backend/contract/mapping.ts';
import { ChoiceInput } from '../../components/field.tsx';
import { Notice, ProblemNotice } from '../../components/notice.tsx';
import { useDoing } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { useHub } from '../hub.tsx';
import { readMappingFile } from './mapping-file.ts';

const w = words.mappings;

/** An exported mapping becomes a draft for one of this organisation's connections. */
export function ImportMapping({
  connections,
  onRead,
}: {
  connections: Connection[];
  onRead(settings: MappingSettings): void;
}) {
  const { api, projectId } = useHub();
  const [connectionId, setConnectionId] = useState(connections[0]?.id ?? '');
  const [foreign, setForeign] = useState(false);
  const reading = useDoing();
  const id = useId();
  const take = (chosen: File | undefined) => {
    setForeign(false);
    if (!chosen) return;
    reading.run(async () => {
      const file = await readMappingFile(chosen);
      if (!file) return setForeign(true);
      onRead(await api.readMappingFile({ projectId, body: { connectionId, file } }));
    });
  };
  return (
    <section className="card section stack" aria-label={w.importFile}>
      <h3>{w.importFile}</h3>
      <p className="quiet">{w.importHelp}</p>
      {connections.length > 1 && (
        <ChoiceInput
          label={w.importConnection}
          value={connectionId}
          choices={connections}
          onChange={setConnectionId}
        />
      )}
      <div className="field">
        <label htmlFor={id}>{w.importFile}</label>
        <input
          id={id}
          type="file"
          accept=".json,application/json"
          disabled={reading.busy}
          onChange={(event) => {
            take(event.target.files?.[0]);
            // The same file may be chosen again after it was mended.
            event.target.value = '';
          }}
        />
      </div>
      {foreign && (
        <Notice tone="bad">
          <span className="strong">{w.notReadable}</span>
          <span>{w.notReadableAction}</span>
        </Notice>
      )}
      {reading.problem && <ProblemNotice problem={reading.problem} />}
    </section>
  );
}
