import { type Failure, type FailureKind, isFailure } from '../sync/failure.ts';
import { AddressRefused } from './address-guard.ts';
import { AttemptOverdue } from './attempt.ts';
import { type AnswerContext, failureFor, sanitizeMessage } from './http-answer.ts';
import { Interruption } from './http-exchange.ts';
import { RemoteFailure } from './remote-failure.ts';

type SlowDown = (status: number, headers: Readonly<Record<string, string>>) => void;

/** Anything that broke before an answer was read, as a `Failure`. */
export const explain = (error: unknown, context: AnswerContext, slowDown: SlowDown): Failure => {
  const tell = (kind: FailureKind, words: string, cause: unknown = error) => {
    const message = sanitizeMessage(words, context);
    // The cause may quote headers or addresses within the network, so only its code goes along.
    return new RemoteFailure({ kind, message }, undefined, { cause: codeOf(cause) });
  };
  if (error instanceof AddressRefused) return tell('forbidden', error.message);
  if (!(error instanceof Interruption)) return tell('rejected', 'The request could not be put together');
  const { reason, sent, head, cause } = error;
  // A stream of another system that broke off while it was sent on: that system's failure says why, and nothing whole
  // has arrived here.
  if (isFailure(cause)) return cause;
  if (cause instanceof AddressRefused) return tell('forbidden', cause.message, cause);
  // Not "not sent": whoever has the work now may be sending the same, and nothing may be undone.
  if (reason === 'overtaken') return tell('ambiguous', 'Another worker has taken this over in the meantime');
  const overdue = cause instanceof AttemptOverdue ? cause.message : undefined;
  if (!sent && overdue) return tell('unavailable', `${overdue}, before ${context.host} was asked`);
  if (!sent)
    return tell('unavailable', `${context.host} could not be reached: ${networkWords(cause)}`, cause);
  // The status came, only its words broke off: the status decides.
  if (head && head.status >= 400 && reason !== 'tooLarge') {
    slowDown(head.status, head.headers);
    return failureFor({ ...head, json: undefined, text: '' }, context);
  }
  if (reason === 'tooLarge')
    return tell('malformed', `${context.host} answered with more than is read at once`);
  const words = {
    timeout: 'did not answer in time',
    cancelled: 'was not waited for',
    network: `broke off: ${networkWords(cause)}`,
  }[reason];
  // Parser errors carry no code for some faults, so their name is asked.
  const isGarbled =
    (cause instanceof Error && cause.name === 'HTTPParserError') ||
    codeOf(cause) === 'UND_ERR_HEADERS_OVERFLOW';
  const lost = context.repeatable ? (isGarbled ? 'malformed' : 'unavailable') : 'ambiguous';
  if (overdue) return tell(lost, `${overdue}, and ${context.host} had not answered`);
  return tell(lost, `${context.host} ${words}`, cause);
};

const codeOf = (error: unknown): string | undefined => {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
};

const networkWords = (cause: unknown): string => {
  const [first] = cause instanceof AggregateError ? cause.errors : [];
  const code = codeOf(cause) ?? codeOf(first) ?? '';
  return (
    wordsByCode[code] ??
    (/CERT|SIGNATURE|SSL|TLS/.test(code)
      ? `its certificate is not trusted (${code})`
      : code || 'no connection')
  );
};

const wordsByCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name could not be looked up',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  ETIMEDOUT: 'it did not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer',
  UND_ERR_SOCKET: 'the connection was closed',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer was cut short',
  UND_ERR_CLOSED: 'the backend is shutting down',
  UND_ERR_DESTROYED: 'the backend is shutting down',
};
