import type { RouteName } from '../../backend/contract/routes.ts';
import { localProblem, problemOf } from './problem.ts';
import { routeTable } from './route-table.ts';
import type { CallOptions } from './types.ts';

const usualTimeoutMs = 20_000;

/**
 * Sends one request and reads its answer.
 *
 * @throws ApiProblem for everything but 2xx with JSON; AbortError when the caller aborted.
 */
export async function send(
  backendUrl: string,
  name: RouteName,
  input: Record<string, unknown>,
  token: string | undefined,
  { signal, timeoutMs = usualTimeoutMs, keepalive = false }: CallOptions = {},
): Promise<unknown> {
  const { method, path } = routeTable[name];
  const { body, ...rest } = input;
  const timeout = AbortSignal.timeout(timeoutMs);
  const headers: Record<string, string> = { accept: 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const address = backendUrl + addressOf(path, rest);
  const content = body === undefined ? null : JSON.stringify(body);
  try {
    const response = await fetch(address, {
      method,
      headers,
      body: content,
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      keepalive,
      // Third-party cookies do not exist in a frame, and nothing here may depend on them.
      credentials: 'omit',
      redirect: 'error',
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
    });
    return await readAnswer(response);
  } catch (reason) {
    if (signal?.aborted) throw new DOMException('The call was given up.', 'AbortError');
    if (timeout.aborted) throw localProblem('timedOut');
    // fetch says TypeError for everything that kept the request from being answered: DNS, refused, TLS, CORS.
    if ((reason as { name?: string }).name === 'TypeError') throw localProblem('unreachable');
    throw reason;
  }
}

async function readAnswer(response: Response): Promise<unknown> {
  const raw = await response.text();
  let body: unknown;
  try {
    body = raw ? JSON.parse(raw) : undefined;
  } catch {
    body = undefined;
  }
  if (!response.ok) throw problemOf(response.status, body);
  if (typeof body !== 'object' || body === null) throw localProblem('malformed');
  return body;
}

/** Puts parameters into the path; the rest becomes the query. */
export function addressOf(path: string, input: Record<string, unknown>): string {
  const query = new URLSearchParams();
  let address = path;
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue;
    const filled = address.replace(new RegExp(`:${name}(?=/|$)`), encodeURIComponent(String(value)));
    if (filled === address) query.set(name, String(value));
    else address = filled;
  }
  return query.size ? `${address}?${query}` : address;
}
