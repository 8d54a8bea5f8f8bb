import { z } from 'zod';
import { outsideAttempt, untilAttemptEnds } from '../connectors/attempt.ts';
import { Failure } from '../sync/failure.ts';
import type { Principal } from '../sync/record.ts';
import { probedVersions, type RestVersion, restVersions } from './api-versions.ts';
import type { SignIn } from './auth.ts';
import { type Client, createClient } from './client.ts';
import type { AzureDevOpsContext } from './context.ts';
import { isVersionRefused } from './refusal.ts';

/** One cell for the version that was found, shared by the backend's own client and those of users. */
export interface VersionCell {
  found?: RestVersion;
}

/**
 * The newest released version that the server takes: a server that is too old answers 400 (Microsoft:
 * integrate/concepts/rest-api-versioning). Asked once, with whatever sign-in comes first.
 */
export const versionFinder = (
  context: AzureDevOpsContext,
  cell: VersionCell,
  signIn: SignIn,
): (() => Promise<RestVersion>) => {
  let running: Promise<RestVersion> | undefined;
  const probe = async (): Promise<RestVersion> => {
    for (const version of probedVersions) {
      const client = createClient(context, { signIn, version: async () => version });
      try {
        await tryVersion(client);
        cell.found = version;
        return version;
      } catch (error) {
        if (!isVersionRefused(error)) throw error;
      }
    }
    const message = `This server is older than REST version ${restVersions.at(-1)}, the oldest that is supported`;
    throw new Failure({ kind: 'rejected', message });
  };
  return async () => {
    const known = context.apiVersion ?? cell.found;
    if (known) return known;
    running ??= outsideAttempt(probe).finally(() => {
      running = undefined;
    });
    return untilAttemptEnds(running);
  };
};

/** A cheap request that every account may make; refused when the server does not know the client's version. */
export const tryVersion = async (client: Client): Promise<void> => {
  await client.send({
    method: 'GET',
    path: 'projects',
    resource: 'core',
    route: 'version.probe',
    query: { $top: 1 },
  });
};

const connectionData = z.object({
  authenticatedUser: z.object({
    id: z.string(),
    providerDisplayName: z.string().optional(),
    customDisplayName: z.string().optional(),
    subjectDescriptor: z.string().optional(),
    properties: z.record(z.string(), z.object({ $value: z.unknown() })).optional(),
  }),
  instanceId: z.string(),
  // A name, or its number when a proxy asked for numbers: 0 is a Server, 1 and more are Services.
  deploymentType: z.union([z.string(), z.number()]).optional(),
});

export interface ConnectionFacts {
  user: Principal;
  isAnonymous: boolean;
  instanceId: string;
  /** Undefined on servers that do not tell. */
  isServices: boolean | undefined;
  /** Value of the header Date. */
  serverDate: string | undefined;
}

/** The identity that Azure DevOps gives to callers it does not know. */
const anonymousId = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';

/** Who is calling and which organisation this is. Throws unauthorized for callers that are not known. */
export const readConnectionFacts = async (client: Client): Promise<ConnectionFacts> => {
  const answer = await client.send({
    method: 'GET',
    path: 'connectionData',
    resource: 'connectionData',
    route: 'connectionData.read',
  });
  const parsed = connectionData.safeParse(answer.json);
  if (!parsed.success) {
    // A page where JSON was due is a sign-in page under another address.
    throw new Failure({
      kind: answer.json === undefined ? 'unauthorized' : 'malformed',
      message: 'Azure DevOps did not say who is calling',
      status: answer.status,
    });
  }
  const { authenticatedUser: user, instanceId, deploymentType } = parsed.data;
  const account = user.properties?.Account?.$value;
  const login = typeof account === 'string' && account !== '' ? account : undefined;
  const name = user.providerDisplayName ?? user.customDisplayName;
  return {
    user: {
      kind: 'principal',
      id: user.id,
      ...(name && { name }),
      ...(login && { login }),
      ...(login?.includes('@') && { email: login }),
    },
    isAnonymous: user.id.toLowerCase() === anonymousId,
    instanceId,
    isServices: deploymentType === undefined ? undefined : !/^(0|onPremises)$/i.test(String(deploymentType)),
    serverDate: answer.headers.date,
  };
};
