import { type Problem, type ProblemCode, problemCatalogue } from '../contract/problem.ts';
import { type FailureKind, isFailure } from '../sync/failure.ts';

/** Thrown by handlers and guards: becomes an answer from the closed catalogue. */
export class ProblemError extends Error {
  readonly code: ProblemCode;
  readonly extras: Partial<Pick<Problem, 'title' | 'action' | 'fields' | 'failure' | 'needs'>>;

  constructor(code: ProblemCode, extras: ProblemError['extras'] = {}, options?: { cause?: unknown }) {
    super(extras.title ?? problemCatalogue[code].title, options);
    this.name = 'ProblemError';
    this.code = code;
    this.extras = extras;
  }
}

export interface ProblemAnswer {
  status: number;
  problem: Problem;
  /** The backend itself is at fault: to be logged with its stack, which never leaves the process otherwise. */
  unexpected: boolean;
}

const remoteActions: Record<FailureKind, string> = {
  unauthorized: 'Renew the credentials of the connection.',
  forbidden: 'Ask an administrator of the other system for the right that is named.',
  notFound: 'It is gone or hidden in the other system.',
  rejected: 'Correct what the other system names and try again.',
  stale: 'It changed in the meantime. Try again.',
  throttled: 'The other system asks to wait. Try again later.',
  unavailable: 'The other system is not reachable. Try again later.',
  ambiguous: 'It is not certain whether it was done. Look in the other system before you try again.',
  malformed: 'The answer of the other system cannot be read. Report it with the request id.',
};

/** PostgreSQL's and the network's codes for a store that is not there (class 08, 53, 57P; PostgreSQL, appendix A). */
const storeDownCode = /^(08|53|57P)|^(ECONNREFUSED|ECONNRESET|EPIPE|ENOENT|ETIMEDOUT)$/;

const isStoreDown = (error: unknown) => {
  const { code, name, message } = (error ?? {}) as { code?: unknown; name?: unknown; message?: unknown };
  if (name === 'StoreUnavailable') return true;
  if (typeof code === 'string') return storeDownCode.test(code);
  // What `pg` throws without a code.
  return /Connection terminated|timeout exceeded when trying to connect/.test(String(message ?? ''));
};

/** Any error as the answer that the caller gets. Never holds a stack, nor words of an unexpected error. */
export const toProblem = (error: unknown, requestId: string): ProblemAnswer => {
  if (error instanceof ProblemError) return answer(error.code, requestId, error.extras);
  if (isFailure(error)) {
    const { kind, message, fields, missingRight } = error.details;
    return answer('remoteFailed', requestId, {
      title: message,
      action: remoteActions[kind],
      failure: kind,
      ...(missingRight && { needs: missingRight }),
      ...(fields && {
        fields: fields.map(({ field, problem }) => ({ field, problem, remedy: 'Correct the value.' })),
      }),
    });
  }
  const fromServer = codeOfServer(error);
  if (fromServer) return answer(fromServer, requestId);
  if (isStoreDown(error)) return { ...answer('storeUnavailable', requestId), unexpected: true };
  return { ...answer('internal', requestId), unexpected: true };
};

const answer = (code: ProblemCode, requestId: string, extras: ProblemError['extras'] = {}): ProblemAnswer => {
  const { status, title, action } = problemCatalogue[code];
  return { status, problem: { code, title, action, requestId, ...extras }, unexpected: false };
};

/** What the HTTP server itself refuses before a route is reached. */
const codeOfServer = (error: unknown): ProblemCode | undefined => {
  const { statusCode } = (error ?? {}) as { statusCode?: unknown };
  if (statusCode === 413) return 'tooLarge';
  if (statusCode === 429) return 'tooManyRequests';
  if (statusCode === 404) return 'notFound';
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return 'invalidRequest';
  return undefined;
};
