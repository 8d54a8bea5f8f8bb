import type { Row, Scalar } from '../model.ts';
import type { AlembaStore } from '../store.ts';
import type { FieldCheck } from './fields.ts';

/** What one property of a new call does to another, in the guide's shape. */
export interface Relation {
  source: string;
  target: string;
  /** 14 required-if-set, 16 read-only-if-set, 17 required-if-null, 18 read-only-if-null. Scope 0: for screens only. */
  behaviors: { type: number; scope: 0 | 1 | 2 }[];
}

/** Read-only-if-set and required-if-null: the two halves of the template rule. */
const templateRelations: readonly Relation[] = ['IpkStatus', 'IpkStream'].map((target) => ({
  source: 'Template',
  target,
  behaviors: [
    { type: 16, scope: 2 },
    { type: 17, scope: 2 },
  ],
}));

export const relationsOf = ({ settings }: AlembaStore): readonly Relation[] => [
  ...templateRelations,
  ...settings.relations,
];

const isNull = (value: Scalar | undefined): boolean => (value ?? null) === null;

/** `fields` are what the client sent, `values` what the call would hold with what its template gives. */
export function checkRelations(
  store: AlembaStore,
  fields: Record<string, Scalar>,
  values: Row,
  check: FieldCheck,
): void {
  for (const { source, target, behaviors } of relationsOf(store)) {
    const state = isNull(values[source]) ? 'null' : 'set';
    for (const { type, scope } of behaviors) {
      if (scope === 0) continue;
      const keeps = type === (state === 'set' ? 16 : 18);
      const needs = type === (state === 'set' ? 14 : 17);
      if (keeps && target in fields) {
        check.add(target, `ReadOnly: ${target} cannot be set when ${source} is ${state}`);
      }
      if (needs && isNull(values[target])) {
        check.add(target, `Required: ${target} must be set when ${source} is ${state}`);
      }
    }
  }
}
