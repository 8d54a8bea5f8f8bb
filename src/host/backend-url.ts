/** A usable address without a slash at its end, or undefined. Plain http only on this computer. */
export function backendUrl(value: unknown): string | undefined {
  const text = typeof value === 'object' && value && 'url' in value ? value.url : value;
  if (typeof text !== 'string' || !URL.canParse(text.trim())) return undefined;
  const url = new URL(text.trim());
  if (url.username || url.password || url.search || url.hash) return undefined;
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.href))) return undefined;
  return url.href.replace(/\/$/, '');
}

/** Addresses of this computer, which nobody else can answer on. */
export const isLoopback = (url: string) =>
  ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname) ||
  new URL(url).hostname.endsWith('.localhost');
