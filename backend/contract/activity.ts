import { z } from 'zod';
import { linkCondition } from './links.ts';
import { route } from './route.ts';

export const deliveryOutcome = z.enum(['pending', 'handled', 'parked', 'discarded']);

/** A hook as it arrived and what became of it. */
export const delivery = z.object({
  id: z.string(),
  receivedAt: z.string(),
  source: z.enum(['azureDevOps', 'ticketSystem', 'extension', 'sweep']),
  connectionId: z.string().optional(),
  what: z.string(),
  recordId: z.string().optional(),
  outcome: deliveryOutcome,
  reason: z.string().optional(),
  duplicates: z.number().int(),
  handledAt: z.string().optional(),
});

/** One attempt of a lane: what was read, planned, written. */
export const attempt = z.object({
  id: z.string(),
  at: z.string(),
  linkId: z.string().optional(),
  connectionId: z.string().optional(),
  workItemId: z.string().optional(),
  ticketKey: z.string().optional(),
  cause: z.string(),
  outcome: z.enum(['done', 'halt', 'failure']),
  /** One sentence. */
  summary: z.string(),
  failure: z.string().optional(),
  durationMs: z.number(),
  attempts: z.number().int(),
});

/** A body as it is kept: redacted, and of a long one only the beginning. */
export const tracedBody = z.object({
  contentType: z.string().optional(),
  text: z.string().optional(),
  /** Of the whole body, where `text` is its beginning only or is left out for want of room. */
  characters: z.number().int().optional(),
  /** Size of what is no text. */
  bytes: z.number().int().optional(),
  /**
   * Why there is no text: a sign-in, of which nothing is kept; a file; or the record of the attempt was full (32 kB
   * for all requests).
   */
  withheld: z.enum(['credentials', 'binary', 'room']).optional(),
});

/** One request to a remote system. The answers of requests that went well are not kept. */
export const tracedRequest = z.object({
  route: z.string(),
  status: z.number().optional(),
  durationMs: z.number(),
  failure: z.string().optional(),
  /** Of writes, and of what failed: at most 2,000 characters of the body. */
  sent: z.object({ method: z.string(), path: z.string(), body: tracedBody.optional() }).optional(),
  /** Of what failed or could not be read: at most 4,000 characters of the body, and the headers that tell something. */
  answer: z.object({ headers: z.record(z.string(), z.string()), body: tracedBody.optional() }).optional(),
});

export const attemptDetail = attempt.extend({
  commands: z.array(
    z.object({
      side: z.enum(['workItem', 'ticket']),
      action: z.string(),
      outcome: z.string(),
      detail: z.string().optional(),
    }),
  ),
  notes: z.array(
    z.object({
      code: z.string(),
      side: z.enum(['workItem', 'ticket']),
      field: z.string().optional(),
      from: z.string().optional(),
      to: z.string().optional(),
      reason: z.string().optional(),
    }),
  ),
  requests: z.array(tracedRequest),
  /** Further requests that were not kept. */
  requestsOmitted: z.number().int().optional(),
  fields: z.array(z.object({ field: z.string(), problem: z.string() })),
  requestId: z.string().optional(),
});

export const parked = z.object({
  /** Lane key or delivery id. */
  id: z.string(),
  kind: z.enum(['link', 'record', 'delivery', 'command']),
  since: z.string(),
  reason: z.string(),
  failure: z.string().optional(),
  workItemId: z.string().optional(),
  ticketKey: z.string().optional(),
  connectionId: z.string().optional(),
  attempts: z.number().int(),
});

/** A link that is not in agreement. */
export const troubledLink = z.object({
  id: z.string(),
  workItemId: z.string(),
  ticketKey: z.string(),
  ticketUrl: z.string(),
  connectionId: z.string(),
  condition: linkCondition,
  reason: z.string().optional(),
  retryAt: z.string().optional(),
});

const page = {
  before: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** Inclusive. */
  since: z.iso.datetime({ offset: true }).optional(),
  /** Exclusive. */
  until: z.iso.datetime({ offset: true }).optional(),
};

export const activityRoutes = {
  listDeliveries: route({
    method: 'GET',
    path: '/api/projects/:projectId/deliveries',
    guard: 'projectAdmin',
    summary: 'Hooks received, newest first.',
    query: z.object({
      ...page,
      outcome: deliveryOutcome.optional(),
      connectionId: z.string().optional(),
      recordId: z.string().optional(),
    }),
    response: z.object({ deliveries: z.array(delivery), more: z.boolean() }),
  }),
  readDelivery: route({
    method: 'GET',
    path: '/api/projects/:projectId/deliveries/:deliveryId',
    guard: 'projectAdmin',
    summary: 'A delivery with its body, secrets removed.',
    response: delivery.extend({ body: z.string(), truncated: z.boolean() }),
  }),
  replayDelivery: route({
    method: 'POST',
    path: '/api/projects/:projectId/deliveries/:deliveryId/replay',
    guard: 'projectAdmin',
    summary: 'Treat the delivery as if it had just arrived.',
    response: delivery,
  }),
  replayDeliveries: route({
    method: 'POST',
    path: '/api/projects/:projectId/deliveries/replay',
    guard: 'projectAdmin',
    summary: 'The same for many. Those that name no record are left out and counted.',
    body: z.object({ ids: z.array(z.string()).min(1).max(200) }),
    response: z.object({ replayed: z.number().int(), left: z.number().int() }),
  }),
  listAttempts: route({
    method: 'GET',
    path: '/api/projects/:projectId/attempts',
    guard: 'projectAdmin',
    summary: 'What was planned and written, newest first.',
    query: z.object({
      ...page,
      outcome: z.enum(['done', 'halt', 'failure']).optional(),
      connectionId: z.string().optional(),
      workItemId: z.string().optional(),
      linkId: z.string().optional(),
      /** Number of a work item or of a ticket. */
      record: z.string().trim().min(1).max(200).optional(),
    }),
    response: z.object({ attempts: z.array(attempt), more: z.boolean() }),
  }),
  readAttempt: route({
    method: 'GET',
    path: '/api/projects/:projectId/attempts/:attemptId',
    guard: 'projectAdmin',
    summary: 'An attempt with its commands, notes, and requests with what went to and fro, secrets removed.',
    response: attemptDetail,
  }),
  listTroubledLinks: route({
    method: 'GET',
    path: '/api/projects/:projectId/troubled-links',
    guard: 'projectAdmin',
    summary: 'Links that are not in agreement, newest first.',
    query: z.object({
      before: page.before,
      limit: page.limit,
      condition: linkCondition.optional(),
    }),
    response: z.object({ links: z.array(troubledLink), more: z.boolean() }),
  }),
  listParked: route({
    method: 'GET',
    path: '/api/projects/:projectId/parked',
    guard: 'projectAdmin',
    summary: 'What waits for a person, newest first; `more` when there is more than fits into one answer.',
    response: z.object({ parked: z.array(parked), more: z.boolean() }),
  }),
  retryParked: route({
    method: 'POST',
    path: '/api/projects/:projectId/parked/retry',
    guard: 'projectAdmin',
    summary: 'Try again.',
    body: z.object({ ids: z.array(z.string()).min(1).max(1000) }),
    response: z.object({ retried: z.number().int() }),
  }),
  discardParked: route({
    method: 'POST',
    path: '/api/projects/:projectId/parked/discard',
    guard: 'projectAdmin',
    summary:
      'Give up on it, with a reason for the record. `left`: how many of them no longer wait for a person, because they are being tried again or are settled; they are left as they are.',
    body: z.object({ ids: z.array(z.string()).min(1).max(1000), reason: z.string().trim().min(3).max(500) }),
    response: z.object({ discarded: z.number().int(), left: z.number().int() }),
  }),
};

export type Delivery = z.infer<typeof delivery>;
export type Attempt = z.infer<typeof attempt>;
export type AttemptDetail = z.infer<typeof attemptDetail>;
export type TracedRequest = z.infer<typeof tracedRequest>;
export type TracedBody = z.infer<typeof tracedBody>;
export type TroubledLink = z.infer<typeof troubledLink>;
export type Parked = z.infer<typeof parked>;
