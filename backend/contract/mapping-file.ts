import { z } from 'zod';
import { mappingSettings } from './mapping.ts';

/**
 * A mapping as it leaves an installation. The connection is named, not referred to: its id means nothing elsewhere, and
 * its credentials never leave. The project is the one into which the file is imported.
 */
export const mappingFile = z.object({
  $schema: z.string().optional(),
  format: z.literal('tandem-mapping'),
  /** Of this format. */
  version: z.literal(1),
  exportedAt: z.iso.datetime({ offset: true }).optional(),
  connection: z.object({ kind: z.string(), name: z.string() }).optional(),
  mapping: mappingSettings.omit({ connectionId: true, project: true }),
});

export type MappingFile = z.infer<typeof mappingFile>;
