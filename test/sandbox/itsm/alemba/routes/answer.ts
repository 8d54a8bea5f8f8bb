import type { FastifyReply } from 'fastify';
import { type ApiVersion, callContext } from '../links.ts';
import type { Actor, Row } from '../model.ts';
import type { Expression } from '../query/parser.ts';
import { compileQuery, type Query, type RawQuery, runQuery } from '../query/search.ts';
import type { EntityType } from '../schema.ts';
import type { AlembaSystem } from '../system.ts';
import type { ApiRequest } from './respond.ts';

const maxKept = 2_000;
/** Compiled queries by entity, zone and query string: clients repeat the same few thousands of times. */
const kept = new Map<string, Query>();

export function keptQuery(system: AlembaSystem, entity: EntityType, raw: RawQuery): Query {
  const { serverOffsetMinutes } = system.store.settings;
  const key = `${entity.name}\n${serverOffsetMinutes}\n${JSON.stringify(raw)}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const query = compileQuery(entity, raw, serverOffsetMinutes);
  if (kept.size >= maxKept) kept.clear();
  kept.set(key, query);
  return query;
}

interface Search {
  system: AlembaSystem;
  entity: EntityType;
  actor: Actor;
  request: ApiRequest;
}

/** `rows` gives what the session may see; it may use the filter to look in an index. */
export function answerSearch(
  reply: FastifyReply,
  { system, entity, actor, request }: Search,
  rows: (expression: Expression | undefined) => Iterable<Row>,
): unknown {
  const query = keptQuery(system, entity, request.query as RawQuery);
  const context = { store: system.store, actor };
  const found = runQuery(query, rows(query.expression), context, system.pageSize);
  if (query.wantsCountOnly) return reply.type('text/plain; charset=utf-8').send(String(found.total ?? 0));
  const { version } = request.params;
  return {
    results: found.rows.map((row) => ({
      ...query.project(row, context),
      ...rowLinks(system, entity, row, version),
    })),
    _self: `api:${request.url.slice(request.url.indexOf(`${version}/`))}`,
    ...(query.wantsInlineCount && { __count: found.total }),
  };
}

function rowLinks(system: AlembaSystem, entity: EntityType, row: Row, version: ApiVersion) {
  switch (entity.name) {
    case 'call': {
      const context = callContext(system.store, row.IpkStatus, version);
      return { _context: context, _self: context.replace('$metadata', String(row.Ref)) };
    }
    case 'history':
      return {
        _context: `api:${version}/call/history/$metadata`,
        _self: `api:${version}/call/${row.TicketId}/history/${row.Order}`,
      };
    case 'attachment':
      return {
        _context: `api:${version}/attachment/$metadata`,
        _self: `api:${version}/call/${row.TicketId}/attachment/${row.Ref}`,
      };
    default:
      return {
        _context: `api:${version}/${entity.name}/$metadata`,
        _self: `api:${version}/${entity.name}/${row.Ref}`,
      };
  }
}
