/**
 * `$filter` of the Alemba API is a predicate in the manner of C# LINQ, not OData, and case sensitive
 * (Alemba API Programmers' Guide, "Searching").
 */

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A string literal. Other control characters have no escape that is documented; they cannot match and are left out. */
export function quote(text: string): string {
  const escaped = text.replaceAll(/[\\"\n\r\t]/g, (letter) => escapes[letter] ?? letter);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what is removed
  return `"${escaped.replaceAll(/[\u0000-\u001f\u007f]/g, '')}"`;
}

/** With a zone always: without one the server takes its local time. */
export const dateTime = (at: Date): string => `@DateTime(${at.toISOString()})`;

export const equals = (property: string, value: string | number): string =>
  `${property}==${typeof value === 'number' ? value : quote(value)}`;

export const contains = (property: string, text: string): string => `${property}.Contains(${quote(text)})`;

export const anyOf = (conditions: readonly string[]): string => conditions.join('||');

/** Refs are whole numbers; anything else would let a caller write filter text. */
export const isRef = (text: string): boolean => /^\d{1,15}$/.test(text);

export type Query = Readonly<Record<string, string | number | undefined>>;

/** The query string with its `?`, fully encoded but for the option names; empty when there is none. */
export function queryString(query: Query): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`${name}=${encodeURIComponent(String(value))}`],
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
