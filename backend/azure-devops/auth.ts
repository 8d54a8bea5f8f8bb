import { z } from 'zod';
import { outsideAttempt, untilAttemptEnds } from '../connectors/attempt.ts';
import { RemoteFailure } from '../connectors/remote-failure.ts';
import { Failure, isFailure } from '../sync/failure.ts';
import { entraUrlOf } from './addresses.ts';
import type { AzureDevOpsContext } from './context.ts';

/** The resource of Azure DevOps in Entra (Microsoft: integrate/get-started/authentication/service-principal). */
const scope = '499b84ac-1321-427f-aa17-267ca6975798/.default';
/** Renewed so long before the end, so that no request starts with a token that ends on its way. */
const renewBeforeMs = 5 * 60_000;

const tokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() });

export interface SignIn {
  /** Value of the header `authorization`. Throws `Failure` unauthorized. */
  authorization(): Promise<string>;
  /** The system refused this one; true when a new try may help. */
  refused(authorization: string): boolean;
}

export const createSignIn = (context: AzureDevOpsContext): SignIn =>
  context.auth.kind === 'pat' ? patSignIn(context) : entraSignIn(context, context.auth);

/** The token of a user, as the extension's page gave it; there is no other when it is refused. */
export const userSignIn = (accessToken: string): SignIn => ({
  authorization: async () => `Bearer ${accessToken}`,
  refused: () => false,
});

const patSignIn = (context: AzureDevOpsContext): SignIn => ({
  authorization: async () =>
    `Basic ${Buffer.from(`:${await context.secret('pat')}`, 'utf8').toString('base64')}`,
  refused: () => false,
});

/** Tokens stay in memory: each process gets its own, and none has to be kept sealed. */
const entraSignIn = (context: AzureDevOpsContext, auth: { tenantId: string; clientId: string }): SignIn => {
  let current: { authorization: string; renewAt: number } | undefined;
  let running: Promise<string> | undefined;

  const fetchToken = async (): Promise<string> => {
    const url = `${entraUrlOf(context)}/${encodeURIComponent(auth.tenantId)}/oauth2/v2.0/token`;
    const clientSecret = await context.secret('clientSecret');
    const answer = await context.transport
      .send({
        method: 'POST',
        url,
        route: 'entra.token',
        contentType: 'application/x-www-form-urlencoded',
        body: {
          grant_type: 'client_credentials',
          client_id: auth.clientId,
          client_secret: clientSecret,
          scope,
        },
        confidential: true,
        repeat: 'safe',
      })
      .catch(explain);
    const parsed = tokenAnswer.safeParse(answer.json);
    if (!parsed.success) {
      throw new Failure({
        kind: 'malformed',
        message: 'Entra answered without a token',
        status: answer.status,
      });
    }
    const lifetimeMs = parsed.data.expires_in * 1000;
    const authorization = `Bearer ${parsed.data.access_token}`;
    current = {
      authorization,
      renewAt: context.now().getTime() + Math.max(lifetimeMs - renewBeforeMs, lifetimeMs / 2),
    };
    return authorization;
  };

  return {
    authorization: async () => {
      if (current && current.renewAt > context.now().getTime()) return current.authorization;
      running ??= outsideAttempt(fetchToken).finally(() => {
        running = undefined;
      });
      return untilAttemptEnds(running);
    },
    refused: (authorization) => {
      if (current?.authorization === authorization) current = undefined;
      return true;
    },
  };
};

const entraProblem = z.object({ error: z.string(), error_description: z.string().optional() });

/** Entra answers 400 or 401 for credentials that it does not take; both mean that an admin must renew them. */
const explain = (error: unknown): never => {
  if (!isFailure(error) || !(error instanceof RemoteFailure)) throw error;
  const { status } = error.details;
  const problem = entraProblem.safeParse(error.answer?.json);
  if (problem.success && status !== undefined && status >= 400 && status < 500 && status !== 429) {
    // The first line names what is wrong, the others are trace ids and times.
    const [words = problem.data.error] = (problem.data.error_description ?? problem.data.error).split(
      /[\r\n]/,
    );
    const message = `Entra refused the sign-in: ${words.slice(0, 500)}`;
    throw new Failure({ kind: 'unauthorized', message, status }, { cause: error });
  }
  throw error;
};
