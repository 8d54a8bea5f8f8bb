import type { FastifyInstance } from 'fastify';
import { methodNotAllowed, recordNotFound, resourceNotFound } from '../errors.ts';
import { describeEntity, describeIpkEntity, describeOptions } from '../metadata.ts';
import type { Actor, Row } from '../model.ts';
import type { RawQuery } from '../query/search.ts';
import { visibleCall } from '../rules/access.ts';
import { type EntityType, lookupEntities } from '../schema.ts';
import type { AlembaSystem } from '../system.ts';
import { answerSearch, keptQuery } from './answer.ts';
import { readCall } from './calls.ts';
import { type ApiRequest, actorOf } from './respond.ts';

const typeTables = ['ipk-status-stream-to-type', 'ipk-status-stream-type-to-type'];

/** The tables around calls: read only here. */
export function registerLookups(app: FastifyInstance, system: AlembaSystem): void {
  for (const entity of lookupEntities) {
    app.get(
      `/${entity.name}`,
      { config: { name: `${entity.name}.search` } },
      async (request: ApiRequest, reply) => {
        const actor = actorOf(system, request);
        requireEnabled(system, entity);
        const { version } = request.params;
        if ('$options' in request.query) {
          return describeOptions(system.store, entity, version, `api:${version}/${entity.name}?$options`);
        }
        return answerSearch(reply, { system, entity, actor, request }, () =>
          visibleRows(system, actor, entity),
        );
      },
    );
    app.get(
      `/${entity.name}/:ref`,
      { config: { name: `${entity.name}.read` } },
      async (request: ApiRequest) => {
        const actor = actorOf(system, request);
        requireEnabled(system, entity);
        const { ref, version } = request.params;
        if (ref === '$metadata') return describeEntity(entity, version);
        const row = visibleRows(system, actor, entity).find((candidate) => candidate.Ref === Number(ref));
        if (row === undefined) throw recordNotFound(entity.name, ref);
        const { project } = keptQuery(system, entity, request.query as RawQuery);
        const self = `api:${version}/${entity.name}/${ref}`;
        const links = { _context: `api:${version}/${entity.name}/$metadata`, _self: self, _actions: {} };
        return { ...project(row, { store: system.store, actor }), ...links };
      },
    );
    for (const method of ['POST', 'PUT', 'DELETE'] as const) {
      const config = { name: `${entity.name}.unsupported` };
      app.route({
        method,
        url: `/${entity.name}`,
        config,
        handler: async (request) => {
          throw methodNotAllowed(request.method);
        },
      });
    }
  }
  registerIpkEntities(app, system);
}

/** Records are also addressed by the entity of their IPK status: `/incident/4` is `/call/4`. */
function registerIpkEntities(app: FastifyInstance, system: AlembaSystem): void {
  app.get('/:entity/:ref', { config: { name: 'ipk.read' } }, async (request: ApiRequest) => {
    const actor = actorOf(system, request);
    const { entity, ref, version } = request.params;
    const status = [...system.store.table('ipk-status').values()].find((row) => row.EntityName === entity);
    if (status === undefined) throw resourceNotFound(entity);
    if (ref === '$metadata') return describeIpkEntity(system.store, entity, version);
    const call = visibleCall(system.store, actor, ref);
    if (call.values.IpkStatus !== status.Ref) throw recordNotFound(entity, ref);
    return readCall(system, actor, call, request);
  });
}

function requireEnabled(system: AlembaSystem, entity: EntityType): void {
  if (typeTables.includes(entity.name) && entity.name !== system.store.settings.typeTable) {
    throw resourceNotFound(entity.name);
  }
}

function visibleRows(system: AlembaSystem, actor: Actor, entity: EntityType): Row[] {
  const rows = [...system.store.table(entity.name).values()];
  if (entity.name !== 'partition' || actor.partitions === null) return rows;
  return rows.filter((row) => actor.partitions?.includes(row.Ref));
}
