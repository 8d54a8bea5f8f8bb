import { pipeline, Readable, Transform } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Ending } from './attempt.ts';

/** One request as it goes on the wire. */
export interface Outgoing {
  origin: string;
  path: string;
  method: string;
  headers: Record<string, string>;
  body: string | Buffer | Readable | null;
  /** From the first byte sent to the last byte read. */
  timeoutMs: number;
  maxAnswerBytes: number;
  signal: Ending | undefined;
  /** Asked right before the first byte goes out and before each piece of a streamed body; see `TransportOptions`. */
  mayWrite?: (() => boolean) | undefined;
}

export interface Incoming {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export type InterruptionReason = 'timeout' | 'tooLarge' | 'cancelled' | 'overtaken' | 'network';

/** The exchange did not come to its end. */
export class Interruption extends Error {
  readonly reason: InterruptionReason;
  /** Whether bytes of the request may have reached the system. */
  readonly sent: boolean;
  /** Status and headers, when they arrived before the break. */
  readonly head: Omit<Incoming, 'body'> | undefined;

  constructor(reason: InterruptionReason, sent: boolean, head: Interruption['head'], cause?: unknown) {
    super(`Interrupted: ${reason}`, { cause });
    this.name = 'Interruption';
    this.reason = reason;
    this.sent = sent;
    this.head = head;
  }
}

class Abort extends Error {
  readonly reason: InterruptionReason;
  constructor(reason: InterruptionReason) {
    super(reason);
    this.reason = reason;
  }
}

const flatten = (headers: Record<string, string | string[] | undefined>) => {
  const flat: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) flat[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return flat;
};

/**
 * What both ways to read an answer share: the clock, cancelling, and knowing whether anything was sent. undici calls
 * `onRequestStart` right before it writes to a connected socket, so what fails before it was certainly not sent.
 */
abstract class Exchange implements Dispatcher.DispatchHandler {
  protected sent = false;
  protected head: Omit<Incoming, 'body'> | undefined;
  protected controller: Dispatcher.DispatchController | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly outgoing: Outgoing;

  constructor(outgoing: Outgoing) {
    this.outgoing = outgoing;
  }

  begin(dispatcher: Dispatcher) {
    const { origin, path, method, headers, body, signal } = this.outgoing;
    if (signal?.aborted) {
      this.fail(new Interruption('cancelled', false, undefined, signal.reason));
      return;
    }
    signal?.addEventListener('abort', this.cancel, { once: true });
    try {
      dispatcher.dispatch({ origin, path, method, headers, body: this.guarded(body) }, this);
    } catch (error) {
      this.onResponseError(undefined, error as Error);
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController) {
    this.controller = controller;
    if (this.outgoing.signal?.aborted) {
      controller.abort(new Abort('cancelled'));
      return;
    }
    if (this.outgoing.mayWrite?.() === false) {
      controller.abort(new Abort('overtaken'));
      return;
    }
    this.sent = true;
    this.timer = setTimeout(() => controller.abort(new Abort('timeout')), this.outgoing.timeoutMs);
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ) {
    if (status < 200) return;
    this.head = { status, headers: flatten(headers) };
    this.started(this.head);
  }

  abstract onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void;

  onResponseEnd() {
    this.settle();
    this.finish();
  }

  onResponseError(_controller: unknown, error: Error) {
    this.settle();
    const reason = error instanceof Abort ? error.reason : 'network';
    const cause = reason === 'cancelled' ? this.outgoing.signal?.reason : error;
    this.fail(new Interruption(reason, this.sent, this.head, cause));
  }

  protected abstract started(head: Omit<Incoming, 'body'>): void;
  protected abstract finish(): void;
  protected abstract fail(interruption: Interruption): void;

  /** A stream may wait for its source for long after the head went out. */
  private guarded(body: Outgoing['body']): Outgoing['body'] {
    const { mayWrite } = this.outgoing;
    if (mayWrite === undefined || !(body instanceof Readable)) return body;
    const guard = new Transform({
      transform: (chunk, _encoding, done) => (mayWrite() ? done(null, chunk) : done(new Abort('overtaken'))),
    });
    // Errors of either end travel through the guard to whoever sends it.
    return pipeline(body, guard, () => {});
  }

  private settle() {
    clearTimeout(this.timer);
    this.outgoing.signal?.removeEventListener('abort', this.cancel);
  }

  // Not yet sent: the handler cannot take the request out of undici's queue, `onRequestStart` stops it there.
  private readonly cancel = () => {
    if (this.controller) this.controller.abort(new Abort('cancelled'));
    else this.fail(new Interruption('cancelled', false, undefined, this.outgoing.signal?.reason));
  };
}

class BufferedExchange extends Exchange {
  private readonly chunks: Buffer[] = [];
  private sizeBytes = 0;
  private readonly maxBytes: number;
  private readonly resolve: (incoming: Incoming) => void;
  private readonly reject: (interruption: Interruption) => void;

  constructor(
    outgoing: Outgoing,
    resolve: (incoming: Incoming) => void,
    reject: (reason: Interruption) => void,
  ) {
    super(outgoing);
    this.maxBytes = outgoing.maxAnswerBytes;
    this.resolve = resolve;
    this.reject = reject;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer) {
    this.sizeBytes += chunk.length;
    if (this.sizeBytes > this.maxBytes) {
      this.chunks.length = 0;
      controller.abort(new Abort('tooLarge'));
      return;
    }
    this.chunks.push(chunk);
  }

  protected started(head: Omit<Incoming, 'body'>) {
    if (Number(head.headers['content-length']) > this.maxBytes) this.controller?.abort(new Abort('tooLarge'));
  }

  protected finish() {
    const [only] = this.chunks;
    const body = this.chunks.length === 1 && only ? only : Buffer.concat(this.chunks);
    if (this.head) this.resolve({ ...this.head, body });
    else this.reject(new Interruption('network', this.sent, undefined));
  }

  protected fail(interruption: Interruption) {
    this.reject(interruption);
  }
}

export interface IncomingStream {
  status: number;
  headers: Record<string, string>;
  body: Readable;
}

class StreamedExchange extends Exchange {
  private body: Readable | undefined;
  private readonly resolve: (incoming: IncomingStream) => void;
  private readonly reject: (interruption: Interruption) => void;
  private readonly explain: (interruption: Interruption) => Error;

  constructor(
    outgoing: Outgoing,
    resolve: (incoming: IncomingStream) => void,
    reject: (reason: Interruption) => void,
    explain: (interruption: Interruption) => Error,
  ) {
    super(outgoing);
    this.resolve = resolve;
    this.reject = reject;
    this.explain = explain;
  }

  protected started(head: Omit<Incoming, 'body'>) {
    const controller = this.controller;
    let over = false;
    this.body = new Readable({
      read: () => controller?.resume(),
      destroy: (error, callback) => {
        if (!over) controller?.abort(new Abort('cancelled'));
        over = true;
        callback(error);
      },
    });
    this.resolve({ ...head, body: this.body });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer) {
    if (this.body && !this.body.push(chunk)) controller.pause();
  }

  protected finish() {
    this.body?.push(null);
  }

  protected fail(interruption: Interruption) {
    if (!this.body) this.reject(interruption);
    else if (!this.body.destroyed) this.body.destroy(this.explain(interruption));
  }
}

/** Sends and reads the whole answer. Rejects with `Interruption` only. */
export const exchange = (dispatcher: Dispatcher, outgoing: Outgoing): Promise<Incoming> =>
  new Promise((resolve, reject) => new BufferedExchange(outgoing, resolve, reject).begin(dispatcher));

/**
 * Sends and hands out the answer's body as it arrives, no faster than it is read. Rejects with `Interruption`; a break
 * in the middle ends the body with what `explain` makes of it.
 */
export const openExchange = (
  dispatcher: Dispatcher,
  outgoing: Outgoing,
  explain: (interruption: Interruption) => Error,
): Promise<IncomingStream> =>
  new Promise((resolve, reject) =>
    new StreamedExchange(outgoing, resolve, reject, explain).begin(dispatcher),
  );
