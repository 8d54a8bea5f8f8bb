import { isFailure } from '../sync/failure.ts';
import type { Comment, Principal } from '../sync/record.ts';
import type { Client } from './client.ts';
import type { AzureDevOpsContext } from './context.ts';
import type { Metadata, TypeFacts } from './metadata.ts';
import type { Reader, Remembered } from './reader.ts';
import type { ConnectionFacts } from './server.ts';
import { projectOf, type Surroundings, typeOf } from './translate.ts';
import type { FieldKind } from './values.ts';
import type { WireWorkItem } from './wire.ts';

/** What the operations share: one per organisation. */
export interface Workshop {
  context: AzureDevOpsContext;
  client: Client;
  metadata: Metadata;
  reader: Reader;
  comments: { list(id: string): Promise<readonly Comment[]> };
  /** Cached; throws unauthorized for credentials that are not taken. */
  connection(): Promise<ConnectionFacts>;
  surroundings(item: WireWorkItem): Promise<Surroundings>;
  /** What the fields of a work item of this project and type are. */
  kinds(known: Remembered): Promise<(field: string) => FieldKind>;
}

export const createSurroundings = (
  parts: Pick<Workshop, 'client' | 'metadata' | 'connection'>,
): Pick<Workshop, 'surroundings' | 'kinds'> => {
  const typeFacts = async (project: string | undefined, type: string | undefined) => {
    if (project === undefined || type === undefined) return undefined;
    return knownType(parts.metadata, project, type);
  };
  return {
    surroundings: async (item) => {
      const [fields, type, me] = await Promise.all([
        parts.metadata.fields(),
        typeFacts(projectOf(item), typeOf(item)),
        parts.connection().then(({ user }): Principal => user),
      ]);
      return { organizationUrl: parts.client.organizationUrl, fields, type, me };
    },
    kinds: async (known) => {
      const [fields, type] = await Promise.all([
        parts.metadata.fields(),
        typeFacts(known.project, known.type),
      ]);
      return (id) => ({
        field: fields.get(id),
        typeField: type?.fields.get(id),
        isMarkdown: known.markdown.has(id),
      });
    },
  };
};

/** A type that was removed from the project does not hide the work items that still have it. */
const knownType = async (
  metadata: Metadata,
  project: string,
  type: string,
): Promise<TypeFacts | undefined> => {
  try {
    return await metadata.type(project, type);
  } catch (error) {
    if (isFailure(error) && error.kind === 'notFound') return undefined;
    throw error;
  }
};
