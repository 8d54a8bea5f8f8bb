import { badRequest, notSupported } from '../errors.ts';
import type { Row, Scalar } from '../model.ts';
import type { EntityType } from '../schema.ts';
import { compileJoin, compilePath, type QueryContext, type Scope } from './context.ts';
import { compileFilter, type Predicate } from './filter.ts';
import { type Expression, parseFilter } from './parser.ts';
import { compileSelect, type Projection } from './select.ts';

export type RawQuery = Record<string, string | string[] | undefined>;

const known = new Set([
  '$select',
  '$filter',
  '$orderby',
  '$top',
  '$skip',
  '$inlinecount',
  '$count',
  '$partition',
  '$leftjoin',
]);

interface Ordering {
  read: (row: Row, context: QueryContext) => Scalar;
  direction: 1 | -1;
}

/** A compiled query string; it depends on the entity and the server's zone alone and may be kept. */
export interface Query {
  expression: Expression | undefined;
  predicate: Predicate | undefined;
  project: Projection;
  orderings: Ordering[];
  /** The system's page when absent. */
  top: number | undefined;
  skip: number;
  partition: number | undefined;
  wantsInlineCount: boolean;
  wantsCountOnly: boolean;
}

/** @throws AlembaError 400 for unknown `$` options and whatever is wrong inside of them. */
export function compileQuery(entity: EntityType, raw: RawQuery, serverOffsetMinutes: number): Query {
  const options = readOptions(raw);
  const leftJoin = options.get('$leftjoin');
  const scope: Scope = { entity, ...(leftJoin !== undefined && { join: compileJoin(entity, leftJoin) }) };
  const filter = options.get('$filter');
  const expression = filter === undefined || filter.trim() === '' ? undefined : parseFilter(filter);
  return {
    expression,
    predicate: expression === undefined ? undefined : compileFilter(expression, scope, serverOffsetMinutes),
    project: compileSelect(options.get('$select'), scope),
    orderings: compileOrderings(options.get('$orderby'), scope),
    top: readCount(options.get('$top'), '$top'),
    skip: readCount(options.get('$skip'), '$skip') ?? 0,
    partition: readCount(options.get('$partition'), '$partition'),
    wantsInlineCount: options.get('$inlinecount') === 'true',
    wantsCountOnly: options.get('$count') === 'true',
  };
}

/** Option names in any case (the guide writes `$Filter`, too); what stands after them is case sensitive. */
export function readOptions(raw: RawQuery): Map<string, string> {
  const options = new Map<string, string>();
  for (const [key, value] of Object.entries(raw)) {
    if (!key.startsWith('$') || value === undefined) continue;
    const name = key.toLowerCase();
    if (name === '$clientid') continue;
    if (!known.has(name)) throw notSupported(`Query option '${key}' is not supported`);
    if (Array.isArray(value)) throw badRequest(`Query option '${key}' is given twice`);
    options.set(name, value);
  }
  return options;
}

function readCount(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw badRequest(`Invalid value '${text}' for ${option}`);
  return Number(text);
}

function compileOrderings(text: string | undefined, scope: Scope): Ordering[] {
  if (text === undefined || text.trim() === '') return [];
  return text.split(',').map((part) => {
    const [path = '', direction = 'asc', ...rest] = part.trim().split(/\s+/);
    if (rest.length > 0 || (direction !== 'asc' && direction !== 'desc')) {
      throw badRequest(`Invalid $orderby '${part.trim()}'`);
    }
    return { read: compilePath(scope, path).read, direction: direction === 'asc' ? 1 : -1 };
  });
}

export interface Found {
  rows: Row[];
  /** Of all matching rows; only counted when the query asks. */
  total: number | undefined;
}

/** Filters, orders and pages `rows`, which hold only what the session may see. */
export function runQuery(query: Query, rows: Iterable<Row>, context: QueryContext, pageSize: number): Found {
  const counts = query.wantsInlineCount || query.wantsCountOnly;
  const wanted = query.skip + (query.top ?? pageSize);
  const stopsEarly = query.orderings.length === 0 && !counts;
  const matching: Row[] = [];
  for (const row of rows) {
    if (query.partition !== undefined && row.Partition !== query.partition) continue;
    if (query.predicate !== undefined && !query.predicate(row, context)) continue;
    matching.push(row);
    if (stopsEarly && matching.length >= wanted) break;
  }
  if (query.orderings.length > 0) sortRows(matching, query.orderings, context);
  return { rows: matching.slice(query.skip, wanted), total: counts ? matching.length : undefined };
}

function sortRows(rows: Row[], orderings: Ordering[], context: QueryContext): void {
  rows.sort((left, right) => {
    for (const { read, direction } of orderings) {
      const order = compareScalars(read(left, context), read(right, context));
      if (order !== 0) return order * direction;
    }
    return 0;
  });
}

/** Nulls first, as SQL Server orders them. */
function compareScalars(left: Scalar, right: Scalar): number {
  if (left === right) return 0;
  if (left === null) return -1;
  if (right === null) return 1;
  return left < right ? -1 : 1;
}
