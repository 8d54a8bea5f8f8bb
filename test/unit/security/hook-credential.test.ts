import {
  digestOf,
  matchesDigest,
  matchesSecret,
  newHookCredential,
  readBasicCredential,
} from '../../../backend/security/hook-credential.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('credentials are new every time and long enough not to be guessed', () => {
  const made = Array.from({ length: 200 }, newHookCredential);
  expect(new Set(made.map((credential) => credential.hookId)).size).toBe(200);
  expect(new Set(made.map((credential) => credential.password)).size).toBe(200);
  for (const { hookId, password, digest } of made) {
    expect(Buffer.from(hookId, 'base64url')).toHaveLength(16);
    expect(Buffer.from(password, 'base64url')).toHaveLength(24);
    expect(matchesDigest(password, [digest])).toBe(true);
  }
});

test('one of several accepted is enough, nothing else is', () => {
  const accepted = [digestOf('old-secret'), digestOf('new-secret')];
  expect(matchesDigest('old-secret', accepted)).toBe(true);
  expect(matchesDigest('new-secret', accepted)).toBe(true);
  const wrong = [
    '',
    'o',
    'old-secre',
    'old-secret ',
    'OLD-SECRET',
    'new-secreT',
    digestOf('old-secret'),
    'x'.repeat(100_000),
  ];
  for (const secret of wrong) expect(matchesDigest(secret, accepted)).toBe(false);
  expect(matchesDigest('anything', [])).toBe(false);
  expect(matchesDigest('', ['', 'damaged'])).toBe(false);
  expect(matchesSecret('b', ['a', 'b'])).toBe(true);
  expect(matchesSecret('', ['a', 'b'])).toBe(false);
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
