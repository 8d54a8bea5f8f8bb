import { z } from 'zod';
import { listedConnector } from './connector-manifest.ts';
import { credentialEnd, endDay } from './credential-days.ts';
import { route } from './route.ts';

export const retryPolicy = z.object({
  /** Attempts per change before it is parked. */
  maxAttempts: z.number().int().min(1).max(100).default(30),
  /** First wait; doubles up to the longest, with jitter. */
  firstDelaySeconds: z.number().min(1).max(3600).default(2),
  longestDelaySeconds: z.number().min(1).max(86_400).default(900),
  /** Where it is given each wait is this long, and does not grow; first and longest wait are not asked then. */
  fixedDelaySeconds: z
    .number()
    .min(1, 'A fixed wait takes at least 1 second')
    .max(86_400, 'A fixed wait takes at most 86400 seconds, which is a day')
    .optional(),
  /**
   * One attempt of a change may take so long, then its requests are called off. Long enough for a file of 60 MB through
   * a line of 1 MBit/s: an attempt that is always called off would never come to its end.
   */
  attemptTimeoutSeconds: z.number().min(10).max(3600).default(600),
});

export const connectionStatus = z.enum(['live', 'delayed', 'paused', 'unreachable']);

export const settingValue = z.union([z.string(), z.number(), z.boolean()]);

/** A connection as the hub sees it. Secrets only as "set at", with the day on which they end where it is known. */
export const connection = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  settings: z.record(z.string(), settingValue),
  secrets: z.record(z.string(), z.object({ setAt: z.string(), ends: credentialEnd.optional() }).nullable()),
  retry: retryPolicy,
  budget: z.object({ requestsPerSecond: z.number(), concurrent: z.number().int() }),
  status: connectionStatus,
  reason: z.string().optional(),
  since: z.string().optional(),
  /** Address to enter in the ticket system, and when something last came in on it. */
  hook: z.object({
    url: z.string(),
    lastReceivedAt: z.string().optional(),
    instructions: z.array(z.string()),
  }),
  lastSweepAt: z.string().optional(),
  links: z.number().int(),
  updatedAt: z.string(),
});

export const connectionInput = z.object({
  kind: z.string(),
  name: z.string().trim().min(1).max(120),
  settings: z.record(z.string(), settingValue),
  /** Only those that change; null removes. */
  secrets: z.record(z.string(), z.string().min(1).max(10_000).nullable()).default({}),
  /** Days on which secrets end; null forgets one. A secret that changes without one has no known day any more. */
  secretEnds: z.record(z.string(), endDay.nullable()).default({}),
  retry: retryPolicy.optional(),
  budget: z
    .object({
      requestsPerSecond: z.number().positive().max(1000),
      concurrent: z.number().int().min(1).max(64),
    })
    .optional(),
});

export const testCheck = z.object({
  code: z.string(),
  outcome: z.enum(['passed', 'warning', 'failed', 'skipped']),
  finding: z.string(),
  remedy: z.string().optional(),
});

export const connectionRoutes = {
  listConnectors: route({
    method: 'GET',
    path: '/api/projects/:projectId/connectors',
    guard: 'projectAdmin',
    summary:
      'Kinds of systems with what their forms need: those offered, and those of connections that are there.',
    response: z.object({ connectors: z.array(listedConnector) }),
  }),
  listConnections: route({
    method: 'GET',
    path: '/api/projects/:projectId/connections',
    guard: 'projectAdmin',
    summary: 'Connections of the tenant.',
    response: z.object({ connections: z.array(connection) }),
  }),
  createConnection: route({
    method: 'POST',
    path: '/api/projects/:projectId/connections',
    guard: 'projectAdmin',
    summary: 'Add a connection.',
    body: connectionInput,
    response: connection,
  }),
  updateConnection: route({
    method: 'PUT',
    path: '/api/projects/:projectId/connections/:connectionId',
    guard: 'projectAdmin',
    summary: 'Change a connection; secrets that are not named stay.',
    body: connectionInput,
    response: connection,
  }),
  testConnection: route({
    method: 'POST',
    path: '/api/projects/:projectId/connections/:connectionId/test',
    guard: 'projectAdmin',
    summary: 'Test the stored connection; resumes it when it was paused for its credentials and passes.',
    response: z.object({ checks: z.array(testCheck), resumed: z.boolean() }),
  }),
  testConnectionInput: route({
    method: 'POST',
    path: '/api/projects/:projectId/connection-tests',
    guard: 'projectAdmin',
    summary: 'Test settings before they are saved.',
    body: connectionInput.extend({ connectionId: z.string().optional() }),
    response: z.object({ checks: z.array(testCheck) }),
  }),
  pauseConnection: route({
    method: 'POST',
    path: '/api/projects/:projectId/connections/:connectionId/pause',
    guard: 'projectAdmin',
    summary: 'Stop all work of the connection; what comes in is kept.',
    response: connection,
  }),
  resumeConnection: route({
    method: 'POST',
    path: '/api/projects/:projectId/connections/:connectionId/resume',
    guard: 'projectAdmin',
    summary: 'Go on.',
    response: connection,
  }),
  deleteConnection: route({
    method: 'DELETE',
    path: '/api/projects/:projectId/connections/:connectionId',
    guard: 'projectAdmin',
    summary: 'Delete a connection with its mappings and links; both systems keep their records.',
    query: z.object({ confirmLinks: z.coerce.number().int() }),
    response: z.object({ links: z.number().int() }),
  }),
  rotateHookSecret: route({
    method: 'POST',
    path: '/api/projects/:projectId/connections/:connectionId/hook-secret',
    guard: 'projectAdmin',
    summary: 'Make a new webhook secret, shown once; the old one stays valid for a day.',
    response: z.object({ secret: z.string(), instructions: z.array(z.string()) }),
  }),
  describeConnection: route({
    method: 'GET',
    path: '/api/projects/:projectId/connections/:connectionId/description',
    guard: 'projectAdmin',
    summary: 'Types, templates, fields and statuses of the ticket system.',
    query: z.object({ type: z.string().optional(), template: z.string().optional() }),
    response: z.lazy(() => systemDescription),
  }),
  describeWorkItems: route({
    method: 'GET',
    path: '/api/projects/:projectId/work-item-description',
    guard: 'projectAdmin',
    summary: 'Work item types, fields and states of the project.',
    query: z.object({ type: z.string().optional() }),
    response: z.lazy(() => systemDescription),
  }),
};

const category = z.enum(['proposed', 'inProgress', 'resolved', 'completed', 'removed', 'unknown']);
const named = z.object({ id: z.string(), name: z.string() });

export const systemDescription = z.object({
  types: z.array(named),
  templates: z.array(named).optional(),
  projects: z.array(named).optional(),
  fields: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      type: z.string(),
      required: z.boolean(),
      readOnly: z.boolean(),
      /** The chosen template or type keeps it from being written. */
      barredBy: z.enum(['template', 'type']).optional(),
      maxLength: z.number().optional(),
      choices: z
        .array(z.object({ id: z.string(), name: z.string(), category: category.optional() }))
        .optional(),
      help: z.string().optional(),
    }),
  ),
  statuses: z.array(z.object({ id: z.string(), name: z.string().optional(), category })),
  roles: z.object({
    status: z.string(),
    title: z.string(),
    description: z.string(),
    priority: z.string().optional(),
    assignee: z.string().optional(),
  }),
});

export type Connection = z.infer<typeof connection>;
export type ConnectionInput = z.infer<typeof connectionInput>;
export type RetryPolicy = z.infer<typeof retryPolicy>;
export type TestCheckResult = z.infer<typeof testCheck>;
export type ConnectionDescription = z.infer<typeof systemDescription>;
