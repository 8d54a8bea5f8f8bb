/** The name in the basic authentication of our service hooks; the password is random, and kept sealed. */
export const hookUsername = 'tandem';

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
