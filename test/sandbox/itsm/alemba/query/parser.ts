import { badRequest } from '../errors.ts';
import { type Token, tokenize } from './lexer.ts';

export type Comparison = '==' | '!=' | '>' | '<' | '>=' | '<=';
export type TextMethod = 'Contains' | 'StartsWith' | 'EndsWith';

export type Expression =
  | { type: 'or' | 'and'; left: Expression; right: Expression }
  | { type: 'not'; operand: Expression }
  | { type: 'compare'; operator: Comparison; left: Expression; right: Expression }
  | { type: 'method'; method: TextMethod; path: string; argument: string }
  | { type: 'path'; path: string }
  | { type: 'literal'; value: string | number | boolean | null }
  | { type: 'dateLiteral'; text: string }
  | { type: 'now'; offsetMs: number }
  | { type: 'augmenter'; name: string };

const comparisons = new Set<string>(['==', '!=', '>', '<', '>=', '<=']);
const methodForm = /^(.+)\.(Contains|StartsWith|EndsWith)$/;
const guidForm = /^"?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"?$/i;

/** Reads the C#-like predicate of `$filter`. @throws AlembaError 400. */
export function parseFilter(filter: string): Expression {
  return new FilterParser(filter).parse();
}

class FilterParser {
  readonly #filter: string;
  readonly #tokens: Token[];
  #position = 0;

  constructor(filter: string) {
    this.#filter = filter;
    this.#tokens = tokenize(filter);
  }

  parse(): Expression {
    const expression = this.#or();
    if (this.#position < this.#tokens.length) throw this.#invalid();
    return expression;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#accept('||')) left = { type: 'or', left, right: this.#and() };
    return left;
  }

  #and(): Expression {
    let left = this.#unary();
    while (this.#accept('&&')) left = { type: 'and', left, right: this.#unary() };
    return left;
  }

  #unary(): Expression {
    return this.#accept('!') ? { type: 'not', operand: this.#unary() } : this.#comparison();
  }

  #comparison(): Expression {
    const left = this.#operand();
    const token = this.#tokens[this.#position];
    if (token?.kind !== 'operator' || !comparisons.has(token.text)) return left;
    this.#position += 1;
    return { type: 'compare', operator: token.text as Comparison, left, right: this.#operand() };
  }

  #operand(): Expression {
    if (this.#accept('(')) {
      const inner = this.#or();
      this.#expect(')');
      return inner;
    }
    const token = this.#tokens[this.#position];
    this.#position += 1;
    switch (token?.kind) {
      case 'string':
      case 'number':
        return { type: 'literal', value: token.value };
      case 'at':
        return this.#at(token.name, token.argument);
      case 'path':
        return this.#path(token.text);
      default:
        throw this.#invalid();
    }
  }

  #path(text: string): Expression {
    if (text === 'null') return { type: 'literal', value: null };
    if (text === 'true' || text === 'false') return { type: 'literal', value: text === 'true' };
    if (!this.#accept('(')) return { type: 'path', path: text };
    const form = methodForm.exec(text);
    const argument = this.#tokens[this.#position];
    this.#position += 1;
    if (form === null || argument?.kind !== 'string') throw this.#invalid();
    this.#expect(')');
    return {
      type: 'method',
      path: form[1] ?? '',
      method: form[2] as TextMethod,
      argument: argument.value,
    };
  }

  #at(name: string, argument: string | undefined): Expression {
    if (name === 'DateTime' && argument !== undefined) return { type: 'dateLiteral', text: argument };
    if (name === 'Now' && (argument === undefined || argument === '')) return { type: 'now', offsetMs: 0 };
    if (name === 'NowOffset' && argument !== undefined)
      return { type: 'now', offsetMs: readOffset(argument) };
    if (name === 'Guid' && argument !== undefined) {
      const form = guidForm.exec(argument.trim());
      if (form === null) throw badRequest(`Invalid filter: '${argument}' is not a Guid`);
      return { type: 'literal', value: (form[1] ?? '').toLowerCase() };
    }
    if (argument !== undefined) throw badRequest(`Invalid filter: unknown function '@${name}'`);
    return { type: 'augmenter', name };
  }

  #accept(text: string): boolean {
    const token = this.#tokens[this.#position];
    if (token?.kind !== 'operator' || token.text !== text) return false;
    this.#position += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw this.#invalid();
  }

  #invalid() {
    return badRequest(`Invalid filter: syntax error in '${this.#filter}'`);
  }
}

function readOffset(argument: string): number {
  const parts = argument.split(',').map((part) => Number(part.trim()));
  if (parts.length !== 3 || parts.some(Number.isNaN)) {
    throw badRequest('Invalid filter: @NowOffset takes days, hours and minutes');
  }
  const [days = 0, hours = 0, minutes = 0] = parts;
  return ((days * 24 + hours) * 60 + minutes) * 60_000;
}
