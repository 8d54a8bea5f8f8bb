import { badRequest } from '../errors.ts';
import type { Row, Scalar } from '../model.ts';
import { compileAugmenter, compilePath, type QueryContext, type Scope } from './context.ts';
import type { Comparison, Expression, TextMethod } from './parser.ts';

type Kind = 'string' | 'integer' | 'boolean' | 'date' | 'binary' | 'null';

interface Compiled {
  kind: Kind;
  evaluate: (row: Row, context: QueryContext) => Scalar;
}

export type Predicate = (row: Row, context: QueryContext) => boolean;

/**
 * Turns a parsed filter into a predicate. Types are checked as a C# compiler would: comparing a number with a
 * string, or ordering strings, is an error and not merely false.
 * @throws AlembaError 400.
 */
export function compileFilter(expression: Expression, scope: Scope, serverOffsetMinutes: number): Predicate {
  const compiled = compile(expression, scope, serverOffsetMinutes);
  requireBoolean(compiled);
  return (row, context) => compiled.evaluate(row, context) === true;
}

function compile(expression: Expression, scope: Scope, offsetMinutes: number): Compiled {
  switch (expression.type) {
    case 'or':
    case 'and': {
      const left = requireBoolean(compile(expression.left, scope, offsetMinutes));
      const right = requireBoolean(compile(expression.right, scope, offsetMinutes));
      return expression.type === 'or'
        ? boolean(
            (row, context) => left.evaluate(row, context) === true || right.evaluate(row, context) === true,
          )
        : boolean(
            (row, context) => left.evaluate(row, context) === true && right.evaluate(row, context) === true,
          );
    }
    case 'not': {
      const operand = requireBoolean(compile(expression.operand, scope, offsetMinutes));
      return boolean((row, context) => operand.evaluate(row, context) !== true);
    }
    case 'compare':
      return compileComparison(
        expression.operator,
        compile(expression.left, scope, offsetMinutes),
        compile(expression.right, scope, offsetMinutes),
      );
    case 'method':
      return compileMethod(expression.method, expression.path, expression.argument, scope);
    case 'path': {
      const property = compilePath(scope, expression.path);
      return { kind: property.kind, evaluate: property.read };
    }
    case 'literal':
      return { kind: literalKind(expression.value), evaluate: () => expression.value };
    case 'dateLiteral': {
      const atMs = readDate(expression.text, offsetMinutes);
      return { kind: 'date', evaluate: () => atMs };
    }
    case 'now':
      return { kind: 'date', evaluate: (_row, { store }) => store.clock.nowMs() + expression.offsetMs };
    case 'augmenter': {
      const augmenter = compileAugmenter(expression.name);
      return { kind: augmenter.kind, evaluate: augmenter.read };
    }
  }
}

function compileComparison(operator: Comparison, left: Compiled, right: Compiled): Compiled {
  const withNull = left.kind === 'null' || right.kind === 'null';
  if (!withNull && left.kind !== right.kind) {
    throw badRequest(
      `Invalid filter: operator '${operator}' incompatible with operand types '${left.kind}' and '${right.kind}'`,
    );
  }
  const equality = operator === '==' || operator === '!=';
  if (
    !equality &&
    (withNull || left.kind === 'string' || left.kind === 'boolean' || left.kind === 'binary')
  ) {
    throw badRequest(`Invalid filter: operator '${operator}' cannot be applied to '${left.kind}'`);
  }
  if (left.kind === 'binary' && !withNull)
    throw badRequest('Invalid filter: binary data can only be compared with null');
  const test = comparisonTests[operator];
  return boolean((row, context) => test(left.evaluate(row, context), right.evaluate(row, context)));
}

const ordered = (test: (left: number, right: number) => boolean) => (left: Scalar, right: Scalar) =>
  typeof left === 'number' && typeof right === 'number' && test(left, right);

const comparisonTests: Record<Comparison, (left: Scalar, right: Scalar) => boolean> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '>': ordered((left, right) => left > right),
  '<': ordered((left, right) => left < right),
  '>=': ordered((left, right) => left >= right),
  '<=': ordered((left, right) => left <= right),
};

function compileMethod(method: TextMethod, path: string, argument: string, scope: Scope): Compiled {
  const property = compilePath(scope, path);
  if (property.kind !== 'string') throw badRequest(`Invalid filter: '${path}' has no method '${method}'`);
  return boolean((row, context) => {
    const value = property.read(row, context);
    if (typeof value !== 'string') return false;
    if (method === 'Contains') return value.includes(argument);
    return method === 'StartsWith' ? value.startsWith(argument) : value.endsWith(argument);
  });
}

const boolean = (evaluate: Compiled['evaluate']): Compiled => ({ kind: 'boolean', evaluate });

function requireBoolean(compiled: Compiled): Compiled {
  if (compiled.kind !== 'boolean')
    throw badRequest(`Invalid filter: a condition was expected, not '${compiled.kind}'`);
  return compiled;
}

function literalKind(value: string | number | boolean | null): Kind {
  if (value === null) return 'null';
  if (typeof value === 'number') return 'integer';
  return typeof value === 'string' ? 'string' : 'boolean';
}

const dateForm =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,7}))?)?)?(Z|[+-]\d{1,2}(?::?\d{2})?)?$/;

/** Epoch milliseconds of `@DateTime(...)`; without a zone the server's local time is meant. @throws AlembaError 400. */
export function readDate(text: string, serverOffsetMinutes: number): number {
  const match = dateForm.exec(text);
  if (match === null) throw badRequest(`Invalid filter: '${text}' is not a date and time`);
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', zone] = match;
  const milliseconds = Math.floor(Number(`0.${fraction}`) * 1000);
  const local = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    milliseconds,
  );
  if (new Date(local).getUTCMonth() !== Number(month) - 1 || Number(hour) > 23 || Number(minute) > 59) {
    throw badRequest(`Invalid filter: '${text}' is not a date and time`);
  }
  return local - (zone === undefined ? serverOffsetMinutes : zoneMinutes(zone)) * 60_000;
}

function zoneMinutes(zone: string): number {
  if (zone === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  const [hours = '0', minutes = '0'] = zone.slice(1).includes(':')
    ? zone.slice(1).split(':')
    : [zone.slice(1, 3), zone.slice(3) || '0'];
  return sign * (Number(hours) * 60 + Number(minutes));
}
