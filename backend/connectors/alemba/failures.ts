import { type Failure, type FieldProblem, isFailure } from '../../sync/failure.ts';
import { RemoteFailure } from '../remote-failure.ts';
import type { RemoteAnswer } from '../transport.ts';
import { type AlembaSettings, compilePattern } from './settings.ts';

interface VendorBody {
  message: string;
  type: string;
  subStatus: string;
  errors: Record<string, unknown> | undefined;
}

/** `{"Message","Type","SubStatus"}` or a validation body (Alemba API Programmers' Guide, "Errors"). */
function readVendorBody(json: unknown): VendorBody | undefined {
  if (typeof json !== 'object' || json === null) return undefined;
  const { Message, Type, SubStatus, Errors } = json as Record<string, unknown>;
  if (typeof Message !== 'string' && typeof Type !== 'string') return undefined;
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    message: text(Message) || text(Type),
    type: text(Type),
    subStatus: text(SubStatus),
    errors: typeof Errors === 'object' && Errors !== null ? (Errors as Record<string, unknown>) : undefined,
  };
}

const fieldProblems = (errors: Record<string, unknown>): FieldProblem[] =>
  Object.entries(errors).map(([field, problems]) => ({
    field,
    problem: (Array.isArray(problems) ? problems : [problems]).map(String).join(' ').slice(0, 500),
  }));

/**
 * What the vendor's body says about a refused request. A 404 counts as "record gone" only when the API itself says
 * so: a wrong address or a stopped application answers 404, too, and must not look like a deleted call.
 */
export function explainFailure(error: unknown, settings: AlembaSettings, unsafe: boolean): Failure {
  if (!isFailure(error)) throw error;
  const { status = 0 } = error.details;
  const body = readVendorBody(error instanceof RemoteFailure ? error.answer?.json : undefined);
  // With a server error, or an answer that cannot be read, nobody knows whether the write happened.
  const isUnsure = error.kind === 'malformed' || (error.kind === 'unavailable' && status >= 500);
  if (unsafe && isUnsure) {
    return again(error, 'ambiguous', `${error.message}; it is not known whether the request took effect`);
  }
  if (body === undefined) {
    if (error.kind !== 'notFound') return error;
    return again(error, 'unavailable', 'Nothing at this address answers like the Alemba API (404)');
  }
  return explainBody(error, body, status, settings);
}

function explainBody(error: Failure, body: VendorBody, status: number, settings: AlembaSettings): Failure {
  const isLocked = compilePattern(settings.lockConflictPattern, 'lock.conflictPattern').test(body.message);
  // The transport has cleaned the vendor's words already, so its message is the one to show.
  const said = error.message;
  if (status >= 400 && status < 500 && isLocked) return again(error, 'stale', said);
  if (body.type === 'FieldValidationException' || body.errors !== undefined) {
    const fields = fieldProblems(body.errors ?? {});
    const named = fields.map(({ field, problem }) => `${field}: ${problem}`).join('; ');
    const message = named === '' ? said : `${said}. ${named}`;
    return again(error, 'rejected', message, { fields });
  }
  switch (body.subStatus) {
    case 'RecordNotFound':
      return again(error, 'notFound', said);
    case 'LinkedRecordNotFound':
    case 'NotSupported':
    case 'NotImplemented':
      return again(error, 'rejected', said);
    case 'ResourceNotFound':
      return again(error, 'rejected', `${said} (this system does not have the route)`);
    case 'NotAllowed':
      if (status === 400) return again(error, 'rejected', said);
      return again(error, 'forbidden', said, { missingRight: said.slice(0, 300) });
  }
  if (error.kind === 'notFound') return again(error, 'rejected', said);
  return again(error, error.kind, said);
}

function again(
  error: Failure,
  kind: Failure['kind'],
  message: string,
  more: Pick<Failure['details'], 'fields' | 'missingRight'> = {},
): Failure {
  const answer: RemoteAnswer | undefined = error instanceof RemoteFailure ? error.answer : undefined;
  const { status, retryAfterMs, requestId } = error.details;
  return new RemoteFailure(
    {
      kind,
      message: message.slice(0, 1000),
      ...(status !== undefined && { status }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(requestId !== undefined && { requestId }),
      ...more,
    },
    answer,
    { cause: error },
  );
}

/** `SubStatus` of the answer behind a failure, for the few places that decide by it. */
export function subStatusOf(error: unknown): string | undefined {
  if (!(error instanceof RemoteFailure)) return undefined;
  return readVendorBody(error.answer?.json)?.subStatus;
}

export const malformed = (message: string, answer?: RemoteAnswer): Failure =>
  new RemoteFailure({ kind: 'malformed', message }, answer);
