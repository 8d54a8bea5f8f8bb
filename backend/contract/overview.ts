import { z } from 'zod';
import { secretOrigin } from './connector-manifest.ts';
import { credentialEnd } from './credential-days.ts';
import { connectionCard } from './links.ts';
import { route } from './route.ts';

export const books = z.object({
  received: z.number().int(),
  handled: z.number().int(),
  duplicate: z.number().int(),
  parked: z.number().int(),
  pending: z.number().int(),
  balanced: z.boolean(),
});

export const overview = z.object({
  enabled: z.boolean(),
  connections: z.array(connectionCard),
  /** Those that have ended or end within two weeks, soonest first. */
  endingCredentials: z.array(
    z.object({
      connectionId: z.string(),
      connection: z.string(),
      label: z.string(),
      origin: secretOrigin,
      ends: credentialEnd,
    }),
  ),
  hooks: z.object({
    expected: z.number().int(),
    healthy: z.number().int(),
    reason: z.string().optional(),
    checkedAt: z.string().optional(),
  }),
  sweep: z.object({ lastAt: z.string().optional(), gaps: z.number().int(), gapsLastDay: z.number().int() }),
  books,
  links: z.object({
    total: z.number().int(),
    inAgreement: z.number().int(),
    conflict: z.number().int(),
    parked: z.number().int(),
    delayed: z.number().int(),
    missing: z.number().int(),
  }),
  parked: z.number().int(),
  /** Attempts of the last 24 hours by the hour, oldest first. */
  traffic: z.array(z.object({ hour: z.string(), done: z.number().int(), failed: z.number().int() })),
  next: z.enum(['addConnection', 'addMapping', 'registerHooks', 'createFirstTicket', 'none']),
});

export const auditEntry = z.object({
  id: z.string(),
  at: z.string(),
  by: z.string(),
  action: z.string(),
  subject: z.string(),
  detail: z.string().optional(),
});

export const overviewRoutes = {
  readOverview: route({
    method: 'GET',
    path: '/api/projects/:projectId/overview',
    guard: 'projectAdmin',
    summary: 'Is anything wrong, since when, what to press.',
    response: overview,
  }),
  switchTenant: route({
    method: 'PUT',
    path: '/api/projects/:projectId/switch',
    guard: 'tenantAdmin',
    summary: 'Switch synchronisation of the whole organisation on or off; what comes in is kept.',
    body: z.object({ enabled: z.boolean() }),
    response: z.object({ enabled: z.boolean() }),
  }),
  listAudit: route({
    method: 'GET',
    path: '/api/projects/:projectId/audit',
    guard: 'projectAdmin',
    summary: 'Who changed which setting.',
    query: z.object({
      before: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    response: z.object({ entries: z.array(auditEntry), more: z.boolean() }),
  }),
};

export type Overview = z.infer<typeof overview>;
export type Books = z.infer<typeof books>;
export type AuditEntry = z.infer<typeof auditEntry>;
