import type { RichText } from '../record.ts';
import { htmlToMarkdown, markdownToHtml } from './markdown.ts';
import { type Converted, sanitize } from './sanitize.ts';
import { escapeText, parseSanitized } from './tree.ts';
import { writeHtml } from './write-html.ts';
import { writeText } from './write-text.ts';

export type { Converted } from './sanitize.ts';
export { escapeText } from './tree.ts';

/** HTML of the allowed subset, whatever it was before. Safe to show and to send. */
export function toHtml(rich: RichText): Converted {
  switch (rich.format) {
    case 'html': {
      const { text, losses } = sanitize(rich.text);
      return { text: writeHtml(parseSanitized(text)).trim(), losses };
    }
    case 'markdown':
      return markdownToHtml(rich.text);
    case 'text':
      return { text: textToHtml(rich.text), losses: [] };
  }
}

export function toMarkdown(rich: RichText): Converted {
  if (rich.format === 'markdown') return { text: rich.text, losses: [] };
  return htmlToMarkdown(rich.format === 'html' ? rich.text : textToHtml(rich.text));
}

export function toText(rich: RichText): Converted {
  if (rich.format === 'text') return { text: rich.text, losses: [] };
  const html = toHtml(rich);
  const written = writeText(parseSanitized(html.text));
  const losses = new Set(html.losses);
  if (written.emphasis.length > 0) losses.add('formatting');
  if (/<img /.test(html.text)) losses.add('images');
  if (/<table/.test(html.text)) losses.add('tables');
  return { text: written.text, losses: [...losses].sort() };
}

export function convertRich(
  rich: RichText,
  format: RichText['format'],
): { value: RichText; losses: readonly string[] } {
  const { text, losses } =
    format === 'html' ? toHtml(rich) : format === 'markdown' ? toMarkdown(rich) : toText(rich);
  return { value: { kind: 'rich', format, text }, losses };
}

/** Empty lines part paragraphs, other line ends are line breaks. */
export function textToHtml(text: string): string {
  const normal = text.replace(/\r\n?/g, '\n').trim();
  if (normal === '') return '';
  return normal
    .split(/\n[ \t]*\n\s*/)
    .map((paragraph) => `<p>${escapeText(paragraph).replace(/\n/g, '<br>')}</p>`)
    .join('');
}
