import { badRequest } from '../errors.ts';

export type Token =
  | { kind: 'operator'; text: '==' | '!=' | '>=' | '<=' | '>' | '<' | '&&' | '||' | '!' | '(' | ')' }
  | { kind: 'path'; text: string }
  | { kind: 'string'; value: string }
  | { kind: 'number'; value: number }
  /** `@Name` or `@Name(argument)`; the argument is kept as written, because dates are not expressions. */
  | { kind: 'at'; name: string; argument: string | undefined };

const patterns = {
  space: /\s+/y,
  operator: /==|!=|>=|<=|&&|\|\||[=><!()]/y,
  string: /"((?:[^"\\]|\\["\\nrt])*)"/y,
  number: /-?\d+(?:\.\d+)?(?![\w.])/y,
  at: /@(\w+)(?:\(([^()]*)\))?/y,
  path: /[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*/y,
};

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' };

/** Splits a `$filter`. @throws AlembaError 400 at the first character that starts nothing known. */
export function tokenize(filter: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(filter);
    if (match !== null) position = pattern.lastIndex;
    return match;
  };
  while (position < filter.length) {
    if (take(patterns.space) !== null) continue;
    const token = readToken(take);
    if (token === undefined) {
      throw badRequest(`Invalid filter: syntax error at position ${position} of '${filter}'`);
    }
    tokens.push(token);
  }
  return tokens;
}

function readToken(take: (pattern: RegExp) => RegExpExecArray | null): Token | undefined {
  let match = take(patterns.string);
  if (match !== null) {
    const value = (match[1] ?? '').replaceAll(/\\(.)/g, (_all, letter: string) => escapes[letter] ?? letter);
    return { kind: 'string', value };
  }
  match = take(patterns.number);
  if (match !== null) return { kind: 'number', value: Number(match[0]) };
  match = take(patterns.at);
  if (match !== null) return { kind: 'at', name: match[1] ?? '', argument: match[2] };
  match = take(patterns.operator);
  if (match !== null) {
    // The guide's own example writes `Order=18`.
    const text = match[0] === '=' ? '==' : match[0];
    return { kind: 'operator', text: text as Extract<Token, { kind: 'operator' }>['text'] };
  }
  match = take(patterns.path);
  return match === null ? undefined : { kind: 'path', text: match[0] };
}
