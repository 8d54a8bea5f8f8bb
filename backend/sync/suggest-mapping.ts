import type { Capabilities } from '../contract/connector-manifest.ts';
import {
  type FieldMapping,
  type MappingSettings,
  mappingSettings,
  type StateRow,
} from '../contract/mapping.ts';
import type { FieldDescription, StatusCategory } from './record.ts';
import { fieldsById, type SideDescriptions } from './side-description.ts';

export interface SuggestInput {
  connectionId: string;
  connectionName: string;
  project: string;
  workItemType: string;
  ticketType?: string;
  described: SideDescriptions;
  capabilities: Capabilities;
}

const categories: readonly StatusCategory[] = ['proposed', 'inProgress', 'resolved', 'completed', 'removed'];

type Statuses = SideDescriptions['ticket']['statuses'];

/**
 * One row both ways per category that both sides have, and one-way rows for the states that share a category, so
 * that every state leads somewhere and none swings.
 */
export function suggestStates(workItem: Statuses, ticket: Statuses): StateRow[] {
  const rows: StateRow[] = [];
  const of = (list: Statuses, category: StatusCategory) =>
    list.filter((status) => status.category === category);
  for (const category of categories) {
    const [mine, theirs] = [of(workItem, category), of(ticket, category)];
    const [first, counterpart] = [mine[0], theirs[0]];
    if (first === undefined || counterpart === undefined) continue;
    rows.push({ workItemState: first.id, ticketStatus: counterpart.id, direction: 'both' });
    for (const state of mine.slice(1)) {
      rows.push({ workItemState: state.id, ticketStatus: counterpart.id, direction: 'out' });
    }
    for (const status of theirs.slice(1)) {
      rows.push({ workItemState: first.id, ticketStatus: status.id, direction: 'in' });
    }
  }
  return rows;
}

const rank = (choice: { id: string; name: string }): number => {
  const digits = /\d+/.exec(choice.name) ?? /\d+/.exec(choice.id);
  return digits === null ? Number.NaN : Number(digits[0]);
};

type TableRow = { from: string; to: string };

/** Choices by name, else by the number in their names (P1, 1 - Critical), else by place. */
export function pairChoices(from: FieldDescription, to: FieldDescription): TableRow[] {
  const [mine, theirs] = [from.choices ?? [], to.choices ?? []];
  if (mine.length === 0 || theirs.length === 0) return [];
  return mine.map((choice, index) => {
    const byName = theirs.find((other) => other.name.toLowerCase() === choice.name.toLowerCase());
    const byRank = theirs.find((other) => rank(other) === rank(choice));
    const place = Math.min(theirs.length - 1, Math.floor((index * theirs.length) / mine.length));
    const found = byName ?? byRank ?? theirs[place];
    return { from: choice.id, to: (found as { id: string }).id };
  });
}

const table = (rows: TableRow[]): FieldMapping['out'] =>
  rows.length === 0 ? { kind: 'copy' } : { kind: 'table', rows, otherwise: 'leave' };

const person = (): FieldMapping['out'] => ({ kind: 'identity', table: [], onUnknown: 'leave' });

function suggestFields({ described, capabilities }: SuggestInput): FieldMapping[] {
  const { workItem, ticket } = described;
  const [mine, theirs] = [fieldsById(workItem), fieldsById(ticket)];
  const rows: FieldMapping[] = [];
  const add = (id: 'title' | 'description' | 'priority' | 'assignee') => {
    const [workItemField, ticketField] = [workItem.roles[id], ticket.roles[id]];
    const [from, to] = [mine[workItemField ?? ''], theirs[ticketField ?? '']];
    if (!workItemField || !ticketField || from === undefined || to === undefined) return;
    const [canSend, canTake] = [!to.readOnly && to.barredBy === undefined, !from.readOnly];
    if (!canSend && !canTake) return;
    const direction = canSend && canTake ? 'both' : canSend ? 'out' : 'in';
    const made =
      id === 'priority'
        ? { out: table(pairChoices(from, to)), in: table(pairChoices(to, from)) }
        : id === 'assignee'
          ? { out: person(), in: person() }
          : { out: { kind: 'copy' as const }, in: { kind: 'copy' as const } };
    rows.push({ id, workItemField, ticketField, direction, when: 'always', ...made });
  };
  add('title');
  add('description');
  if (capabilities.priorities) add('priority');
  if (capabilities.assignee) add('assignee');
  return rows;
}

/** A mapping to start from: tickets are created by hand until the admin says when, and nothing is public. */
export function suggestMapping(input: SuggestInput): MappingSettings {
  const { described, capabilities } = input;
  const rows = suggestStates(described.workItem.statuses, described.ticket.statuses);
  const visibility = capabilities.commentVisibility === 'publicOnly' ? 'public' : 'internal';
  return mappingSettings.parse({
    name: `${input.workItemType} and ${input.connectionName}`.slice(0, 120),
    connectionId: input.connectionId,
    project: input.project,
    workItemTypes: [input.workItemType],
    ...(input.ticketType === undefined ? {} : { ticketType: input.ticketType }),
    createTicket: { mode: capabilities.create ? 'manual' : 'never' },
    createWorkItem: { mode: 'never' },
    fields: suggestFields(input),
    states: { enabled: rows.length > 0, rows },
    // Where every comment is public nothing goes out before an admin decides so.
    comments: {
      out: capabilities.commentsWrite && visibility === 'internal',
      in: capabilities.commentsRead,
      outVisibility: visibility,
    },
    attachments: {
      out: capabilities.attachmentsWrite,
      in: capabilities.attachmentsRead,
      maxBytes: Math.min(60 * 1024 * 1024, capabilities.attachmentsMaxBytes),
    },
    response: { workItem: [], ticket: [] },
    onDeleted: { workItem: 'note', ticket: 'note' },
  });
}
