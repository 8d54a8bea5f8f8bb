import { safeFragment } from './rich-text.tsx';

const hasMarkup = /<[a-z!/][^>]*>/i;

/** Markup, or plain text whose lines stay lines, as nodes that run and load nothing. */
export function fragmentOf(content: string): DocumentFragment {
  if (hasMarkup.test(content)) return safeFragment(content);
  const fragment = document.createDocumentFragment();
  for (const [at, line] of content.split('\n').entries()) {
    if (at > 0) fragment.append(document.createElement('br'));
    fragment.append(line);
  }
  return fragment;
}

/**
 * What is sent: the markup of what people write with, and nothing that only our page needs.
 *
 * @returns an empty string when there are no words in it.
 */
export function markupOf(content: string | Element): string {
  const holder = document.createElement('div');
  holder.append(fragmentOf(typeof content === 'string' ? content : content.innerHTML));
  if ((holder.textContent ?? '').trim() === '') return '';
  for (const link of holder.querySelectorAll('a')) {
    link.removeAttribute('target');
    link.removeAttribute('rel');
  }
  // Browsers leave them behind where a list begins; they would be empty lines elsewhere.
  for (const empty of holder.querySelectorAll('p:empty, div:empty')) empty.remove();
  return holder.innerHTML;
}

/** A web or mail address as it was typed or pasted; `undefined` for anything that a link must not lead to. */
export function linkAddress(typed: string): string | undefined {
  const address = typed.trim();
  if (/^(https?:\/\/|mailto:)\S+$/i.test(address)) return address;
  return /^[\w-]+(\.[\w-]+)+(\/\S*)?$/.test(address) ? `https://${address}` : undefined;
}
