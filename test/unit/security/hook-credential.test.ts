import { matchesSecret } from '../../../backend/connectors/hook-secret.ts';
import { readBasicCredential } from '../../../backend/security/hook-credential.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('one of several accepted is enough, nothing else is', () => {
  const accepted = ['old-secret', 'new-secret', 'schlüssel', ''];
  for (const secret of accepted.slice(0, 3)) expect(matchesSecret(secret, accepted)).toBe(true);
  const wrong = [
    '',
    'o',
    'old-secre',
    'old-secret ',
    'OLD-SECRET',
    'new-secreT',
    // As many bytes, and as many characters.
    'schl??ssel',
    'schlxssel',
    'x'.repeat(100_000),
  ];
  for (const secret of wrong) expect(matchesSecret(secret, accepted)).toBe(false);
  expect(matchesSecret('anything', [])).toBe(false);
});

test.each([
  [basic('tandem:pass'), 'tandem', 'pass'],
  [basic('tandem:with:colon'), 'tandem', 'with:colon'],
  [basic(':only'), '', 'only'],
  [basic('user:'), 'user', ''],
  [basic('ü:ö'), 'ü', 'ö'],
  [basic('a:b').replace('Basic', 'basic'), 'a', 'b'],
  [basic('a:b').replace(' ', '   '), 'a', 'b'],
])('%p is read', (header, username, password) => {
  expect(readBasicCredential(header)).toEqual({ username, password });
});

test.each([
  [undefined],
  [''],
  ['Basic'],
  ['Basic '],
  ['Basic ???'],
  ['Bearer abc'],
  [basic('nocolon')],
  [basic('a:b\r\nx: y')],
  [basic('a:b\u0000')],
  [`${basic('a:b')}, ${basic('c:d')}`],
  [`Basic ${'A'.repeat(5000)}`],
  [[basic('a:b'), basic('a:b')]],
])('%p is not', (header) => {
  expect(readBasicCredential(header)).toBeUndefined();
});
