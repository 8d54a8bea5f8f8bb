import { z } from 'zod';

/** Every answer that is not 2xx. `code` comes from the catalogue below; words for people are in title and action. */
export const problem = z.object({
  code: z.string(),
  title: z.string(),
  /** What the reader can do now. */
  action: z.string(),
  requestId: z.string(),
  fields: z.array(z.object({ field: z.string(), problem: z.string(), remedy: z.string() })).optional(),
  /** Kind of a remote failure, when one was the reason. */
  failure: z.string().optional(),
  /** Who or what right is needed, when known. */
  needs: z.string().optional(),
});

export type Problem = z.infer<typeof problem>;

/** The closed list of problems with their HTTP status. */
export const problemCatalogue = {
  invalidRequest: {
    status: 400,
    title: 'The request has fields that cannot be used',
    action: 'Correct the named fields and try again.',
  },
  signInRequired: {
    status: 401,
    title: 'There is no valid session',
    action: 'Reload the page to open a new session.',
  },
  tokenRefused: {
    status: 401,
    title: 'The token of the extension was refused',
    action: 'Check that the backend knows the certificate of the installed extension, then reload.',
  },
  organizationUnknown: {
    status: 403,
    title: 'This organisation is not registered with the backend',
    action: 'Ask the operator of the backend to register the organisation.',
  },
  notAllowed: {
    status: 403,
    title: 'Azure DevOps does not give you the right that this needs',
    action: 'Ask a project administrator for the right that is named.',
  },
  notFound: {
    status: 404,
    title: 'There is no such record, or you may not see it',
    action: 'Check the address, or ask for access.',
  },
  conflict: {
    status: 409,
    title: 'Somebody else changed this in the meantime',
    action: 'Reload and apply your change again.',
  },
  alreadyLinked: {
    status: 409,
    title: 'These two records are linked already',
    action: 'Open the existing link.',
  },
  inUse: { status: 409, title: 'It is still in use', action: 'Remove what uses it first.' },
  tooLarge: { status: 413, title: 'The request is too large', action: 'Send less at once.' },
  tooManyRequests: {
    status: 429,
    title: 'Too many requests in a short time',
    action: 'Wait a moment and try again.',
  },
  remoteFailed: {
    status: 502,
    title: 'The other system did not do what was asked',
    action: 'Read the reason and try again.',
  },
  switchedOff: {
    status: 409,
    title: 'Synchronisation is switched off for this organisation',
    action: 'Ask an administrator to switch it on.',
  },
  storeUnavailable: {
    status: 503,
    title: 'The store is not reachable',
    action: 'Try again in a minute. The operator sees the reason under /health/ready.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong in the backend',
    action: 'Try again. If it persists, give the request id to the operator.',
  },
} as const satisfies Record<string, { status: number; title: string; action: string }>;

export type ProblemCode = keyof typeof problemCatalogue;
