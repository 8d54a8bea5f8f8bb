import { toApiDate } from '../clock.ts';
import { badRequest } from '../errors.ts';
import type { Row, Scalar } from '../model.ts';
import { compileAugmenter, compilePath, type Property, type QueryContext, type Scope } from './context.ts';

export type Projection = (row: Row, context: QueryContext) => Record<string, Scalar>;

interface Column extends Property {
  name: string;
}

/**
 * Compiles `$select`: `Path`, `Alias:Path`, `@Augmenter`, `Alias:@Augmenter` or `*`. Without it only Ref is answered.
 * A dotted path without an alias is answered under the path as it was written.
 * @throws AlembaError 400 for unknown names.
 */
export function compileSelect(
  select: string | undefined,
  scope: Scope,
  printDate: (ms: number) => string = toApiDate,
): Projection {
  const fallback = scope.entity.name === 'history' ? 'Order' : 'Ref';
  const columns = (select ?? fallback).split(',').flatMap((part) => compileColumn(part.trim(), scope));
  return (row, context) => {
    const answer: Record<string, Scalar> = {};
    for (const column of columns) {
      const value = column.read(row, context);
      answer[column.name] = column.kind === 'date' && typeof value === 'number' ? printDate(value) : value;
    }
    return answer;
  };
}

function compileColumn(part: string, scope: Scope): Column[] {
  if (part === '') throw badRequest('Invalid $select: empty column');
  if (part === '*') {
    return [...scope.entity.properties.keys()]
      .filter((name) => name !== 'BinaryData')
      .map((name) => ({ name, ...compilePath(scope, name) }));
  }
  const colon = part.indexOf(':');
  const alias = colon < 0 ? part : part.slice(0, colon);
  const path = colon < 0 ? part : part.slice(colon + 1);
  const property = path.startsWith('@') ? compileAugmenter(path.slice(1)) : compilePath(scope, path);
  if (property.kind === 'binary') throw badRequest(`'${path}' can only be selected from one record`);
  return [{ name: alias, ...property }];
}
