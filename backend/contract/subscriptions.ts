import { z } from 'zod';
import { route } from './route.ts';

/** Which work items the service hooks of a project tell of. Empty means any. */
export const hookFilter = z.object({
  /** This area and those below it, written as on work items: `Fabrikam\\Web`. */
  areaPath: z.string().trim().max(4000).default(''),
  workItemType: z.string().trim().max(128).default(''),
});

/** One service hook subscription: what should exist and what does. */
export const subscription = z.object({
  eventType: z.string(),
  /** Words for people: "Work item updated". */
  name: z.string(),
  expected: z.boolean(),
  subscriptionId: z.string().optional(),
  health: z.enum(['healthy', 'missing', 'onProbation', 'disabled', 'differs', 'unknown']),
  reason: z.string().optional(),
  lastReceivedAt: z.string().optional(),
  /** What it is narrowed to in Azure DevOps at present; absent while it does not exist or is not visible. */
  filter: hookFilter.optional(),
});

const answer = z.object({
  subscriptions: z.array(subscription),
  /** What was chosen for the project; the watchdog keeps to it. */
  filter: hookFilter,
  /** Whether the backend's identity may see and change subscriptions; without it an empty list says nothing. */
  mayManage: z.boolean(),
  /** The right that is missing. */
  needs: z.string().optional(),
  /** For doing it by hand. */
  manual: z.object({ url: z.string(), username: z.string(), steps: z.array(z.string()) }),
  checkedAt: z.string(),
});

export const subscriptionRoutes = {
  listSubscriptions: route({
    method: 'GET',
    path: '/api/projects/:projectId/service-hooks',
    guard: 'projectAdmin',
    summary: 'Service hooks of the project and their health.',
    response: answer,
  }),
  ensureSubscriptions: route({
    method: 'POST',
    path: '/api/projects/:projectId/service-hooks',
    guard: 'projectAdmin',
    summary: 'Register what is missing and repair what differs, narrowed as chosen.',
    response: answer,
  }),
  removeSubscriptions: route({
    method: 'DELETE',
    path: '/api/projects/:projectId/service-hooks',
    guard: 'projectAdmin',
    summary: 'Remove the service hooks that Tandem registered, and forget what they were narrowed to.',
    response: answer,
  }),
  readHookFilter: route({
    method: 'GET',
    path: '/api/projects/:projectId/service-hooks/filter',
    guard: 'projectAdmin',
    summary: 'What the service hooks of the project are narrowed to, and what there is to choose from.',
    response: z.object({
      filter: hookFilter,
      /** Absent where the backend's identity may not read them. */
      areaPaths: z.array(z.string()).optional(),
      workItemTypes: z.array(z.string()).optional(),
      /** What all mappings that are on have in common; nothing is chosen by it. */
      suggestion: z.object({ areaPath: z.string().optional(), workItemType: z.string().optional() }),
    }),
  }),
  changeHookFilter: route({
    method: 'PUT',
    path: '/api/projects/:projectId/service-hooks/filter',
    guard: 'projectAdmin',
    summary:
      'Narrow the service hooks by area path and work item type, and register or replace them accordingly.',
    body: hookFilter,
    response: answer,
  }),
  testSubscription: route({
    method: 'POST',
    path: '/api/projects/:projectId/service-hooks/:subscriptionId/test',
    guard: 'projectAdmin',
    summary: 'Have Azure DevOps send a test delivery and wait for it.',
    response: z.object({ received: z.boolean(), finding: z.string(), remedy: z.string().optional() }),
  }),
  revealManualPassword: route({
    method: 'POST',
    path: '/api/projects/:projectId/service-hooks/manual-password',
    guard: 'projectAdmin',
    summary: 'Make a new password for hooks that are entered by hand; shown once.',
    response: z.object({ url: z.string(), username: z.string(), password: z.string() }),
  }),
};

export type HookFilter = z.infer<typeof hookFilter>;
export type Subscription = z.infer<typeof subscription>;
export type Subscriptions = z.infer<typeof answer>;
