import type { z } from 'zod';
import type { RouteName, Routes } from '../contract/routes.ts';
import type { Session } from '../security/session-token.ts';

type ParamName<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamName<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

type Parsed<Shape, Key extends string> = Shape extends { [K in Key]: infer S extends z.ZodType }
  ? z.output<S>
  : undefined;

/** What a handler gets: everything checked against the contract, the caller's rights checked by the guard. */
export interface HandlerInput<N extends RouteName> {
  /** From the path; `projectId` equals the session's project. Not empty, at most 200 characters. */
  params: { [K in ParamName<Routes[N]['path']>]: string };
  query: Parsed<Routes[N], 'query'>;
  body: Parsed<Routes[N], 'body'>;
  session: Session;
  requestId: string;
  /** Aborted when the caller hangs up: for what waits. */
  signal: AbortSignal;
}

export type HandlerAnswer<N extends RouteName> = z.input<Routes[N]['response']>;

/** Routes with a handler of the composition root; the session's own route comes with the server. */
export type HandledRoute = Exclude<RouteName, 'openSession'>;

/**
 * A handler per route of the contract. It throws `ProblemError` for what the caller can mend; a `Failure` of a remote
 * system becomes `remoteFailed`, anything else `internal`.
 */
export type Handlers = {
  [N in HandledRoute]: (input: HandlerInput<N>) => Promise<HandlerAnswer<N>>;
};
