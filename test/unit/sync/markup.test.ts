import fc from 'fast-check';
import { agree, canonical } from '../../../backend/sync/canonical.ts';
import { convertRich, toHtml, toMarkdown, toText } from '../../../backend/sync/markup/index.ts';
import { rich } from './world.ts';

const html = (text: string) => toHtml(rich(text));

describe('sanitising', () => {
  test.each([
    ['<p onclick="x()">a</p>', '<p>a</p>'],
    ['a<script>alert(1)</script>b', 'ab'],
    ['<a href="javascript:alert(1)">x</a>', 'x'],
    ['<a href="https://a.example/?x=1&y=2">x</a>', '<a href="https://a.example/?x=1&amp;y=2">x</a>'],
    ['<b>x</b><i>y</i><div>z</div>', '<strong>x</strong><em>y</em><p>z</p>'],
    ['<div><p>a</p>b</div>', '<p>a</p><p>b</p>'],
    ['<img src="https://a.example/i.png" onerror="x()">', '<img src="https://a.example/i.png">'],
    ['<a href="#" data-vss-mention="version:2.0,11111111-2222-3333-4444-555555555555">@Ann</a>', '@Ann'],
    ['<p>unclosed <b>bold', '<p>unclosed <strong>bold</strong></p>'],
    ['a &lt; b', 'a &lt; b'],
  ])('%s', (given, expected) => {
    expect(html(given).text).toBe(expected);
  });

  test('what gets lost is said', () => {
    expect(html('<p style="color: red">x</p>').losses).toEqual(['colours and fonts']);
    expect(html('<p>x</p><iframe src="https://a.example"></iframe>').losses).toEqual(['embedded pages']);
    expect(toText(rich('<table><tr><td><b>x</b></td></tr></table>')).losses).toEqual([
      'formatting',
      'tables',
    ]);
    expect(toMarkdown(rich('<u>x</u>')).losses).toEqual(['underlining']);
    expect(toHtml(rich('@<11111111-2222-3333-4444-555555555555> hi', 'markdown'))).toEqual({
      text: '<p>@someone hi</p>',
      losses: ['mentions'],
    });
  });
});

describe('conversions', () => {
  const page =
    '<h2>Steps</h2><ol><li>One<ul><li>sub</li></ul></li><li>Two</li></ol><table><tr><th>a</th><th>b|c</th></tr>' +
    '<tr><td>1</td><td>2</td></tr></table><pre><code class="language-sql">select *\n  from t</code></pre>' +
    '<blockquote><p>said</p></blockquote><p><a href="https://a.example/x">link</a> <s>gone</s></p>';

  test('to Markdown and back keeps structure', () => {
    const markdown = toMarkdown(rich(page)).text;
    expect(markdown).toContain('## Steps');
    expect(markdown).toContain('```sql\nselect *\n  from t\n```');
    expect(markdown).toContain('| a | b\\|c |\n| --- | --- |\n| 1 | 2 |');
    expect(canonical(rich(markdown, 'markdown'))).toBe(canonical(rich(page)));
  });

  test('to text', () => {
    expect(toText(rich(page)).text).toBe(
      'Steps\n\n1. One\n   - sub\n2. Two\n\na | b|c\n1 | 2\n\nselect *\n  from t\n\n> said\n\nlink (https://a.example/x) gone',
    );
  });

  test('text to HTML escapes and keeps lines', () => {
    expect(toHtml(rich('a < b\nc\n\nd', 'text')).text).toBe('<p>a &lt; b<br>c</p><p>d</p>');
  });
});

const word = fc.oneof(
  fc.constantFrom(
    'toner',
    '*',
    '_x_',
    '#',
    '1.',
    '- a',
    '<b>',
    '&lt;',
    '&amp;',
    '`',
    '~~',
    '|',
    '\\',
    '[x](y)',
    '@<a>',
    '>',
  ),
  fc.string({ maxLength: 6 }),
);
const text = fc.array(word, { minLength: 1, maxLength: 5 }).map((list) => list.join(' '));
const escapeHtml = (plain: string) =>
  plain.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const fragment = fc
  .array(
    fc
      .tuple(fc.constantFrom('p', 'b', 'i', 'ul', 'ol', 'h3', 'pre', 'td', 'quote', 'a'), text)
      .map(([tag, plain]) => {
        const inner = escapeHtml(plain);
        if (tag === 'ul' || tag === 'ol') return `<${tag}><li>${inner}</li><li>x</li></${tag}>`;
        if (tag === 'td') return `<table><tr><td>${inner}</td><td>y</td></tr></table>`;
        if (tag === 'quote') return `<blockquote><p>${inner}</p></blockquote>`;
        if (tag === 'a') return `<p><a href="https://a.example/">${inner}</a></p>`;
        return tag === 'b' || tag === 'i' ? `<p><${tag}>${inner}</${tag}></p>` : `<${tag}>${inner}</${tag}>`;
      }),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(''));

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '<script>',
        '</script>',
        '<img src=x onerror=alert(1)>',
        '<a href="javascript:x">',
        '"><svg onload=x>',
        '<math><mi//xlink:href="data:x">',
        '<style>',
        '<iframe srcdoc="<script>">',
        '<!--',
        '-->',
        '<p',
        ' onclick=',
        '&#106;avascript:',
        '<form action=javascript:x>',
        '<noscript><p title="</noscript><img src=x onerror=x>">',
        '](javascript:x)',
        '[a',
        '`',
        '<textarea>',
      ),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));

const isSafe = (made: string): boolean => {
  const tags = made.match(/<[^>]*>/g) ?? [];
  return tags.every(
    (tag) =>
      !/<\/?(?:script|style|iframe|svg|math|form|object)|\son[a-z]+\s*=|(?:href|src)="\s*(?:javascript|data|vbscript):/i.test(
        tag,
      ),
  );
};

describe('markup properties', () => {
  test('never emits active content, from HTML or Markdown', () => {
    fc.assert(
      fc.property(hostile, fc.constantFrom('html' as const, 'markdown' as const), (given, format) => {
        expect(isSafe(toHtml(rich(given, format)).text)).toBe(true);
        const markdown = toMarkdown(rich(given, 'html')).text;
        expect(isSafe(toHtml(rich(markdown, 'markdown')).text)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('clean HTML stays as it is', () => {
    fc.assert(
      fc.property(fc.oneof(fragment, hostile), (given) => {
        const once = html(given).text;
        expect(html(once).text).toBe(once);
      }),
      { numRuns: 500 },
    );
  });

  test('a text that went to Markdown and back once does not change any more', () => {
    fc.assert(
      fc.property(fragment, (given) => {
        const markdown = convertRich(rich(given), 'markdown').value;
        const back = convertRich(markdown, 'html').value;
        const again = convertRich(convertRich(back, 'markdown').value, 'html').value;
        expect(canonical(again)).toBe(canonical(back));
      }),
      { numRuns: 500 },
    );
  });

  test('plain words survive Markdown and HTML', () => {
    fc.assert(
      fc.property(text, (given) => {
        const markdown = toMarkdown(rich(given, 'text'));
        expect(agree(canonical(rich(markdown.text, 'markdown')), canonical(rich(given, 'text')))).toBe(true);
        expect(agree(canonical(rich(toHtml(rich(given, 'text')).text)), canonical(rich(given, 'text')))).toBe(
          true,
        );
      }),
      { numRuns: 500 },
    );
  });
});
