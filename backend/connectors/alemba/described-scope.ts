import type { FieldDescription } from '../../sync/record.ts';
import type { Property } from './properties.ts';
import { type Effects, effectsOf, type Relation } from './relations.ts';
import type { AlembaSettings } from './settings.ts';

/** Type and template of the calls that a mapping is for. */
export interface Scope {
  type?: string;
  template?: string;
}

/**
 * The template as a create fills it in (`createBody`), and the type that all calls of the mapping have; empty when there
 * is none. The connection's type is for new calls alone: such a mapping takes calls of every type.
 */
export const chosenOf = (settings: AlembaSettings, scope: Scope): { type: string; template: string } => ({
  template: scope.template ?? settings.callTemplate,
  type: scope.type ?? '',
});

/** Required by Alemba, but the connection or the template gives them: a mapping need not. */
export function filledByConnection(settings: AlembaSettings, scope: Scope): ReadonlySet<string> {
  const template = scope.template ?? settings.callTemplate;
  const given: [string, string | undefined][] = [
    ['IpkStatus', template || settings.callIpkStatus],
    ['IpkStream', template || settings.callIpkStream],
    ['Type', scope.type ?? (template || settings.callType)],
    ['Partition', settings.partition],
    ['Template', template],
  ];
  return new Set(given.filter(([, value]) => value !== undefined && value !== '').map(([name]) => name));
}

export type Limits = (property: Property) => Pick<FieldDescription, 'required' | 'barredBy'>;

export interface Known {
  relations: readonly Relation[];
  /** Properties that such calls have; undefined where that cannot be told. */
  present: ReadonlySet<string> | undefined;
}

/** What the type and the template change about a property. */
export function limitsOf(settings: AlembaSettings, scope: Scope, { relations, present }: Known): Limits {
  const { type, template } = chosenOf(settings, scope);
  const given = new Map([['Template', template !== '']]);
  // A call without a type of ours may still get one, from its template or a row.
  if (type !== '') given.set('Type', true);
  const { readOnly, required } = effectsOf(relations, given);
  const kind = template === '' ? 'type' : 'template';
  const filled = filledByConnection(settings, scope);
  // The close and the forward action write these, whatever a create may not.
  const byAction = new Set([...settings.closeFields, ...settings.assignmentFields]);
  return ({ name, required: always }) => {
    const keeper = byAction.has(name) ? undefined : eitherHalf(name, readOnly);
    const isAbsent = present !== undefined && !present.has(name);
    const barredBy = isAbsent ? kind : keeper === undefined ? undefined : bySource(keeper);
    return {
      required: barredBy === undefined && !filled.has(name) && (always || required.has(name)),
      ...(barredBy !== undefined && { barredBy }),
    };
  };
}

const bySource = (source: string) => (source === 'Template' ? 'template' : 'type');

/** The two halves of a rich text are written together, so what keeps one keeps both. */
const eitherHalf = (name: string, readOnly: Effects['readOnly']): string | undefined =>
  readOnly.get(name) ?? readOnly.get(`${name}Html`);
