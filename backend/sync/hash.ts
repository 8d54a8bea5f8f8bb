/**
 * A 128-bit hash of a text, as four unsigned 32-bit words. The pure core may not import `node:crypto`, and nothing
 * here defends against forgery: it tells edited texts apart (two random texts collide with p = 3e-39) and makes
 * marks. Four independently seeded multiply-xor lanes over UTF-16 units, each finished by MurmurHash3's final mix
 * (public domain), so that one changed unit changes every word.
 */
export function hash128(text: string): readonly [number, number, number, number] {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let d = 0xdeadbeef;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    a = Math.imul(a ^ unit, 0x85ebca6b);
    b = Math.imul(b ^ unit, 0xc2b2ae35);
    c = Math.imul(c ^ unit, 0x27d4eb2f);
    d = Math.imul(d ^ unit, 0x165667b1);
    a ^= a >>> 15;
    b ^= b >>> 13;
    c ^= c >>> 16;
    d ^= d >>> 14;
  }
  const length = text.length;
  return [mix(a ^ length, b), mix(b ^ length, c), mix(c ^ length, d), mix(d ^ length, a)];
}

function mix(word: number, neighbour: number): number {
  let mixed = word ^ Math.imul(neighbour, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** The hash as 32 lower-case hexadecimal digits. */
export const hashHex = (text: string): string =>
  hash128(text)
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
