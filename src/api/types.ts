import type { z } from 'zod';
import type { RouteName, Routes } from '../../backend/contract/routes.ts';

type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;

type Empty = Record<never, never>;
type QueryOf<R> = R extends { query: infer Q extends z.ZodType } ? z.input<Q> : Empty;
type BodyOf<R> = R extends { body: infer B extends z.ZodType } ? { body: z.input<B> } : Empty;

/** Path parameters and query flat beside each other; a body under `body`. */
export type RouteInput<N extends RouteName> = { [P in ParamNames<Routes[N]['path']>]: string } & QueryOf<
  Routes[N]
> &
  BodyOf<Routes[N]>;

export type RouteOutput<N extends RouteName> = z.output<Routes[N]['response']>;

export interface CallOptions {
  signal?: AbortSignal;
  /** Long polls need more than the usual 20 s. */
  timeoutMs?: number;
  /** The request outlives the page: for what is sent while a form closes. */
  keepalive?: boolean;
}

/** One function per route of the contract. Each throws `ApiProblem`, or an AbortError when `signal` says so. */
export type Api = {
  [N in Exclude<RouteName, 'openSession'>]: (
    input: RouteInput<N>,
    options?: CallOptions,
  ) => Promise<RouteOutput<N>>;
};

export type Session = RouteOutput<'openSession'>;
