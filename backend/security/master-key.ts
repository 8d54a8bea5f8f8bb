import { hkdfSync } from 'node:crypto';

/** A key of the operator. The first of the list is current, the others open what was sealed before a rotation. */
export interface MasterKey {
  /** Short name that is stored beside what the key sealed. */
  id: string;
  /** 32 bytes. */
  key: Buffer;
}

/** A key of its own for every use, so that a slip in one use tells nothing about another (HKDF, RFC 5869). */
export const deriveKey = (master: MasterKey, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', master.key, 'tandem', purpose, 32));

/** Throws when the list is empty: nothing may be sealed with a key that is not there. */
export const currentKey = (keys: readonly MasterKey[]): MasterKey => {
  const [current] = keys;
  if (!current) throw new Error('There is no master key');
  return current;
};
