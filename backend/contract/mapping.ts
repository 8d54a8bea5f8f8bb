import { z } from 'zod';

/** Which records pair up and how. One mapping pairs one Azure DevOps project and type with one ticket type. */

const name = z.string().trim().min(1).max(120);
const fieldId = z.string().trim().min(1).max(200);

export const operator = z.enum([
  'equals',
  'notEquals',
  'in',
  'notIn',
  'contains',
  'notContains',
  'startsWith',
  'isEmpty',
  'isNotEmpty',
  'greaterThan',
  'lessThan',
  'under',
]);

export const condition = z.object({
  kind: z.literal('condition'),
  field: fieldId,
  operator,
  /** Ids for choices, ISO dates for times; absent for isEmpty and isNotEmpty. */
  value: z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).max(500)]).optional(),
});

export type Condition = z.infer<typeof condition>;
export type Rule = Condition | { kind: 'all' | 'any'; rules: Rule[] };

export const rule: z.ZodType<Rule> = z
  .lazy(() => z.union([condition, z.object({ kind: z.enum(['all', 'any']), rules: z.array(rule).max(50) })]))
  // Its name in the OpenAPI document.
  .meta({ id: 'Rule' });

/**
 * `automatic`: as soon as the criteria match. `manual`: only from the panel or the API. `linkOnly`: nothing is created; a
 * record that names its counterpart in the reference field is linked with it as soon as the criteria match. `never`.
 */
export const triggerMode = z.enum(['automatic', 'manual', 'linkOnly', 'never']);

/** When a record of this side without a link gets a counterpart. */
export const trigger = z.object({
  mode: triggerMode,
  /** Applies when no other mapping's rule matches; then `rule` is not asked. */
  isDefault: z.boolean().default(false),
  /** Over the fields of the side that triggers. Absent: every record of the type matches. */
  rule: rule.optional(),
  /** Shorthand of the commonest rule: the record has one of these states (ids). */
  onStates: z.array(z.string()).max(50).default([]),
});

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** How a value is made for the side that receives it. */
export const transform = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('copy') }),
  z.object({ kind: z.literal('constant'), value: scalar }),
  z.object({
    kind: z.literal('table'),
    rows: z.array(z.object({ from: z.string(), to: z.string() })).max(1000),
    /** What to do with a value that has no row: nothing, take it as it is, or this id. */
    otherwise: z.union([z.enum(['leave', 'copy']), z.object({ value: z.string() })]).default('leave'),
  }),
  /** Liquid; sees `workItem.fields`, `ticket.fields`, `source` and `link`. */
  z.object({
    kind: z.literal('template'),
    template: z.string().max(20_000),
    rich: z.boolean().default(false),
  }),
  z.object({
    kind: z.literal('date'),
    /** IANA zone in which a day begins, for day to instant and back. */
    zone: z.string().default('UTC'),
    /** Clock time at which a day is placed when the other side wants an instant. Noon keeps the day in most zones. */
    timeOfDay: z
      .string()
      .regex(/^\d\d:\d\d$/)
      .default('12:00'),
  }),
  z.object({
    kind: z.literal('identity'),
    /** Ids or e-mail addresses of one side to those of the other; what is not in it is matched by e-mail. */
    table: z
      .array(z.object({ from: z.string(), to: z.string() }))
      .max(5000)
      .default([]),
    onUnknown: z.union([z.enum(['leave', 'clear']), z.object({ person: z.string() })]).default('leave'),
  }),
  z.object({ kind: z.literal('rich') }),
]);

export const conflictPolicy = z.enum(['workItemWins', 'ticketWins', 'newestWins', 'ask']);

export const fieldMapping = z.object({
  /** Stable; names the row in problems, conflicts and the timeline. */
  id: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/),
  workItemField: fieldId,
  ticketField: fieldId,
  /** out: to the ticket. in: to the work item. */
  direction: z.enum(['out', 'in', 'both']),
  /** `create`: written once, when the counterpart is created, and not kept in agreement afterwards. */
  when: z.enum(['always', 'create']).default('always'),
  out: transform.default({ kind: 'copy' }),
  in: transform.default({ kind: 'copy' }),
  /** Instead of the mapping's policy. */
  conflict: conflictPolicy.optional(),
});

export const stateRow = z.object({
  workItemState: z.string().min(1),
  /** Id of the ticket's status. */
  ticketStatus: z.string().min(1),
  direction: z.enum(['out', 'in', 'both']).default('both'),
});

export const stateMap = z.object({
  enabled: z.boolean(),
  /** First matching row wins in each direction: several states may go to one status, and one may come from many. */
  rows: z.array(stateRow).max(200),
  /** A state without a row: leave the other side alone, or use the category (proposed, in progress, ...). */
  unmapped: z.enum(['leave', 'byCategory']).default('leave'),
  conflict: conflictPolicy.optional(),
});

export const commentPolicy = z.object({
  out: z.boolean(),
  in: z.boolean(),
  /** How a work item's comment appears in the ticket. Internal unless the admin decides otherwise. */
  outVisibility: z.enum(['internal', 'public']).default('internal'),
  /** Take over entries that the ticket system wrote itself (escalations, state notes). */
  includeSystem: z.boolean().default(false),
  /** Take over only what the portal shows. */
  onlyPublic: z.boolean().default(false),
  /** Comments that existed before the link. */
  history: z.enum(['none', 'all']).default('none'),
  /** Line above a carried-over comment that says who wrote it where. */
  attribution: z.boolean().default(true),
});

export const attachmentPolicy = z.object({
  out: z.boolean(),
  in: z.boolean(),
  maxBytes: z
    .number()
    .int()
    .min(0)
    .max(60 * 1024 * 1024)
    .default(60 * 1024 * 1024),
  /** Extensions without a dot, lower case; empty allows all. */
  allowTypes: z
    .array(z.string().regex(/^[a-z0-9]{1,12}$/))
    .max(200)
    .default([]),
  denyTypes: z
    .array(z.string().regex(/^[a-z0-9]{1,12}$/))
    .max(200)
    .default([]),
  /** Wildcards (`*`, `?`) on the file name; a match is held back. */
  denyNames: z.array(z.string().min(1).max(200)).max(200).default([]),
  history: z.enum(['none', 'all']).default('none'),
});

export const deletionPolicy = z.enum(['note', 'close', 'unlink', 'ignore']);

export const responseRow = z.object({
  /** Field of the record that caused the create. */
  field: fieldId,
  /** What to write there: a property of the new counterpart. */
  value: z.enum(['id', 'key', 'url', 'title', 'status']),
});

export const mappingSettings = z.object({
  name,
  enabled: z.boolean().default(true),
  connectionId: z.string(),
  project: z.string().trim().min(1),
  /** First is used for new work items; all are accepted for existing ones. */
  workItemTypes: z.array(z.string().min(1)).min(1).max(50),
  ticketType: z.string().optional(),
  ticketTemplate: z.string().optional(),
  createTicket: trigger,
  createWorkItem: trigger,
  /** Only tickets with this rule belong to the mapping (screen set, group, ...). */
  ticketScope: rule.optional(),
  /** A link is kept up to date only while its records meet these; what changed meanwhile goes over once they do again. */
  updateWhen: z.object({ workItem: rule.optional(), ticket: rule.optional() }).default({}),
  fields: z.array(fieldMapping).max(300),
  states: stateMap,
  comments: commentPolicy,
  attachments: attachmentPolicy,
  conflict: conflictPolicy.default('newestWins'),
  /** Whose values hold when two existing records are linked by hand. */
  onLink: z.enum(['keep', 'workItemWins', 'ticketWins']).default('keep'),
  /** Work item field that holds the ticket's number: filled after a create; a number already there is looked up. */
  referenceField: z.string().optional(),
  /** Values written back into the record that caused the create. */
  response: z.object({ workItem: z.array(responseRow).max(20), ticket: z.array(responseRow).max(20) }),
  /** Put a Hyperlink relation with the ticket's address on the work item. */
  hyperlink: z.boolean().default(true),
  onDeleted: z.object({ workItem: deletionPolicy, ticket: deletionPolicy }),
  onRestored: z.enum(['resume', 'ignore']).default('resume'),
  /** State ids written by the deletion policy `close`. */
  closeStates: z.object({ workItem: z.string().optional(), ticket: z.string().optional() }).default({}),
});

export const mapping = mappingSettings.extend({
  id: z.string(),
  version: z.number().int().positive(),
  position: z.number().int(),
  updatedAt: z.string(),
  updatedBy: z.string(),
});

export type Transform = z.infer<typeof transform>;
export type Trigger = z.infer<typeof trigger>;
export type ConflictPolicy = z.infer<typeof conflictPolicy>;
export type FieldMapping = z.infer<typeof fieldMapping>;
export type StateMap = z.infer<typeof stateMap>;
export type StateRow = z.infer<typeof stateRow>;
export type CommentPolicy = z.infer<typeof commentPolicy>;
export type AttachmentPolicy = z.infer<typeof attachmentPolicy>;
export type DeletionPolicy = z.infer<typeof deletionPolicy>;
export type ResponseRow = z.infer<typeof responseRow>;
export type MappingSettings = z.infer<typeof mappingSettings>;
export type Mapping = z.infer<typeof mapping>;
