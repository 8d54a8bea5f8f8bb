import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import { createAppTokenVerifier } from '../../../backend/security/app-token.ts';
import { createSessionTokens } from '../../../backend/security/session-token.ts';

const certificate = `eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.${'c'.repeat(300)}`;
const oldCertificate = `eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.${'o'.repeat(300)}`;
const issuer = 'app.vstoken.visualstudio.com';
const audience = '9f0d5f9e-4d3b-4c1a-8f2e-7a6b5c4d3e2f';
const nowSeconds = 1_790_000_000;

const verify = createAppTokenVerifier({
  keys: [certificate, oldCertificate],
  issuer,
  audience,
  now: () => new Date(nowSeconds * 1000),
});

const claims: JWTPayload = {
  nameid: 'user-1',
  tid: 'directory-1',
  iss: issuer,
  aud: audience,
  nbf: nowSeconds - 10,
  exp: nowSeconds + 4200,
};

const without = (name: string) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name));
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signs by hand, so that also headers that jose refuses to write can be tried. */
const sign = (
  payload: unknown,
  header: object = { alg: 'HS256', typ: 'JWT' },
  key: string | Buffer = certificate,
) => {
  const head = `${encode(header)}.${encode(payload)}`;
  return `${head}.${createHmac('sha256', key).update(head).digest('base64url')}`;
};

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const flip = (token: string) => token.slice(0, -2) + (token.endsWith('AA') ? 'BB' : 'AA');

const accepted: [string, string][] = [
  ['as issued', sign(claims)],
  ['key before the rotation', sign(claims, undefined, oldCertificate)],
  ['expired within the tolerance', sign({ ...claims, exp: nowSeconds - 59 })],
  ['valid in a moment', sign({ ...claims, nbf: nowSeconds + 59 })],
  ['audience in a list', sign({ ...claims, aud: ['x', audience] })],
  [
    'with a key id that is ignored',
    sign(claims, { alg: 'HS256', kid: 'k', jku: 'https://evil.example.com' }),
  ],
  [
    'with a key in the header that is ignored',
    sign(claims, { alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } }),
  ],
];

const refused: [string, string][] = [
  ['empty', ''],
  ['not a token', 'hello'],
  ['two parts', 'a.b'],
  ['five parts', 'a.b.c.d.e'],
  ['alg none, no signature', `${encode({ alg: 'none' })}.${encode(claims)}.`],
  ['alg none, signed', sign(claims, { alg: 'none' })],
  ['alg None', sign(claims, { alg: 'None' })],
  ['alg hs256 in lower case', sign(claims, { alg: 'hs256' })],
  ['alg missing', sign(claims, {})],
  ['header not an object', sign(claims, [] as unknown as object)],
  ['critical extension', sign(claims, { alg: 'HS256', crit: ['exp2'], exp2: 1 })],
  ['critical b64', sign(claims, { alg: 'HS256', crit: ['b64'], b64: false })],
  ['wrong key', sign(claims, undefined, 'k'.repeat(64))],
  ['empty key', sign(claims, undefined, '')],
  ['key read as base64', sign(claims, undefined, Buffer.from(certificate, 'base64'))],
  ['flipped signature', flip(sign(claims))],
  [
    'signature of another payload',
    `${sign(claims).split('.').slice(0, 2).join('.')}.${sign({ ...claims, nameid: 'x' }).split('.')[2]}`,
  ],
  [
    'payload exchanged',
    [sign(claims).split('.')[0], encode({ ...claims, nameid: 'admin' }), sign(claims).split('.')[2]].join(
      '.',
    ),
  ],
  ['no exp', sign(without('exp'))],
  ['no nbf', sign(without('nbf'))],
  ['no iss', sign(without('iss'))],
  ['no aud', sign(without('aud'))],
  ['no user', sign(without('nameid'))],
  ['user not a text', sign({ ...claims, nameid: { a: 1 } })],
  ['expired 61 s ago', sign({ ...claims, exp: nowSeconds - 61 })],
  ['valid in 61 s', sign({ ...claims, nbf: nowSeconds + 61 })],
  ['exp as text', sign({ ...claims, exp: String(nowSeconds + 4200) })],
  ['another extension', sign({ ...claims, aud: '00000000-0000-0000-0000-000000000000' })],
  ['another issuer', sign({ ...claims, iss: 'https://evil.example.com' })],
  ['issuer look-alike', sign({ ...claims, iss: `${issuer}.evil.example.com` })],
  ['payload not an object', sign('text')],
  ['payload null', sign(null)],
  ['longer than 8 kB', sign({ ...claims, padding: 'p'.repeat(8192) })],
];

describe('app tokens', () => {
  test.each(accepted)('accepted: %s', async (_name, token) => {
    expect(await verify(token)).toEqual({ userId: 'user-1', directoryId: 'directory-1' });
  });

  test.each(refused)('refused: %s', async (_name, token) => {
    expect(await verify(token)).toBeUndefined();
  });

  test('refused: other algorithms with keys of their own', async () => {
    const payload = new SignJWT(claims);
    const secret = new TextEncoder().encode(certificate);
    expect(await verify(await payload.setProtectedHeader({ alg: 'HS512' }).sign(secret))).toBeUndefined();
    const byRsa = new SignJWT(claims).setProtectedHeader({ alg: 'RS256' });
    expect(await verify(await byRsa.sign(rsa.privateKey))).toBeUndefined();
  });

  test('nothing is accepted without an audience or without a key', async () => {
    const token = sign(claims);
    const now = () => new Date(nowSeconds * 1000);
    expect(
      await createAppTokenVerifier({ keys: [certificate], issuer, audience: undefined, now })(token),
    ).toBeUndefined();
    expect(await createAppTokenVerifier({ keys: [], issuer, audience, now })(token)).toBeUndefined();
  });
});

describe('session tokens', () => {
  const masters = [{ id: 'm1', key: randomBytes(32) }];
  let now = 1_000_000;
  const tokens = createSessionTokens(masters, () => now);
  const session = {
    tenant: 3,
    generation: 1,
    organization: 'contoso',
    user: { id: 'u', name: 'Ada' },
    project: { id: 'p', name: 'Fabrikam' },
    rights: { changeWorkItems: true, administerProject: false, administerTenant: false },
    accessToken: 'canary-access-token',
  };

  test('a session is read as it was issued, on every replica', () => {
    const { token, expiresAt } = tokens.issue(session);
    expect(createSessionTokens(masters, () => now).read(token)).toEqual({ ...session, expiresAt });
  });

  test('the token tells nothing', () => {
    const { token } = tokens.issue(session);
    const parts = token.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    for (const text of [token, ...parts]) expect(text).not.toMatch(/canary|contoso|Ada/);
  });

  test('it ends after 15 minutes', () => {
    const { token } = tokens.issue(session);
    now += 15 * 60 * 1000 - 1;
    expect(tokens.read(token)).toBeDefined();
    now += 1;
    expect(tokens.read(token)).toBeUndefined();
  });

  test('it survives a rotation of the master key while the old one is kept', () => {
    const { token } = tokens.issue(session);
    const next = { id: 'm2', key: randomBytes(32) };
    expect(createSessionTokens([next, ...masters], () => now).read(token)).toBeDefined();
    expect(createSessionTokens([next], () => now).read(token)).toBeUndefined();
    expect(createSessionTokens([{ ...next, id: 'm1' }], () => now).read(token)).toBeUndefined();
  });

  test('every changed character is refused', () => {
    const { token } = tokens.issue(session);
    for (let i = 0; i < token.length; i++) {
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
      expect(tokens.read(changed)).toBeUndefined();
    }
  });

  test.each([
    '',
    '.',
    '..',
    't1.m1.',
    't1.m1.AAAA',
    't2.m1.AAAA',
    `t1.m1.${'A'.repeat(100)}`,
    'x'.repeat(1_000_000),
    sign(claims),
  ])('is no session: %p', (text) => {
    expect(tokens.read(text)).toBeUndefined();
  });
});
