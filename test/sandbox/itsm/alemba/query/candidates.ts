import type { Call } from '../model.ts';
import type { AlembaStore } from '../store.ts';
import { readDate } from './filter.ts';
import type { Expression } from './parser.ts';

/**
 * Calls that can satisfy the filter, from the indexes; `undefined` when only a full scan can tell. The filter still
 * decides: this only has to leave nothing out.
 */
export function candidateCalls(expression: Expression, store: AlembaStore): Iterable<Call> | undefined {
  const exact = exactCandidates(expression, store);
  if (exact !== undefined) return [...exact].sort((left, right) => left.ref - right.ref);
  return recentCandidates(expression, store);
}

function exactCandidates(expression: Expression, store: AlembaStore): ReadonlySet<Call> | undefined {
  if (expression.type === 'and') {
    return exactCandidates(expression.left, store) ?? exactCandidates(expression.right, store);
  }
  if (expression.type === 'or') {
    const left = exactCandidates(expression.left, store);
    const right = left === undefined ? undefined : exactCandidates(expression.right, store);
    return left === undefined || right === undefined ? undefined : new Set([...left, ...right]);
  }
  if (expression.type !== 'compare' || expression.operator !== '==') return undefined;
  const { left, right } = expression;
  if (left.type !== 'path' || right.type !== 'literal') return undefined;
  if (left.path === 'Ref' && typeof right.value === 'number') {
    const call = store.calls.get(right.value);
    return new Set(call === undefined ? [] : [call]);
  }
  if (/^CustomString\d+$/.test(left.path) && typeof right.value === 'string') {
    return store.callsByCustomString(left.path, right.value);
  }
  return undefined;
}

function recentCandidates(expression: Expression, store: AlembaStore): Iterable<Call> | undefined {
  if (expression.type === 'and') {
    return recentCandidates(expression.left, store) ?? recentCandidates(expression.right, store);
  }
  if (expression.type !== 'compare' || !expression.operator.startsWith('>')) return undefined;
  const { left, right } = expression;
  if (left.type !== 'path' || left.path !== 'LastActionDate' || right.type !== 'dateLiteral')
    return undefined;
  return store.callsActiveSince(readDate(right.text, store.settings.serverOffsetMinutes));
}
