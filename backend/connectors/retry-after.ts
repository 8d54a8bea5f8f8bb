/** A system that asks for more is asked again after a day all the same. */
const longestMs = 24 * 60 * 60 * 1000;

/**
 * Milliseconds to wait as the header `Retry-After` tells: seconds (also with a fraction) or an HTTP date, which is
 * compared with the answer's own `Date` so that a wrong clock on either side does not matter. Past dates give 0, more
 * than a day gives a day; undefined when absent, negative or not readable (RFC 9110, 10.2.3).
 */
export const readRetryAfter = (
  headers: Readonly<Record<string, string>>,
  now: () => number = Date.now,
): number | undefined => {
  const text = headers['retry-after']?.trim();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1000), longestMs);
  // Without a letter it is a broken number, which Date.parse would read as a year.
  if (!/[a-z]/i.test(text)) return undefined;
  const until = Date.parse(text);
  if (Number.isNaN(until)) return undefined;
  const sentAt = Date.parse(headers.date ?? '');
  const delayMs = until - (Number.isNaN(sentAt) ? now() : sentAt);
  return Math.min(Math.max(delayMs, 0), longestMs);
};
