import sjson from 'secure-json-parse';
import type { FailureDetails, FailureKind } from '../sync/failure.ts';
import { exceedsDepth } from '../sync/json-depth.ts';
import type { Incoming } from './http-exchange.ts';
import { RemoteFailure } from './remote-failure.ts';
import { readRetryAfter } from './retry-after.ts';
import type { RemoteAnswer, RemoteRequest } from './transport.ts';

/** What must not appear in a message, and how the system is called in it. */
export interface AnswerContext {
  request: RemoteRequest;
  repeatable: boolean;
  host: string;
  redact: (text: string) => string;
  requestIdHeaders: readonly string[];
  now: () => number;
}

const maxMessageLength = 1000;
/** Deeper answers overflow the stack of code that walks them; no vendor nests further than a dozen. */
const maxJsonDepth = 100;

const jsonType = /^[^;]*[/+]json\b/i;
const htmlType = /^\s*(text\/html|application\/xhtml)/i;
const signInAddress = /sign-?in|log-?in|logon|oauth|authorize|saml|\bsso\b|\badfs\b|_signin/i;

const kindByStatus: Readonly<Record<number, FailureKind>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  408: 'unavailable',
  409: 'stale',
  410: 'notFound',
  412: 'stale',
  423: 'stale',
  425: 'unavailable',
  429: 'throttled',
};

/** Kinds that are tried again by waiting: only there is it of use how long the system wants us to. */
const waiting: ReadonlySet<FailureKind> = new Set(['throttled', 'unavailable', 'ambiguous']);

/** Parses the answer, or throws the `RemoteFailure` that its status and content mean. */
export const readAnswer = (incoming: Incoming, context: AnswerContext): RemoteAnswer => {
  const { status, headers } = incoming;
  const text = decodeBody(incoming);
  const fine = (status >= 200 && status < 300) || context.request.accept?.includes(status);
  const parsed = parseJson(text, headers);
  const answer: RemoteAnswer = { status, headers, json: parsed.value, text };
  if (!fine) throw failureFor(answer, context);
  if (looksLikeSignIn(answer, context.request)) {
    const message = `${context.host} answered with a sign-in page instead of data`;
    throw new RemoteFailure(details('unauthorized', message, answer, context), answer);
  }
  if (parsed.problem) {
    const message = `${context.host} sent JSON that cannot be used: ${parsed.problem}`;
    throw new RemoteFailure(details('malformed', message, answer, context), answer);
  }
  return answer;
};

/** The failure that an answer outside 2xx means. */
export const failureFor = (answer: RemoteAnswer, context: AnswerContext): RemoteFailure => {
  const { status, headers } = answer;
  if (status >= 300 && status < 400) return redirectFailure(answer, context);
  const retryAfterMs = readRetryAfter(headers, context.now);
  const kind = kindOf(status, retryAfterMs, context.repeatable);
  const said = explainBody(answer);
  const message = said || `${context.host} answered with status ${status}`;
  const found = details(kind, message, answer, context);
  if (waiting.has(kind) && retryAfterMs !== undefined) found.retryAfterMs = retryAfterMs;
  return new RemoteFailure(found, answer);
};

const kindOf = (status: number, retryAfterMs: number | undefined, repeatable: boolean): FailureKind => {
  const known = kindByStatus[status];
  if (known) return known;
  if (status === 503 && retryAfterMs !== undefined) return 'throttled';
  // A gateway speaks here: it lost the answer of the system behind it, which may have done what was asked.
  if ((status === 502 || status === 504) && !repeatable) return 'ambiguous';
  if (status >= 500) return 'unavailable';
  return status >= 400 ? 'rejected' : 'malformed';
};

const redirectFailure = (answer: RemoteAnswer, context: AnswerContext) => {
  const location = answer.headers.location ?? '';
  const target = URL.canParse(location, context.request.url)
    ? new URL(location, context.request.url)
    : undefined;
  const shown = target ? `${target.origin}${target.pathname}` : 'nowhere';
  const temporary = answer.status === 302 || answer.status === 303;
  const elsewhere = !target || target.origin !== new URL(context.request.url).origin;
  const signIn = target !== undefined && signInAddress.test(`${target.host}${target.pathname}`);
  const kind = signIn || (temporary && elsewhere) ? 'unauthorized' : 'malformed';
  const message =
    kind === 'unauthorized'
      ? `${context.host} asks to sign in at ${shown}`
      : `${context.host} redirects to ${shown}, which is not followed; enter the final address`;
  return new RemoteFailure(details(kind, message, answer, context), answer);
};

const looksLikeSignIn = (answer: RemoteAnswer, request: RemoteRequest) => {
  const type = answer.headers['content-type'] ?? '';
  if (jsonType.test(type) || answer.text === '') return false;
  if (answer.status === 203) return true;
  const wanted = request.headers?.accept ?? request.headers?.Accept ?? 'application/json';
  if (!/json/i.test(wanted)) return false;
  return htmlType.test(type) || /^\s*<(!doctype html|html)/i.test(answer.text);
};

const details = (
  kind: FailureKind,
  message: string,
  answer: RemoteAnswer,
  context: AnswerContext,
): FailureDetails => {
  const requestId = context.requestIdHeaders.map((name) => answer.headers[name]).find(Boolean);
  return {
    kind,
    message: sanitizeMessage(message, context),
    status: answer.status,
    ...(requestId && { requestId: printable(requestId).slice(0, 100) }),
  };
};

// Control characters would forge log lines and colour terminals.
const printable = (text: string) =>
  text
    .replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();

/** One line, without secrets, at most 1,000 characters. Secrets go first: cutting must not leave half of one. */
export const sanitizeMessage = (message: string, context: Pick<AnswerContext, 'request' | 'redact'>) => {
  const line = printable(cleaner(context)(message));
  return line.length > maxMessageLength ? `${line.slice(0, maxMessageLength - 1)}…` : line;
};

/**
 * Takes out of texts the secrets that the backend knows, what looks like one, and the credentials of this very request.
 */
export const cleaner = ({ request, redact }: Pick<AnswerContext, 'request' | 'redact'>) => {
  let secrets: readonly string[] | undefined;
  return (text: string): string => {
    secrets ??= secretsOf(request);
    let clean = redact(text);
    for (const secret of secrets) clean = clean.replaceAll(secret, '[secret]');
    return clean;
  };
};

/** Credentials of this very request, in the forms in which servers echo them. */
const secretsOf = (request: RemoteRequest) => {
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (!/authorization|cookie|token|secret|api-?key|password|session/i.test(name)) continue;
    const [, scheme, credential = value] = /^(\w+) (.+)$/.exec(value) ?? [];
    secrets.push(value, credential);
    if (scheme?.toLowerCase() === 'basic') {
      const [, password = ''] = /:(.*)$/s.exec(Buffer.from(credential, 'base64').toString()) ?? [];
      secrets.push(password, encodeURIComponent(password));
    }
  }
  return secrets.filter((secret) => secret.length >= 4);
};

/** The sentence for people in an error body, wherever the common ways to write one have it. */
const explainBody = (answer: RemoteAnswer): string => {
  const found = messageIn(answer.json, 0);
  if (found) return found;
  if (answer.json !== undefined) return answer.text.slice(0, 4000);
  const type = answer.headers['content-type'] ?? '';
  if (!htmlType.test(type) && !answer.text.trimStart().startsWith('<')) return answer.text.slice(0, 4000);
  // Error pages: their title tells more than their text.
  const [, title = ''] = /<title[^>]*>([^<]{1,500})/i.exec(answer.text.slice(0, 20_000)) ?? [];
  return title ? `${title.trim()} (status ${answer.status})` : '';
};

const messageNames = ['message', 'Message', 'error_description', 'detail', 'Detail', 'title', 'error'];

const messageIn = (value: unknown, depth: number): string => {
  if (typeof value === 'string') return value.slice(0, 4000);
  if (typeof value !== 'object' || value === null || depth > 3) return '';
  if (Array.isArray(value)) {
    return value
      .slice(0, 5)
      .map((entry) => messageIn(entry, depth + 1))
      .filter(Boolean)
      .join(' ');
  }
  const record = value as Record<string, unknown>;
  for (const name of [...messageNames, 'errors', 'Errors', 'errorMessages']) {
    const found = messageIn(record[name], depth + 1);
    if (found) return found;
  }
  return '';
};

const decodeBody = ({ body, headers }: Incoming): string => {
  if (body.length === 0) return '';
  const [, charset = 'utf-8'] = /charset="?([\w-]+)/i.exec(headers['content-type'] ?? '') ?? [];
  if (/^utf-?8$/i.test(charset)) {
    const text = body.toString('utf8');
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
  try {
    return new TextDecoder(charset).decode(body);
  } catch (error) {
    // A label nobody knows: bytes are most likely UTF-8 all the same.
    if (error instanceof RangeError) return body.toString('utf8');
    throw error;
  }
};

const parseJson = (text: string, headers: Incoming['headers']): { value: unknown; problem?: string } => {
  const encoding = headers['content-encoding'];
  // None was asked for, and unpacking would undo the size cap.
  if (encoding && encoding !== 'identity') return { value: undefined, problem: `packed as ${encoding}` };
  if (text.trim() === '' || !jsonType.test(headers['content-type'] ?? '')) return { value: undefined };
  if (exceedsDepth(text, maxJsonDepth)) return { value: undefined, problem: 'nested too deeply' };
  try {
    return { value: sjson.parse(text, { protoAction: 'error', constructorAction: 'error' }) };
  } catch (error) {
    // The parser's own words quote the body, which may hold anything.
    if (error instanceof SyntaxError) return { value: undefined, problem: 'not valid JSON' };
    throw error;
  }
};
