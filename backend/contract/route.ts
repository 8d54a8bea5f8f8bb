import type { z } from 'zod';

/**
 * Who may call a route. `open`: anyone (health, session opening). `member`: a session of the tenant with access to
 * the project named in the request. `workItemRead` / `workItemWrite`: as member, and Azure DevOps lets the user read
 * or change the work item. `projectAdmin`: the user may edit the project. `tenantAdmin`: edits the collection.
 */
export type Guard = 'open' | 'member' | 'workItemRead' | 'workItemWrite' | 'projectAdmin' | 'tenantAdmin';

export interface RouteShape {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `:name` marks a path parameter. */
  path: string;
  guard: Guard;
  summary: string;
  query?: z.ZodType;
  body?: z.ZodType;
  response: z.ZodType;
}

/** Keeps the literal types of a route, so that client and server derive theirs from it. */
export const route = <const R extends RouteShape>(shape: R): R => shape;
