import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Failure, isFailure } from '../../sync/failure.ts';
import { outsideAttempt, untilAttemptEnds } from '../attempt.ts';
import type { ConnectorContext } from '../connector.ts';
import { RemoteFailure } from '../remote-failure.ts';
import type { RemoteAnswer } from '../transport.ts';
import { malformed } from './failures.ts';
import { type AlembaSettings, compilePattern } from './settings.ts';

/**
 * One session per connection. A token holds a concurrent licence, so it is shared by all replicas through the vault
 * and renewed, never opened per request (Alemba API Programmers' Guide, "Authentication").
 */
export interface Session {
  /** A token that is valid as far as anyone knows. */
  token(): Promise<string>;
  /**
   * After a 401: a token other than `rejected`, by refreshing or, when that is not possible or `anew` says so, by
   * logging in. Throws unauthorized when the credentials are refused.
   */
  renew(rejected: string, anew?: boolean): Promise<string>;
  /** Logs out and forgets the session. */
  close(): Promise<void>;
}

const stored = z.object({
  accessToken: z.string(),
  refreshToken: z.string().optional(),
  expiresAtMs: z.number(),
  /** Of the settings and secrets that it was opened with: other credentials must not live on an old session. */
  digest: z.string(),
  salt: z.string(),
});

type Stored = z.infer<typeof stored>;

const tokenAnswer = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().optional(),
  expires_in: z.coerce.number().positive().default(600),
});

const vaultName = 'session';
/** A token that ends within a request is as good as none; the longest ordinary request takes 30 s. */
const earlyMs = 30_000;
/** A wrong password that is tried again and again locks the analyst. */
const refusedForMs = 30_000;
const licencePauseMs = 60_000;

export function createSession(context: ConnectorContext, settings: AlembaSettings): Session {
  const { vault, transport } = context;
  const tokenUrl = `${settings.address}${settings.tokenPath}`;
  let current: Stored | undefined;
  let renewal: Promise<string> | undefined;
  /** What is still at work when the session ends must not take a licence that nobody gives back. */
  let isClosed = false;
  let refusal: { digest: string; untilMs: number; failure: Failure } | undefined;

  const nowMs = () => context.now().getTime();
  const isFresh = (session: Stored) => session.expiresAtMs - earlyMs > nowMs();

  const credentials = async (): Promise<Record<string, string>> => {
    const isPassword = settings.grant === 'password';
    const clientSecret = await optionalSecret(context, 'clientSecret');
    return {
      grant_type: settings.grant,
      scope: settings.scope,
      client_id: settings.clientId,
      ...(clientSecret !== undefined && { client_secret: clientSecret }),
      ...(isPassword && { username: settings.username, password: await context.secret('password') }),
    };
  };

  const digestOf = (form: Record<string, string>, salt: string) =>
    createHash('sha256')
      .update(JSON.stringify([salt, tokenUrl, form]))
      .digest('base64');

  const ask = (form: Record<string, string>, headers: Record<string, string> = {}): Promise<RemoteAnswer> =>
    transport.send({
      method: 'POST',
      url: tokenUrl,
      route: `session.${form.grant_type ?? 'close'}`,
      headers: { accept: 'application/json', ...headers },
      contentType: 'application/x-www-form-urlencoded',
      body: Buffer.from(new URLSearchParams(form).toString()),
      confidential: true,
      // Asking again is what happens after a lost answer anyway; the lost session ends by itself.
      repeat: 'safe',
    });

  const logOut = async (session: Stored): Promise<void> => {
    try {
      const form = session.refreshToken === undefined ? {} : { token: session.refreshToken };
      await ask(form as Record<string, string>, { authorization: `Bearer ${session.accessToken}` });
    } catch (error) {
      // The licence comes back by itself when the session expires; closing must not fail for it.
      context.log('alemba.logout_failed', { reason: (error as Error).message });
    }
  };

  const keep = async (answer: RemoteAnswer, digest: string, salt: string): Promise<string> => {
    const parsed = tokenAnswer.safeParse(answer.json);
    if (!parsed.success) throw malformed('The answer to the login holds no access token');
    const { access_token, refresh_token, expires_in } = parsed.data;
    const session: Stored = {
      accessToken: access_token,
      ...(refresh_token !== undefined && { refreshToken: refresh_token }),
      expiresAtMs: nowMs() + expires_in * 1000,
      digest,
      salt,
    };
    // First the vault, then its use: the refresh token works once, and the old one is void already.
    try {
      await vault.write(vaultName, JSON.stringify(session));
    } catch (error) {
      // The connection was deleted meanwhile, or the store is away: nobody would ever give the licence back.
      await logOut(session);
      throw error;
    }
    current = session;
    return session.accessToken;
  };

  const refresh = async (session: Stored, form: Record<string, string>): Promise<string | undefined> => {
    if (session.refreshToken === undefined) return undefined;
    const { client_id, client_secret, scope } = form;
    try {
      const answer = await ask({
        grant_type: 'refresh_token',
        refresh_token: session.refreshToken,
        client_id: client_id ?? '',
        ...(client_secret !== undefined && { client_secret }),
        ...(scope !== undefined && { scope }),
      });
      return await keep(answer, session.digest, session.salt);
    } catch (error) {
      // 400 invalid_grant: used before, or older than a day. Anything else is no reason to take another licence.
      if (isFailure(error) && (error.details.status === 400 || error.details.status === 401))
        return undefined;
      throw error;
    }
  };

  const login = async (form: Record<string, string>): Promise<string> => {
    const fixed = digestOf(form, '');
    if (refusal !== undefined && refusal.digest === fixed && refusal.untilMs > nowMs()) throw refusal.failure;
    const salt = randomBytes(16).toString('base64');
    try {
      const answer = await ask(form);
      refusal = undefined;
      return await keep(answer, digestOf(form, salt), salt);
    } catch (error) {
      const failure = explainLogin(error, settings);
      if (failure.kind === 'unauthorized') {
        refusal = { digest: fixed, untilMs: nowMs() + refusedForMs, failure };
      }
      throw failure;
    }
  };

  const renewShared = (rejected: string | undefined, anew: boolean) =>
    vault.exclusive(vaultName, async () => {
      if (isClosed)
        throw new Failure({ kind: 'unavailable', message: 'The connection was closed meanwhile' });
      const form = await credentials();
      const session = readStored(await vault.read(vaultName));
      const usable =
        session !== undefined && session.digest === digestOf(form, session.salt) ? session : undefined;
      if (usable !== undefined && usable.accessToken !== rejected && isFresh(usable)) {
        current = usable;
        return usable.accessToken;
      }
      const refreshed = usable === undefined || anew ? undefined : await refresh(usable, form);
      return refreshed ?? (await login(form));
    });

  const renewOnce = (rejected: string | undefined, anew = false): Promise<string> => {
    renewal ??= outsideAttempt(() => renewShared(rejected, anew)).finally(() => {
      renewal = undefined;
    });
    return untilAttemptEnds(renewal);
  };

  return {
    async token() {
      return current !== undefined && isFresh(current) ? current.accessToken : renewOnce(undefined);
    },
    async renew(rejected, anew) {
      const isNewer = current !== undefined && current.accessToken !== rejected && isFresh(current);
      return isNewer ? (current as Stored).accessToken : renewOnce(rejected, anew);
    },
    close: () =>
      vault.exclusive(vaultName, async () => {
        isClosed = true;
        const session = readStored(await vault.read(vaultName)) ?? current;
        current = undefined;
        if (session === undefined) return;
        await vault.write(vaultName, undefined);
        await logOut(session);
      }),
  };
}

function readStored(text: string | undefined): Stored | undefined {
  if (text === undefined) return undefined;
  try {
    return stored.parse(JSON.parse(text));
  } catch {
    // Written by another version: as good as no session.
    return undefined;
  }
}

/** A secret that may be missing. */
async function optionalSecret(context: ConnectorContext, name: string): Promise<string | undefined> {
  try {
    return await context.secret(name);
  } catch (error) {
    if (isFailure(error) && error.kind === 'unauthorized') return undefined;
    throw error;
  }
}

/** `{"error","error_description"}` of the token endpoint. A full house is no wrong password. */
function explainLogin(error: unknown, settings: AlembaSettings): Failure {
  if (!isFailure(error)) throw error;
  const json = error instanceof RemoteFailure ? error.answer?.json : undefined;
  const { error: code, error_description: description } = (json ?? {}) as Record<string, unknown>;
  const status = error.details.status;
  const tell = (kind: Failure['kind'], message: string, retryAfterMs?: number) =>
    new Failure(
      {
        kind,
        message,
        ...(status !== undefined && { status }),
        ...(retryAfterMs !== undefined && { retryAfterMs }),
      },
      { cause: error },
    );
  if (typeof code !== 'string') {
    if (error.kind !== 'notFound') return error;
    return tell('unavailable', 'There is no Alemba login at this address (404)');
  }
  const said = typeof description === 'string' && description !== '' ? description.slice(0, 500) : code;
  if (code === 'invalid_grant' && compilePattern(settings.licencePattern, 'auth.licencePattern').test(said)) {
    return tell('throttled', `All licences of the Alemba system are in use: ${said}`, licencePauseMs);
  }
  if (code === 'invalid_client')
    return tell('unauthorized', 'The API client is not known, disabled or lacks the grant');
  if (code === 'invalid_scope') return tell('unauthorized', `The login scope was refused: ${said}`);
  return tell('unauthorized', `The login was refused: ${said}`);
}
