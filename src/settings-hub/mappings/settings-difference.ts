import type { MappingSettings } from '../../../backend/contract/mapping.ts';

export interface Difference {
  /** From the outside in, such as ['fields', 'title', 'conflict']. */
  path: string[];
  before: string | undefined;
  after: string | undefined;
}

type Json = string | number | boolean | null | undefined | Json[] | { [name: string]: Json };

/** What differs between two versions of a mapping, leaf by leaf. Rows with an id are told apart by it, not by place. */
export function settingsDifference(before: MappingSettings, after: MappingSettings): Difference[] {
  const found: Difference[] = [];
  compare([], before as Json, after as Json, found);
  return found;
}

const isGroup = (value: Json): value is { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A list as a group: by id where its entries have one, else by place. */
function asGroup(value: Json): { [name: string]: Json } | undefined {
  if (isGroup(value)) return value;
  if (!Array.isArray(value) || !value.every(isGroup)) return undefined;
  return Object.fromEntries(
    value.map((entry, at) => [typeof entry.id === 'string' ? entry.id : String(at + 1), entry]),
  );
}

function compare(path: string[], before: Json, after: Json, found: Difference[]): void {
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  const [left, right] = [asGroup(before), asGroup(after)];
  if (left && right) {
    for (const name of new Set([...Object.keys(left), ...Object.keys(right)])) {
      compare([...path, name], left[name], right[name], found);
    }
    // The same rows in another order.
    if (Array.isArray(before) && Object.keys(left).join() !== Object.keys(right).join()) {
      const sameRows = Object.keys(left).toSorted().join() === Object.keys(right).toSorted().join();
      if (sameRows)
        found.push({ path, before: Object.keys(left).join(', '), after: Object.keys(right).join(', ') });
    }
    return;
  }
  found.push({ path, before: shown(before), after: shown(after) });
}

function shown(value: Json): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
