/** The subset of HTML that travels between systems: structure and inline emphasis, no style, no active content. */
export const allowedTags = [
  'p',
  'br',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'strong',
  'em',
  'u',
  's',
  'code',
  'pre',
  'blockquote',
  'ul',
  'ol',
  'li',
  'a',
  'img',
  'table',
  'thead',
  'tbody',
  'tr',
  'th',
  'td',
  'hr',
  'span',
];

/** Other spellings of allowed tags. */
export const tagAliases: Readonly<Record<string, string>> = {
  b: 'strong',
  i: 'em',
  cite: 'em',
  ins: 'u',
  strike: 's',
  del: 's',
  tt: 'code',
  kbd: 'code',
  samp: 'code',
  div: 'p',
  section: 'p',
  article: 'p',
  header: 'p',
  footer: 'p',
  address: 'p',
  center: 'p',
  dt: 'p',
  dd: 'p',
  small: 'span',
  font: 'span',
  tfoot: 'tbody',
};

/** Tags that go together with what is in them. */
export const droppedWithContent = [
  'script',
  'style',
  'textarea',
  'option',
  'noscript',
  'template',
  'head',
  'title',
  'iframe',
  'object',
  'embed',
  'svg',
  'math',
  'noembed',
  'noframes',
  'xmp',
  'plaintext',
];

export const allowedSchemes = ['http', 'https', 'mailto', 'ftp', 'tel'];

/** Text of one field or comment beyond this is not converted (Azure DevOps holds 1,048,576 characters at most). */
export const maxMarkupChars = 1_048_576;
