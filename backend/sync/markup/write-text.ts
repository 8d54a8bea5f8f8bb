import type { MarkupElement, MarkupNode } from './tree.ts';

/** Text for people, and where emphasis lies in it. */
export interface WrittenText {
  text: string;
  /**
   * `tag@from-to` per emphasised stretch, counted in characters that are not white space, so that reflowed HTML has
   * the same list. Empty when nothing is emphasised.
   */
  emphasis: readonly string[];
}

const emphasisTags = new Set([
  'strong',
  'em',
  'u',
  's',
  'code',
  'pre',
  'blockquote',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'th',
]);

interface Pen {
  lines: string[];
  line: string;
  /** Number of empty lines due before the next text. */
  gap: number;
  indent: string;
  /** Bullet or number for the first line of a list entry. */
  marker: string;
  preformatted: boolean;
  inked: number;
  ranges: { tag: string; from: number; to: number }[];
}

const spaces = /[\s\u00a0\u2000-\u200a\u202f\u3000]+/g;
const invisible = /[\u200b-\u200d\u2060\ufeff\u00ad]/g;
const inkOf = (text: string) => text.replace(spaces, '').length;

function put(pen: Pen, text: string): void {
  if (text === '') return;
  if (pen.line === '') {
    if (text.trim() === '' && !pen.preformatted) return;
    if (pen.gap > 1 && pen.lines.length > 0) pen.lines.push('');
    pen.gap = 0;
    pen.line = pen.indent + pen.marker;
    if (pen.marker !== '') {
      pen.indent += ' '.repeat(pen.marker.length);
      pen.marker = '';
    }
  }
  pen.line += text;
  pen.inked += inkOf(text);
}

function endLine(pen: Pen): void {
  if (pen.line !== '') pen.lines.push(pen.line.trimEnd());
  pen.line = '';
}

function putText(pen: Pen, raw: string): void {
  const text = raw.replace(invisible, '');
  if (pen.preformatted) {
    text.split(/\r\n?|\n/).forEach((part, index) => {
      if (index > 0) {
        endLine(pen);
        pen.gap = 0;
      }
      put(pen, part);
    });
    return;
  }
  const collapsed = text.replace(spaces, ' ');
  put(pen, pen.line === '' || pen.line.endsWith(' ') ? collapsed.replace(/^ /, '') : collapsed);
}

/** An address without what browsers add: scheme, `www.` is kept, closing slash. */
const bare = (address: string) =>
  address.replace(/^(?:https?:\/\/|mailto:|tel:|ftp:\/\/)/i, '').replace(/\/$/, '');

function putLink(pen: Pen, element: MarkupElement): void {
  putAll(pen, element.children);
  const href = element.attributes.href ?? '';
  if (href === '' || href.startsWith('#')) return;
  const { text } = writeText({ ...element, tag: '' });
  if (bare(text) !== bare(href)) put(pen, text === '' ? href : ` (${href})`);
}

function block(pen: Pen, gap: number, write: () => void): void {
  endLine(pen);
  pen.gap = Math.max(pen.gap, gap);
  write();
  endLine(pen);
  pen.gap = Math.max(pen.gap, gap);
}

function putList(pen: Pen, element: MarkupElement): void {
  let number = Number(element.attributes.start ?? 1) || 1;
  const { indent } = pen;
  for (const child of element.children) {
    if (typeof child === 'string') {
      if (child.trim() !== '') putText(pen, child);
    } else if (child.tag === 'li') {
      block(pen, 1, () => {
        pen.indent = indent;
        pen.marker = element.tag === 'ol' ? `${number}. ` : '- ';
        putAll(pen, child.children);
      });
      number += 1;
      pen.marker = '';
    } else putNode(pen, child);
    pen.indent = indent;
  }
}

function putRow(pen: Pen, element: MarkupElement): void {
  let first = true;
  for (const cell of element.children) {
    if (typeof cell === 'string') continue;
    if (!first) put(pen, pen.line.endsWith(' ') ? '| ' : ' | ');
    first = false;
    // A cell is one line here: blocks inside it would tear the row apart.
    const inner = writeRanges(cell);
    const from = pen.inked;
    put(pen, inner.text.replace(/\s*\n\s*/g, ' '));
    const shifted = inner.ranges.map((range) => ({
      tag: range.tag,
      from: range.from + from,
      to: range.to + from,
    }));
    pen.ranges.push(...shifted);
    if (cell.tag === 'th' && pen.inked > from) pen.ranges.push({ tag: 'th', from, to: pen.inked });
  }
}

function putElement(pen: Pen, element: MarkupElement): void {
  const { tag } = element;
  switch (tag) {
    case 'br':
      endLine(pen);
      return;
    case 'hr':
      block(pen, 1, () => put(pen, '---'));
      return;
    case 'img': {
      const { src, alt } = element.attributes;
      if (src) put(pen, `[image: ${src}]`);
      else if (alt) putText(pen, alt);
      return;
    }
    case 'a':
      putLink(pen, element);
      return;
    case 'ul':
    case 'ol':
      block(pen, pen.indent === '' ? 2 : 1, () => putList(pen, element));
      return;
    case 'tr':
      block(pen, 1, () => putRow(pen, element));
      return;
    case 'pre': {
      const outer = pen.preformatted;
      block(pen, 2, () => {
        pen.preformatted = true;
        putAll(pen, element.children);
        pen.preformatted = outer;
      });
      return;
    }
    case 'blockquote': {
      const { indent } = pen;
      block(pen, 2, () => {
        pen.indent = `${indent}> `;
        putAll(pen, element.children);
      });
      pen.indent = indent;
      return;
    }
    default:
      if (/^(?:p|h[1-6]|table)$/.test(tag)) block(pen, 2, () => putAll(pen, element.children));
      else if (/^(?:thead|tbody|li|td|th)$/.test(tag)) block(pen, 1, () => putAll(pen, element.children));
      else putAll(pen, element.children);
  }
}

function putNode(pen: Pen, node: MarkupNode): void {
  if (typeof node === 'string') {
    putText(pen, node);
    return;
  }
  const from = pen.inked;
  putElement(pen, node);
  // What the pen adds itself (bullets, `> `) is not counted, so lists may be indented differently.
  if (emphasisTags.has(node.tag) && pen.inked > from) pen.ranges.push({ tag: node.tag, from, to: pen.inked });
}

function putAll(pen: Pen, nodes: readonly MarkupNode[]): void {
  for (const node of nodes) putNode(pen, node);
}

/** Neighbouring stretches of one tag are one: `<b>a</b><b>b</b>` looks like `<b>ab</b>`. */
function joinRanges(ranges: Pen['ranges']): string[] {
  const joined: Pen['ranges'] = [];
  const sorted = ranges.toSorted((a, b) => (a.tag === b.tag ? a.from - b.from : a.tag < b.tag ? -1 : 1));
  for (const range of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && last.tag === range.tag && last.to >= range.from) {
      last.to = Math.max(last.to, range.to);
    } else joined.push({ ...range });
  }
  return joined.map(({ tag, from, to }) => `${tag}@${from}-${to}`);
}

function writeRanges(root: MarkupElement): { text: string; ranges: Pen['ranges'] } {
  const pen: Pen = {
    lines: [],
    line: '',
    gap: 0,
    indent: '',
    marker: '',
    preformatted: false,
    inked: 0,
    ranges: [],
  };
  putAll(pen, root.children);
  endLine(pen);
  return { text: pen.lines.join('\n').trim(), ranges: pen.ranges };
}

/** Plain text of a tree: paragraphs apart, lists with bullets, table cells between bars, addresses in brackets. */
export function writeText(root: MarkupElement): WrittenText {
  const { text, ranges } = writeRanges(root);
  return { text, emphasis: joinRanges(ranges) };
}
