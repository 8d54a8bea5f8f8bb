import { errors, jwtVerify } from 'jose';

/** What a verified app token tells: which user of which directory, and nothing about an organisation. */
export interface AppTokenClaims {
  userId: string;
  /** Directory (Entra tenant) of the user, when told. */
  directoryId: string | undefined;
}

export interface AppTokenOptions {
  /** Certificates of the extension, new and old during a rotation, exactly as the publisher page shows them. */
  keys: readonly string[];
  issuer: string;
  /** Id of the extension; without it no token is accepted. */
  audience: string | undefined;
  now?: () => Date;
}

/** Longest token that is looked at; real ones have about 1 kB. */
const maxLength = 8192;
const clockToleranceSeconds = 60;

/**
 * Checks tokens of `SDK.getAppToken()` (Microsoft: extend/develop/auth). That page's sample leaves issuer and audience
 * unchecked; here both are pinned, as are the algorithm and the presence of both times. The key is the UTF-8 text of
 * the certificate, although it looks like a token itself. Returns undefined for every token that is not accepted.
 */
export const createAppTokenVerifier = (options: AppTokenOptions) => {
  const { issuer, audience, now = () => new Date() } = options;
  const keys = options.keys.map((key) => new TextEncoder().encode(key));

  const verifyWith = async (token: string, key: Uint8Array) => {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['HS256'],
        issuer,
        audience: audience as string,
        requiredClaims: ['exp', 'nbf', 'iss', 'aud'],
        clockTolerance: clockToleranceSeconds,
        currentDate: now(),
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      // A header that is not even an object makes jose throw plain TypeErrors.
      if (error instanceof TypeError) return undefined;
      throw error;
    }
  };

  return async (token: string): Promise<AppTokenClaims | undefined> => {
    if (!audience || token.length > maxLength) return undefined;
    for (const key of keys) {
      const payload = await verifyWith(token, key);
      const userId = payload?.nameid;
      if (typeof userId !== 'string' || !userId) continue;
      return { userId, directoryId: typeof payload?.tid === 'string' ? payload.tid : undefined };
    }
    return undefined;
  };
};

export type AppTokenVerifier = ReturnType<typeof createAppTokenVerifier>;
