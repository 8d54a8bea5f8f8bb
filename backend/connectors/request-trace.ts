import { AsyncLocalStorage } from 'node:async_hooks';
import type { FailureKind } from '../sync/failure.ts';
import { RemoteFailure } from './remote-failure.ts';
import type { TracedAnswer, TracedBody } from './traced-content.ts';
import type { RemoteAnswer } from './transport.ts';

/** One request to a remote system, as the record of an attempt shows it. */
export interface TracedRequest {
  route: string;
  status?: number;
  durationMs: number;
  failure?: FailureKind;
  /** Of writes and of what failed; see `Exchanged`. */
  sent?: TracedSent;
  /** Of what failed or could not be read. */
  answer?: TracedAnswer;
}

export interface TracedSent {
  method: string;
  /** With its query, redacted. */
  path: string;
  body?: TracedBody;
}

/**
 * What went to and fro, put into words only when it is kept. The answers of reads that went well are not: they are
 * large, full of what people wrote, the same as in the system itself, and at 400 changes a second they would be
 * most of the store.
 */
export interface Exchanged {
  isWrite: boolean;
  /** The answer that the caller gets; it may turn out later that it cannot be read. */
  handedOut?: RemoteAnswer;
  /** The system refused, whether or not the caller wants to see that as a failure. */
  isRefused: boolean;
  sent(): TracedSent | undefined;
  answer(): TracedAnswer | undefined;
}

export interface RequestTrace {
  requests: TracedRequest[];
  /** Requests beyond the limit; counted, not kept. */
  omitted: number;
  /** Of `requests` as JSON. */
  bytes: number;
}

/** Of all requests of an attempt as JSON: four times what an ordinary attempt with a refusal takes. */
export const maxTraceBytes = 32 * 1024;
/** How full a trace may get with bodies, and without: what failed comes last, tells more, and finds room. */
const shares = {
  well: { wholeBytes: 16 * 1024, bareBytes: 22 * 1024 },
  failed: { wholeBytes: 31 * 1024, bareBytes: maxTraceBytes },
} as const;
type Share = (typeof shares)[keyof typeof shares];
/** An attempt of a lane needs a handful; what reads whole lists must not fill the attempt's row. */
const maxTracedWell = 150;
const maxTraced = 200;

const storage = new AsyncLocalStorage<RequestTrace>();
/** How an answer that was handed out gets into its trace after all. */
const late = new WeakMap<RemoteAnswer, () => void>();

export const newRequestTrace = (): RequestTrace => ({ requests: [], omitted: 0, bytes: 2 });

/** `run(trace, work)`: every request that any transport sends within `work` is added to `trace`. */
export const requestTrace = {
  run: <T>(trace: RequestTrace, work: () => T): T => storage.run(trace, work),
  add(request: TracedRequest, exchanged?: Exchanged) {
    const trace = storage.getStore();
    if (!trace) return;
    const isFailed = request.failure !== undefined || exchanged?.isRefused === true;
    const isTold = isFailed || exchanged?.isWrite === true;
    const whole = isTold ? withContent(request, exchanged, isFailed) : request;
    const kept = fitting(trace, whole, isFailed ? shares.failed : shares.well);
    if (trace.requests.length >= (isFailed ? maxTraced : maxTracedWell) || kept === undefined) {
      trace.omitted += 1;
      return;
    }
    trace.bytes += kept.bytes;
    trace.requests.push(kept.request);
    if (!isFailed && exchanged?.handedOut) {
      late.set(exchanged.handedOut, () => addLate(trace, kept.request, exchanged));
    }
  },
};

/** The answer that `failure` calls unreadable, although its request went well, is shown as well. */
export function showUnreadable(failure: unknown): void {
  let cause = failure;
  for (let depth = 0; cause instanceof Error && depth < 8; depth += 1) {
    if (cause instanceof RemoteFailure && cause.answer !== undefined) late.get(cause.answer)?.();
    cause = cause.cause;
  }
}

/** As the attempt's row keeps it. */
export const tracedRequests = (trace: RequestTrace) => ({
  requests: trace.requests,
  requestsOmitted: trace.omitted > 0 ? trace.omitted : undefined,
});

const sizeOf = (request: TracedRequest): number => Buffer.byteLength(JSON.stringify(request)) + 1;

function withContent(
  request: TracedRequest,
  exchanged: Exchanged | undefined,
  isFailed: boolean,
): TracedRequest {
  const sent = exchanged?.sent();
  const answer = isFailed ? exchanged?.answer() : undefined;
  return { ...request, ...(sent && { sent }), ...(answer && { answer }) };
}

/** The request as far as there is room: with its bodies, or without them, or not at all. `bytes` is its size as JSON. */
function fitting(
  trace: RequestTrace,
  request: TracedRequest,
  share: Share,
): { request: TracedRequest; bytes: number } | undefined {
  const wholeBytes = sizeOf(request);
  if (trace.bytes + wholeBytes <= share.wholeBytes) return { request, bytes: wholeBytes };
  const { sent, answer, ...bare } = request;
  const short: TracedRequest = {
    ...bare,
    ...(sent && { sent: { ...sent, body: withoutText(sent.body) } }),
    ...(answer && { answer: { ...answer, body: withoutText(answer.body) } }),
  };
  return [short, bare]
    .map((one) => ({ request: one, bytes: sizeOf(one) }))
    .find((one) => trace.bytes + one.bytes <= share.bareBytes);
}

function withoutText(body: TracedBody | undefined): TracedBody | undefined {
  if (body?.text === undefined) return body;
  const { text, characters = text.length, ...rest } = body;
  return { ...rest, characters, withheld: 'room' };
}

function addLate(trace: RequestTrace, kept: TracedRequest, exchanged: Exchanged): void {
  const sent = kept.sent ?? exchanged.sent();
  const answer = exchanged.answer();
  const before = sizeOf(kept);
  const room = { ...trace, bytes: trace.bytes - before };
  const whole: TracedRequest = {
    ...kept,
    failure: 'malformed',
    ...(sent && { sent }),
    ...(answer && { answer }),
  };
  const now = fitting(room, whole, shares.failed);
  if (now?.request.answer === undefined) return;
  Object.assign(kept, now.request);
  trace.bytes += now.bytes - before;
}
