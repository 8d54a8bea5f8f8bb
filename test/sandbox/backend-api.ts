import type { z } from 'zod';
import { type RouteName, type Routes, routes } from '../../backend/contract/routes.ts';

/** Tokens of a signed-in person, made anew for each session. */
export type OpenSession = () => Promise<{
  organization: string;
  hostId: string;
  projectId: string;
  appToken: string;
  accessToken: string;
}>;

export interface CallInput {
  params?: Record<string, string>;
  query?: Record<string, string | number>;
  body?: unknown;
}

export type BackendApi = <N extends RouteName>(
  name: N,
  input?: CallInput,
) => Promise<z.output<Routes[N]['response']>>;

/** A refusal of the product's API, with its problem. */
export class RefusedCall extends Error {
  readonly status: number;
  readonly problem: unknown;

  constructor(route: string, status: number, problem: unknown) {
    super(`${route} was refused with ${status}: ${JSON.stringify(problem)}`);
    this.status = status;
    this.problem = problem;
  }
}

const timeoutMs = 40_000;
const renewBeforeMs = 60_000;

/** The product's own API as one person, as the extension uses it. */
export function createBackendApi(url: string, openSession: OpenSession): BackendApi {
  let session: { token: string; untilMs: number } | undefined;
  const signIn = async () => {
    if (session !== undefined && Date.now() < session.untilMs) return session.token;
    const opened = await send(url, 'openSession', { body: await openSession() }, undefined);
    const { token, expiresAt } = opened as z.output<Routes['openSession']['response']>;
    session = { token, untilMs: Date.parse(expiresAt) - renewBeforeMs };
    return token;
  };
  return async (name, input = {}) => {
    try {
      return (await send(url, name, input, await signIn())) as never;
    } catch (error) {
      // A backend that was restarted may not know the session any more.
      if (!(error instanceof RefusedCall) || error.status !== 401) throw error;
      session = undefined;
      return (await send(url, name, input, await signIn())) as never;
    }
  };
}

async function send(
  url: string,
  name: RouteName,
  input: CallInput,
  token: string | undefined,
): Promise<unknown> {
  const { method, path } = routes[name];
  const filled = path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(input.params?.[key] ?? ''));
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(input.query ?? {})) query.set(key, String(value));
  const response = await fetch(`${url}${filled}${query.size > 0 ? `?${query}` : ''}`, {
    method,
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(input.body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(input.body !== undefined && { body: JSON.stringify(input.body) }),
  });
  const text = await response.text();
  if (!response.ok)
    throw new RefusedCall(name, response.status, text.startsWith('{') ? JSON.parse(text) : text);
  return JSON.parse(text);
}
