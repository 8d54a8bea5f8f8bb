import { z } from 'zod';
import { route } from './route.ts';

export const openSession = route({
  method: 'POST',
  path: '/api/session',
  guard: 'open',
  summary: 'Open a session with the tokens of the signed-in user; they are used once and not kept.',
  body: z.object({
    /** Organisation name as in the address, or the collection on a server. Looked up, never fetched from. */
    organization: z.string().min(1).max(200),
    hostId: z.string().min(1).max(100),
    projectId: z.string().min(1).max(100),
    /** From `SDK.getAppToken()`; absent on Server, where the access token alone decides. */
    appToken: z.string().max(16_000).optional(),
    accessToken: z.string().min(1).max(16_000),
  }),
  response: z.object({
    token: z.string(),
    expiresAt: z.string(),
    user: z.object({ id: z.string(), name: z.string() }),
    project: z.object({ id: z.string(), name: z.string() }),
    rights: z.object({
      changeWorkItems: z.boolean(),
      administerProject: z.boolean(),
      administerTenant: z.boolean(),
    }),
  }),
});
