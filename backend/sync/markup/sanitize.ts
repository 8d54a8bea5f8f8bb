import sanitizeHtml from 'sanitize-html';
import { allowedSchemes, allowedTags, droppedWithContent, maxMarkupChars, tagAliases } from './limits.ts';

/** Clean HTML, and what could not be kept, in words for people. */
export interface Converted {
  text: string;
  losses: readonly string[];
}

type Attributes = Record<string, string>;

const mentionPattern = /^(?:version:2\.0,)?/;
const codeLanguage = /^(?:language|lang)-[A-Za-z0-9+#-]{1,30}$/;

/** Azure DevOps writes a mention as a link with this attribute; sent on as it is, it would notify a person again. */
const isMention = (attributes: Attributes) =>
  attributes['data-vss-mention'] !== undefined && mentionPattern.test(attributes['data-vss-mention']);

function rename(losses: Set<string>) {
  return (tag: string, attributes: Attributes) => {
    if (tag === 'a' && isMention(attributes)) return { tagName: 'span', attribs: {} };
    if (attributes.style !== undefined && /color|font|background|align/i.test(attributes.style)) {
      losses.add('colours and fonts');
    }
    if (tag === 'code' || tag === 'pre') {
      const language = (attributes.class ?? '').split(/\s+/).find((word) => codeLanguage.test(word));
      return { tagName: tag, attribs: language === undefined ? {} : { class: language } };
    }
    return { tagName: tagAliases[tag] ?? tag, attribs: attributes };
  };
}

const lossNames: Readonly<Record<string, string>> = {
  iframe: 'embedded pages',
  video: 'video',
  audio: 'audio',
  object: 'embedded objects',
  embed: 'embedded objects',
  svg: 'drawings',
  math: 'formulas',
  form: 'forms',
  input: 'forms',
};

/** Removes everything beyond the allowed subset: scripts, handlers, styles, unsafe links, unknown tags. */
export function sanitize(html: string): Converted {
  const losses = new Set<string>();
  const note = rename(losses);
  for (const [tag, words] of Object.entries(lossNames)) {
    if (new RegExp(`<${tag}[\\s>/]`, 'i').test(html)) losses.add(words);
  }
  if (/<img[^>]+src\s*=\s*["']?data:/i.test(html)) losses.add('images inside the text');
  const text = sanitizeHtml(html.slice(0, maxMarkupChars), {
    allowedTags,
    allowedAttributes: {
      a: ['href'],
      img: ['src', 'alt'],
      ol: ['start'],
      code: ['class'],
      pre: ['class'],
    },
    allowedSchemes,
    allowedSchemesAppliedToAttributes: ['href', 'src'],
    allowProtocolRelative: false,
    nonTextTags: droppedWithContent,
    transformTags: { '*': note },
    parseStyleAttributes: false,
    enforceHtmlBoundary: false,
    nestingLimit: 60,
  });
  if (html.length > maxMarkupChars) losses.add(`text beyond ${maxMarkupChars} characters`);
  return { text, losses: [...losses].sort() };
}
