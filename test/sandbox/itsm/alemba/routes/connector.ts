import type { FastifyInstance } from 'fastify';
import { badRequest, recordNotFound, unauthorized } from '../errors.ts';
import type { AlembaSystem } from '../system.ts';
import { type ApiRequest, bodyOf } from './respond.ts';

/** Webhook registration of the connector layer (swagger of the "Alemba ITSM" connector), with Basic credentials. */
export function registerConnector(app: FastifyInstance, system: AlembaSystem): void {
  for (const base of [`/${system.name}/alemba.api/connector/webhook`, '/connector/webhook']) {
    app.post(base, { config: { name: 'connector.webhook.add' } }, async (request, reply) => {
      const actor = system.sessions.authenticateBasic(request.headers.authorization);
      const registration = system.webhooks.register(bodyOf(request));
      system.store.effect('webhook.registered', String(registration.Ref), actor);
      return reply.code(201).send({ ...registration, Secret: undefined });
    });
    app.get(base, { config: { name: 'connector.webhook.list' } }, async (request) => {
      system.sessions.authenticateBasic(request.headers.authorization);
      return { results: system.webhooks.list() };
    });
    app.delete(
      `${base}/:ref`,
      { config: { name: 'connector.webhook.remove' } },
      async (request: ApiRequest) => {
        system.sessions.authenticateBasic(request.headers.authorization);
        if (!system.webhooks.remove(Number(request.params.ref)))
          throw recordNotFound('webhook', request.params.ref);
        return {};
      },
    );
  }
}

const guid = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;

/**
 * The receiver of the vendor's own Azure DevOps connector. The manual prints addresses with `$ClientId` twice, so the
 * last GUID in the query counts; older manuals give none.
 */
export function registerAdoReceiver(app: FastifyInstance, system: AlembaSystem): void {
  app.post('/webhook/azuredevops', { config: { name: 'webhook.azuredevops' } }, async (request) => {
    const actor = system.sessions.authenticateBasic(request.headers.authorization);
    const client = request.url.slice(request.url.indexOf('?')).match(guid)?.at(-1);
    if (client !== undefined && system.sessions.clients.get(client.toLowerCase())?.enabled !== true) {
      throw unauthorized();
    }
    const { eventType, resource } = bodyOf(request) as { eventType?: unknown; resource?: unknown };
    if (typeof eventType !== 'string' || typeof resource !== 'object' || resource === null) {
      throw badRequest('The body is not a service hook of Azure DevOps');
    }
    const { workItemId, id } = resource as { workItemId?: unknown; id?: unknown };
    const handling = /^workitem\.(created|updated|commented)$/.test(eventType) ? 'acted upon' : 'no action';
    system.store.effect('adoWebhook.received', String(workItemId ?? id ?? ''), actor, {
      eventType,
      handling,
    });
    return {};
  });
}
