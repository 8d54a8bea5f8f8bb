import { randomBytes } from 'node:crypto';
import type { MasterKey } from '../../../backend/security/master-key.ts';
import { createSecretBox, SealBroken } from '../../../backend/security/secret-box.ts';

const masterKey = (id: string): MasterKey => ({ id, key: randomBytes(32) });
const place = { tenant: 7, connection: 'c1', field: 'password' };
const first = masterKey('first');
const box = createSecretBox([first]);
const wrapped = box.newDataKey(7);

const flipBit = (text: string, position: number) => {
  const at = text.lastIndexOf('.') + 1;
  const bytes = Buffer.from(text.slice(at), 'base64url');
  bytes[position] = (bytes[position] ?? 0) ^ 1;
  return text.slice(0, at) + bytes.toString('base64url');
};

test('what was sealed is opened again', () => {
  for (const secret of ['', 'x', 'päss wörd \u0000 🔑', 'y'.repeat(10_000)]) {
    expect(box.open(wrapped, place, box.seal(wrapped, place, secret))).toBe(secret);
  }
});

test('the same secret never looks the same', () => {
  const seals = Array.from({ length: 100 }, () => box.seal(wrapped, place, 'secret'));
  expect(new Set(seals).size).toBe(100);
});

test('every flipped byte of a secret or of its data key is noticed', () => {
  const sealed = box.seal(wrapped, place, 'secret');
  const length = Buffer.from(sealed.split('.')[2] ?? '', 'base64url').length;
  for (let i = 0; i < length; i++) {
    expect(() => box.open(wrapped, place, flipBit(sealed, i))).toThrow(SealBroken);
  }
  const keyLength = Buffer.from(wrapped.split('.')[3] ?? '', 'base64url').length;
  for (let i = 0; i < keyLength; i++) {
    expect(() => box.open(flipBit(wrapped, i), place, sealed)).toThrow(SealBroken);
  }
});

test.each([
  ['tenant', { ...place, tenant: 8 }],
  ['connection', { ...place, connection: 'c2' }],
  ['field', { ...place, field: 'token' }],
  ['shifted parts', { tenant: 7, connection: 'c', field: '1password' }],
])('a secret moved to another %s stays closed', (_name, elsewhere) => {
  const sealed = box.seal(wrapped, place, 'secret');
  expect(() => box.open(wrapped, elsewhere, sealed)).toThrow(SealBroken);
});

test('the data key of another tenant does not open it, nor another box', () => {
  const sealed = box.seal(wrapped, place, 'secret');
  expect(() => box.open(box.newDataKey(7), place, sealed)).toThrow(SealBroken);
  const stranger = createSecretBox([{ id: 'first', key: randomBytes(32) }]);
  expect(() => stranger.open(wrapped, place, sealed)).toThrow(SealBroken);
  expect(() => createSecretBox([masterKey('second')]).open(wrapped, place, sealed)).toThrow(
    /first is not configured/,
  );
});

test.each(['', 'x', 's1', 's1.a', 's2.a.b', 's1.a.b.c', 'secret', 's1..', '{}'])(
  '"%s" is no seal',
  (text) => {
    expect(() => box.open(wrapped, place, text)).toThrow(SealBroken);
  },
);

test('rotation rewraps the data key and leaves secrets alone', () => {
  const sealed = box.seal(wrapped, place, 'secret');
  const second = masterKey('second');
  const rotating = createSecretBox([second, first]);
  expect(rotating.open(wrapped, place, sealed)).toBe('secret');
  const rewrapped = rotating.rewrap(7, wrapped) as string;
  expect(rotating.masterKeyIdOf(rewrapped)).toBe('second');
  expect(rotating.rewrap(7, rewrapped)).toBeUndefined();
  expect(() => rotating.rewrap(8, wrapped)).toThrow(SealBroken);
  const rotated = createSecretBox([second]);
  expect(rotated.open(rewrapped, place, sealed)).toBe('secret');
});

test('errors hold nothing of the secret', () => {
  const sealed = box.seal(wrapped, place, 'canary-secret');
  try {
    box.open(wrapped, { ...place, field: 'other' }, sealed);
  } catch (error) {
    expect(`${(error as Error).stack}`).not.toContain('canary');
    expect(`${(error as Error).message}`).not.toContain(sealed.slice(10, 20));
  }
  expect.assertions(2);
});
