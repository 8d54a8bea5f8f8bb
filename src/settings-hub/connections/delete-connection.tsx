import { useState } from 'react';
import type { Connection } from '../../../backend/contract/connections.ts';
import { TextInput } from '../../components/field.tsx';
import { useDoing, useLoad } from '../../components/use-load.ts';
import { words } from '../../text-settings.ts';
import { Confirm } from '../confirm.tsx';
import { useHub } from '../hub.tsx';

const w = words.connections;

/** Links are work of people: their number is typed, so that nobody deletes the wrong connection. */
export function DeleteConnection({
  connection,
  onDeleted,
  onDismiss,
}: {
  connection: Connection;
  onDeleted(): void;
  onDismiss(): void;
}) {
  const { api, projectId } = useHub();
  const [typed, setTyped] = useState('');
  const deleting = useDoing();
  const used = useLoad((signal) => api.listMappings({ projectId }, { signal }), [api, projectId]);
  const { id: connectionId, name, links } = connection;
  return (
    <Confirm
      title={w.deleteTitle(name)}
      action={w.delete}
      disabled={links > 0 && typed.trim() !== String(links)}
      busy={deleting.busy}
      problem={deleting.problem}
      onDismiss={onDismiss}
      onConfirm={() =>
        deleting.run(async () => {
          await api.deleteConnection({ projectId, connectionId, confirmLinks: links });
          onDeleted();
        })
      }
    >
      <p>{w.deleteBody(links)}</p>
      {used.data && (
        <p>
          {w.deleteMappings(
            used.data.mappings.filter((mapping) => mapping.connectionId === connectionId).length,
          )}
        </p>
      )}
      {links > 0 && <TextInput label={w.deleteConfirm(links)} value={typed} onChange={setTyped} />}
    </Confirm>
  );
}
