import { z } from 'zod';
import { isFailure } from '../../sync/failure.ts';
import type { RemoteAnswer, RemoteRequest, RemoteStream, Transport } from '../transport.ts';
import { explainFailure, malformed } from './failures.ts';
import { type Query, queryString } from './filter.ts';
import type { Session } from './session.ts';
import type { AlembaSettings } from './settings.ts';

/** A record as the API writes it: properties by name, links under `_self`, `_context`, `_actions`. */
export type Row = Readonly<Record<string, unknown>>;

export interface CallOptions {
  /** See `RemoteRequest.repeat`. */
  repeat?: 'safe' | 'unsafe';
  headers?: Record<string, string>;
  contentType?: string;
  timeoutMs?: number;
}

/** The REST API with the session's token, in the vendor's own failures. `path` begins with `/call…`. */
export interface AlembaClient {
  get(route: string, path: string, query?: Query): Promise<Row>;
  /** Results of a search. */
  search(route: string, path: string, query: Query): Promise<readonly Row[]>;
  put(route: string, path: string, body?: unknown, options?: CallOptions): Promise<Row>;
  post(route: string, path: string, body: unknown, options?: CallOptions): Promise<Row>;
  stream(route: string, path: string): Promise<RemoteStream>;
  /** Length of the address that a query makes. */
  urlLength(path: string, query: Query): number;
}

const row = z.record(z.string(), z.unknown());
const results = z.object({ results: z.array(row) });

export function createClient(transport: Transport, session: Session, settings: AlembaSettings): AlembaClient {
  const root = `${settings.address}/alemba.api/api/${settings.apiVersion}`;

  /** The first 401 may only mean that ten minutes are over; nothing has happened yet, so any request may be repeated. */
  const authorized = async <T>(
    request: RemoteRequest,
    run: (request: RemoteRequest) => Promise<T>,
  ): Promise<T> => {
    const unsafe = request.repeat === 'unsafe';
    let token = await session.token();
    for (let attempt = 1; ; attempt += 1) {
      const headers = { accept: 'application/json', ...request.headers, authorization: `Bearer ${token}` };
      try {
        return await run({ ...request, headers });
      } catch (error) {
        const isExpired = isFailure(error) && error.kind === 'unauthorized' && error.details.status === 401;
        if (!isExpired || attempt > 2) throw explainFailure(error, settings, unsafe);
      }
      // Second time: the refreshed token is no good either, so the session has to be opened anew.
      token = await session.renew(token, attempt === 2);
    }
  };

  const send = (request: RemoteRequest) => authorized(request, (ready) => transport.send(ready));

  const write = async (
    method: 'PUT' | 'POST',
    route: string,
    url: string,
    body: unknown,
    options: CallOptions = {},
  ): Promise<Row> => {
    const repeat = options.repeat ?? 'unsafe';
    const answer = await send({
      method,
      route,
      url,
      // 304: there was nothing to change.
      accept: [304],
      repeat,
      ...(body !== undefined && { body }),
      ...(options.headers && { headers: options.headers }),
      ...(options.contentType && { contentType: options.contentType }),
      ...(options.timeoutMs && { timeoutMs: options.timeoutMs }),
    });
    // Submit, lock and unlock may well answer nothing.
    return answer.json === undefined ? {} : readRow(answer);
  };

  return {
    get: async (route, path, query = {}) =>
      readRow(await send({ method: 'GET', route, url: root + withQuery(path, query), repeat: 'safe' })),
    search: async (route, path, query) => {
      const answer = await send({ method: 'GET', route, url: root + withQuery(path, query), repeat: 'safe' });
      const parsed = results.safeParse(answer.json);
      if (!parsed.success) throw malformed(`The answer to ${route} holds no results`, answer);
      return parsed.data.results;
    },
    put: (route, path, body, options) => write('PUT', route, root + withQuery(path, {}), body, options),
    post: (route, path, body, options) => write('POST', route, root + withQuery(path, {}), body, options),
    stream: (route, path) =>
      authorized({ method: 'GET', route, url: root + withQuery(path, {}), repeat: 'safe' }, (request) =>
        transport.stream(request),
      ),
    urlLength: (path, query) => (root + withQuery(path, query)).length,
  };
}

/** Routes from the settings may carry a query already, written for people: it is encoded here. */
function withQuery(path: string, query: Query): string {
  const [bare = '', own = ''] = path.split(/\?(.*)/s);
  const parts = own.split('&').filter(Boolean);
  const encoded = parts.map((part) => {
    const [name = '', value] = part.split(/=(.*)/s);
    return value === undefined ? name : `${name}=${encodeURIComponent(value)}`;
  });
  const [first, ...rest] = [...encoded, queryString(query).slice(1)].filter(Boolean);
  return first === undefined ? bare : `${bare}?${[first, ...rest].join('&')}`;
}

function readRow(answer: RemoteAnswer): Row {
  const parsed = row.safeParse(answer.json);
  if (!parsed.success) throw malformed('The answer is not a record', answer);
  return parsed.data;
}
