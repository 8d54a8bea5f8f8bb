import { z } from 'zod';
import { route } from './route.ts';

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
});

const answer = z.object({
  subscriptions: z.array(subscription),
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
    summary: 'Register what is missing and repair what differs.',
    response: answer,
  }),
  removeSubscriptions: route({
    method: 'DELETE',
    path: '/api/projects/:projectId/service-hooks',
    guard: 'projectAdmin',
    summary: 'Remove the service hooks that Tandem registered.',
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

export type Subscription = z.infer<typeof subscription>;
export type Subscriptions = z.infer<typeof answer>;
