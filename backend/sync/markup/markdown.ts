import { Marked } from 'marked';
import TurndownService from 'turndown';
import { type Converted, sanitize } from './sanitize.ts';
import { parseSanitized } from './tree.ts';
import { writeHtml } from './write-html.ts';

/** A line break in the source stays one: people who type into a field mean it. */
const reader = new Marked({ gfm: true, breaks: true, async: false });

/** Azure DevOps notifies whoever is named by id; the id says nothing to the other side anyway. */
const mention = /@<[0-9a-f]{8}-[0-9a-f-]{27}>/gi;

export function markdownToHtml(markdown: string): Converted {
  const quiet = markdown.replace(mention, '@someone');
  const html = reader.parse(quiet, { async: false });
  const { text, losses } = sanitize(html);
  return {
    text: writeHtml(parseSanitized(text)).trim(),
    losses: quiet === markdown ? losses : [...losses, 'mentions'],
  };
}

interface DomNode {
  nodeName: string;
  childNodes: ArrayLike<DomNode>;
  parentNode: DomNode | null;
  textContent: string | null;
  getAttribute(name: string): string | null;
}

const childrenOf = (node: DomNode, ...names: string[]) =>
  Array.from(node.childNodes).filter((child) => names.includes(child.nodeName));

function rowsOf(table: DomNode): DomNode[] {
  return Array.from(table.childNodes).flatMap((child) => {
    if (child.nodeName === 'TR') return [child];
    return child.nodeName === 'THEAD' || child.nodeName === 'TBODY' ? childrenOf(child, 'TR') : [];
  });
}

function makeWriter(): TurndownService {
  const service = new TurndownService({
    headingStyle: 'atx',
    codeBlockStyle: 'fenced',
    bulletListMarker: '-',
    emDelimiter: '_',
    hr: '---',
    br: '\\',
  });
  const escapeMarkdown = service.escape.bind(service);
  // Turndown leaves these to the reader's mercy: raw HTML, entities, strike-through, cell borders, mentions.
  service.escape = (text) =>
    escapeMarkdown(text)
      .replace(/^\\~~~/, '~~~')
      .replace(/(^|\s)(#+)$/, '$1\\$2')
      .replace(/^\+$/, '\\+')
      .replace(/^(\d{1,9})([.)])(?=\s|$)/, '$1\\$2')
      .replace(/</g, '\\<')
      .replace(/&(?=#?[a-z0-9]+;)/gi, '\\&')
      .replace(/~/g, '\\~')
      .replace(/\|/g, '\\|');
  service.addRule('strike', {
    filter: ['s'],
    replacement: (content) => (content.trim() ? `~~${content}~~` : content),
  });
  service.addRule('cell', {
    filter: ['td', 'th'],
    replacement: (content) => ` ${content.trim().replace(/\\?\s*\n\s*/g, ' ')} |`,
  });
  service.addRule('row', { filter: ['tr'], replacement: (content) => `|${content}\n` });
  service.addRule('section', { filter: ['thead', 'tbody'], replacement: (content) => content });
  service.addRule('table', {
    filter: ['table'],
    replacement: (content, node) => {
      const rows = rowsOf(node as unknown as DomNode);
      const [first] = rows;
      if (first === undefined) return '';
      const columns = childrenOf(first, 'TD', 'TH').length;
      const border = `|${' --- |'.repeat(columns)}\n`;
      const lines = content
        .trim()
        .split('\n')
        .filter((line) => line.trim() !== '');
      // Markdown has no table without a head: an empty one keeps the first row a row.
      const hasHead = childrenOf(first, 'TH').length > 0;
      const head = hasHead ? `${lines.shift()}\n` : `|${'  |'.repeat(columns)}\n`;
      return `\n\n${head}${border}${lines.join('\n')}\n\n`;
    },
  });
  return service;
}

let writer: TurndownService | undefined;

/** Clean HTML to GitHub flavoured Markdown. */
export function htmlToMarkdown(html: string): Converted {
  writer ??= makeWriter();
  const clean = sanitize(html);
  const losses = new Set(clean.losses);
  if (/<u[\s>]/i.test(clean.text)) losses.add('underlining');
  const normal = writeHtml(parseSanitized(clean.text));
  return { text: writer.turndown(normal).trim(), losses: [...losses].sort() };
}
