import { declareIntent, reviveIntent } from '../../store/intents.ts';
import { markFor } from '../../sync/mark.ts';
import type { Handlers } from '../handlers.ts';
import { linkAccess, patienceMs, refuseWhenOff } from './link-access.ts';
import { applicableMappings, creating, mappingOf, wayOf } from './mapping-lookup.ts';
import type { Services } from './services.ts';
import { enteredValues, ticketFormOf } from './ticket-form.ts';
import { type CreateOutcome, waitForCreate } from './waiting.ts';

type TicketCreateHandlers = Pick<Handlers, 'readCreateWays' | 'readTicketForm' | 'createTicket'>;

export function ticketCreateHandlers(services: Services): TicketCreateHandlers {
  const { engine } = services;
  const { store, queue } = engine;
  const access = linkAccess(services);

  return {
    async readCreateWays({ session }) {
      const settings = await engine.settings.of(session.tenant);
      const ways = settings.enabled ? creating(applicableMappings(settings, session.project)) : [];
      return {
        createWith: ways.map((mapping) => {
          const kind = settings.connections.get(mapping.connection)?.kind ?? '';
          const ticketNoun = services.systems.connectorOf(kind)?.manifest.ticketNoun ?? 'ticket';
          return { ...wayOf(mapping), ticketNoun };
        }),
      };
    },

    async readTicketForm({ params, query, session }) {
      const mapping = await mappingOf(services, session, query.mappingId);
      return ticketFormOf(services, session.tenant, mapping, params.workItemId);
    },

    async createTicket({ params, body, session, signal }) {
      await refuseWhenOff(services, session.tenant);
      const mapping = await mappingOf(services, session, body.mappingId);
      const entered = await enteredValues(services, session.tenant, mapping, body.values);
      const intentKey = `create:person:${params.workItemId}:${body.requestKey}`;
      await store.asTenant(session.tenant, async (sql) => {
        const { state } = await declareIntent(sql, session.tenant, {
          key: intentKey,
          kind: 'create',
          side: 'ticket',
          mapping: mapping.id,
          sourceId: params.workItemId,
          mark: markFor(`${session.tenant}:${mapping.id}`, 'create', `person:${body.requestKey}`),
          entered,
          requestedBy: session.user.name,
        });
        // A refusal has ended the first try; whoever corrects the form and orders again means the same ticket.
        if (state === 'abandoned') await reviveIntent(sql, intentKey, entered);
      });
      await queue.wake([
        {
          tenant: session.tenant,
          key: `create:${intentKey}`,
          kind: 'create',
          connection: mapping.connection,
          facts: { intentKey },
        },
      ]);
      const outcome: CreateOutcome = await waitForCreate(
        services,
        session.tenant,
        intentKey,
        patienceMs,
        signal,
      );
      if (outcome.link === undefined) return { version: 0 };
      return { link: await access.cardOf(outcome.link), version: outcome.link.version };
    },
  };
}
