import type { z } from 'zod';
import type { Routes } from '../contract/routes.ts';
import type { Log } from '../observability/log.ts';
import type { AppTokenVerifier } from '../security/app-token.ts';
import type { Session, SessionTokens } from '../security/session-token.ts';
import { isFailure } from '../sync/failure.ts';
import type { AskAsUser, RegisteredOrganization, Standing } from './access.ts';
import { ProblemError } from './problem.ts';

export type OpenSessionInput = z.output<Routes['openSession']['body']>;
export type OpenSessionAnswer = z.input<Routes['openSession']['response']>;

export interface Organizations {
  /** By name, without regard to case. */
  find(name: string): Promise<RegisteredOrganization | undefined>;
  /** Keeps the instance id that the first session proved; must not overwrite another. */
  bindHost(tenant: number, hostId: string): Promise<void>;
}

export interface Sessions {
  open(input: OpenSessionInput): Promise<OpenSessionAnswer>;
  verify(token: string): Session | undefined;
  /** False once the organisation was switched off or left the operator's list after the session was opened. */
  isCurrent(session: Session): Promise<boolean>;
}

export interface SessionsOptions {
  tokens: SessionTokens;
  verifyAppToken: AppTokenVerifier;
  organizations: Organizations;
  /** The number that sessions of the tenant must carry; undefined when it has none. */
  generationOf(tenant: number): Promise<number | undefined>;
  ask: AskAsUser;
  log: Log;
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/**
 * Opens sessions: the app token proves our extension, the access token proves the user, and Azure DevOps, asked at the
 * registered address, tells who it is and what they may do. Both tokens are used once; the access token goes on only
 * inside the sealed session.
 */
export const createSessions = (options: SessionsOptions): Sessions => {
  const { tokens, verifyAppToken, organizations, ask, log } = options;

  const open: Sessions['open'] = async (input) => {
    const organization = await organizations.find(input.organization);
    if (!organization) throw new ProblemError('organizationUnknown');
    const userOfToken = await checkAppToken(organization, input.appToken);
    // Refused before the user's token goes anywhere.
    if (organization.hostId && !same(organization.hostId, input.hostId)) {
      throw new ProblemError('organizationUnknown');
    }
    const standing = await standingOf(organization, input);
    if (!same(standing.hostId, input.hostId)) throw new ProblemError('organizationUnknown');
    // Not a reason to refuse: for some users both ids differ although all is well.
    if (userOfToken && !same(userOfToken, standing.user.id)) {
      log.warn('session.user_differed', { tenant: organization.tenant });
    }
    const { project } = standing;
    if (!project) throw new ProblemError('notAllowed', { needs: 'View project-level information' });
    if (!organization.hostId) await organizations.bindHost(organization.tenant, standing.hostId);
    const { token, expiresAt } = tokens.issue({
      tenant: organization.tenant,
      // Read before Azure DevOps was asked: what ended the sessions meanwhile ends this one too.
      generation: organization.sessionGeneration,
      organization: organization.name,
      user: standing.user,
      project,
      rights: standing.rights,
      accessToken: input.accessToken,
    });
    log.info('session.opened', { tenant: organization.tenant, user: standing.user.id });
    return {
      token,
      expiresAt: expiresAt.toISOString(),
      user: standing.user,
      project,
      rights: standing.rights,
    };
  };

  const checkAppToken = async (organization: RegisteredOrganization, appToken: string | undefined) => {
    if (!organization.requiresAppToken) return undefined;
    const claims = appToken === undefined ? undefined : await verifyAppToken(appToken);
    if (!claims) throw new ProblemError('tokenRefused');
    return claims.userId;
  };

  const standingOf = async (
    organization: RegisteredOrganization,
    input: OpenSessionInput,
  ): Promise<Standing> => {
    try {
      return await ask.standing(organization, input.accessToken, input.projectId);
    } catch (error) {
      if (isFailure(error) && error.kind === 'unauthorized') {
        const action = 'Reload the page, so that Azure DevOps issues a new token.';
        throw new ProblemError('tokenRefused', {
          title: 'Azure DevOps refused the token of the user',
          action,
        });
      }
      throw error;
    }
  };

  return {
    open,
    verify: (token) => tokens.read(token),
    isCurrent: async ({ tenant, generation }) => (await options.generationOf(tenant)) === generation,
  };
};
