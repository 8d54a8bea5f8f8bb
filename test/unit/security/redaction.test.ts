import { createKnownValues, createRedactor, isSecretName } from '../../../backend/security/redaction.ts';

const secret = 'cañary/+p@ss "w0rd"?';
const redactor = createRedactor();
redactor.add(secret);

describe('registered values', () => {
  const forms: [string, string][] = [
    ['as it is', secret],
    ['in an address', `https://x/?p=${encodeURIComponent(secret)}&q=1`],
    ['in a form', new URLSearchParams({ p: secret }).toString()],
    ['in JSON', JSON.stringify({ note: secret })],
    ['hex', Buffer.from(secret).toString('hex')],
    ['base64', Buffer.from(secret).toString('base64')],
    ['base64url', Buffer.from(secret).toString('base64url')],
    ...['a', 'ab', 'abc', 'user', 'tandem'].map((user): [string, string] => [
      `base64 behind ${user}:`,
      Buffer.from(`${user}:${secret}`).toString('base64'),
    ]),
    ...['', 'x', 'xy', 'xyz'].map((tail): [string, string] => [
      `base64 before "${tail}"`,
      Buffer.from(`${secret}${tail}`).toString('base64'),
    ]),
  ];
  test.each(forms)('%s', (_name, text) => {
    const cleaned = redactor.text(`before ${text} after`);
    expect(cleaned).toContain('[secret]');
    expect(cleaned).toMatch(/^before .* after$/s);
    const left = cleaned.match(/[A-Za-z0-9+/_-]{8,}/g) ?? [];
    for (const word of left) expect(text.split(word).length > 1 && word.length > 12).toBe(false);
  });

  test('short values are not registered: they would blacken everything', () => {
    const other = createRedactor();
    other.add('a');
    other.add('');
    expect(other.text('banana')).toBe('banana');
  });

  test('what is told again is remembered longest', () => {
    const known = createKnownValues(2);
    for (const value of ['first secret', 'second secret', 'first secret', 'third secret']) known.add(value);
    expect(known.text('first secret')).toBe('[secret]');
    expect(known.text('second secret')).toBe('second secret');
    expect(known.text('third secret')).toBe('[secret]');
  });
});

describe('shapes', () => {
  test.each([
    'eyJhbGciOiJIUzI1NiJ9.eyJuYW1laWQiOiJ4In0.c2lnbmF0dXJl',
    'Authorization: Bearer abcdefgh12345678',
    'authorization: basic dXNlcjpwYXNzd29yZA==',
    `t1.m1.${'A'.repeat(60)}`,
    'https://user:hunter2@example.com/',
    'grant_type=password&password=hunter2&x=1',
    'client_secret=hunter2',
    '{"user":"ada","password":"hunter2"}',
    '{ "basicAuthPassword" : "with \\" hunter2" }',
    '{"Message":"{\\"password\\":\\"hunter2\\",\\"user\\":\\"ada\\"}"}',
    '{"password":"hunter2 and the end is cut',
  ])('%s', (text) => {
    const cleaned = redactor.text(text);
    expect(cleaned).toContain('[secret]');
    expect(cleaned).not.toMatch(/hunter2|dXNlcj|abcdefgh1234|c2lnbm|A{20}/);
  });

  test('of JSON only the values of secret names go', () => {
    const text = '{"user":"ada","password":"x","note":"the password","requestKey":"a","more":{"token":"y"}}';
    expect(JSON.parse(redactor.text(text))).toEqual({
      user: 'ada',
      password: '[secret]',
      note: 'the password',
      requestKey: 'a',
      more: { token: '[secret]' },
    });
  });

  test('ordinary words stay', () => {
    const text = 'Basic knowledge; the bearer of news; https://example.com/a:b@c?token; 2026-01-01T00:00:00Z';
    expect(redactor.text(text)).toContain('https://example.com/a:b@c');
    expect(redactor.text('Title of bug 12: password reset fails')).toBe(
      'Title of bug 12: password reset fails',
    );
  });

  test('long hostile texts take no time', () => {
    const texts = [
      '-eyJ'.repeat(250_000),
      'a'.repeat(1_000_000),
      'bearer '.repeat(150_000),
      'a:/'.repeat(300_000),
      '"a":"'.repeat(200_000),
      '\\"a\\":\\"'.repeat(100_000),
      '"'.repeat(1_000_000),
      `"password":"${'\\'.repeat(1_000_001)}`,
    ];
    const startedAt = performance.now();
    for (const text of texts) redactor.text(text);
    expect(performance.now() - startedAt).toBeLessThan(1500);
  });
});

describe('names', () => {
  test.each([
    'password',
    'Password',
    'client_secret',
    'clientSecret',
    'x-api-key',
    'apiKey',
    'Authorization',
    'pat',
    'accessToken',
    'refresh_token',
    'Set-Cookie',
    'appToken',
    'private_key',
  ])('%s is secret', (name) => expect(isSecretName(name)).toBe(true));
  test.each([
    'title',
    'path',
    'patch',
    'key',
    'requestKey',
    'continuationToken',
    'secretary_'.slice(0, 3),
    'author',
  ])('%s is not', (name) => expect(isSecretName(name)).toBe(false));

  test('structures are copied and cleaned', () => {
    const input = {
      user: 'ada',
      password: 'hunter2',
      nested: [{ authorization: 'Bearer x', note: `it is ${secret}` }],
      secrets: { set: true },
      isSecret: true,
      at: new Date(0),
      error: new Error(`refused ${secret}`),
      bytes: Buffer.from('hunter2'),
    };
    const text = JSON.stringify(redactor.value(input));
    expect(text).not.toMatch(/hunter2|cañary|Bearer x/);
    expect(text).toContain('ada');
    expect(input.password).toBe('hunter2');
  });

  test('hostile structures do no harm', () => {
    const deep = JSON.parse(`${'[{"a":'.repeat(5000)}1${'}]'.repeat(5000)}`);
    expect(JSON.stringify(redactor.value(deep))).toContain('[deeper]');
    const polluted = redactor.value(JSON.parse('{"__proto__":{"polluted":1},"a":1}')) as {
      polluted?: number;
    };
    expect(polluted.polluted).toBeUndefined();
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
