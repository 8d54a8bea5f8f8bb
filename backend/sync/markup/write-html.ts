import { escapeAttribute, escapeText, type MarkupElement, type MarkupNode } from './tree.ts';

const blockTags = new Set([
  'p',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'pre',
  'blockquote',
  'ul',
  'ol',
  'li',
  'table',
  'thead',
  'tbody',
  'tr',
  'th',
  'td',
  'hr',
]);

export const isBlock = (node: MarkupNode): node is MarkupElement =>
  typeof node !== 'string' && blockTags.has(node.tag);

const hasBlock = (node: MarkupNode): boolean =>
  typeof node !== 'string' && node.children.some((child) => isBlock(child) || hasBlock(child));

function writeAttributes(element: MarkupElement): string {
  return Object.entries(element.attributes)
    .map(([name, value]) => ` ${name}="${escapeAttribute(value)}"`)
    .join('');
}

/** A paragraph that holds blocks is no paragraph: its inline stretches become paragraphs of their own. */
function splitParagraph(element: MarkupElement): string {
  let html = '';
  let stretch: MarkupNode[] = [];
  const flush = () => {
    const inline = stretch.map(writeNode).join('');
    if (inline.trim() !== '') html += `<p>${inline}</p>`;
    stretch = [];
  };
  for (const child of element.children) {
    if (isBlock(child) || hasBlock(child)) {
      flush();
      html += writeNode(child);
    } else stretch.push(child);
  }
  flush();
  return html;
}

function writeNode(node: MarkupNode): string {
  if (typeof node === 'string') return escapeText(node);
  const { tag, attributes } = node;
  if (tag === 'br' || tag === 'hr') return `<${tag}>`;
  if (tag === 'img') {
    if (attributes.src) return `<img${writeAttributes(node)}>`;
    return escapeText(attributes.alt ?? '');
  }
  if (tag === 'p' && hasBlock(node)) return splitParagraph(node);
  const inner = node.children.map(writeNode).join('');
  if (tag === '' || tag === 'span' || (tag === 'a' && !attributes.href)) return inner;
  return `<${tag}${writeAttributes(node)}>${inner}</${tag}>`;
}

/** HTML of the allowed subset that reads back as the same tree. */
export const writeHtml = (root: MarkupElement): string => writeNode(root);
