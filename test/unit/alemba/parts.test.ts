import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { Base64Property } from '../../../backend/connectors/alemba/base64-property.ts';
import {
  anyOf,
  contains,
  dateTime,
  equals,
  isRef,
  queryString,
  quote,
} from '../../../backend/connectors/alemba/filter.ts';
import { readComment } from '../../../backend/connectors/alemba/history.ts';
import { manifest } from '../../../backend/connectors/alemba/manifest.ts';
import { multipartFile, plainName } from '../../../backend/connectors/alemba/multipart.ts';
import { mergeMetadata, readMetadata } from '../../../backend/connectors/alemba/properties.ts';
import {
  compilePattern,
  fillBody,
  readSettings,
  settingProblems,
} from '../../../backend/connectors/alemba/settings.ts';
import { guessCategory, readStatus } from '../../../backend/connectors/alemba/status.ts';
import {
  orderOf,
  readDate,
  readValue,
  revisionOf,
  writeRich,
  writeValue,
} from '../../../backend/connectors/alemba/translate.ts';
import { isKnownRevision, readHook } from '../../../backend/connectors/alemba/webhook.ts';
import { connectors } from '../../../backend/connectors/registry.ts';
import { connectorManifest } from '../../../backend/contract/connector-manifest.ts';
import { tokenize } from '../../sandbox/itsm/alemba/query/lexer.ts';

const settings = readSettings({ address: 'https://itsm.example.com/Production' });

describe('manifest', () => {
  test('is valid, and every kind is registered under its name', () => {
    for (const [kind, connector] of connectors) {
      expect(connectorManifest.parse(connector.manifest)).toEqual(connector.manifest);
      expect(kind).toBe(connector.manifest.kind);
    }
    expect(connectors.has('alemba')).toBe(true);
  });

  test('has each name once, and defaults that fit their own rules', () => {
    const names = manifest.settings.map((field) => field.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, pattern, choices, default: value } of manifest.settings) {
      if (value === undefined) continue;
      if (pattern)
        expect([name, String(value)]).toEqual([name, expect.stringMatching(new RegExp(pattern.source))]);
      if (choices) expect(choices.map((choice) => choice.id)).toContain(value);
    }
    expect(settingProblems(settings)).toEqual([]);
  });
});

describe('settings', () => {
  test.each([
    ['https://s/Production/', 'https://s/Production'],
    ['https://s/Production/alemba.web/index.html?x=1#y', 'https://s/Production'],
    ['https://s/Production/alemba.api/api/v2', 'https://s/Production'],
  ])('the address %s is taken as %s', (address, expected) => {
    expect(readSettings({ address }).address).toBe(expected);
  });

  test('placeholders keep their type, and texts in bodies cannot break out', () => {
    const filled = fillBody('{"a":"{status}","b":{"c":["x {text}"]},"d":"{other}"}', 'bodies.close', {
      status: 5,
      text: '","evil":"',
    });
    expect(filled).toEqual({ a: 5, b: { c: ['x ","evil":"'] }, d: '{other}' });
  });

  test('wrong bodies and patterns are named', () => {
    const wrong = readSettings({ 'bodies.close': '[1]', 'lock.conflictPattern': '(' });
    expect(settingProblems(wrong)).toEqual([
      'The setting "Words for a lock conflict" is not a regular expression',
      'The setting "Body of close" is not a JSON object',
    ]);
    expect(() => compilePattern('(', 'lock.conflictPattern')).toThrow(
      expect.objectContaining({ kind: 'rejected' }),
    );
  });
});

describe('filters', () => {
  test('a text is one string literal, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        const tokens = tokenize(`CustomString1==${quote(text)}`);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what has no escape is left out
        const expected = text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, '');
        expect(tokens).toMatchObject([
          { kind: 'path' },
          { kind: 'operator' },
          { kind: 'string', value: expected },
        ]);
      }),
    );
  });

  test('are built and encoded', () => {
    expect(anyOf([equals('Ref', 1), equals('Name', 'a"b'), contains('Subject', 'x\\')])).toBe(
      'Ref==1||Name=="a\\"b"||Subject.Contains("x\\\\")',
    );
    expect(dateTime(new Date('2024-05-01T10:00:00Z'))).toBe('@DateTime(2024-05-01T10:00:00.000Z)');
    expect(queryString({ $filter: 'a==1&&b+c', $top: 5, $skip: undefined, $partition: '' })).toBe(
      '?$filter=a%3D%3D1%26%26b%2Bc&$top=5',
    );
    expect(['1', '10056', '1.5', '-1', '', '1 ', '9'.repeat(16)].map(isRef)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('base64 out of a JSON answer', () => {
  const decode = async (text: string, cuts: number[]) => {
    const bytes = Buffer.from(text);
    const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
    const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
    const decoder = new Base64Property('BinaryData');
    const [decoded] = await Promise.all([buffer(decoder), pipeline(Readable.from(chunks), decoder)]);
    return decoded;
  };

  test('wherever the chunks are cut, with and without escaped slashes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(300),
        fc.array(fc.nat(2000), { maxLength: 12 }),
        fc.boolean(),
        async (size, cuts, escaped) => {
          const bytes = randomBytes(size);
          const data = JSON.stringify(bytes.toString('base64')).replaceAll('/', escaped ? '\\/' : '/');
          const text = `{"Name":"say \\"BinaryData\\":\\"no\\"","Ref":1,"BinaryData" : ${data},"_self":"api:x"}`;
          expect((await decode(text, cuts)).equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([
    ['{"BinaryData":"QUJD', 'cut off'],
    ['{"Ref":1}', 'without the property'],
    ['{"BinaryData":null}', 'null'],
    ['{"BinaryData":"QU*D"}', 'not base64'],
    ['<html></html>', 'not JSON'],
    ['{"BinaryData":"QUI=QUI="}', 'padded in the middle'],
  ])('%s is malformed', async (text) => {
    await expect(decode(text, [])).rejects.toMatchObject({ kind: 'malformed' });
  });
});

describe('multipart', () => {
  test('is what a server reads back, and knows its length', async () => {
    const file = { name: 'a "b" é.txt', contentType: 'text/plain\r\nx: y', sizeBytes: 3 };
    const form = multipartFile('file', file, Readable.from([Buffer.from('abc')]));
    const bytes = await buffer(form.body);
    expect(bytes.length).toBe(form.sizeBytes);
    const parsed = await new Response(bytes, { headers: { 'content-type': form.contentType } }).formData();
    const part = parsed.get('file') as File;
    expect(await part.text()).toBe('abc');
    expect(part.type).toBe('application/octet-stream');
    expect(part.name).toContain('é.txt');
  });

  test.each([
    [2, 'abc'],
    [5, 'abc'],
  ])('a file that is not %s bytes long breaks off', async (sizeBytes, text) => {
    const form = multipartFile(
      'file',
      { name: 'x', contentType: 'a/b', sizeBytes },
      Readable.from([Buffer.from(text)]),
    );
    await expect(buffer(form.body)).rejects.toThrow('announced');
  });

  test('names never lead anywhere', () => {
    expect(['a/b', 'a\\b', '..', '', 'x\u202egnp.exe', ' a '].map(plainName)).toEqual([
      'b',
      'b',
      'attachment',
      'attachment',
      'xgnp.exe',
      'a',
    ]);
  });
});

describe('statuses', () => {
  test.each([
    ['New', 'Open', 'proposed'],
    ['In Progress', 'Open', 'inProgress'],
    ['Pending', 'Open/Unresolved', 'inProgress'],
    ['Resolved', 'Open/Resolved', 'resolved'],
    ['Closed', 'Closed', 'completed'],
    ['Cancelled', 'Closed/Unresolved', 'removed'],
    ['Anything', 'Open', 'inProgress'],
    ['Anything', undefined, 'unknown'],
    ['Fixed', undefined, 'resolved'],
    ['Unresolved', undefined, 'inProgress'],
  ] as const)('%s in the state %s is %s', (name, state, category) => {
    expect(guessCategory(name, state)).toBe(category);
  });

  test('what the admin says goes before every guess', () => {
    const own = readSettings({
      'status.categories': '3 = resolved\nWaiting for nobody=removed',
      'status.actions': '3=defer',
    });
    expect(readStatus({ Ref: 3, Name: 'Pending', StateName: 'Open' }, own)).toMatchObject({
      category: 'resolved',
      action: 'defer',
    });
    expect(readStatus({ Ref: 9, Name: 'Waiting for nobody' }, own)).toMatchObject({
      category: 'removed',
      closed: true,
      action: 'close',
    });
  });
});

describe('values', () => {
  test('are read by their kind; unknown is not empty', () => {
    const row = {
      A: 5,
      AName: 'Five',
      B: null,
      C: '',
      D: '2024-05-01T10:00:00.1234567Z',
      E: 0,
      EName: 'Standard',
      F: 'text',
      FHtml: '',
    };
    expect(readValue(row, 'A', 'choice')).toEqual({ kind: 'choice', id: '5', name: 'Five' });
    expect(readValue(row, 'B', 'choice')).toBeNull();
    expect(readValue(row, 'C', 'string')).toBeNull();
    expect(readValue(row, 'D', 'instant')).toEqual({ kind: 'instant', at: '2024-05-01T10:00:00.123Z' });
    expect(readValue(row, 'E', 'choice')).toEqual({ kind: 'choice', id: '0', name: 'Standard' });
    expect(readValue(row, 'E', 'principal')).toBeNull();
    expect(readValue(row, 'F', 'rich')).toEqual({ kind: 'rich', format: 'text', text: 'text' });
    expect(readValue({ F: '', FHtml: '' }, 'F', 'rich')).toBeNull();
    expect(readValue({ FHtml: '<p>x</p>' }, 'F', 'rich')).toEqual({
      kind: 'rich',
      format: 'html',
      text: '<p>x</p>',
    });
    expect(readValue(row, 'Z', 'string')).toBeUndefined();
    expect(readValue({}, 'F', 'rich')).toBeUndefined();
  });

  test('rich text is written in both halves', () => {
    expect(writeRich({ kind: 'rich', format: 'text', text: 'a < b\nc\n\nd' })).toEqual({
      text: 'a < b\nc\n\nd',
      html: '<p>a &lt; b<br>c</p><p>d</p>',
    });
    expect(writeRich({ kind: 'rich', format: 'html', text: '<p>a &amp; <b>b</b></p>' })).toEqual({
      text: 'a & b',
      html: '<p>a &amp; <b>b</b></p>',
    });
    expect(writeRich({ kind: 'rich', format: 'markdown', text: '**b**' }).html).toBe(
      '<p><strong>b</strong></p>',
    );
    expect(writeValue('Description', 'rich', null)).toEqual({ Description: '', DescriptionHtml: '' });
  });

  test('that do not fit are refused', () => {
    expect(writeValue('Impact', 'choice', { kind: 'choice', id: '3' })).toEqual({ Impact: 3 });
    expect(writeValue('DueDate', 'instant', { kind: 'day', on: '2024-05-01' })).toEqual({
      DueDate: '2024-05-01T12:00:00.000Z',
    });
    expect(writeValue('X', 'string', { kind: 'words', words: ['a', 'b'] })).toEqual({ X: 'a, b' });
    expect(() => writeValue('Impact', 'choice', 'High')).toThrow('does not fit');
    expect(() => writeValue('Flag', 'boolean', 'yes')).toThrow('does not fit');
    expect(() => readDate('yesterday')).toThrow(expect.objectContaining({ kind: 'malformed' }));
  });
});

describe('history', () => {
  const entry = {
    Order: 4,
    ActionDate: '2024-05-01T10:00:00Z',
    ActionTitle: 'Note',
    ActionDescription: 'x',
    ActionedBy: 7,
  };

  test('what is not said to be visible is internal', () => {
    expect(readComment({ ...entry, VisibleInPortal: true }, settings)?.visibility).toBe('public');
    for (const flag of [false, null, undefined, 'true', 1]) {
      expect(readComment({ ...entry, VisibleInPortal: flag }, settings)?.visibility).toBe('internal');
    }
    const without = readSettings({ 'comment.visibilityField': '' });
    expect(readComment({ ...entry, VisibleInPortal: true }, without)?.visibility).toBe('internal');
  });

  test('entries without words are none, and the system speaks by flag or title', () => {
    expect(readComment({ ...entry, ActionDescription: ' ' }, settings)).toBeUndefined();
    expect(readComment(entry, settings)?.system).toBe(false);
    expect(readComment({ ...entry, IsSystem: true }, settings)?.system).toBe(true);
    expect(readComment({ ...entry, ActionTitle: 'Call Updated' }, settings)?.system).toBe(true);
    expect(readComment({ ...entry, ActionTitle: 'Call updated by phone' }, settings)?.system).toBe(false);
  });
});

describe('metadata', () => {
  test('folds twins, and knows references from numbers', () => {
    const all = readMetadata({
      properties: [
        { name: 'Notes', type: 'string', displayType: 'RichText' },
        { name: 'NotesHtml', type: 'string', displayType: 'RichText' },
        { name: 'Html', type: 'string' },
        { name: 'Owner', type: 'integer', entity: 'person' },
        { name: 'Site', type: 'integer', displayType: 'TieredSelect', entity: 'site' },
        { name: 'Count', type: 'integer', displayType: 'Numeric', readonly: true },
        null,
        { title: 'nameless' },
      ],
    });
    const create = readMetadata({
      inputs: [{ property: 'Site', required: true, choices: [{ Ref: 1, Name: 'A' }, 'x'] }],
    });
    const merged = mergeMetadata(all, create);
    expect([...merged.values()].map(({ name, kind }) => [name, kind])).toEqual([
      ['Notes', 'rich'],
      ['Html', 'string'],
      ['Owner', 'principal'],
      ['Site', 'choice'],
      ['Count', 'integer'],
    ]);
    expect(merged.get('Site')).toMatchObject({
      required: true,
      choices: [{ id: '1', name: 'A' }],
      entity: 'site',
    });
    expect(merged.get('Count')?.readOnly).toBe(true);
  });
});

describe('revisions and hooks', () => {
  test('orders decide, dates only when they must', () => {
    expect(revisionOf({ LastActionDate: '2024-05-01T10:00:00.0000000Z', LastHistoryOrder: 3 })).toBe(
      '2024-05-01T10:00:00.000Z/3',
    );
    expect(orderOf('2024-05-01T10:00:00.000Z/3')).toBe(3);
    const base = '2024-05-01T10:00:00.000Z/3';
    expect(isKnownRevision('2030-01-01T00:00:00.000Z/3', base)).toBe(true);
    expect(isKnownRevision('2020-01-01T00:00:00.000Z/4', base)).toBe(false);
    expect(isKnownRevision('2024-05-01T09:59:59.000Z/', base)).toBe(true);
    expect(isKnownRevision('2024-05-01T10:00:00.000Z/', base)).toBe(false);
    for (const odd of ['', '/', 'x/y', '//', 'NaN/NaN']) expect(isKnownRevision(odd, base)).toBe(false);
    expect(isKnownRevision(base, 'garbage')).toBe(false);
  });

  const hook = (body: unknown) =>
    readHook({ headers: {}, query: {}, body: Buffer.from(JSON.stringify(body)) });

  test.each([
    [
      { Action: 'Closed', Call: { Ref: 5, LastHistoryOrder: 2 } },
      { recordId: '5', what: 'updated', revision: '/2', dedupeKey: '5/2/Closed' },
    ],
    [
      { Action: 'Created', Request: { Ref: '6' } },
      { recordId: '6', what: 'created' },
    ],
    [
      { Action: 'AttachmentAdded', Task: { Ref: 7 }, ActionHistoryId: 9 },
      { what: 'attached', revision: '/9' },
    ],
    [
      { Action: 'Actioned', Call: { Ref: 7, LastActionDate: '2024-05-01T10:00:00Z' } },
      { what: 'commented', revision: '2024-05-01T10:00:00.000Z/' },
    ],
    [{ Call: { Ref: 8 } }, { recordId: '8', what: 'unknown' }],
  ])('%j is a hint', (body, expected) => {
    expect(hook(body)).toMatchObject({ verdict: 'hints', hints: [expected] });
  });

  test.each([
    [{ Action: 'Updated', Person: { Ref: 1 } }, 'ignored'],
    [{ Action: 'Ping' }, 'ignored'],
    [{ Action: 'Updated', Call: { Ref: 'x' } }, 'unreadable'],
    [{ Action: 'Updated', Call: { Ref: -1 } }, 'unreadable'],
    [[], 'unreadable'],
    [{}, 'unreadable'],
  ])('%j is %s', (body, verdict) => {
    expect(hook(body).verdict).toBe(verdict);
  });

  test('a date that cannot be is left out', () => {
    expect(hook({ Call: { Ref: 1, LastActionDate: 'soon' } })).toMatchObject({ hints: [{ recordId: '1' }] });
    expect(hook({ Call: { Ref: 1, LastActionDate: 'soon', LastHistoryOrder: 4 } })).toMatchObject({
      hints: [{ revision: '/4' }],
    });
  });
});
