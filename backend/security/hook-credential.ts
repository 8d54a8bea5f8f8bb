import { createHash, timingSafeEqual } from 'node:crypto';
import { randomId, randomPassword } from './random.ts';

/** How a sender proves itself: an address nobody can guess, and basic authentication. */
export interface HookCredential {
  /** Part of the address. */
  hookId: string;
  username: string;
  /** Shown or sent once; only its digest is stored. */
  password: string;
  digest: string;
}

export const hookUsername = 'tandem';

export const newHookCredential = (): HookCredential => {
  const password = randomPassword();
  return { hookId: randomId(), username: hookUsername, password, digest: digestOf(password) };
};

/**
 * SHA-256 in base64url, for storing. Plain and fast on purpose: passwords are ours, with 192 random bits, so there is
 * nothing to guess that a slow digest would protect, and hooks come in hundreds a second.
 */
export const digestOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/**
 * Whether the secret is one of those accepted (new and old during a rotation). Takes the same time for every secret and
 * looks at all digests, whichever fits.
 */
export const matchesDigest = (secret: string, accepted: readonly string[]): boolean => {
  const given = createHash('sha256').update(secret).digest();
  let matches = false;
  for (const digest of accepted) {
    const stored = Buffer.from(digest, 'base64url');
    // Lengths differ only for a damaged row, never because of what the sender sent.
    if (stored.length === given.length && timingSafeEqual(given, stored)) matches = true;
  }
  return matches;
};

/** The same for secrets that are known in clear: digests first, because `timingSafeEqual` wants equal lengths. */
export const matchesSecret = (secret: string, accepted: readonly string[]): boolean =>
  matchesDigest(secret, accepted.map(digestOf));

export interface BasicCredential {
  username: string;
  password: string;
}

/** Reads `Authorization: Basic …` (RFC 7617). Undefined when absent, repeated or not well formed. */
export const readBasicCredential = (
  header: string | readonly string[] | undefined,
): BasicCredential | undefined => {
  if (typeof header !== 'string' || header.length > 2048) return undefined;
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  const text = bytes.toString('utf8');
  const colon = text.indexOf(':');
  // Control characters have no place in either part (RFC 7617, 2).
  if (colon < 0 || /\p{Cc}/u.test(text)) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
};
