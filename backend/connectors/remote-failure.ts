import { Failure, type FailureDetails } from '../sync/failure.ts';
import type { RemoteAnswer } from './transport.ts';

/** A failure with the answer that led to it, so that a connector can read its vendor's error body. */
export class RemoteFailure extends Failure {
  readonly answer: RemoteAnswer | undefined;

  constructor(details: FailureDetails, answer?: RemoteAnswer, options?: { cause?: unknown }) {
    super(details, options);
    this.answer = answer;
  }
}
