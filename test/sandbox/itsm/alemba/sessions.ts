import { randomBytes, randomUUID } from 'node:crypto';
import { notAllowed, OAuthError, unauthorized } from './errors.ts';
import type { Actor } from './model.ts';
import { releaseSessionLocks } from './rules/locks.ts';
import type { Account, AlembaStore } from './store.ts';

export type Grant = 'password' | 'refresh_token' | 'client_credentials' | 'authorization_code';

export interface ApiClient {
  id: string;
  name: string;
  secret?: string;
  sessionType: 'Any' | 'User' | 'Analyst';
  grants: readonly Grant[];
  enabled: boolean;
}

export interface TokenAnswer {
  expires_in: number;
  access_token: string;
  refresh_token?: string;
  scope: string;
}

interface Session {
  id: string;
  actor: Actor;
  client: string;
  scope: string;
  takesLicence: boolean;
  refreshToken: string | undefined;
  refreshUntilMs: number;
  accessUntilMs: number;
}

const accessSeconds = 600;
const refreshMs = 24 * 3_600_000;
const scopeForm = /^session-type:(Analyst|User)$/;

/** Logins, their tokens and the licences that they hold. Expiry follows the movable clock. */
export class Sessions {
  readonly clients = new Map<string, ApiClient>();
  readonly #store: AlembaStore;
  #sessions = new Map<string, Session>();
  #byAccess = new Map<string, { session: Session; untilMs: number }>();
  #byRefresh = new Map<string, Session>();

  constructor(store: AlembaStore) {
    this.#store = store;
  }

  /** Carries out a token request. @throws OAuthError as the vendor answers: 401 invalid_client, 400 otherwise. */
  token(form: Record<string, string | undefined>): TokenAnswer {
    const grant = form.grant_type;
    const client = this.#client(form, grant);
    if (grant === 'refresh_token') return this.#refresh(client, form.refresh_token);
    if (grant === 'client_credentials') return this.#open(client, this.#anonymous(), form.scope ?? '', false);
    if (grant !== 'password') throw new OAuthError(400, 'unsupported_grant_type');
    const scope = form.scope ?? '';
    const kind = scopeForm.exec(scope)?.[1];
    if (kind === undefined) throw new OAuthError(400, 'invalid_scope', `Unknown scope '${scope}'`);
    if (client.sessionType !== 'Any' && client.sessionType !== kind) {
      throw new OAuthError(400, 'invalid_scope', `The client does not allow ${scope}`);
    }
    const account = this.account(form.username ?? '', form.password ?? '');
    if (account === undefined) throw new OAuthError(400, 'invalid_grant', 'The login details are incorrect');
    if (account.locked) throw new OAuthError(400, 'invalid_grant', 'The user is locked');
    const actor = this.#store.actorOf(account.login, randomUUID());
    if (actor === undefined || (kind === 'Analyst' && actor.kind !== 'Analyst')) {
      throw new OAuthError(400, 'invalid_grant', 'The login is not an analyst');
    }
    return this.#open(client, { ...actor, kind: kind as 'Analyst' | 'User' }, scope, true);
  }

  /** @throws AlembaError 401 for an unknown or expired access token. */
  authenticate(authorization: string | undefined): Actor {
    const token = authorization?.startsWith('Bearer ') ? authorization.slice(7) : '';
    const held = this.#byAccess.get(token);
    if (held === undefined || held.untilMs <= this.#store.clock.nowMs()) throw unauthorized();
    return held.session.actor;
  }

  /** Basic credentials of an analyst. @throws AlembaError 401. */
  authenticateBasic(authorization: string | undefined): Actor {
    const encoded = /^Basic ([A-Za-z0-9+/=]+)$/.exec(authorization ?? '')?.[1];
    const [login = '', ...rest] = Buffer.from(encoded ?? '', 'base64')
      .toString('utf8')
      .split(':');
    const account = encoded === undefined ? undefined : this.account(login, rest.join(':'));
    const actor =
      account === undefined || account.locked ? undefined : this.#store.actorOf(account.login, 'basic');
    if (actor === undefined || actor.kind !== 'Analyst') throw unauthorized();
    return actor;
  }

  /** Ends the session and frees its licence; the refresh token has to be the session's own. */
  logout(authorization: string | undefined, refreshToken: string | undefined): void {
    const actor = this.authenticate(authorization);
    const session = this.#sessions.get(actor.session);
    if (session?.refreshToken !== undefined && session.refreshToken !== refreshToken) {
      throw notAllowed('The token does not belong to the session');
    }
    this.end(actor.session);
    releaseSessionLocks(this.#store, actor.session);
    this.#store.effect('session.closed', actor.session, actor);
  }

  account(login: string, password: string): Account | undefined {
    const account = this.#store.accounts.get(login.toLowerCase());
    return account?.password === password ? account : undefined;
  }

  /** Open sessions without their tokens. */
  list(): { id: string; person: string; kind: string; client: string; takesLicence: boolean }[] {
    this.#prune();
    return [...this.#sessions.values()].map(({ id, actor, client, takesLicence }) => ({
      id,
      person: actor.name,
      kind: actor.kind,
      client,
      takesLicence,
    }));
  }

  /** As when an administrator ends a session: its tokens stop working at once. */
  end(id: string): boolean {
    const session = this.#sessions.get(id);
    if (session === undefined) return false;
    this.#sessions.delete(id);
    if (session.refreshToken !== undefined) this.#byRefresh.delete(session.refreshToken);
    for (const [token, held] of this.#byAccess) if (held.session === session) this.#byAccess.delete(token);
    return true;
  }

  clear(): void {
    this.#sessions.clear();
    this.#byAccess.clear();
    this.#byRefresh.clear();
  }

  #client(form: Record<string, string | undefined>, grant: string | undefined): ApiClient {
    const client = this.clients.get((form.client_id ?? '').toLowerCase());
    const refused =
      client === undefined ||
      !client.enabled ||
      (client.secret !== undefined && client.secret !== form.client_secret) ||
      (grant !== undefined && isGrant(grant) && !client.grants.includes(grant));
    if (refused) throw new OAuthError(401, 'invalid_client');
    return client;
  }

  #anonymous(): Actor {
    return { person: 0, name: 'Anonymous', session: randomUUID(), kind: 'Anonymous', partitions: [] };
  }

  #open(client: ApiClient, actor: Actor, scope: string, takesLicence: boolean): TokenAnswer {
    this.#prune();
    const held = [...this.#sessions.values()].filter((session) => session.takesLicence).length;
    if (takesLicence && held >= this.#store.settings.licences) {
      throw new OAuthError(400, 'invalid_grant', 'There is no free licence');
    }
    const session: Session = {
      id: actor.session,
      actor,
      client: client.id,
      scope,
      takesLicence,
      refreshToken: undefined,
      refreshUntilMs: 0,
      accessUntilMs: 0,
    };
    this.#sessions.set(session.id, session);
    this.#store.effect('session.opened', session.id, actor);
    return this.#issue(session, takesLicence && client.grants.includes('refresh_token'));
  }

  #refresh(client: ApiClient, token: string | undefined): TokenAnswer {
    this.#prune();
    const session = this.#byRefresh.get(token ?? '');
    if (session === undefined || session.client !== client.id) {
      throw new OAuthError(400, 'invalid_grant', 'The refresh token is not valid');
    }
    this.#store.effect('session.refreshed', session.id, session.actor);
    return this.#issue(session, true);
  }

  #issue(session: Session, withRefresh: boolean): TokenAnswer {
    const nowMs = this.#store.clock.nowMs();
    const access = `eyJ${randomBytes(48).toString('base64url')}`;
    session.accessUntilMs = nowMs + accessSeconds * 1000;
    this.#byAccess.set(access, { session, untilMs: session.accessUntilMs });
    // Single use: the old one is void from here on, even when this answer gets lost.
    if (session.refreshToken !== undefined) this.#byRefresh.delete(session.refreshToken);
    session.refreshToken = withRefresh ? randomBytes(32).toString('hex') : undefined;
    if (session.refreshToken !== undefined) {
      session.refreshUntilMs = nowMs + refreshMs;
      this.#byRefresh.set(session.refreshToken, session);
    }
    return {
      expires_in: accessSeconds,
      access_token: access,
      ...(session.refreshToken !== undefined && { refresh_token: session.refreshToken }),
      scope: session.scope,
    };
  }

  #prune(): void {
    const nowMs = this.#store.clock.nowMs();
    for (const session of [...this.#sessions.values()]) {
      if (Math.max(session.refreshUntilMs, session.accessUntilMs) <= nowMs) this.end(session.id);
    }
    for (const [token, held] of this.#byAccess) if (held.untilMs <= nowMs) this.#byAccess.delete(token);
  }
}

function isGrant(text: string): text is Grant {
  return ['password', 'refresh_token', 'client_credentials', 'authorization_code'].includes(text);
}
