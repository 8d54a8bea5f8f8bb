import type { MappingSettings } from '../../../backend/contract/mapping.ts';
import type { MappingFile } from '../../../backend/contract/mapping-file.ts';

/** No mapping comes near; a file beyond it is another file. */
const maxFileBytes = 5 * 1024 * 1024;

/** A mapping as it leaves the installation: without the id of its connection, the project and anything secret. */
export function mappingFileOf(
  settings: MappingSettings,
  connection: { kind: string; name: string } | undefined,
  backendUrl: string,
): MappingFile {
  const { connectionId: _connection, project: _project, ...mapping } = settings;
  return {
    $schema: `${backendUrl}/api/schemas/mapping.json`,
    format: 'tandem-mapping',
    version: 1,
    exportedAt: new Date().toISOString(),
    // Named one by one: what is passed may be a whole connection with its settings.
    ...(connection ? { connection: { kind: connection.kind, name: connection.name } } : {}),
    mapping,
  };
}

/** Hands a file to the browser under a name made from the mapping's. */
export function download(file: MappingFile): void {
  const blob = new Blob([`${JSON.stringify(file, null, 2)}\n`], { type: 'application/json' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = `${file.mapping.name.replace(/[^\p{L}\p{N}]+/gu, '-').toLowerCase() || 'mapping'}.json`;
  link.click();
  // The browser has taken the address over by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href));
}

/** Undefined for what is no exported mapping; whether its settings hold is for the backend to say. */
export async function readMappingFile(file: File): Promise<MappingFile | undefined> {
  if (file.size > maxFileBytes) return undefined;
  try {
    const content = JSON.parse(await file.text()) as Partial<MappingFile> | null;
    return content?.format === 'tandem-mapping' ? (content as MappingFile) : undefined;
  } catch (reason) {
    if (reason instanceof SyntaxError) return undefined;
    throw reason;
  }
}
