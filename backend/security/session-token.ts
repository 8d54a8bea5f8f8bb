import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { currentKey, deriveKey, type MasterKey } from './master-key.ts';

/** Who asks, as the verified session token tells. */
export interface Session {
  tenant: number;
  /** The tenant's number when the session was opened; a higher one ends it. */
  generation: number;
  /** Name of the registered organisation or collection. */
  organization: string;
  user: { id: string; name: string };
  project: { id: string; name: string };
  rights: { changeWorkItems: boolean; administerProject: boolean; administerTenant: boolean };
  /**
   * The user's own access token, to ask Azure DevOps as that user. It lives in the sealed session token and in memory
   * for the time of a request: never in the database, never in a log.
   */
  accessToken: string;
  expiresAt: Date;
}

export interface SessionTokens {
  issue(session: Omit<Session, 'expiresAt'>): { token: string; expiresAt: Date };
  /** Undefined for everything that is not a session of ours that is still valid. */
  read(token: string): Session | undefined;
}

export const sessionLifetimeMs = 15 * 60 * 1000;

/** Longest access token of Azure DevOps (16,000) with everything else, sealed and in base64. */
const maxTokenLength = 26_000;

const content = z.object({
  tenant: z.number().int(),
  generation: z.number().int(),
  organization: z.string(),
  user: z.object({ id: z.string(), name: z.string() }),
  project: z.object({ id: z.string(), name: z.string() }),
  rights: z.object({
    changeWorkItems: z.boolean(),
    administerProject: z.boolean(),
    administerTenant: z.boolean(),
  }),
  accessToken: z.string(),
  expiresAtMs: z.number(),
});

/**
 * Tokens of our own sessions: `t1.<key id>.<sealed>`, AES-256-GCM under a key derived from the master key. Sealed, not
 * only signed, because the user's access token travels inside: so every replica can ask as the user and none has to
 * store that token. No single session can be called back before its 15 minutes are over, only all of a tenant, by the
 * number that they carry; rights that matter (a work item's) are asked again within 5.
 */
export const createSessionTokens = (
  masterKeys: readonly MasterKey[],
  now: () => number = Date.now,
): SessionTokens => {
  const keys = new Map(masterKeys.map((master) => [master.id, deriveKey(master, 'session')]));
  const currentId = currentKey(masterKeys).id;
  const sealingKey = deriveKey(currentKey(masterKeys), 'session');

  const issue: SessionTokens['issue'] = (session) => {
    const expiresAtMs = now() + sessionLifetimeMs;
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', sealingKey, nonce);
    cipher.setAAD(Buffer.from(`t1.${currentId}`));
    const plain = Buffer.from(JSON.stringify({ ...session, expiresAtMs }));
    const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    return {
      token: `t1.${currentId}.${sealed.toString('base64url')}`,
      expiresAt: new Date(expiresAtMs),
    };
  };

  const read: SessionTokens['read'] = (token) => {
    if (token.length > maxTokenLength) return undefined;
    const [version, keyId = '', text = '', ...rest] = token.split('.');
    const key = keys.get(keyId);
    const sealed = Buffer.from(text, 'base64url');
    // One text per token: base64 readers skip what they do not know.
    if (version !== 't1' || rest.length > 0 || !key || sealed.toString('base64url') !== text)
      return undefined;
    const plain = unseal(sealed, key, `t1.${keyId}`);
    const found = plain && content.safeParse(JSON.parse(plain.toString()));
    if (!found?.success || found.data.expiresAtMs <= now()) return undefined;
    const { expiresAtMs, ...session } = found.data;
    return { ...session, expiresAt: new Date(expiresAtMs) };
  };

  return { issue, read };
};

const unseal = (sealed: Buffer, key: Buffer, boundTo: string): Buffer | undefined => {
  if (sealed.length < 29) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(boundTo));
  decipher.setAuthTag(sealed.subarray(-16));
  const opened = decipher.update(sealed.subarray(12, -16));
  try {
    return Buffer.concat([opened, decipher.final()]);
  } catch {
    // Node tells a wrong tag by throwing; for a token that simply means: not ours.
    return undefined;
  }
};
