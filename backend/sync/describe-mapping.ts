import type { MappingSettings, Trigger } from '../contract/mapping.ts';

export interface DescribeNames {
  /** Name of the connection: "Alemba Production". */
  connection: string;
  /** What the system calls a ticket: "call". */
  ticketNoun: string;
  /** Display names of states and templates by id, where they differ. */
  names?: Readonly<Record<string, string>>;
}

const list = (words: readonly string[], last: string): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;

const plural = (word: string): string => (/(?:s|x|ch|sh)$/i.test(word) ? `${word}es` : `${word}s`);

const article = (word: string): string => (/^[aeiou]/i.test(word) ? 'an' : 'a');

function when(trigger: Trigger, nameOf: (id: string) => string): string {
  const parts = [
    trigger.onStates.length > 0 ? ` that enter ${list(trigger.onStates.map(nameOf), 'or')}` : '',
    trigger.isDefault
      ? ' that no other mapping takes'
      : trigger.rule !== undefined
        ? ' that meet the conditions'
        : '',
  ];
  return parts.filter((part) => part !== '').join(' and');
}

function creation(settings: MappingSettings, given: DescribeNames, nameOf: (id: string) => string): string {
  const { connection, ticketNoun } = given;
  const types = list(settings.workItemTypes.map(plural), 'and');
  const template = settings.ticketTemplate ? ` with template ${nameOf(settings.ticketTemplate)}` : '';
  const { createTicket, createWorkItem } = settings;
  const ways: string[] = [];
  if (createTicket.mode === 'automatic') {
    const condition = when(createTicket, nameOf);
    ways.push(
      `${types} in ${settings.project}${condition} create ${article(ticketNoun)} ${ticketNoun}${template} in ${connection}`,
    );
  }
  if (createWorkItem.mode === 'automatic') {
    const [type = 'work item'] = settings.workItemTypes;
    const condition = when(createWorkItem, nameOf);
    const tickets = plural(ticketNoun);
    ways.push(
      `${tickets} in ${connection}${condition} create ${article(type)} ${type} in ${settings.project}`,
    );
  }
  if (createTicket.mode === 'linkOnly')
    ways.push(`${types} in ${settings.project} are linked with the ${ticketNoun} that they name`);
  if (createWorkItem.mode === 'linkOnly')
    ways.push(`${plural(ticketNoun)} in ${connection} are linked with the work item that they name`);
  if (ways.length > 0) return ways.join(', and ');
  const byHand = createTicket.mode === 'manual' || createWorkItem.mode === 'manual';
  const how = byHand ? 'are paired by hand' : 'stay paired';
  return `${types} in ${settings.project} ${how} with ${plural(ticketNoun)}${template} in ${connection}`;
}

const ways = (out: boolean, into: boolean): string =>
  out && into ? 'both ways' : out ? 'outbound' : into ? 'inbound' : 'not carried over';

function states({ states: map }: MappingSettings): string {
  if (!map.enabled) return 'states not carried over';
  if (map.unmapped === 'byCategory') return 'states both ways';
  const flows = (direction: 'out' | 'in') =>
    map.rows.some((row) => row.direction === 'both' || row.direction === direction);
  return `states ${ways(flows('out'), flows('in'))}`;
}

function comments({ comments: policy }: MappingSettings): string {
  if (!policy.out) return `comments ${ways(false, policy.in)}`;
  const how = policy.outVisibility === 'public' ? 'public' : 'internal';
  return policy.in ? `comments ${how}` : `comments outbound only, ${how}`;
}

/**
 * One English sentence that says what a mapping does: "Bugs in Fabrikam that enter Needs service desk create a call
 * with template Software fault in Alemba Production; states both ways; comments internal."
 */
export function describeMapping(settings: MappingSettings, given: DescribeNames): string {
  const nameOf = (id: string) => given.names?.[id] ?? id;
  const parts = [creation(settings, given, nameOf), states(settings), comments(settings)];
  const { attachments, updateWhen } = settings;
  if (attachments.out || attachments.in) parts.push(`attachments ${ways(attachments.out, attachments.in)}`);
  if (updateWhen.workItem !== undefined || updateWhen.ticket !== undefined)
    parts.push('updates only while the conditions for them are met');
  const sentence = parts.join('; ');
  return `${settings.enabled ? '' : 'Off: '}${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}
