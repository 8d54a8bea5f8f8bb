import type { Readable } from 'node:stream';

/**
 * HTTP for every remote system. One transport belongs to one connection: it holds the connection's budget (requests
 * per second and at once, shared by replicas), refuses addresses that the operator did not allow, caps what it reads
 * and turns everything that goes wrong into a `Failure`. The implementation is `http-transport.ts`.
 */
export interface RemoteRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  /** Absolute. Must lie on the connection's own host, or on one that the connector declared. */
  url: string;
  /** For counting and logs, never with ids in it: `call.read`, `workItem.update`. */
  route: string;
  headers?: Record<string, string>;
  /** Sent as JSON unless `contentType` says otherwise. A stream or Buffer is sent as it is. */
  body?: unknown;
  contentType?: string;
  /** A sign-in: its body and the answer's are kept nowhere, not even redacted. */
  confidential?: boolean;
  /** From the first byte sent to the last byte read. Default 30,000; attachments 300,000. */
  timeoutMs?: number;
  /** Default 10 MiB; more is `malformed`. Not applied to `stream`. */
  maxAnswerBytes?: number;
  /**
   * `safe`: may be repeated (GET, or a write guarded by a revision): a lost answer is `unavailable`.
   * `unsafe`: a lost answer after the first byte was sent is `ambiguous`. Default: safe for GET and OPTIONS.
   */
  repeat?: 'safe' | 'unsafe';
  /** Statuses (beside 2xx) that the caller wants to see instead of a Failure. */
  accept?: readonly number[];
  /** Default: that of the attempt at work; see `attempt.ts`. */
  signal?: AbortSignal;
}

export interface RemoteAnswer {
  status: number;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
  /** Parsed when the content type is JSON and the body is not empty, else undefined. */
  json: unknown;
  text: string;
}

export interface RemoteStream {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Readable;
}

export interface Transport {
  /**
   * Throws `Failure`: unauthorized (401, a 203 or 302 to a sign-in page, HTML where JSON was due), forbidden (403),
   * notFound (404, 410), stale (409, 412), rejected (400, 405, 415, 422), throttled (429, or 503 with Retry-After),
   * unavailable (other 5xx, refused, DNS, timed out before sending), ambiguous (see `repeat`; 502 and 504 too, with
   * which a gateway tells that it lost the answer), malformed. An address that is not allowed is forbidden.
   * A connector may catch a Failure and throw a better one when its vendor's bodies tell more.
   * `Failure.details` carries status and request id; the body that led to it is in `RemoteFailure.answer`.
   */
  send(request: RemoteRequest): Promise<RemoteAnswer>;
  /** For downloads: the body is not read into memory; size is the caller's to cap. */
  stream(request: RemoteRequest): Promise<RemoteStream>;
}
