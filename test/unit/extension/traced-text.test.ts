import { indentJson } from '../../../src/settings-hub/activity/indent-json.ts';
import { leftOut, wholeText } from '../../../src/settings-hub/activity/traced-text.ts';

describe('JSON to be read', () => {
  test.each([
    '{"a":1,"b":[true,null,{"c":"x, {y}: \\"z\\""}],"d":{},"e":[]}',
    '[]',
    '[[],[{}],""]',
    '"text"',
  ])('%s as the usual printer shows it', (text) => {
    expect(indentJson(text)).toBe(/^[[{]/.test(text) ? JSON.stringify(JSON.parse(text), null, 2) : text);
  });

  test('numbers and repeated names stay as they were written', () => {
    expect(indentJson('{"n":1.0000000000000000001,"n":12345678901234567890}')).toBe(
      '{\n  "n": 1.0000000000000000001,\n  "n": 12345678901234567890\n}',
    );
  });

  test.each([
    ['{"a":{"b":"cut he', '{\n  "a": {\n    "b": "cut he'],
    ['{"a":"ends in \\', '{\n  "a": "ends in \\'],
    ['{"a":', '{\n  "a": '],
    ['{"a" : [secret], "b":1}', '{\n  "a": [\n    secret\n  ],\n  "b": 1\n}'],
    ['}}]]{', '}}]]{'],
    ['<html>{"a":1}</html>', '<html>{"a":1}</html>'],
  ])('cut or broken: %s', (text, shown) => expect(indentJson(text)).toBe(shown));

  test('a hostile body does not grow out of bounds', () => {
    expect(indentJson('['.repeat(4000)).length).toBeLessThan(4000 * 50);
    expect(indentJson(`{${']'.repeat(4000)}`).length).toBeLessThan(4000 * 50);
  });
});

test('what is left out says why', () => {
  expect(leftOut({ text: 'x'.repeat(2000), characters: 12_345 })).toBe(
    'The first 2,000 of 12,345 characters.',
  );
  expect(leftOut({ text: 'x' })).toBeUndefined();
  expect(leftOut({ withheld: 'credentials' })).toBe('A sign-in. Nothing of it is kept.');
  expect(leftOut({ withheld: 'binary', contentType: 'image/png', bytes: 4096 })).toContain(
    'image/png), 4,096',
  );
  expect(leftOut({ withheld: 'room', characters: 1500 })).toContain('1,500 characters, left out');
});

test('the whole of a request as text', () => {
  const text = wholeText({
    route: 'call.update',
    status: 400,
    durationMs: 12.4,
    failure: 'rejected',
    sent: { method: 'PUT', path: '/call/7', body: { text: '{"Subject":"x"}' } },
    answer: { headers: { 'x-request-id': 'abc' }, body: { text: 'no', characters: 9000 } },
  });
  expect(text.split('\n')).toEqual([
    'call.update 400 rejected 12 ms',
    'PUT /call/7',
    'Sent:',
    '{',
    '  "Subject": "x"',
    '}',
    'x-request-id: abc',
    'Answer:',
    'no',
    'The first 2 of 9,000 characters.',
  ]);
});
