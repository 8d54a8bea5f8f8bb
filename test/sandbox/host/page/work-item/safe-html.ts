const allowed = new Set(
  'a b blockquote br code div em h1 h2 h3 h4 hr i li ol p pre s span strong sub sup table tbody td th thead tr u ul'.split(
    ' ',
  ),
);
const dropped = new Set(
  'script style iframe object embed template svg math form input button textarea select'.split(' '),
);

/** Markup from the service as nodes without anything that runs or loads; unknown elements keep their content only. */
export function safeFragment(html: string): DocumentFragment {
  const parsed = new DOMParser().parseFromString(html, 'text/html');
  const fragment = document.createDocumentFragment();
  for (const child of parsed.body.childNodes) copy(child, fragment);
  return fragment;
}

function copy(node: Node, into: ParentNode): void {
  if (node.nodeType === Node.TEXT_NODE) into.append(node.textContent ?? '');
  if (!(node instanceof Element)) return;
  const name = node.localName;
  if (dropped.has(name)) return;
  let target = into;
  if (allowed.has(name)) {
    const element = document.createElement(name);
    const address = node.getAttribute('href');
    if (element instanceof HTMLAnchorElement && address !== null && /^https?:/i.test(address)) {
      element.href = address;
      element.target = '_blank';
      element.rel = 'noopener noreferrer';
    }
    into.append(element);
    target = element;
  }
  for (const child of node.childNodes) copy(child, target);
}
