import sjson from 'secure-json-parse';
import { z } from 'zod';
import type { Problem } from '../contract/problem.ts';
import { exceedsDepth } from '../sync/json-depth.ts';
import { ProblemError } from './problem.ts';

const maxDepth = 64;
const decoder = new TextDecoder('utf-8', { fatal: true });
/** An escaped NUL: valid JSON, but PostgreSQL stores it in no text. */
const escapedNul = /(?<!\\)(?:\\\\)*\\u0000/;

const unreadable = (problem: string, remedy: string) =>
  new ProblemError('invalidRequest', { fields: [{ field: 'body', problem, remedy }] });

/** Strict JSON from raw bytes. Throws `ProblemError` invalidRequest. */
export const parseBody = (bytes: Buffer): unknown => {
  if (bytes.length === 0) return undefined;
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    // A fatal decoder throws for exactly one reason.
    throw unreadable('is not UTF-8', 'Send UTF-8.');
  }
  if (exceedsDepth(text, maxDepth))
    throw unreadable('is nested too deeply', `Nest at most ${maxDepth} levels.`);
  if (escapedNul.test(text)) throw unreadable('contains a NUL character', 'Remove it.');
  try {
    return sjson.parse(text, { protoAction: 'error', constructorAction: 'error' });
  } catch {
    // SyntaxError either for its form or for its names; its words quote the body.
    throw unreadable('is not JSON, or uses names that are not allowed', 'Send a JSON object.');
  }
};

type Fields = NonNullable<Problem['fields']>;

const remedies: Partial<Record<string, string>> = {
  invalid_type: 'Send the type that is named.',
  too_small: 'Send more.',
  too_big: 'Send less.',
  invalid_value: 'Send one of the values that are named.',
  invalid_format: 'Send the form that is named.',
  unrecognized_keys: 'Leave it out.',
};

const toFields = (place: string, error: z.ZodError): Fields =>
  error.issues.slice(0, 50).map((issue) => ({
    field: [place, ...issue.path.map(String)].join('.').slice(0, 200),
    problem: issue.message.slice(0, 300),
    remedy: remedies[issue.code] ?? 'Correct the value.',
  }));

const param = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}+$/u, 'contains control characters');
/** Work items have whole numbers; anything else must not reach an address that is put together. */
const workItemNumber = z.string().regex(/^[1-9]\d{0,9}$/, 'is not the number of a work item');

const queryText = z.record(
  z.string(),
  z.union([z.string().regex(/^[^\0]*$/, 'contains a NUL character'), z.array(z.string())]),
);

export interface RawInput {
  params: Readonly<Record<string, string>>;
  query: unknown;
  body: unknown;
}

/** Checks path, query and body against the contract; all problems at once. Throws `ProblemError` invalidRequest. */
export const checkInput = (shape: { query?: z.ZodType; body?: z.ZodType }, raw: RawInput): RawInput => {
  const fields: Fields = [];
  for (const [name, value] of Object.entries(raw.params)) {
    const checked = (name === 'workItemId' ? workItemNumber : param).safeParse(value);
    if (!checked.success) fields.push(...toFields(name, checked.error));
  }
  const read = (place: string, schema: z.ZodType | undefined, value: unknown) => {
    if (!schema) return undefined;
    const checked = schema.safeParse(value);
    if (!checked.success) fields.push(...toFields(place, checked.error));
    return checked.data;
  };
  read('query', queryText, raw.query);
  const query = read('query', shape.query, raw.query);
  const body = read('body', shape.body, raw.body);
  if (fields.length > 0) throw new ProblemError('invalidRequest', { fields });
  return { params: raw.params, query, body };
};
