import type { Described } from './described.ts';

export interface Completion {
  /** What stands in the template. */
  insert: string;
  name: string;
}

/** What every record shows beside its fields; see the backend's template scope. */
const common = ['title', 'status', 'system', 'ref.key', 'ref.url'];
const mostShown = 12;

/**
 * What can stand at the caret: names are offered inside `{{ … }}` and `{% … %}`, found by what people call the field as
 * well as by what the system does.
 */
export function completionsAt(
  text: string,
  caret: number,
  descriptions: Described,
): { from: number; list: Completion[] } | undefined {
  const open = Math.max(text.lastIndexOf('{{', caret - 1), text.lastIndexOf('{%', caret - 1));
  if (open < 0) return undefined;
  const inside = text.slice(open + 2, caret);
  if (inside.includes('}}') || inside.includes('%}') || inside.includes('|')) return undefined;
  const typed = /[^\s(,:]*$/.exec(inside)?.[0] ?? '';
  const from = caret - typed.length;
  const wanted = typed.toLowerCase();
  const all = [...sideCompletions('workItem', descriptions), ...sideCompletions('ticket', descriptions)];
  const list = all.filter(
    ({ insert, name }) => insert.toLowerCase().includes(wanted) || name.toLowerCase().includes(wanted),
  );
  return { from, list: list.slice(0, mostShown) };
}

function sideCompletions(side: 'workItem' | 'ticket', descriptions: Described) {
  const fields = descriptions[side].data?.fields ?? [];
  return [
    ...common.map((name) => ({ insert: `${side}.${name}`, name })),
    ...fields.map(({ id, name }) => ({
      // Reference names hold dots, which Liquid would take for steps.
      insert: /^[A-Za-z_]\w*$/.test(id) ? `${side}.fields.${id}` : `${side}.fields["${id}"]`,
      name,
    })),
  ];
}
