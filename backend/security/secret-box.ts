import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { currentKey, deriveKey, type MasterKey } from './master-key.ts';

/** What a sealed text belongs to; it can be opened nowhere else. */
export interface SecretPlace {
  tenant: number;
  connection: string;
  field: string;
}

/** The seal does not fit: another row, another key, changed bytes. Tells no more, and holds nothing of the secret. */
export class SealBroken extends Error {
  constructor(reason: string) {
    super(`A stored secret cannot be opened: ${reason}`);
    this.name = 'SealBroken';
  }
}

/**
 * Envelopes for secrets at rest. Each tenant has a random data key, stored wrapped by a master key
 * (`w1.<master key id>.<data key id>.<bytes>`); secrets are sealed with it (`s1.<data key id>.<bytes>`). Rotating the
 * master key rewraps data keys, one row per tenant, and leaves secrets alone.
 *
 * AES-256-GCM throughout with random 96-bit nonces: a tenant would have to seal 2^32 secrets before a nonce is likely
 * to repeat (NIST SP 800-38D, 8.3). Every method throws `SealBroken` rather than answer something doubtful.
 */
export interface SecretBox {
  /** A new data key, wrapped. */
  newDataKey(tenant: number): string;
  /** The same data key under the current master key; undefined when it is already. */
  rewrap(tenant: number, wrapped: string): string | undefined;
  /** Id of the master key that wraps it, to count what an old key still holds. */
  masterKeyIdOf(wrapped: string): string;
  seal(wrapped: string, place: SecretPlace, secret: string): string;
  open(wrapped: string, place: SecretPlace, sealed: string): string;
}

/** Unwrapped keys kept in memory: one per tenant at work. */
const maxUnwrapped = 1000;

export const createSecretBox = (masterKeys: readonly MasterKey[]): SecretBox => {
  const wrappingKeys = new Map(masterKeys.map((master) => [master.id, deriveKey(master, 'wrap')]));
  const current = currentKey(masterKeys);
  const wrappingKey = deriveKey(current, 'wrap');
  const unwrapped = new Map<string, DataKey>();

  const wrap = (tenant: number, key: DataKey) => {
    const bytes = encrypt(wrappingKey, key.bytes, wrapBinding(tenant, current.id, key.id));
    return `w1.${current.id}.${key.id}.${bytes}`;
  };

  const unwrap = (tenant: number, wrapped: string): DataKey => {
    const memory = `${tenant}:${wrapped}`;
    const known = unwrapped.get(memory);
    if (known) return known;
    const [masterId, id, text] = partsOf(wrapped, 'w1', 4);
    const master = wrappingKeys.get(masterId);
    if (!master) throw new SealBroken(`master key ${masterId} is not configured`);
    const key = { id, bytes: decrypt(master, text, wrapBinding(tenant, masterId, id)) };
    if (key.bytes.length !== 32) throw new SealBroken('the data key is damaged');
    if (unwrapped.size >= maxUnwrapped) unwrapped.clear();
    unwrapped.set(memory, key);
    return key;
  };

  return {
    newDataKey: (tenant) =>
      wrap(tenant, { id: randomBytes(6).toString('base64url'), bytes: randomBytes(32) }),
    rewrap(tenant, wrapped) {
      const key = unwrap(tenant, wrapped);
      return partsOf(wrapped, 'w1', 4)[0] === current.id ? undefined : wrap(tenant, key);
    },
    masterKeyIdOf: (wrapped) => partsOf(wrapped, 'w1', 4)[0],
    seal(wrapped, place, secret) {
      const key = unwrap(place.tenant, wrapped);
      return `s1.${key.id}.${encrypt(key.bytes, Buffer.from(secret), secretBinding(place, key.id))}`;
    },
    open(wrapped, place, sealed) {
      const key = unwrap(place.tenant, wrapped);
      const [id, text] = partsOf(sealed, 's1', 3);
      if (id !== key.id) throw new SealBroken('it was sealed with another data key');
      return decrypt(key.bytes, text, secretBinding(place, id)).toString();
    },
  };
};

interface DataKey {
  id: string;
  bytes: Buffer;
}

// JSON keeps the parts apart: without quotes, connection `a` field `b|c` would be connection `a|b` field `c`.
const wrapBinding = (tenant: number, masterId: string, id: string) =>
  JSON.stringify(['wrap', tenant, masterId, id]);
const secretBinding = (place: SecretPlace, keyId: string) =>
  JSON.stringify(['secret', place.tenant, place.connection, place.field, keyId]);

const partsOf = (text: string, version: string, count: 3 | 4): [string, string, string] => {
  const [found, ...parts] = text.split('.');
  if (found !== version || parts.length !== count - 1) throw new SealBroken('it is not in a known form');
  const [first = '', second = '', third = ''] = parts;
  return [first, second, third];
};

const encrypt = (key: Buffer, plain: Buffer, binding: string): string => {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(binding));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  );
};

const decrypt = (key: Buffer, text: string, binding: string): Buffer => {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length < 28 || bytes.toString('base64url') !== text) throw new SealBroken('it is damaged');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(binding));
  decipher.setAuthTag(bytes.subarray(-16));
  const start = decipher.update(bytes.subarray(12, -16));
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch {
    throw new SealBroken('it is damaged or belongs elsewhere');
  }
};
