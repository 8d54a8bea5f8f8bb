import { z } from 'zod';
import { RemoteFailure } from '../connectors/remote-failure.ts';
import { Failure, type FailureDetails, type FieldProblem, isFailure } from '../sync/failure.ts';

/** The error body of Azure DevOps; its messages begin with TF or VS numbers, which do not change with the language. */
const problemBody = z.object({
  message: z.string().optional(),
  typeKey: z.string().optional(),
  customProperties: z.record(z.string(), z.unknown()).nullish(),
});

const brokenRule = z.object({
  fieldReferenceName: z.string(),
  fieldStatusFlags: z.string().optional(),
  errorMessage: z.string().optional(),
});

export interface Problem {
  message: string;
  typeKey: string;
  customProperties: Readonly<Record<string, unknown>>;
}

/** The error body behind a failure, when there was one. */
export const problemOf = (error: unknown): Problem | undefined => {
  if (!(error instanceof RemoteFailure)) return undefined;
  const parsed = problemBody.safeParse(error.answer?.json);
  if (!parsed.success) return undefined;
  const { message = '', typeKey = '', customProperties } = parsed.data;
  return { message, typeKey, customProperties: customProperties ?? {} };
};

/** A lost race shows as 409 or 412, with one of these names or this number, by path and version of the server. */
const isStale = ({ message, typeKey }: Problem): boolean =>
  /RevisionMismatch|TestPatchOperationFailed/i.test(typeKey) || /\bTF26071\b|\bVS403351\b/.test(message);

/** The server does not know the version that was asked for (Microsoft: integrate/concepts/rest-api-versioning). */
export const isVersionRefused = (error: unknown): error is Failure =>
  isFailure(error) &&
  error.details.status === 400 &&
  /^Vss(VersionOutOfRange|InvalidPreviewVersion|InvalidApiResourceVersion)Exception$/.test(
    problemOf(error)?.typeKey ?? '',
  );

/** What to do where a version was chosen that the server does not know. */
export const versionRemedy =
  'Set "API version" of the Azure DevOps connection to Automatic, or to one that this server has.';

/** A version that a person chose is told as such: nothing else in the request would explain the refusal. */
export const explainVersion = (error: unknown, chosen: string | undefined): unknown => {
  if (chosen === undefined || !isVersionRefused(error)) return error;
  const message = `This server does not know REST version ${chosen}. ${versionRemedy} It says: ${error.message}`;
  return rethrow(error, { message: message.slice(0, 1000) });
};

const isThrottled = ({ message, typeKey }: Problem): boolean =>
  /\bTF400733\b/.test(message) || /RequestBlocked/i.test(typeKey);

const rightByNumber: readonly (readonly [RegExp, string])[] = [
  [/\bTF237111\b/, 'Edit work items in this node'],
  [/\bVS402335\b.*bypass/i, 'Bypass rules on work item updates'],
  [/\bTF401232\b/, 'View work items in this node'],
  [/\bTF50309\b/, 'the right that the message names'],
];

/**
 * A failure of the transport, told better with what Azure DevOps says in its body. `unsafe` writes that ended in a 5xx
 * may have been done all the same: the service answers 500 also when it times out behind a commit.
 */
export const explainRefusal = (error: unknown, unsafe: boolean): unknown => {
  if (!isFailure(error)) return error;
  const { status } = error.details;
  if (unsafe && isInDoubt(error)) return rethrow(error, { kind: 'ambiguous' });
  const problem = problemOf(error);
  if (!problem) return error;
  if (isThrottled(problem)) return rethrow(error, { kind: 'throttled' });
  if (isStale(problem)) return rethrow(error, { kind: 'stale' });
  if (error.kind === 'rejected' || (error.kind === 'stale' && status !== 409 && status !== 412)) {
    if (/\bTF237111\b/.test(problem.message)) return rethrow(error, forbidden(problem));
    const fields = fieldProblems(problem);
    return rethrow(error, { kind: 'rejected', ...(fields.length > 0 && { fields }) });
  }
  if (error.kind === 'forbidden') return rethrow(error, forbidden(problem));
  return error;
};

/** 5xx other than "come back later", and answers of a success that cannot be read. */
const isInDoubt = ({ kind, details: { status = 0 } }: Failure): boolean =>
  (kind === 'unavailable' && status >= 500 && status !== 503) ||
  (kind === 'malformed' && status >= 200 && status < 300);

const forbidden = (problem: Problem): Pick<FailureDetails, 'kind' | 'missingRight'> => {
  const right = rightByNumber.find(([pattern]) => pattern.test(problem.message))?.[1];
  return { kind: 'forbidden', ...(right && { missingRight: right }) };
};

const rethrow = (error: Failure, change: Partial<FailureDetails>): Failure =>
  error instanceof RemoteFailure
    ? new RemoteFailure({ ...error.details, ...change }, error.answer, { cause: error })
    : new Failure({ ...error.details, ...change }, { cause: error });

/** Fields that were refused, by reference name. */
export const fieldProblems = (problem: Problem): FieldProblem[] => {
  const rules = z.array(brokenRule).safeParse(problem.customProperties.RuleValidationErrors);
  if (rules.success && rules.data.length > 0) {
    return rules.data.map((rule) => ({
      field: rule.fieldReferenceName,
      problem: (rule.errorMessage ?? rule.fieldStatusFlags ?? 'refused by a rule').slice(0, 500),
    }));
  }
  const named = problem.customProperties.FieldReferenceName;
  if (typeof named === 'string' && named !== '') return [{ field: named, problem: shorten(problem.message) }];
  const field = fieldInWords(problem.message);
  return field ? [{ field, problem: shorten(problem.message) }] : [];
};

const shorten = (text: string) => text.slice(0, 500);

/** Some messages quote a field by its name for people: the same failure, with the name that mappings use. */
export const withReferenceNames = (
  error: unknown,
  fields: ReadonlyMap<string, { name: string; referenceName: string }>,
): unknown => {
  if (!isFailure(error) || !error.details.fields?.some(({ field }) => !fields.has(field))) return error;
  const byName = new Map(
    [...fields.values()].map((field) => [field.name.toLowerCase(), field.referenceName]),
  );
  const named = error.details.fields.map((problem) => ({
    ...problem,
    field: fields.has(problem.field)
      ? problem.field
      : (byName.get(problem.field.toLowerCase()) ?? problem.field),
  }));
  return rethrow(error, { fields: named });
};

/** Numbers that stand for one field, and the places where a message quotes one. */
const fieldInWords = (message: string): string | undefined => {
  const quoted =
    /\bfield '([^']+)'/i.exec(message)?.[1] ??
    /\bfield ([\w. ]+?)\. Error code/i.exec(message)?.[1] ??
    /\bTF51535\b.*?\bfield ([\w.]*\w)/.exec(message)?.[1];
  if (/\bTF(401347|51011)\b/.test(message) && !quoted?.includes('Iteration')) {
    return /iteration/i.test(message) ? 'System.IterationPath' : 'System.AreaPath';
  }
  return quoted;
};
