import { useMemo } from 'react';
import './rich-text.css';

/** What people write with; everything else is unwrapped to its text. */
const allowed = new Set(
  'P BR DIV SPAN B STRONG I EM U S DEL CODE PRE BLOCKQUOTE UL OL LI H1 H2 H3 H4 H5 H6 A TABLE THEAD TBODY TR TH TD HR'.split(
    ' ',
  ),
);
/** Removed with all that they hold. */
const forbidden = new Set(
  'SCRIPT STYLE IFRAME OBJECT EMBED TEMPLATE SVG MATH NOSCRIPT FORM INPUT BUTTON LINK META'.split(' '),
);
const safeAddress = /^(https?|mailto):/i;

/**
 * Markup of another system, made safe a second time: the backend has sanitised it, but the page that shows it holds a
 * session. The parsed document has no browsing context, so nothing in it runs or loads; the copy is built from an
 * allow-list and never from markup.
 */
export function safeFragment(html: string): DocumentFragment {
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  const fragment = document.createDocumentFragment();
  copyChildren(parsed.body, fragment, 0);
  return fragment;
}

function copyChildren(from: Node, to: Node, depth: number): void {
  for (const child of from.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) to.appendChild(document.createTextNode(child.nodeValue ?? ''));
    else if (child instanceof Element || child.nodeType === Node.ELEMENT_NODE) {
      copyElement(child as Element, to, depth);
    }
  }
}

function copyElement(element: Element, to: Node, depth: number): void {
  const name = element.nodeName.toUpperCase();
  if (forbidden.has(name)) return;
  // Deep nesting is an attack on the layout, not a text; its words are kept.
  if (!allowed.has(name) || depth > 60) {
    copyChildren(element, to, depth + 1);
    return;
  }
  const copy = document.createElement(name);
  if (name === 'A') {
    const address = element.getAttribute('href') ?? '';
    if (safeAddress.test(address.trim())) {
      copy.setAttribute('href', address.trim());
      copy.setAttribute('target', '_blank');
      copy.setAttribute('rel', 'noopener noreferrer');
    }
  }
  copyChildren(element, copy, depth + 1);
  to.appendChild(copy);
}

/** Text of markup, with line ends where blocks end. */
export function plainText(html: string): string {
  if (!/<[a-z!/]|&[a-z#0-9]+;/i.test(html)) return html;
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  for (const part of parsed.querySelectorAll('br')) part.replaceWith('\n');
  for (const part of parsed.querySelectorAll('p,div,li,tr,h1,h2,h3,h4,h5,h6,pre,blockquote'))
    part.append('\n');
  return (parsed.body.textContent ?? '').replace(/\n{3,}/g, '\n\n').trim();
}

export function RichText({ html }: { html: string }) {
  const fragment = useMemo(() => safeFragment(html), [html]);
  return (
    <div
      className="rich-text any-wrap"
      ref={(element) => element?.replaceChildren(fragment.cloneNode(true))}
    />
  );
}
