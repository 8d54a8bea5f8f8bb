import { safeName } from '../../../backend/azure-devops/attachments.ts';
import { idInText } from '../../../backend/azure-devops/find.ts';
import { bareMark, markWord, setField } from '../../../backend/azure-devops/patch.ts';
import { commentsMoved, isSamePerson, writeBookmark } from '../../../backend/azure-devops/translate.ts';
import {
  type FieldKind,
  instantOf,
  principalInText,
  readValue,
  writeValue,
} from '../../../backend/azure-devops/values.ts';
import { isReferenceName, quote } from '../../../backend/azure-devops/wiql.ts';
import type { FieldValue } from '../../../backend/sync/record.ts';

const kind = (
  type: string,
  more: Partial<FieldKind> & { identity?: boolean; allowed?: string[] } = {},
): FieldKind => ({
  field: {
    referenceName: 'Custom.F',
    name: 'F',
    type,
    readOnly: false,
    isIdentity: more.identity ?? false,
  },
  typeField: more.allowed
    ? { id: 'Custom.F', name: 'F', required: false, allowedValues: more.allowed }
    : undefined,
  isMarkdown: more.isMarkdown ?? false,
});
const unknown: FieldKind = { field: undefined, typeField: undefined, isMarkdown: false };

test.each<[string, FieldKind, unknown, FieldValue]>([
  ['text', kind('string'), 'a', 'a'],
  ['closed list', kind('string', { allowed: ['a', 'b'] }), 'a', { kind: 'choice', id: 'a', name: 'a' }],
  ['number', kind('integer', { allowed: ['1'] }), 1, 1],
  ['number as text', kind('double'), '1.5', 1.5],
  ['truth', kind('boolean'), true, true],
  [
    'date',
    kind('dateTime'),
    '2026-03-01T10:00:00.1234567Z',
    { kind: 'instant', at: '2026-03-01T10:00:00.123Z' },
  ],
  ['html', kind('html'), '<p>x</p>', { kind: 'rich', format: 'html', text: '<p>x</p>' }],
  ['markdown', kind('html', { isMarkdown: true }), '*x*', { kind: 'rich', format: 'markdown', text: '*x*' }],
  ['plain text', kind('plainText'), 'x\ny', { kind: 'rich', format: 'text', text: 'x\ny' }],
  ['path', kind('treePath'), 'A\\B', 'A\\B'],
  [
    'person',
    kind('string', { identity: true }),
    { id: '1', displayName: 'Ann', uniqueName: 'ann@x.example' },
    { kind: 'principal', id: '1', name: 'Ann', login: 'ann@x.example', email: 'ann@x.example' },
  ],
  [
    'person as text',
    kind('string', { identity: true }),
    'Ann <ann@x.example>',
    { kind: 'principal', id: 'ann@x.example', name: 'Ann', login: 'ann@x.example', email: 'ann@x.example' },
  ],
  ['nothing', kind('string'), undefined, null],
  ['an empty text', kind('html'), '', null],
  ['a field nobody knows', unknown, 'x', 'x'],
])('reads %s', (_words, of, raw, value) => {
  expect(readValue('Custom.F', raw, of)).toEqual(value);
});

test.each<[string, FieldKind, FieldValue, unknown]>([
  ['text for a number', kind('integer'), '3', 3],
  ['a choice for a number', kind('integer'), { kind: 'choice', id: '2' }, 2],
  ['what is no number as it is', kind('integer'), 'three', 'three'],
  ['a number for text', kind('string'), 3, '3'],
  ['truth in words', kind('boolean'), 'True', true],
  ['a day at noon', kind('dateTime'), { kind: 'day', on: '2026-03-01' }, '2026-03-01T12:00:00Z'],
  ['plain words for HTML', kind('html'), 'a < b\n\nc', '<p>a &lt; b</p><p>c</p>'],
  [
    'HTML for plain text',
    kind('plainText'),
    { kind: 'rich', format: 'html', text: '<p>a &amp; b</p>' },
    'a & b',
  ],
  ['HTML for a title', kind('string'), { kind: 'rich', format: 'html', text: '<b>x</b>' }, 'x'],
  [
    'HTML for Markdown',
    kind('html', { isMarkdown: true }),
    { kind: 'rich', format: 'html', text: '<strong>x</strong>' },
    '**x**',
  ],
  ['a person by account', kind('string'), { kind: 'principal', id: '1', login: 'l', email: 'e@x' }, 'l'],
])('writes %s', (_words, of, value, raw) => {
  expect(writeValue('Custom.F', value, of)).toEqual(raw);
});

test('a script in rich text does not arrive', () => {
  const value = { kind: 'rich', format: 'html', text: '<p>x</p><script>alert(1)</script>' } as const;
  expect(writeValue('Custom.F', value, kind('html'))).toBe('<p>x</p>');
});

test('operations: nothing removes, tags replace, Markdown says so', () => {
  expect(setField('Custom.F', null, kind('string'))).toEqual([{ op: 'remove', path: '/fields/Custom.F' }]);
  expect(setField('Custom.F', '', kind('string'))).toEqual([{ op: 'remove', path: '/fields/Custom.F' }]);
  const tags = { kind: 'words', words: ['a;b', ' c '] } as const;
  expect(setField('System.Tags', tags, kind('plainText'))).toEqual([
    { op: 'replace', path: '/fields/System.Tags', value: 'a b; c' },
  ]);
  expect(setField('Custom.F', 'x', kind('html', { isMarkdown: true }))).toEqual([
    { op: 'add', path: '/fields/Custom.F', value: 'x' },
    { op: 'add', path: '/multilineFieldsFormat/Custom.F', value: 'Markdown' },
  ]);
});

test('marks with and without their prefix are the same mark', () => {
  expect(bareMark('tandem-0123456789ab')).toBe('0123456789ab');
  expect(markWord('0123456789ab')).toBe(markWord('tandem-0123456789ab'));
});

test('a bookmark moves with count and edits, and rubbish proves nothing', () => {
  const at = (comments: number, version?: string) => ({ comments, ...(version && { version }) });
  const before = writeBookmark(at(2, '7.1'));
  expect(commentsMoved(before, at(2, '7.1'))).toBe(false);
  expect(commentsMoved(before, at(2))).toBe(false);
  expect(commentsMoved(before, at(3, '8.1'))).toBe(true);
  expect(commentsMoved(before, at(3, '7.1'))).toBe(true);
  expect(commentsMoved(before, at(1))).toBe(true);
  expect(commentsMoved(before, at(2, '7.2'))).toBe(true);
  for (const rubbish of [undefined, '', 'null', '[]', '{"comments":"2"}', '{']) {
    expect(commentsMoved(rubbish, at(2))).toBe(true);
  }
});

test('people are the same by id, or by account', () => {
  const person = (id: string, login?: string) =>
    ({ kind: 'principal', id, ...(login && { login }) }) as const;
  expect(isSamePerson(person('A'), person('a'))).toBe(true);
  expect(isSamePerson(person('1', 'X@y'), person('2', 'x@Y'))).toBe(true);
  expect(isSamePerson(person('1'), person('2'))).toBe(false);
  expect(principalInText('Just A Name')).toMatchObject({ id: 'Just A Name', name: 'Just A Name' });
});

test.each([
  ['123', 123],
  ['#123', 123],
  [' AB#7 ', 7],
  ['0', undefined],
  ['12a', undefined],
  ['1 OR 1=1', undefined],
  ['99999999999', undefined],
])('the number in %j is %p', (text, id) => {
  expect(idInText(text)).toBe(id);
});

test('WIQL literals and names cannot be left', () => {
  expect(quote("it's")).toBe("'it''s'");
  expect(isReferenceName('System.Title')).toBe(true);
  for (const name of ["x] = 'a' OR [y", '', '1a', 'a b', 'a]']) expect(isReferenceName(name)).toBe(false);
});

test.each([
  ['../../etc/passwd', 'passwd'],
  ['C:\\a\\b.txt', 'b.txt'],
  ['a\r\nb.txt', 'a_b.txt'],
  ['..', 'attachment'],
  ['', 'attachment'],
  [`${'x'.repeat(300)}.pdf`, `${'x'.repeat(196)}.pdf`],
])('the file name %j is sent as %j', (name, sent) => {
  expect(safeName(name)).toBe(sent);
});

test('what is no date is told as it is', () => {
  expect(instantOf('soon')).toBeUndefined();
  expect(readValue('Custom.F', 'soon', kind('dateTime'))).toBe('soon');
});
