import { agree, canonical } from '../../../backend/sync/canonical.ts';
import { hashHex } from '../../../backend/sync/hash.ts';
import { findMarks, markFor, writeMark } from '../../../backend/sync/mark.ts';
import { rich, words } from './world.ts';

describe('canonical', () => {
  test.each([
    ['entities and spaces', '<p>a&nbsp;&amp;  b</p>', '<div>a &#38; b</div>'],
    ['line breaks and paragraphs', '<p>a</p><p>b</p>', 'a<br>b'],
    ['spellings of bold', '<p><b>a</b> b</p>', '<div><strong>a</strong> b</div>'],
    ['bold in pieces', '<b>a</b><b>b</b>', '<b>ab</b>'],
    ['empty markup', '<p><br></p>', ''],
  ])('equal: %s', (_name, one, other) => {
    expect(canonical(rich(one))).toBe(canonical(rich(other)));
  });

  test.each([
    ['words', '<p>a b</p>', '<p>a c</p>'],
    ['a list and lines', '<ul><li>a</li></ul>', '<p>a</p>'],
    ['numbers and bullets', '<ol><li>a</li></ol>', '<ul><li>a</li></ul>'],
    ['images', '<img src="https://a.example/1">', '<img src="https://a.example/2">'],
    ['links', '<a href="https://a.example/1">x</a>', '<a href="https://a.example/2">x</a>'],
    ['emphasis', '<p><b>a</b> b</p>', '<p>a <b>b</b></p>'],
    ['long texts that differ at the end', `${'a'.repeat(500)}b`, `${'a'.repeat(500)}c`],
  ])('different: %s', (_name, one, other) => {
    expect(canonical(rich(one))).not.toBe(canonical(rich(other)));
  });

  test('the three formats of one content are equal; plain text agrees with emphasised', () => {
    const list = rich('<p>Do</p><ul><li>one</li><li>two</li></ul>');
    expect(canonical(rich('Do\n\n- one\n- two', 'markdown'))).toBe(canonical(list));
    expect(canonical(rich('Do\n* one\n* two', 'text'))).toBe(canonical(list));
    const bold = canonical(rich('<p>It <b>smokes</b></p>'));
    expect(bold).toBe(canonical(rich('It **smokes**', 'markdown')));
    expect(bold).not.toBe(canonical('It smokes'));
    expect(agree(bold, canonical('It smokes'))).toBe(true);
    expect(agree(bold, canonical('It burns'))).toBe(false);
  });

  test('other kinds', () => {
    const person = { kind: 'principal' as const, id: '7', name: 'Ann' };
    expect(canonical(null)).toBe(canonical(''));
    expect(canonical({ ...person, email: 'Ann@Example.com' })).toBe('ann@example.com');
    expect(canonical({ ...person, id: 'AAD.x' })).toBe('aad.x');
    expect(canonical({ kind: 'instant', at: '2026-05-01T12:00:00+02:00' })).toBe(
      canonical({ kind: 'instant', at: '2026-05-01T10:00:00.000Z' }),
    );
    expect(canonical(words('b', 'A', 'a '))).toBe(canonical(words('a', 'B')));
    expect(canonical({ kind: 'choice', id: '2', name: 'High' })).toBe(
      canonical({ kind: 'choice', id: '2', name: 'Hoch' }),
    );
    const choices = [{ id: '2', name: 'High' }];
    const described = {
      id: 'p',
      name: 'P',
      type: 'choice' as const,
      required: false,
      readOnly: false,
      choices,
    };
    expect(canonical('high', described)).toBe('2');
  });
});

describe('hashes and marks', () => {
  test('twenty thousand near texts have as many hashes and marks', () => {
    const hashes = new Set<string>();
    const marks = new Set<string>();
    for (let index = 0; index < 20_000; index += 1) {
      hashes.add(hashHex(`text ${index}`).slice(0, 16));
      marks.add(markFor('7', 'comment', `workItem:${index}`));
    }
    expect([hashes.size, marks.size]).toEqual([20_000, 20_000]);
  });

  test('every written mark is found, and parts do not run together', () => {
    for (let index = 0; index < 500; index += 1) {
      const mark = markFor(String(index), 'create', 'x');
      expect(findMarks(`a <small>${writeMark(mark)}</small>.`)).toEqual([mark]);
    }
    expect(markFor('1', 'create', '12')).not.toBe(markFor('11', 'create', '2'));
  });
});
