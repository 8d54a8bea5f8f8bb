import { z } from 'zod';
import { route } from './route.ts';

export const statusCategory = z.enum([
  'proposed',
  'inProgress',
  'resolved',
  'completed',
  'removed',
  'unknown',
]);

export const linkCondition = z.enum([
  'inAgreement',
  /** A change is on its way. */
  'pending',
  /** Waiting: throttled, unreachable, with `retryAt`. */
  'delayed',
  /** The connection waits for new credentials or was paused by a person. */
  'paused',
  /** A person must decide or mend. */
  'parked',
  'conflict',
  /** The ticket or the work item is gone or hidden. */
  'missing',
  /** A record does not meet the mapping's condition for updates. */
  'resting',
]);

export const personCard = z.object({ name: z.string(), initials: z.string() });

export const conflictCard = z.object({
  row: z.string(),
  label: z.string(),
  workItem: z.object({
    field: z.string(),
    value: z.string(),
    at: z.string().optional(),
    by: z.string().optional(),
  }),
  ticket: z.object({
    field: z.string(),
    value: z.string(),
    at: z.string().optional(),
    by: z.string().optional(),
  }),
});

export const ticketCard = z.object({
  linkId: z.string(),
  connectionId: z.string(),
  mappingId: z.string(),
  ticketId: z.string(),
  number: z.string(),
  title: z.string(),
  /** Opens the ticket in its own system. */
  url: z.string(),
  status: z.object({ name: z.string(), category: statusCategory }),
  priority: z.string().optional(),
  assignee: personCard.optional(),
  dueAt: z.string().optional(),
  /** When both sides were last seen to agree. */
  agreedAt: z.string().optional(),
  condition: linkCondition,
  /** One sentence: why it is not in agreement. */
  reason: z.string().optional(),
  /** The one action that helps. */
  remedy: z.enum(['retry', 'resolveConflict', 'renewCredentials', 'explain', 'unlink']).optional(),
  retryAt: z.string().optional(),
  conflicts: z.array(conflictCard),
  /** Ids of other work items that share the ticket. */
  sharedWith: z.array(z.string()).optional(),
});

export const connectionCard = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.string(),
  ticketNoun: z.string(),
  status: z.enum(['live', 'delayed', 'paused', 'unreachable']),
  reason: z.string().optional(),
  since: z.string().optional(),
  can: z.object({
    create: z.boolean(),
    comment: z.boolean(),
    publicComments: z.boolean(),
    internalComments: z.boolean(),
  }),
});

/** A mapping with which a ticket can be created or linked. */
const way = z.object({
  mappingId: z.string(),
  name: z.string(),
  connectionId: z.string(),
  /** Types that the mapping is for; the form knows its own type and leaves out the others. */
  workItemTypes: z.array(z.string()),
});

export const panel = z.object({
  /** Rises with every change that the panel shows; give it back in `after` to wait for the next. */
  version: z.number(),
  configured: z.boolean(),
  switchedOff: z.boolean(),
  tickets: z.array(ticketCard),
  connections: z.array(connectionCard),
  /** Mappings with which a ticket can be created from this work item. */
  createWith: z.array(way),
  /** Mappings of the project, for linking an existing ticket. */
  linkWith: z.array(way),
  /** Names of those who changed the settings last: whom to ask when something has to be mended there. */
  askFor: z.array(z.string()),
  may: z.object({ change: z.boolean(), administer: z.boolean() }),
});

export const readPanel = route({
  method: 'GET',
  path: '/api/work-items/:workItemId/panel',
  guard: 'workItemRead',
  summary: 'Everything the panel shows, from the store; with `after` waits up to 25 s for something newer.',
  query: z.object({
    after: z.coerce.number().optional(),
    waitSeconds: z.coerce.number().min(0).max(25).optional(),
  }),
  response: panel,
});

export const readCreateWays = route({
  method: 'GET',
  path: '/api/create-ways',
  guard: 'member',
  summary: "What a work item of the session's project can become, before it is saved and has an id.",
  response: z.object({ createWith: z.array(way.extend({ ticketNoun: z.string() })) }),
});

/** The form of a new ticket: what the mapping fills, and what a person may still enter. */
export const ticketForm = z.object({
  mappingId: z.string(),
  ticketNoun: z.string(),
  fields: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      type: z.string(),
      required: z.boolean(),
      readOnly: z.boolean(),
      maxLength: z.number().optional(),
      choices: z.array(z.object({ id: z.string(), name: z.string() })).optional(),
      /** As the mapping would send it, as text for people. */
      value: z.string().optional(),
      /** Raw value: the id of a choice, HTML of rich text. */
      raw: z.union([z.string(), z.number(), z.boolean(), z.null()]).optional(),
      filledByMapping: z.boolean(),
    }),
  ),
  missing: z.array(z.string()),
});

export const readTicketForm = route({
  method: 'GET',
  path: '/api/work-items/:workItemId/ticket-form',
  guard: 'workItemWrite',
  summary: 'Fields of a new ticket for this work item and mapping, filled as the mapping would.',
  query: z.object({ mappingId: z.string() }),
  response: ticketForm,
});

const commandAnswer = z.object({ link: ticketCard.optional(), version: z.number() });

export const createTicket = route({
  method: 'POST',
  path: '/api/work-items/:workItemId/tickets',
  guard: 'workItemWrite',
  summary:
    'Create a ticket for the work item. Safe to repeat with the same requestKey: one ticket comes of it.',
  body: z.object({
    mappingId: z.string(),
    /** Made by the caller once per intention. */
    requestKey: z.string().min(8).max(80),
    /** Values entered by the person, by ticket field id; they go before the mapping's. */
    values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
  }),
  response: commandAnswer,
});

export const linkTicket = route({
  method: 'POST',
  path: '/api/work-items/:workItemId/links',
  guard: 'workItemWrite',
  summary: 'Link an existing ticket to the work item.',
  body: z.object({
    mappingId: z.string(),
    ticketId: z.string(),
    onLink: z.enum(['keep', 'workItemWins', 'ticketWins']).optional(),
  }),
  response: commandAnswer,
});

export const searchTickets = route({
  method: 'GET',
  path: '/api/work-items/:workItemId/ticket-search',
  guard: 'workItemWrite',
  summary: 'Find tickets by number, title or text; recent ones with an empty text.',
  query: z.object({ mappingId: z.string(), text: z.string().max(200).default('') }),
  response: z.object({
    tickets: z.array(
      z.object({
        ticketId: z.string(),
        number: z.string(),
        title: z.string(),
        url: z.string(),
        status: z.object({ name: z.string(), category: statusCategory }),
        updatedAt: z.string().optional(),
        linkedTo: z.array(z.string()),
      }),
    ),
  }),
});

export const unlinkTicket = route({
  method: 'DELETE',
  path: '/api/work-items/:workItemId/links/:linkId',
  guard: 'workItemWrite',
  summary: 'End the link. Both records stay as they are.',
  response: z.object({ version: z.number() }),
});

export const syncLink = route({
  method: 'POST',
  path: '/api/work-items/:workItemId/links/:linkId/sync',
  guard: 'workItemWrite',
  summary: 'Read both sides now and bring them into agreement; also retries what is parked.',
  response: commandAnswer,
});

export const commentOnTicket = route({
  method: 'POST',
  path: '/api/work-items/:workItemId/links/:linkId/comments',
  guard: 'workItemWrite',
  summary: 'Comment on the ticket. Safe to repeat with the same requestKey.',
  body: z.object({
    requestKey: z.string().min(8).max(80),
    /** Plain text or HTML of the allowed subset. */
    text: z.string().min(1).max(100_000),
    visibility: z.enum(['internal', 'public']).default('internal'),
  }),
  response: commandAnswer,
});

export const resolveConflict = route({
  method: 'POST',
  path: '/api/work-items/:workItemId/links/:linkId/resolve',
  guard: 'workItemWrite',
  summary: 'Decide conflicting fields.',
  body: z.object({
    choices: z.array(z.object({ row: z.string(), keep: z.enum(['workItem', 'ticket']) })).min(1),
  }),
  response: commandAnswer,
});

export const timelineEntry = z.object({
  id: z.string(),
  at: z.string(),
  /** Closed code, see `activity.ts`. */
  code: z.string(),
  side: z.enum(['workItem', 'ticket']).optional(),
  field: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  reason: z.string().optional(),
  outcome: z.enum(['done', 'halt', 'failure', 'info']),
  durationMs: z.number().optional(),
  nextAttemptAt: z.string().optional(),
});

export const readTimeline = route({
  method: 'GET',
  path: '/api/work-items/:workItemId/links/:linkId/timeline',
  guard: 'workItemRead',
  summary: 'What happened to this link and why, newest first.',
  query: z.object({ before: z.string().optional(), limit: z.coerce.number().min(1).max(200).default(50) }),
  response: z.object({ entries: z.array(timelineEntry), more: z.boolean() }),
});

export const conversationEntry = z.object({
  id: z.string(),
  at: z.string(),
  author: z.string(),
  /** Sanitised HTML. */
  html: z.string(),
  visibility: z.enum(['public', 'internal']),
  system: z.boolean(),
  carriedOver: z.boolean(),
});

export const readConversation = route({
  method: 'GET',
  path: '/api/work-items/:workItemId/links/:linkId/conversation',
  guard: 'workItemRead',
  summary: "The ticket's comments and attachments as the ticket system has them now.",
  response: z.object({
    entries: z.array(conversationEntry),
    attachments: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        sizeBytes: z.number().optional(),
        at: z.string().optional(),
        carriedOver: z.boolean(),
      }),
    ),
  }),
});

export const openAttachment = route({
  method: 'POST',
  path: '/api/work-items/:workItemId/links/:linkId/attachments/:attachmentId/download',
  guard: 'workItemRead',
  summary:
    'An address under which a window of the browser, which sends no session, downloads the file within a minute.',
  response: z.object({
    /** Path on the backend; the token in it opens this one file. */
    path: z.string(),
    expiresAt: z.string(),
  }),
});

export const noticeSave = route({
  method: 'POST',
  path: '/api/work-items/:workItemId/notice',
  guard: 'workItemRead',
  summary: 'The form was saved: a hint, like a service hook but sooner.',
  body: z.object({ revision: z.number().optional() }),
  response: z.object({ version: z.number() }),
});

export const linkRoutes = {
  readPanel,
  readCreateWays,
  readTicketForm,
  createTicket,
  linkTicket,
  searchTickets,
  unlinkTicket,
  syncLink,
  commentOnTicket,
  resolveConflict,
  readTimeline,
  readConversation,
  openAttachment,
  noticeSave,
};

export type Panel = z.infer<typeof panel>;
export type TicketCard = z.infer<typeof ticketCard>;
export type LinkCondition = z.infer<typeof linkCondition>;
export type ConnectionCard = z.infer<typeof connectionCard>;
export type ConflictCard = z.infer<typeof conflictCard>;
export type TicketForm = z.infer<typeof ticketForm>;
export type TimelineEntry = z.infer<typeof timelineEntry>;
export type ConversationEntry = z.infer<typeof conversationEntry>;
