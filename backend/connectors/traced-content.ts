/** A body as the record of an attempt keeps it: redacted, and its beginning only when it is long. */
export interface TracedBody {
  contentType?: string;
  text?: string;
  /** Of the whole body, where `text` is its beginning only or was left out for want of room. */
  characters?: number;
  /** Size of what is no text. */
  bytes?: number;
  /**
   * Why there is no text. `credentials`: a sign-in, of which nothing is kept. `binary`: files and what travels like
   * them. `room`: the record of the attempt was full.
   */
  withheld?: 'credentials' | 'binary' | 'room';
}

export interface TracedAnswer {
  /** The few that say when to come again and how the system calls the request. Lower-case names. */
  headers: Record<string, string>;
  body?: TracedBody;
}

/** Characters kept of the body of a write, and of an answer. */
export const maxSentCharacters = 2000;
export const maxAnsweredCharacters = 4000;
/**
 * Read beyond what is kept, so that a secret at the edge is recognised as a whole; cleaning a body of megabytes would
 * hold up everything else. The hexadecimal form of a 4,096 bit key in PEM has 6,500 characters.
 */
const marginCharacters = 8192;
const maxPathCharacters = 500;
const maxHeaderCharacters = 200;

const textTypes = /^[^;]*(\bjson|\bxml|^text\/|\bjavascript|x-www-form-urlencoded)/i;
/** Only sign-ins are sent as forms (OAuth 2.0, section 4). */
const formType = /^application\/x-www-form-urlencoded/i;

type Clean = (text: string) => string;

/** The body of a request as it goes on the wire. */
export function sentBody(
  body: unknown,
  headers: Readonly<Record<string, string>>,
  clean: Clean,
): TracedBody | undefined {
  if (body === null || body === undefined) return undefined;
  const contentType = headers['content-type'];
  if (formType.test(contentType ?? '')) return { ...typeOf(contentType), withheld: 'credentials' };
  const isText = typeof body === 'string' && (contentType === undefined || textTypes.test(contentType));
  if (isText) return bodyOf(body, contentType, maxSentCharacters, clean);
  const length = typeof body === 'string' ? Buffer.byteLength(body) : (body as { length?: unknown }).length;
  const bytes = typeof length === 'number' ? length : Number(headers['content-length'] ?? Number.NaN);
  return { ...typeOf(contentType), ...(Number.isFinite(bytes) && { bytes }), withheld: 'binary' };
}

/** The body of an answer, decoded as it was read. */
export function answeredBody(
  text: string,
  headers: Readonly<Record<string, string>>,
  clean: Clean,
): TracedBody | undefined {
  if (text === '') return undefined;
  const contentType = headers['content-type'];
  if (contentType !== undefined && !textTypes.test(contentType)) {
    const bytes = Number(headers['content-length'] ?? Number.NaN);
    return { ...typeOf(contentType), ...(Number.isFinite(bytes) && { bytes }), withheld: 'binary' };
  }
  return bodyOf(text, contentType, maxAnsweredCharacters, clean);
}

const typeOf = (contentType: string | undefined) =>
  contentType === undefined ? {} : { contentType: visible(contentType).slice(0, 100) };

function bodyOf(text: string, contentType: string | undefined, most: number, clean: Clean): TracedBody {
  const read = text.length > most + marginCharacters ? text.slice(0, most + marginCharacters) : text;
  const cleaned = clean(read);
  // Half a secret at the end of what was read stands within the margin.
  const safe = read.length < text.length ? Math.max(0, cleaned.length - marginCharacters) : cleaned.length;
  const shown = visible(cleaned.slice(0, Math.min(most, safe))).slice(0, most);
  const isCut = read.length < text.length || cleaned.length > most || shown.length === most;
  return {
    ...typeOf(contentType),
    // A cut through a pair of surrogates leaves half a character, which the store does not take.
    text: shown.toWellFormed(),
    ...(isCut && { characters: text.length }),
  };
}

const unseen = /[^\P{Cc}\t\n\r]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Spells out what cannot be seen: it could forge what an admin reads, and the store does not take a NUL. */
const visible = (text: string): string =>
  text.replace(unseen, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Path and query, cleaned. */
export const tracedPath = (path: string, clean: Clean): string =>
  visible(clean(path.slice(0, maxPathCharacters + marginCharacters)))
    .slice(0, maxPathCharacters)
    .toWellFormed();

const tellingHeader =
  /^(retry-after|x-ratelimit-[\w-]{1,40}|ratelimit(-[\w-]{1,40})?|[\w-]{0,20}(request|correlation|activity|trace)-?id|x-vss-e2eid)$/;
const maxHeaders = 20;

export function tellingHeaders(
  headers: Readonly<Record<string, string>>,
  requestIdHeaders: readonly string[],
  clean: Clean,
): Record<string, string> {
  const kept: Record<string, string> = {};
  let left = maxHeaders;
  for (const [name, value] of Object.entries(headers)) {
    if (left === 0) break;
    if (!tellingHeader.test(name) && !requestIdHeaders.includes(name)) continue;
    kept[name] = visible(clean(value.slice(0, marginCharacters)))
      .slice(0, maxHeaderCharacters)
      .toWellFormed();
    left -= 1;
  }
  return kept;
}
