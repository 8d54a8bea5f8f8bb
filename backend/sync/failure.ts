/** The nine kinds of failure; `retry.ts` has the one decision for each. See README "When something fails". */
export const failureKinds = [
  'unauthorized',
  'forbidden',
  'notFound',
  'rejected',
  'stale',
  'throttled',
  'unavailable',
  'ambiguous',
  'malformed',
] as const;

export type FailureKind = (typeof failureKinds)[number];

/** A field that the remote system refused, in its own words. */
export interface FieldProblem {
  field: string;
  problem: string;
}

export interface FailureDetails {
  kind: FailureKind;
  /** One sentence for a person: what the system said, sanitised, at most 1,000 characters, no secrets. */
  message: string;
  /** HTTP status, when there was an answer. */
  status?: number;
  fields?: readonly FieldProblem[];
  /** How long the system asked us to wait. With `throttled`, `unavailable` and `ambiguous`. */
  retryAfterMs?: number;
  /** The system's id of the failed request, for its support. */
  requestId?: string;
  /** The right that is missing, in the system's words. Only with `forbidden`. */
  missingRight?: string;
}

/** Thrown by connectors, the Azure DevOps client and the transport for everything that can go wrong remotely. */
export class Failure extends Error {
  readonly kind: FailureKind;
  readonly details: FailureDetails;

  constructor(details: FailureDetails, options?: { cause?: unknown }) {
    super(details.message, options);
    this.name = 'Failure';
    this.kind = details.kind;
    this.details = details;
  }
}

export const isFailure = (error: unknown): error is Failure =>
  error instanceof Error && error.name === 'Failure' && 'details' in error;
