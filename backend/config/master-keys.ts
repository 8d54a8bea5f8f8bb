import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MasterKey } from '../security/master-key.ts';
import { decodeKey, weaknessOf } from '../security/weak-key.ts';

/**
 * Keys from `id:key` or `key`. A key without an id gets one from its digest, so that it keeps its name when another is
 * put before it. Problems name the position, never the text.
 */
export const readMasterKeys = (entries: readonly string[]): { keys: MasterKey[]; problems: string[] } => {
  const keys: MasterKey[] = [];
  const problems: string[] = [];
  if (entries.length === 0) problems.push('holds no key');
  for (const [index, entry] of entries.entries()) {
    const [, named, text = ''] = /^(?:([A-Za-z0-9_-]{1,20}):)?(.*)$/.exec(entry) ?? [];
    const key = decodeKey(text);
    const weakness = key && weaknessOf(text, key);
    const where = `key ${index + 1}`;
    if (!key) problems.push(`${where} is not 32 bytes in base64 or hex`);
    else if (weakness) problems.push(`${where} is too weak: ${weakness}`);
    else keys.push({ id: named ?? digestId(key), key });
  }
  if (new Set(keys.map((key) => key.id)).size < keys.length) problems.push('has two keys with the same id');
  return { keys, problems };
};

const digestId = (key: Buffer) => createHash('sha256').update(key).digest('hex').slice(0, 8);

/** The sandbox makes its own key once, readable by its user only, so that restarts can open what was sealed. */
export const loadOrMakeSandboxKey = (dataDir: string): readonly MasterKey[] => {
  const path = join(dataDir, 'master.key');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    // `wx` fails when it is there: two starts at once agree on the first one's key.
    writeFileSync(path, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const { keys, problems } = readMasterKeys([readFileSync(path, 'utf8').trim()]);
  if (problems.length > 0)
    throw new Error(`The sandbox's key in ${path} cannot be used: ${problems.join(', ')}`);
  return keys;
};
