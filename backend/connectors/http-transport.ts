import { Readable } from 'node:stream';
import { Agent } from 'undici';
import { type FailureKind, isFailure } from '../sync/failure.ts';
import { type AddressGuard, AddressRefused } from './address-guard.ts';
import { attemptSignal } from './attempt.ts';
import { guardedConnect } from './guarded-connect.ts';
import { type AnswerContext, cleaner, failureFor, readAnswer } from './http-answer.ts';
import { exchange, type Outgoing, openExchange } from './http-exchange.ts';
import { explain } from './http-failure.ts';
import { RemoteFailure } from './remote-failure.ts';
import type { RequestBudget } from './request-budget.ts';
import { requestTrace } from './request-trace.ts';
import { readRetryAfter } from './retry-after.ts';
import { createSlots } from './slots.ts';
import { answeredBody, sentBody, tellingHeaders, tracedPath } from './traced-content.ts';
import type { RemoteAnswer, RemoteRequest, RemoteStream, Transport } from './transport.ts';

export interface TransportOptions {
  guard: AddressGuard;
  /** Origins that requests may go to: `https://itsm.example.com`. A whole address is cut to its origin. */
  origins: readonly string[];
  budget: RequestBudget;
  /** Called after every request. */
  count?: (route: string, outcome: 'done' | FailureKind, durationMs: number) => void;
  /** Takes secrets out of words that came from outside. Credentials of the request itself are taken out anyway. */
  redact?: (text: string) => string;
  /**
   * Returns the question whether the work that asks now may still write; it is asked right before a request goes out
   * that must not be repeated. A process that was frozen in between must not send what another has sent meanwhile.
   */
  mayWrite?: () => () => boolean;
  /** Headers in which the system tells its id of the request, most telling first, lower case. */
  requestIdHeaders?: readonly string[];
  userAgent?: string;
  connectTimeoutMs?: number;
  certificateAuthorities?: readonly string[];
  now?: () => number;
}

export interface HttpTransport extends Transport {
  /** Waits for running requests, at most `withinMs`, then closes all sockets. */
  close(withinMs?: number): Promise<void>;
}

const defaultTimeoutMs = 30_000;
const streamTimeoutMs = 300_000;
const defaultMaxAnswerBytes = 10 * 1024 * 1024;
const maxErrorBytes = 64 * 1024;
/** A system that says "too much" without saying how long gets this pause; the lane's own backoff comes on top. */
const defaultPauseMs = 2000;
const commonRequestIds = ['x-request-id', 'request-id', 'x-correlation-id'];

/** HTTP for one connection; see `transport.ts` for what it promises. */
export const createTransport = (options: TransportOptions): HttpTransport => {
  const { guard, budget, now = Date.now, redact = (text) => text } = options;
  const connectTimeoutMs = options.connectTimeoutMs ?? 10_000;
  const userAgent = options.userAgent ?? 'Tandem';
  const requestIdHeaders = options.requestIdHeaders ?? commonRequestIds;
  const declared = new Set(
    options.origins.filter((origin) => URL.canParse(origin)).map((o) => new URL(o).origin),
  );
  const checked = new Set<string>();
  const slots = createSlots(budget.concurrent);
  const agent = new Agent({
    connect: guardedConnect(guard, {
      connectTimeoutMs,
      ...(options.certificateAuthorities && { certificateAuthorities: options.certificateAuthorities }),
    }),
    // One at a time per socket: an answer that breaks off must not take others with it.
    pipelining: 1,
    // Below the 5 s after which common servers close an idle socket, so that we do not write into a closing one.
    keepAliveTimeout: 4000,
    keepAliveMaxTimeout: 60_000,
    // The exchange has its own clock, from the first byte sent to the last byte read.
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  const addressOf = (request: RemoteRequest): URL => {
    const url = URL.parse(request.url);
    if (!url || !declared.has(url.origin) || url.username || url.password) {
      throw new AddressRefused('The request leads away from the address of the connection', 'origin');
    }
    if (!checked.has(url.origin)) {
      guard.checkUrl(url);
      checked.add(url.origin);
    }
    return url;
  };

  const outgoingOf = (request: RemoteRequest, url: URL, timeoutMs: number): Outgoing => ({
    origin: url.origin,
    path: url.pathname + url.search,
    method: request.method,
    ...encode(request, userAgent),
    timeoutMs: request.timeoutMs ?? timeoutMs,
    maxAnswerBytes: request.maxAnswerBytes ?? defaultMaxAnswerBytes,
    signal: signalOf(request),
    mayWrite: isRepeatable(request) ? undefined : options.mayWrite?.(),
  });

  const contextOf = (request: RemoteRequest): AnswerContext => ({
    request,
    repeatable: isRepeatable(request),
    // Until the address is known.
    host: 'The system',
    redact,
    requestIdHeaders,
    now,
  });

  const report = (asked: Asked, ended: Ended) => {
    const { context, outgoing } = asked;
    const { route, method, confidential = false } = context.request;
    const { status, failure, answer, handedOut } = ended;
    const durationMs = performance.now() - asked.startedAt;
    options.count?.(route, failure ?? 'done', durationMs);
    const clean = cleaner(context);
    const entry = {
      route,
      durationMs: Math.round(durationMs * 10) / 10,
      ...(status !== undefined && { status }),
      ...(failure && { failure }),
    };
    requestTrace.add(entry, {
      isWrite: !isRead(method),
      isRefused: status !== undefined && status >= 400,
      ...(handedOut && { handedOut }),
      sent: () => {
        if (!outgoing) return undefined;
        const path = tracedPath(outgoing.path, clean);
        const body = confidential ? signInBody : sentBody(outgoing.body, outgoing.headers, clean);
        return { method, path, ...(body && { body }) };
      },
      answer: () => {
        if (!answer) return undefined;
        const headers = tellingHeaders(answer.headers, requestIdHeaders, clean);
        const body = confidential ? signInBody : answeredBody(answer.text, answer.headers, clean);
        return { headers, ...(body && { body }) };
      },
    });
  };

  const slowDown = (status: number, headers: Readonly<Record<string, string>>) => {
    // 202 names the time to ask for a result, 3xx that of a move; neither is about load.
    if (status === 202 || (status >= 300 && status < 400)) return;
    const delayMs = readRetryAfter(headers, now);
    if (delayMs) budget.throttled(delayMs);
    else if (status === 429) budget.throttled(defaultPauseMs);
  };

  const perform = async <T extends RemoteAnswer | RemoteStream>(
    request: RemoteRequest,
    timeoutMs: number,
    run: (outgoing: Outgoing, context: AnswerContext) => Promise<T>,
  ): Promise<T> => {
    const asked: Asked = { startedAt: performance.now(), context: contextOf(request) };
    try {
      const url = addressOf(request);
      asked.context.host = url.host;
      asked.outgoing = outgoingOf(request, url, timeoutMs);
      await budget.take(signalOf(request));
      asked.startedAt = performance.now();
      const answer = await run(asked.outgoing, asked.context);
      const handedOut = isWhole(answer) ? answer : undefined;
      report(asked, { status: answer.status, ...(handedOut && { answer: handedOut, handedOut }) });
      return answer;
    } catch (error) {
      const failure = isFailure(error) ? error : explain(error, asked.context, slowDown);
      const answer = failure instanceof RemoteFailure ? failure.answer : undefined;
      report(asked, { status: failure.details.status, failure: failure.kind, ...(answer && { answer }) });
      throw failure;
    }
  };

  const send = async (request: RemoteRequest): Promise<RemoteAnswer> => {
    await slots.take(signalOf(request));
    try {
      return await perform(request, defaultTimeoutMs, async (outgoing, context) => {
        const incoming = await exchange(agent, outgoing);
        slowDown(incoming.status, incoming.headers);
        return readAnswer(incoming, context);
      });
    } finally {
      slots.release();
    }
  };

  const stream = async (request: RemoteRequest): Promise<RemoteStream> => {
    await slots.take(signalOf(request));
    let handedOut = false;
    try {
      return await perform(request, streamTimeoutMs, async (outgoing, context) => {
        const incoming = await openExchange(agent, outgoing, (broken) => explain(broken, context, slowDown));
        const { status, headers, body } = incoming;
        slowDown(status, headers);
        const fine = (status >= 200 && status < 300 && status !== 203) || request.accept?.includes(status);
        if (fine) {
          handedOut = true;
          body.once('close', slots.release);
          return incoming;
        }
        const bytes = await readStart(body, maxErrorBytes);
        return refuseStream(readAnswer({ status, headers, body: bytes }, context), context);
      });
    } finally {
      if (!handedOut) slots.release();
    }
  };

  let closed: Promise<void> | undefined;
  const closeAgent = async (withinMs: number) => {
    const late = setTimeout(() => void agent.destroy(), withinMs);
    await agent.close();
    clearTimeout(late);
  };
  const close = (withinMs = 5000) => {
    closed ??= closeAgent(withinMs);
    return closed;
  };

  return { send, stream, close };
};

/** A request as it was put together, for its report. */
interface Asked {
  startedAt: number;
  context: AnswerContext;
  /** Undefined when it could not be put together. */
  outgoing?: Outgoing;
}

interface Ended {
  status?: number | undefined;
  failure?: FailureKind;
  answer?: RemoteAnswer;
  handedOut?: RemoteAnswer;
}

/** A caller that has a signal of its own is no part of an attempt. */
const signalOf = (request: RemoteRequest) => request.signal ?? attemptSignal();

const isWhole = (answer: RemoteAnswer | RemoteStream): answer is RemoteAnswer => 'json' in answer;

const signInBody = { withheld: 'credentials' } as const;

const isRead = (method: RemoteRequest['method']) => method === 'GET' || method === 'OPTIONS';

const isRepeatable = ({ method, repeat }: RemoteRequest) =>
  (repeat ?? (isRead(method) ? 'safe' : 'unsafe')) === 'safe';

/** 203 without a sign-in page in it: still not what was asked for. */
const refuseStream = (answer: RemoteAnswer, context: AnswerContext): never => {
  throw failureFor(answer, context);
};

const encode = (request: RemoteRequest, userAgent: string): Pick<Outgoing, 'headers' | 'body'> => {
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': userAgent };
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
  const { body, contentType } = request;
  if (body === undefined) return { headers, body: null };
  const isBytes = Buffer.isBuffer(body) || body instanceof Readable;
  headers['content-type'] ??=
    contentType ?? (isBytes ? 'application/octet-stream' : 'application/json; charset=utf-8');
  if (isBytes) return { headers, body };
  if (body instanceof Uint8Array) return { headers, body: Buffer.from(body) };
  if (contentType && typeof body === 'string') return { headers, body };
  if (contentType?.startsWith('application/x-www-form-urlencoded')) {
    return { headers, body: new URLSearchParams(body as Record<string, string>).toString() };
  }
  return { headers, body: JSON.stringify(body) };
};

const readStart = async (body: Readable, maxBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes >= maxBytes) break;
    }
  } catch (error) {
    // The status decides; words that broke off are only missing words.
    if (!isFailure(error)) throw error;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
};
