import type { FastifyInstance, FastifyRequest } from 'fastify';
import { OAuthError } from '../errors.ts';
import type { AlembaSystem } from '../system.ts';

/**
 * Logins live under `alemba.web`, everything else under `alemba.api`; some sites use the alias below `alemba.api`.
 * One address does both: with a Bearer header and a `token` it is the logout.
 */
export function registerOAuth(app: FastifyInstance, system: AlembaSystem): void {
  for (const path of [`/${system.name}/alemba.web/oauth/login`, `/${system.name}/alemba.api/oauth/token`]) {
    app.post(path, { config: { name: 'oauth.token' } }, async (request, reply) => {
      const form = readForm(request);
      const { authorization } = request.headers;
      if (form.grant_type === undefined && authorization?.startsWith('Bearer ')) {
        system.sessions.logout(authorization, form.token);
        return reply.code(200).send({});
      }
      reply.header('cache-control', 'no-store');
      return system.sessions.token(form);
    });
  }
}

function readForm(request: FastifyRequest): Record<string, string | undefined> {
  if (request.body === undefined || request.body === null || typeof request.body !== 'object') {
    throw new OAuthError(400, 'invalid_request', 'A form body is expected');
  }
  return request.body as Record<string, string | undefined>;
}
