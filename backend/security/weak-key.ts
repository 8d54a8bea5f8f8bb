/** Words that come from examples and are found in leaked configurations. */
const exampleWords =
  /change-?me|secret|password|example|default|insert|your-?key|deadbeef|0123456789|abcdef01/i;

/** Why a master key must not be used, or undefined. `text` is what the operator typed, `key` its bytes. */
export const weaknessOf = (text: string, key: Buffer): string | undefined => {
  if (exampleWords.test(text) || exampleWords.test(key.toString('latin1'))) return 'it looks like an example';
  const different = new Set(key).size;
  // 32 random bytes have 30 different ones on average; fewer than 16 do not come up in a lifetime.
  if (different < 16) return 'its bytes repeat';
  const steps = new Set<number>();
  for (let i = 1; i < key.length; i++) steps.add(((key[i] ?? 0) - (key[i - 1] ?? 0) + 256) % 256);
  if (steps.size < 8) return 'its bytes follow a pattern';
  return undefined;
};

/** 32 bytes from base64, base64url or hex; undefined when it is something else. */
export const decodeKey = (text: string): Buffer | undefined => {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return undefined;
  const key = Buffer.from(text, 'base64');
  return key.length === 32 ? key : undefined;
};
