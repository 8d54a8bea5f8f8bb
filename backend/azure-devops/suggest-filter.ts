import type { MappingSettings, Rule } from '../contract/mapping.ts';
import type { HookFilter } from '../contract/subscriptions.ts';

type Criteria = Pick<MappingSettings, 'workItemTypes' | 'createTicket' | 'updateWhen'>;

/** What all these mappings have in common, as far as service hooks can be narrowed to it. */
export function suggestFilter(mappings: readonly Criteria[]): Partial<HookFilter> {
  const workItemType = common(mappings.flatMap(({ workItemTypes }) => workItemTypes));
  const areaPath = common(mappings.map(areaOf));
  return { ...(areaPath !== undefined && { areaPath }), ...(workItemType !== undefined && { workItemType }) };
}

/** The one text that all of them are, without regard to case. */
function common(texts: readonly (string | undefined)[]): string | undefined {
  const [first, ...others] = texts;
  return others.every((text) => text?.toLowerCase() === first?.toLowerCase()) ? first : undefined;
}

function areaOf({ createTicket, updateWhen }: Criteria): string | undefined {
  // The rule of a default mapping is not asked, nor that of one that never creates.
  const asked = createTicket.mode !== 'never' && !createTicket.isDefault;
  return areaIn(updateWhen.workItem) ?? (asked ? areaIn(createTicket.rule) : undefined);
}

/** The area that the rule cannot be met outside of. */
function areaIn(rule: Rule | undefined): string | undefined {
  if (rule === undefined) return undefined;
  if (rule.kind !== 'condition') {
    const areas = rule.rules.map(areaIn);
    return rule.kind === 'any' ? common(areas) : areas.find((area) => area !== undefined);
  }
  const { field, operator, value } = rule;
  const isArea = field === 'System.AreaPath' && (operator === 'under' || operator === 'equals');
  return isArea && typeof value === 'string' && value !== '' ? value : undefined;
}
