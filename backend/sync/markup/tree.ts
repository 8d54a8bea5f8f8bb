/** A parsed piece of the allowed subset. Attributes are `href`, `src`, `alt`, `start` and a code block's `class`. */
export interface MarkupElement {
  tag: string;
  attributes: Readonly<Record<string, string>>;
  children: MarkupNode[];
}

export type MarkupNode = string | MarkupElement;

const voidTags = new Set(['br', 'hr', 'img']);
const token = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*(\/?)>|([^<]+|<)/gi;
const attribute = /([a-z-]+)(?:="([^"]*)")?/gi;

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
};

/** Decodes the few entities that the sanitiser writes; it has decoded all others into characters. */
export const decodeEntities = (text: string): string =>
  text.includes('&')
    ? text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi, (whole, hex, decimal, name) => {
        if (name !== undefined) return named[name.toLowerCase()] ?? whole;
        const point = hex !== undefined ? Number.parseInt(hex, 16) : Number.parseInt(decimal, 10);
        return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : '';
      })
    : text;

export const escapeText = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

export const escapeAttribute = (text: string): string => escapeText(text).replace(/"/g, '&quot;');

function readAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const match of text.matchAll(attribute)) {
    attributes[(match[1] as string).toLowerCase()] = decodeEntities(match[2] ?? '');
  }
  return attributes;
}

/**
 * Reads HTML that came out of the sanitiser: well formed, attributes in double quotes, `<` only in tags. Not for
 * anything else.
 */
export function parseSanitized(html: string): MarkupElement {
  const root: MarkupElement = { tag: '', attributes: {}, children: [] };
  const open = [root];
  for (const match of html.matchAll(token)) {
    const top = open[open.length - 1] as MarkupElement;
    const [, closing, name, attributes, , text] = match;
    if (name === undefined) {
      top.children.push(decodeEntities(text as string));
    } else if (closing) {
      if (open.length > 1) open.pop();
    } else {
      const element = { tag: name.toLowerCase(), attributes: readAttributes(attributes ?? ''), children: [] };
      top.children.push(element);
      if (!voidTags.has(element.tag)) open.push(element);
    }
  }
  return root;
}
