import { badRequest, notSupported } from '../errors.ts';
import type { Actor, Row, Scalar } from '../model.ts';
import { type EntityType, entitiesByName, historyEntity, type PropertyKind } from '../schema.ts';
import type { AlembaStore } from '../store.ts';

export interface QueryContext {
  store: AlembaStore;
  actor: Actor;
}

/** A `$leftJoin`: at most one row of the history for each call. */
export interface Join {
  alias: string;
  match: (outer: Row, context: QueryContext) => Row | undefined;
}

export interface Scope {
  entity: EntityType;
  join?: Join;
}

export interface Property {
  kind: PropertyKind;
  read: (row: Row, context: QueryContext) => Scalar;
}

/**
 * Turns a dot path (`CallStatus.Name`, `LastAction.Description`) into a reader.
 * @throws AlembaError 400 for names that the entity does not have; names are case sensitive.
 */
export function compilePath(scope: Scope, path: string): Property {
  const [first = '', ...rest] = path.split('.');
  const join = scope.join;
  if (join !== undefined && first === join.alias) {
    const inner = compileSteps(historyEntity, rest, path);
    return {
      kind: inner.kind,
      read: (row, context) => {
        const joined = join.match(row, context);
        return joined === undefined ? null : inner.read(joined, context);
      },
    };
  }
  return compileSteps(scope.entity, [first, ...rest], path);
}

function compileSteps(entity: EntityType, steps: string[], path: string): Property {
  const [name = '', ...rest] = steps;
  const property = entity.properties.get(name);
  if (property === undefined)
    throw badRequest(`No property or field '${path}' exists in type '${entity.name}'`);
  const source = property.source ?? name;
  if (rest.length === 0) return { kind: property.kind, read: (row) => row[source] ?? null };
  const relation = property.relation;
  const target = relation === undefined ? undefined : entitiesByName.get(relation);
  if (relation === undefined || target === undefined) {
    throw badRequest(`Property '${name}' in '${path}' does not refer to another record`);
  }
  const inner = compileSteps(target, rest, path);
  return {
    kind: inner.kind,
    read: (row, context) => {
      const ref = row[source];
      const linked = typeof ref === 'number' ? context.store.lookup(relation, ref) : undefined;
      return linked === undefined ? null : inner.read(linked, context);
    },
  };
}

const joinForm = /^(\w+):(\w+)\((.+)\)$/;
const joinPart = /^\s*(\w+)\s*==?\s*(\w+)\s*$/;

/**
 * `Alias:CallHistory(TicketId==Ref && Order==LastHistoryOrder)`: left names belong to the history, right ones to the
 * call ("Alemba API Programmers' Guide", joins).
 */
export function compileJoin(entity: EntityType, expression: string): Join {
  const form = joinForm.exec(expression);
  if (form === null) throw badRequest(`Invalid $leftJoin '${expression}'`);
  const [, alias = '', target = '', condition = ''] = form;
  if (entity.name !== 'call' || target !== 'CallHistory') {
    throw notSupported(`$leftJoin from '${entity.name}' to '${target}' is not supported`);
  }
  const pairs = condition.split('&&').map((part) => {
    const match = joinPart.exec(part);
    if (match === null) throw badRequest(`Invalid condition '${part.trim()}' in $leftJoin`);
    return {
      inner: compilePath({ entity: historyEntity }, match[1] ?? ''),
      innerName: match[1] ?? '',
      outer: compilePath({ entity }, match[2] ?? ''),
    };
  });
  if (!pairs.some((pair) => pair.innerName === 'TicketId')) {
    throw badRequest('$leftJoin of CallHistory needs a condition on TicketId');
  }
  return {
    alias,
    match: (row, context) => {
      const history = context.store.calls.get(row.Ref as number)?.history ?? [];
      const orders = pairs.find((pair) => pair.innerName === 'Order')?.outer.read(row, context);
      // Orders count from 1 without gaps.
      const candidates = typeof orders === 'number' ? history.slice(orders - 1, orders) : history;
      return candidates.find((entry) =>
        pairs.every((pair) => pair.inner.read(entry, context) === pair.outer.read(row, context)),
      );
    },
  };
}

/** `@Augmenter` values. @throws AlembaError 400 for unknown ones. */
export function compileAugmenter(name: string): Property {
  switch (name) {
    case 'UserId':
      return {
        kind: 'integer',
        read: (_row, { actor }) => (actor.kind === 'Anonymous' ? null : actor.person),
      };
    case 'IsDeleted':
      return { kind: 'boolean', read: () => false };
    case 'IsAssignedToMe':
      return { kind: 'boolean', read: (row, { actor }) => row.AssignedOfficer === actor.person };
    case 'IsLocked':
      return {
        kind: 'boolean',
        read: (row, { store }) => store.calls.get(row.Ref as number)?.lock !== undefined,
      };
    case 'SlmBreached':
      return {
        kind: 'boolean',
        read: ({ DueDate: due, ClosedDate: closed }, { store }) =>
          typeof due === 'number' && (typeof closed === 'number' ? closed : store.clock.nowMs()) > due,
      };
    default:
      throw badRequest(`Unknown augmenter '@${name}'`);
  }
}
