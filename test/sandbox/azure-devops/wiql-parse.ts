import { AzureDevOpsProblem } from './problem.ts';

/**
 * The part of the work item query language that integrations use: flat queries over WorkItems with conditions,
 * groups, macros and an order. `ASOF` and link queries are refused with the service's syntax error.
 */
export type WiqlValue = string | number | boolean | { macro: string; offset: number } | { field: string };

export type WiqlCondition =
  | { kind: 'and' | 'or'; parts: WiqlCondition[] }
  | { kind: 'not'; part: WiqlCondition }
  | { kind: 'test'; field: string; operator: string; isEver: boolean; values: WiqlValue[] };

export interface WiqlQuery {
  columns: string[];
  where: WiqlCondition | undefined;
  orderBy: { field: string; isDescending: boolean }[];
}

interface Token {
  kind: 'word' | 'field' | 'string' | 'number' | 'symbol' | 'macro';
  text: string;
}

export function wiqlProblem(message: string): AzureDevOpsProblem {
  return new AzureDevOpsProblem(
    400,
    'SyntaxException',
    `TF51005: The query references a clause that does not exist or is malformed. The error is caused by «${message}».`,
  );
}

const pattern =
  /\s+|\[([^\]]+)\]|'((?:[^']|'')*)'|"((?:[^"]|"")*)"|(@[A-Za-z]+)|(-?\d+(?:\.\d+)?)|(<>|<=|>=|=|<|>|\(|\)|,|\+|-)|([A-Za-z_][\w.]*)/y;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw wiqlProblem(text.slice(at, at + 20));
    const [, field, single, double, macro, number, symbol, word] = match;
    if (field !== undefined) tokens.push({ kind: 'field', text: field });
    else if (single !== undefined) tokens.push({ kind: 'string', text: single.replaceAll("''", "'") });
    else if (double !== undefined) tokens.push({ kind: 'string', text: double.replaceAll('""', '"') });
    else if (macro !== undefined) tokens.push({ kind: 'macro', text: macro.toLowerCase() });
    else if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', text: symbol });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
  }
  return tokens;
}

class Parser {
  #tokens: Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  query(): WiqlQuery {
    this.#expectWord('select');
    const columns = [this.#fieldName()];
    while (this.#takeSymbol(',')) columns.push(this.#fieldName());
    this.#expectWord('from');
    const source = this.#next();
    if (source?.text.toLowerCase() !== 'workitems') throw wiqlProblem(source?.text ?? 'FROM');
    const where = this.#takeWord('where') ? this.#or() : undefined;
    const orderBy: WiqlQuery['orderBy'] = [];
    if (this.#takeWord('order')) {
      this.#expectWord('by');
      do {
        const field = this.#fieldName();
        const isDescending = this.#takeWord('desc');
        if (!isDescending) this.#takeWord('asc');
        orderBy.push({ field, isDescending });
      } while (this.#takeSymbol(','));
    }
    const rest = this.#peek();
    if (rest !== undefined) throw wiqlProblem(rest.text);
    return { columns, where, orderBy };
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #next(): Token | undefined {
    return this.#tokens[this.#at++];
  }

  #takeWord(word: string): boolean {
    const token = this.#peek();
    if (token?.kind !== 'word' || token.text.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #takeSymbol(symbol: string): boolean {
    const token = this.#peek();
    if (token?.kind !== 'symbol' || token.text !== symbol) return false;
    this.#at += 1;
    return true;
  }

  #expectWord(word: string): void {
    if (!this.#takeWord(word)) throw wiqlProblem(this.#peek()?.text ?? word.toUpperCase());
  }

  #fieldName(): string {
    const token = this.#next();
    if (token?.kind !== 'field' && token?.kind !== 'word') throw wiqlProblem(token?.text ?? 'field name');
    return token.text;
  }

  #or(): WiqlCondition {
    const parts = [this.#and()];
    while (this.#takeWord('or')) parts.push(this.#and());
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'or', parts };
  }

  #and(): WiqlCondition {
    const parts = [this.#unary()];
    while (this.#takeWord('and')) parts.push(this.#unary());
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'and', parts };
  }

  #unary(): WiqlCondition {
    if (this.#takeWord('not')) return { kind: 'not', part: this.#unary() };
    if (this.#takeSymbol('(')) {
      const inner = this.#or();
      if (!this.#takeSymbol(')')) throw wiqlProblem(')');
      return inner;
    }
    return this.#test();
  }

  #test(): WiqlCondition {
    const isEver = this.#takeWord('ever');
    const field = this.#fieldName();
    const isNot = this.#takeWord('not');
    const token = this.#next();
    let operator = token?.text.toLowerCase() ?? '';
    if (operator === 'was') operator = 'was ever';
    if (operator === 'was ever') this.#expectWord('ever');
    if (operator === 'contains' && this.#takeWord('words')) operator = 'contains words';
    if (operator === 'in' && this.#takeWord('group')) throw wiqlProblem('IN GROUP');
    const known = ['=', '<>', '<', '<=', '>', '>=', 'contains', 'contains words', 'in', 'under', 'was ever'];
    if (!known.includes(operator)) throw wiqlProblem(token?.text ?? 'operator');
    const values: WiqlValue[] = [];
    if (operator === 'in') {
      if (!this.#takeSymbol('(')) throw wiqlProblem('IN');
      do values.push(this.#value());
      while (this.#takeSymbol(','));
      if (!this.#takeSymbol(')')) throw wiqlProblem(')');
    } else values.push(this.#value());
    const everOperator = operator === 'was ever' ? '=' : operator;
    const test: WiqlCondition = {
      kind: 'test',
      field,
      operator: everOperator,
      isEver: isEver || operator === 'was ever',
      values,
    };
    return isNot ? { kind: 'not', part: test } : test;
  }

  #value(): WiqlValue {
    const token = this.#next();
    if (token === undefined) throw wiqlProblem('value');
    if (token.kind === 'string') return token.text;
    if (token.kind === 'number') return Number(token.text);
    if (token.kind === 'field') return { field: token.text };
    if (token.kind === 'word' && /^(true|false)$/i.test(token.text))
      return token.text.toLowerCase() === 'true';
    if (token.kind === 'macro') return { macro: token.text, offset: this.#offset() };
    throw wiqlProblem(token.text);
  }

  /** `@today - 7`; the minus may have been read as part of the number. */
  #offset(): number {
    const token = this.#peek();
    if (token?.kind === 'number' && token.text.startsWith('-')) {
      this.#at += 1;
      return Number(token.text);
    }
    const sign = this.#takeSymbol('-') ? -1 : this.#takeSymbol('+') ? 1 : 0;
    if (sign === 0) return 0;
    const amount = this.#next();
    if (amount?.kind !== 'number') throw wiqlProblem(amount?.text ?? 'number');
    return sign * Number(amount.text);
  }
}

export function parseWiql(text: string): WiqlQuery {
  return new Parser(text).query();
}
