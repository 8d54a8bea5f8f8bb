import { z } from 'zod';
import { mapping, mappingSettings, triggerMode } from './mapping.ts';
import { mappingFile } from './mapping-file.ts';
import { route } from './route.ts';

export const mappingProblem = z.object({
  /** Path into the settings: `fields[title].ticketField`. */
  field: z.string(),
  severity: z.enum(['error', 'warning']),
  problem: z.string(),
  remedy: z.string(),
});

export const mappingSummary = mapping
  .pick({
    id: true,
    name: true,
    enabled: true,
    connectionId: true,
    project: true,
    workItemTypes: true,
    version: true,
    position: true,
    updatedAt: true,
    updatedBy: true,
  })
  .extend({
    /** One sentence that says what the mapping does. */
    sentence: z.string(),
    /** With `never` or `linkOnly` for both it only keeps links up to date. */
    creates: z.object({ tickets: triggerMode, workItems: triggerMode }),
    links: z.number().int(),
    problems: z.array(mappingProblem),
  });

export const dryRun = z.object({
  /** One line per command that would be carried out. */
  steps: z.array(
    z.object({
      side: z.enum(['workItem', 'ticket']),
      action: z.string(),
      field: z.string().optional(),
      from: z.string().optional(),
      to: z.string().optional(),
    }),
  ),
  notes: z.array(
    z.object({
      code: z.string(),
      side: z.enum(['workItem', 'ticket']),
      field: z.string().optional(),
      reason: z.string().optional(),
    }),
  ),
  matches: z.boolean(),
});

/** What each row that starts at the record's side makes of it. */
export const mappingPreview = z.object({
  record: z.object({ key: z.string(), title: z.string() }),
  rows: z.array(
    z.object({
      /** Id of the field mapping. */
      row: z.string(),
      /** In words; absent when it was not read or the row has no source field. */
      from: z.string().optional(),
      /** Absent when nothing would be written. */
      to: z.string().optional(),
      /** Why nothing would be written, or what would be lost. */
      problem: z.string().optional(),
    }),
  ),
});

export const backfill = z.object({
  id: z.string(),
  mappingId: z.string(),
  status: z.enum(['running', 'paused', 'done', 'failed']),
  total: z.number().int(),
  handled: z.number().int(),
  created: z.number().int(),
  failed: z.number().int(),
  reason: z.string().optional(),
  startedAt: z.string(),
  updatedAt: z.string(),
});

export const mappingRoutes = {
  listMappings: route({
    method: 'GET',
    path: '/api/projects/:projectId/mappings',
    guard: 'projectAdmin',
    summary: 'Mappings of the project, in order.',
    response: z.object({ mappings: z.array(mappingSummary) }),
  }),
  readMapping: route({
    method: 'GET',
    path: '/api/projects/:projectId/mappings/:mappingId',
    guard: 'projectAdmin',
    summary: 'One mapping, whole.',
    response: mapping,
  }),
  suggestMapping: route({
    method: 'GET',
    path: '/api/projects/:projectId/mapping-suggestion',
    guard: 'projectAdmin',
    summary:
      'A sensible first mapping for a connection and work item type: title, description, priority, assignee, states by category.',
    query: z.object({ connectionId: z.string(), workItemType: z.string() }),
    response: mappingSettings,
  }),
  createMapping: route({
    method: 'POST',
    path: '/api/projects/:projectId/mappings',
    guard: 'projectAdmin',
    summary: 'Add a mapping.',
    body: mappingSettings,
    response: mapping,
  }),
  updateMapping: route({
    method: 'PUT',
    path: '/api/projects/:projectId/mappings/:mappingId',
    guard: 'projectAdmin',
    summary: 'Publish a new version. `baseVersion` guards against overwriting somebody else.',
    body: z.object({ baseVersion: z.number().int(), settings: mappingSettings }),
    response: mapping,
  }),
  deleteMapping: route({
    method: 'DELETE',
    path: '/api/projects/:projectId/mappings/:mappingId',
    guard: 'projectAdmin',
    summary: 'Delete a mapping and end its links; both systems keep their records.',
    query: z.object({ confirmLinks: z.coerce.number().int() }),
    response: z.object({ links: z.number().int() }),
  }),
  checkMapping: route({
    method: 'POST',
    path: '/api/projects/:projectId/mapping-checks',
    guard: 'projectAdmin',
    summary: 'Problems that a mapping would have, without saving it.',
    body: mappingSettings,
    response: z.object({ problems: z.array(mappingProblem) }),
  }),
  readMappingFile: route({
    method: 'POST',
    path: '/api/projects/:projectId/mapping-files',
    guard: 'projectAdmin',
    summary: 'Checks an exported mapping and answers with settings for this project; nothing is saved.',
    body: z.object({ connectionId: z.string(), file: mappingFile }),
    response: mappingSettings,
  }),
  dryRunMapping: route({
    method: 'POST',
    path: '/api/projects/:projectId/mapping-dry-runs',
    guard: 'projectAdmin',
    summary: 'The plan for a real record, nothing written.',
    body: z.object({
      settings: mappingSettings,
      workItemId: z.string().optional(),
      ticketId: z.string().optional(),
    }),
    response: dryRun,
  }),
  previewMapping: route({
    method: 'POST',
    path: '/api/projects/:projectId/mapping-previews',
    guard: 'projectAdmin',
    summary: 'What the rows of a draft make of the values of a real record, nothing written.',
    body: z.object({
      settings: mappingSettings,
      workItemId: z.string().optional(),
      ticketId: z.string().optional(),
    }),
    response: mappingPreview,
  }),
  orderMappings: route({
    method: 'PUT',
    path: '/api/projects/:projectId/mapping-order',
    guard: 'projectAdmin',
    summary: 'Order in which triggers are asked.',
    body: z.object({ mappingIds: z.array(z.string()) }),
    response: z.object({ mappingIds: z.array(z.string()) }),
  }),
  listMappingVersions: route({
    method: 'GET',
    path: '/api/projects/:projectId/mappings/:mappingId/versions',
    guard: 'projectAdmin',
    summary: 'Earlier versions, newest first.',
    response: z.object({
      versions: z.array(
        z.object({ version: z.number().int(), at: z.string(), by: z.string(), settings: mappingSettings }),
      ),
    }),
  }),
  previewBackfill: route({
    method: 'GET',
    path: '/api/projects/:projectId/mappings/:mappingId/backfill-preview',
    guard: 'projectAdmin',
    summary:
      'How many existing records the mapping would create counterparts for, or link with those they name.',
    query: z.object({ from: z.enum(['workItem', 'ticket']) }),
    response: z.object({
      records: z.number().int(),
      linked: z.number().int(),
      /** Records that would get a new counterpart; those that could not be looked at in time count as wanted. */
      toCreate: z.number().int(),
      /** Records that name their counterpart: they would be linked with it, and nothing is created where it is there. */
      toLink: z.number().int().default(0),
      unread: z.number().int().default(0),
      sample: z.array(z.object({ key: z.string(), title: z.string() })),
    }),
  }),
  startBackfill: route({
    method: 'POST',
    path: '/api/projects/:projectId/mappings/:mappingId/backfills',
    guard: 'projectAdmin',
    summary: 'Create counterparts for existing records.',
    body: z.object({ from: z.enum(['workItem', 'ticket']) }),
    response: backfill,
  }),
  listBackfills: route({
    method: 'GET',
    path: '/api/projects/:projectId/backfills',
    guard: 'projectAdmin',
    summary: 'Backfills, newest first.',
    response: z.object({ backfills: z.array(backfill) }),
  }),
  pauseBackfill: route({
    method: 'POST',
    path: '/api/projects/:projectId/backfills/:backfillId/pause',
    guard: 'projectAdmin',
    summary: 'Pause.',
    response: backfill,
  }),
  resumeBackfill: route({
    method: 'POST',
    path: '/api/projects/:projectId/backfills/:backfillId/resume',
    guard: 'projectAdmin',
    summary: 'Go on where it stopped.',
    response: backfill,
  }),
};

export type MappingProblem = z.infer<typeof mappingProblem>;
export type MappingSummary = z.infer<typeof mappingSummary>;
export type DryRun = z.infer<typeof dryRun>;
export type MappingPreview = z.infer<typeof mappingPreview>;
export type Backfill = z.infer<typeof backfill>;
