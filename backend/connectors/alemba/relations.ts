import type { Row } from './client.ts';

/**
 * What one property does to another: the `relations` in the metadata of an action (Programmers' Guide, "Metadata").
 * Only behaviours that the server holds itself to are kept; those of scope 0 are for screens.
 */
export interface Relation {
  source: string;
  target: string;
  behaviour: 'readOnlyIfSet' | 'readOnlyIfNull' | 'requiredIfSet' | 'requiredIfNull';
}

const behaviours: Readonly<Record<number, Relation['behaviour']>> = {
  14: 'requiredIfSet',
  16: 'readOnlyIfSet',
  17: 'requiredIfNull',
  18: 'readOnlyIfNull',
};

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null;
const rowsOf = (value: unknown): Row[] => (Array.isArray(value) ? value.filter(isRow) : []);

/** A relation may stand at any input, not only at its target. What is not known is left out. */
export function readRelations(answer: Row): Relation[] {
  const inputs = [...rowsOf(answer.inputs), ...rowsOf(answer.properties)];
  return inputs
    .flatMap((input) => rowsOf(input.relations))
    .flatMap(({ source, target, behaviors }) => {
      if (typeof source !== 'string' || typeof target !== 'string') return [];
      return rowsOf(behaviors).flatMap(({ type, scope }) => {
        const behaviour = typeof type === 'number' ? behaviours[type] : undefined;
        const isHeld = scope === 1 || scope === 2;
        return behaviour !== undefined && isHeld ? [{ source, target, behaviour }] : [];
      });
    });
}

export interface Effects {
  /** By the property that may not be written: the property that keeps it. */
  readOnly: ReadonlyMap<string, string>;
  required: ReadonlySet<string>;
}

/** What follows when properties are set (true) or not (false); of one that is not named nothing is known. */
export function effectsOf(relations: readonly Relation[], given: ReadonlyMap<string, boolean>): Effects {
  const readOnly = new Map<string, string>();
  const required = new Set<string>();
  for (const { source, target, behaviour } of relations) {
    const isSet = given.get(source);
    if (isSet === undefined || isSet !== behaviour.endsWith('IfSet')) continue;
    if (behaviour.startsWith('readOnly')) readOnly.set(target, source);
    else required.add(target);
  }
  return { readOnly, required };
}
