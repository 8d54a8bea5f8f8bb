import { publicClientId, sandboxPassword } from '../sandbox/itsm/alemba/seed.ts';
import type { AlembaSimulator } from '../sandbox/itsm/alemba/server.ts';

export type Json = Record<string, unknown>;

export interface Answer<T = Json> {
  status: number;
  body: T;
  text: string;
  type: string;
}

/** A raw HTTP session with the simulator: no rules of a client, so that the simulator's own can be seen. */
export class RawSession {
  readonly simulator: AlembaSimulator;
  accessToken = '';
  refreshToken = '';
  version = 'v2';

  constructor(simulator: AlembaSimulator) {
    this.simulator = simulator;
  }

  static async open(simulator: AlembaSimulator, username = 'integration', scope = 'session-type:Analyst') {
    const session = new RawSession(simulator);
    const answer = await session.token({
      grant_type: 'password',
      scope,
      username,
      password: sandboxPassword,
    });
    if (answer.status !== 200) throw new Error(`login of ${username} refused: ${answer.text}`);
    session.accessToken = String(answer.body.access_token);
    session.refreshToken = String(answer.body.refresh_token);
    return session;
  }

  async token(form: Record<string, string>, path = 'alemba.web/oauth/login'): Promise<Answer> {
    return send(`${this.simulator.baseUrl}/${path}`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: publicClientId, ...form }),
    });
  }

  async logout(): Promise<Answer> {
    return send(`${this.simulator.baseUrl}/alemba.web/oauth/login`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.accessToken}` },
      body: new URLSearchParams({ token: this.refreshToken }),
    });
  }

  /** `query` is fully encoded, as the guide asks. */
  async get<T = Json>(path: string, query: Record<string, string> = {}): Promise<Answer<T>> {
    const options = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return this.send('GET', options.length === 0 ? path : `${path}?${options.join('&')}`);
  }

  async send<T = Json>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    const isForm = body instanceof FormData;
    return send<T>(`${this.simulator.baseUrl}/alemba.api/api/${this.version}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.accessToken}`,
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    });
  }

  async search(filter: string, more: Record<string, string> = {}): Promise<Json[]> {
    const answer = await this.get<{ results: Json[] }>('/call', { $filter: filter, $select: 'Ref', ...more });
    if (answer.status !== 200) throw new Error(`search refused with ${answer.status}: ${answer.text}`);
    return answer.body.results;
  }

  /** Creates and submits; template 96 unless the fields say otherwise. */
  async createCall(fields: Json = {}): Promise<number> {
    const created = await this.send('POST', '/call', { Template: 96, ...fields });
    if (created.status !== 201) throw new Error(`create refused with ${created.status}: ${created.text}`);
    const ref = Number(created.body.Ref);
    await this.send('PUT', `/call/${ref}/submit`);
    return ref;
  }
}

export async function send<T = Json>(url: string, init: RequestInit = {}): Promise<Answer<T>> {
  const answer = await fetch(url, init);
  const text = await answer.text();
  const type = answer.headers.get('content-type') ?? '';
  return { status: answer.status, text, type, body: (type.includes('json') ? JSON.parse(text) : {}) as T };
}

/** Control API of the sandbox. */
export async function control<T = Json>(
  simulator: AlembaSimulator,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer<T>> {
  return send<T>(`${simulator.url}/_sandbox${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
}

/** Asks again until the condition holds. @throws Error after `deadlineMs`. */
export async function until(condition: () => boolean | Promise<boolean>, deadlineMs = 5_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export const actionsOf = (body: Json) => Object.keys(body._actions as Json).sort();
