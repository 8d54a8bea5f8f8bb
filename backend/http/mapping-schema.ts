import { z } from 'zod';
import { mappingFile } from '../contract/mapping-file.ts';

/** JSON Schema (2020-12) of the files in which mappings are exported, for editors and for checks before an import. */
export const buildMappingSchema = (publicUrl: string): Record<string, unknown> => ({
  ...(z.toJSONSchema(mappingFile, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>),
  $id: `${publicUrl}/api/schemas/mapping.json`,
  title: 'A mapping of Tandem',
});
