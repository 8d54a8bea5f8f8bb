import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import { z } from 'zod';
import { currentKey, deriveKey, type MasterKey } from './master-key.ts';

/** One file of one ticket, for whoever holds the token. */
const download = z.object({
  tenant: z.number().int(),
  /** As in the session that asked for it. */
  generation: z.number().int(),
  linkId: z.string(),
  attachment: z.object({ id: z.string(), name: z.string(), sizeBytes: z.number().optional() }),
});

export type Download = z.infer<typeof download>;

export interface Downloads {
  issue(download: Download): Promise<{ token: string; expiresAt: Date }>;
  /** Undefined for everything that is not a token of ours that is still valid. */
  read(token: string): Promise<Download | undefined>;
}

/** Long enough for a window to open on a slow machine; an address that lies in a history is then worth nothing. */
const lifetimeMs = 60_000;
const encryption = { alg: 'dir', enc: 'A256GCM' } as const;

/**
 * Tokens that stand in an address, because a window of the browser can send no header. Sealed under a key of their own,
 * so that no session can pass for one, and each opens a single file for a minute.
 */
export function createDownloads(masterKeys: readonly MasterKey[], now: () => number = Date.now): Downloads {
  const keys = new Map(masterKeys.map((master) => [master.id, deriveKey(master, 'download')]));
  const currentId = currentKey(masterKeys).id;
  const sealingKey = deriveKey(currentKey(masterKeys), 'download');
  const known = (id: string | undefined) => {
    const key = keys.get(id ?? '');
    if (key === undefined) throw new errors.JWEDecryptionFailed();
    return key;
  };
  return {
    async issue(content) {
      const expiresAt = new Date(now() + lifetimeMs);
      const token = await new EncryptJWT({ ...content })
        .setProtectedHeader({ ...encryption, kid: currentId })
        .setExpirationTime(expiresAt)
        .encrypt(sealingKey);
      return { token, expiresAt };
    },
    async read(token) {
      try {
        const { payload } = await jwtDecrypt(token, ({ kid }) => known(kid), {
          keyManagementAlgorithms: [encryption.alg],
          contentEncryptionAlgorithms: [encryption.enc],
          requiredClaims: ['exp'],
          currentDate: new Date(now()),
        });
        return download.safeParse(payload).data;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}
