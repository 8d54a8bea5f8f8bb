import type { Problem, ProblemCode } from '../../backend/contract/problem.ts';
import { text } from '../text.ts';

/** Problems that arise on this side of the wire. */
export type LocalProblemCode =
  | 'unreachable'
  | 'timedOut'
  | 'malformed'
  | 'noProject'
  | 'addressUnread'
  | 'pageFailed';

/** Whatever kept a call from succeeding, in words for people. `code` is one of the catalogue or a local one. */
export class ApiProblem extends Error {
  readonly code: ProblemCode | LocalProblemCode | (string & {});
  readonly title: string;
  readonly action: string;
  readonly requestId: string | undefined;
  readonly fields: NonNullable<Problem['fields']>;
  readonly failure: string | undefined;
  /** The right, or who has it. */
  readonly needs: string | undefined;

  constructor(problem: Omit<Problem, 'requestId'> & { requestId?: string }) {
    super(`${problem.code}: ${problem.title}`);
    this.name = 'ApiProblem';
    this.code = problem.code;
    this.title = problem.title;
    this.action = problem.action;
    this.requestId = problem.requestId;
    this.fields = problem.fields ?? [];
    this.failure = problem.failure;
    this.needs = problem.needs;
  }

  /** Another try may succeed without anybody doing anything. */
  get passes(): boolean {
    return ['unreachable', 'timedOut', 'storeUnavailable', 'tooManyRequests', 'internal'].includes(this.code);
  }
}

export const localProblem = (code: LocalProblemCode): ApiProblem =>
  new ApiProblem({ code, ...text.problem[code] });

/** The problem in an answer that is not 2xx; a page of a proxy in between is reported as malformed, with its status. */
export function problemOf(status: number, body: unknown): ApiProblem {
  if (isProblem(body)) return new ApiProblem(body);
  // A gateway in front of the backend answers for it while it restarts.
  if (status === 502 || status === 503 || status === 504) return localProblem('unreachable');
  return new ApiProblem({
    code: 'malformed',
    title: text.problem.malformedStatus(status),
    action: text.problem.malformed.action,
  });
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' &&
  body !== null &&
  typeof (body as Problem).code === 'string' &&
  typeof (body as Problem).title === 'string' &&
  typeof (body as Problem).action === 'string';

export const isAbort = (reason: unknown): boolean =>
  reason instanceof DOMException && reason.name === 'AbortError';

/** The host keeps the backend's address, and did not give it. */
export function addressProblem(reason: unknown): ApiProblem {
  const { title, action } = text.problem.addressUnread;
  return new ApiProblem({ code: 'addressUnread', title, action: `${action} (${asProblem(reason).action})` });
}

/** Anything that was thrown, as a problem that can be shown. */
export const asProblem = (reason: unknown): ApiProblem =>
  reason instanceof ApiProblem
    ? reason
    : new ApiProblem({
        code: 'pageFailed',
        title: text.problem.pageFailed.title,
        // The host's errors cross the frame border as plain objects with a message.
        action: (reason as { message?: string } | null)?.message || text.problem.pageFailed.action,
      });
