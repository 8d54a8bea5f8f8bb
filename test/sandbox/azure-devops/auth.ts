import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SignJWT } from 'jose';
import { frameworkProblem } from './problem.ts';
import { isServices, type Simulator } from './simulator.ts';
import { type Credential, type SandboxUser, stableGuid } from './users.ts';

/** The resource of Azure DevOps in Entra. */
const azureDevOpsResource = '499b84ac-1321-427f-aa17-267ca6975798';
export const tenantId = stableGuid('tenant');
/** The `aud` of app tokens: constant per extension id. */
export const extensionGuid = stableGuid('extension');
const appTokenLifetimeMs = 70 * 60_000;
const entraTokenLifetimeS = 3599;

const signInPage =
  '<!DOCTYPE html><html lang="en"><head><title>Azure DevOps Services | Sign In</title></head><body>Sign in to your account</body></html>';

/** Sends the refusal itself and returns undefined when the caller is not known. */
export function authenticate(
  simulator: Simulator,
  request: FastifyRequest,
  reply: FastifyReply,
): Credential | undefined {
  const header = request.headers.authorization ?? '';
  const [scheme = '', value = ''] = header.split(/\s+/, 2);
  const nowMs = simulator.clock.nowMs();
  if (scheme.toLowerCase() === 'basic') {
    const decoded = Buffer.from(value, 'base64').toString('utf8');
    const token = decoded.slice(decoded.indexOf(':') + 1);
    const found = token === '' ? undefined : simulator.users.byToken(token);
    if (found?.pat !== undefined && found.pat.expiresAtMs > nowMs && found.user.isActive)
      return member(found, reply);
    refusePat(simulator, reply, found?.pat !== undefined);
    return undefined;
  }
  if (scheme.toLowerCase() === 'bearer') {
    const found = simulator.users.byToken(value);
    const isFresh = found?.expiresAtMs === undefined || found.expiresAtMs > nowMs;
    if (found !== undefined && isFresh && found.user.isActive) return member(found, reply);
  }
  refuseAnonymous(simulator, request, reply);
  return undefined;
}

/** An account of the tenant that was never added: known, but not welcome. */
function member(found: Credential, reply: FastifyReply): Credential | undefined {
  if (found.user.isMember) return found;
  const problem = frameworkProblem(
    401,
    'UnauthorizedRequestException',
    `TF400813: The user '${found.user.id}' is not authorized to access this resource.`,
  );
  reply.code(401).header('x-tfs-serviceerror', encodeURIComponent(problem.message)).send(problem.body());
  return undefined;
}

function refusePat(simulator: Simulator, reply: FastifyReply, isExpired: boolean): void {
  const reason = isExpired
    ? 'Access Denied: The Personal Access Token used has expired.'
    : 'TF400813: The user is not authorized to access this resource.';
  reply
    .code(401)
    .header('www-authenticate', `Basic realm="${simulator.url}/"`)
    .header('x-tfs-serviceerror', encodeURIComponent(reason))
    .type('text/html; charset=utf-8')
    .send(`<!DOCTYPE html><html><head><title>Access Denied</title></head><body>${reason}</body></html>`);
}

/**
 * Services sends callers it does not know to the sign-in page: 302 to browsers, 203 with the page itself to others,
 * and 401 only when the client asked for no redirect. Server asks for Windows or basic authentication.
 */
function refuseAnonymous(simulator: Simulator, request: FastifyRequest, reply: FastifyReply): void {
  const suppress = String(request.headers['x-tfs-fedauthredirect'] ?? '').toLowerCase() === 'suppress';
  if (!isServices(simulator) || suppress) {
    const schemes = isServices(simulator) ? 'Bearer authorization_uri=' : 'Negotiate';
    const value = isServices(simulator) ? `${schemes}${simulator.url}/${tenantId}` : schemes;
    const problem = frameworkProblem(
      401,
      'UnauthorizedRequestException',
      'TF400813: Resource not available for anonymous access. Client authentication required.',
    );
    reply.code(401).header('www-authenticate', value).send(problem.body());
    return;
  }
  if (/text\/html/.test(request.headers.accept ?? '')) {
    reply
      .code(302)
      .header('location', `${simulator.url}/_signin?realm=${encodeURIComponent(simulator.url)}`)
      .send();
    return;
  }
  reply.code(203).type('text/html; charset=utf-8').send(signInPage);
}

const impliedScopes: Record<string, string[]> = {
  'vso.work': ['vso.work', 'vso.work_write', 'vso.work_full'],
  'vso.work_write': ['vso.work_write', 'vso.work_full'],
  // Every scope inherits reading one's own profile; hooks ride on the scopes of the area they watch.
  'vso.hooks': ['vso.work', 'vso.work_write', 'vso.work_full', 'vso.build', 'vso.code'],
  'vso.project': [
    'vso.project',
    'vso.project_write',
    'vso.project_manage',
    'vso.work',
    'vso.work_write',
    'vso.work_full',
  ],
  'vso.identity': ['vso.identity', 'vso.identity_manage'],
  'vso.graph': ['vso.graph', 'vso.graph_manage'],
};

/** 401 for a token whose scopes do not reach, as reported for PATs. */
export function checkScope(credential: Credential, scope: string): void {
  const scopes = credential.pat?.scopes;
  if (scope === '' || scopes === undefined || scopes.includes('full')) return;
  const enough = impliedScopes[scope] ?? [scope];
  if (enough.some((candidate) => scopes.includes(candidate))) return;
  throw frameworkProblem(
    401,
    'UnauthorizedRequestException',
    `TF400813: The access token does not have the scope needed for this operation: ${scope}.`,
  );
}

/** The app token of an extension's page: who, in which tenant, for which extension; nothing about organisation or rights. */
export async function issueAppToken(
  simulator: Simulator,
  secret: string,
  user: SandboxUser,
): Promise<string> {
  const nowS = Math.floor(simulator.clock.nowMs() / 1000);
  return new SignJWT({ nameid: user.id, tid: tenantId })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setJti(randomUUID())
    .setIssuer('app.vstoken.visualstudio.com')
    .setAudience(extensionGuid)
    .setNotBefore(nowS)
    .setExpirationTime(nowS + appTokenLifetimeMs / 1000)
    .sign(new TextEncoder().encode(secret));
}

/** Stands in for login.microsoftonline.com: client credentials of the service identity. */
export function registerTokenEndpoint(app: FastifyInstance, simulator: Simulator): void {
  app.post('/:tenant/oauth2/v2.0/token', (request, reply) => {
    const form = request.body as URLSearchParams;
    const refuse = (status: number, error: string, description: string) =>
      reply.code(status).send({
        error,
        error_description: description,
        error_codes: [Number(/AADSTS(\d+)/.exec(description)?.[1] ?? 0)],
        timestamp: simulator.clock.iso(),
        trace_id: randomUUID(),
        correlation_id: randomUUID(),
      });
    const { tenant } = request.params as { tenant: string };
    if (tenant.toLowerCase() !== tenantId)
      return refuse(400, 'invalid_request', `AADSTS90002: Tenant '${tenant}' not found.`);
    if (!(form instanceof URLSearchParams) || form.get('grant_type') !== 'client_credentials')
      return refuse(
        400,
        'unsupported_grant_type',
        'AADSTS70003: The app requested an unsupported grant type.',
      );
    const user = simulator.users.all.find((candidate) => candidate.clientId === form.get('client_id'));
    if (user === undefined)
      return refuse(
        400,
        'unauthorized_client',
        'AADSTS700016: Application with the given identifier was not found in the directory.',
      );
    if (form.get('client_secret') !== user.clientSecret)
      return refuse(401, 'invalid_client', 'AADSTS7000215: Invalid client secret provided.');
    if (form.get('scope') !== `${azureDevOpsResource}/.default`)
      return refuse(
        400,
        'invalid_scope',
        'AADSTS70011: The provided value for the input parameter scope is not valid.',
      );
    const token = simulator.users.addEntraToken(user, simulator.clock.nowMs() + entraTokenLifetimeS * 1000);
    return reply.send({
      token_type: 'Bearer',
      expires_in: entraTokenLifetimeS,
      ext_expires_in: entraTokenLifetimeS,
      access_token: token,
    });
  });
}
