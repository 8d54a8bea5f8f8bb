import { createHash, randomBytes } from 'node:crypto';

/** What a user may do in one project; the groups of a new project. */
export type ProjectRole = 'administrator' | 'contributor' | 'reader';

export interface PersonalAccessToken {
  token: string;
  /** `vso.work`, `vso.work_write`, `vso.project`, ...; `full` is the "Full access" box. */
  scopes: string[];
  expiresAtMs: number;
}

export interface SandboxUser {
  id: string;
  displayName: string;
  /** E-mail; what `uniqueName` shows. For a service principal its application id. */
  uniqueName: string;
  descriptor: string;
  /** The key of the seed: `admin`, `contributor`, `reader`, `stranger`, `service`. */
  key: string;
  /** False: an account of the same tenant that was never added to the organisation. */
  isMember: boolean;
  isActive: boolean;
  /** By project id. */
  roles: Map<string, ProjectRole>;
  pats: PersonalAccessToken[];
  /** Opaque bearer token, as `getAccessToken` gives it to an extension's page. */
  accessToken: string;
  /** Set for the service identity: credentials for the Entra token endpoint. */
  clientId?: string;
  clientSecret?: string;
}

/** Who a token stands for; a personal access token brings its scopes along. */
export interface Credential {
  user: SandboxUser;
  pat?: PersonalAccessToken;
  expiresAtMs?: number;
}

/** A GUID that is the same in every run with the same name, so that seeds and screenshots are stable. */
export function stableGuid(name: string): string {
  const hex = createHash('sha256').update(`tandem-sandbox:${name}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export interface IdentityRef {
  displayName: string;
  url: string;
  _links: { avatar: { href: string } };
  id: string;
  uniqueName: string;
  imageUrl: string;
  descriptor: string;
}

/** The users of one simulator: look-ups by id, mail, token, and the forms in which the API shows them. */
export class Users {
  readonly all: SandboxUser[] = [];
  #byId = new Map<string, SandboxUser>();
  #byName = new Map<string, SandboxUser>();
  #byToken = new Map<string, Credential>();
  #refs = new Map<string, IdentityRef>();
  readonly #organizationUrl: () => string;
  readonly #identityBaseUrl: () => string;

  constructor(organizationUrl: () => string, identityBaseUrl: () => string) {
    this.#organizationUrl = organizationUrl;
    this.#identityBaseUrl = identityBaseUrl;
  }

  add(
    key: string,
    displayName: string,
    mail: string,
    options: { isMember?: boolean; service?: boolean } = {},
  ): SandboxUser {
    const id = stableGuid(`user:${mail}`);
    const subject = Buffer.from(id.replaceAll('-', '')).toString('base64url').slice(0, 32);
    const user: SandboxUser = {
      id,
      displayName,
      uniqueName: mail,
      descriptor: `${options.service ? 'aadsp' : 'aad'}.${subject}`,
      key,
      isMember: options.isMember ?? true,
      isActive: true,
      roles: new Map(),
      pats: [],
      accessToken: `access-${key}-${randomBytes(24).toString('base64url')}`,
    };
    if (options.service) {
      user.clientId = stableGuid(`client:${mail}`);
      user.clientSecret = `secret-${randomBytes(24).toString('base64url')}`;
    }
    this.all.push(user);
    this.#byId.set(id, user);
    this.#byName.set(mail.toLowerCase(), user);
    this.#byName.set(`${displayName} <${mail}>`.toLowerCase(), user);
    if (!this.#byName.has(displayName.toLowerCase())) this.#byName.set(displayName.toLowerCase(), user);
    this.#byToken.set(user.accessToken, { user });
    return user;
  }

  addPat(user: SandboxUser, scopes: string[], expiresAtMs: number, token?: string): PersonalAccessToken {
    const pat = { token: token ?? `pat${randomBytes(24).toString('hex')}`, scopes, expiresAtMs };
    user.pats.push(pat);
    this.#byToken.set(pat.token, { user, pat });
    return pat;
  }

  /** Entra tokens given out by the token endpoint. */
  addEntraToken(user: SandboxUser, expiresAtMs: number): string {
    const token = `entra-${randomBytes(32).toString('base64url')}`;
    this.#byToken.set(token, { user, expiresAtMs });
    return token;
  }

  removeToken(token: string): void {
    this.#byToken.delete(token);
  }

  byId(id: string): SandboxUser | undefined {
    return this.#byId.get(id.toLowerCase());
  }

  byKey(key: string): SandboxUser {
    const user = this.all.find((other) => other.key === key);
    if (user === undefined) throw new Error(`no sandbox user ${key}`);
    return user;
  }

  byToken(token: string): Credential | undefined {
    return this.#byToken.get(token);
  }

  /** As the work item fields accept it: mail, `Name <mail>`, a unique display name, or an identity object. */
  resolve(value: unknown): SandboxUser | undefined {
    if (typeof value === 'string') {
      const mail = /<([^>]+)>\s*$/.exec(value)?.[1];
      return (
        this.#byName.get(value.trim().toLowerCase()) ??
        (mail === undefined ? undefined : this.#byName.get(mail.toLowerCase())) ??
        this.#byId.get(value.trim().toLowerCase())
      );
    }
    if (typeof value === 'object' && value !== null) {
      const ref = value as { id?: unknown; uniqueName?: unknown; displayName?: unknown };
      if (typeof ref.id === 'string' && this.#byId.has(ref.id.toLowerCase())) return this.byId(ref.id);
      if (typeof ref.uniqueName === 'string') return this.resolve(ref.uniqueName);
      if (typeof ref.displayName === 'string') return this.resolve(ref.displayName);
    }
    return undefined;
  }

  ref(userId: string): IdentityRef {
    const known = this.#refs.get(userId);
    if (known !== undefined) return known;
    const user = this.#byId.get(userId);
    if (user === undefined) throw new Error(`no sandbox user with id ${userId}`);
    const avatar = `${this.#organizationUrl()}/_apis/GraphProfile/MemberAvatars/${user.descriptor}`;
    const ref: IdentityRef = {
      displayName: user.displayName,
      url: `${this.#identityBaseUrl()}/_apis/Identities/${user.id}`,
      _links: { avatar: { href: avatar } },
      id: user.id,
      uniqueName: user.uniqueName,
      imageUrl: avatar,
      descriptor: user.descriptor,
    };
    this.#refs.set(userId, ref);
    return ref;
  }

  /** `Name <mail>`: what resource version 1.0 of service hooks and `deletedBy` show. */
  text(userId: string): string {
    const ref = this.ref(userId);
    return `${ref.displayName} <${ref.uniqueName}>`;
  }
}
