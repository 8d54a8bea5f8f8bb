import type { MappingSettings } from '../contract/mapping.ts';
import type { FieldChange } from '../sync/command.ts';
import type { Side } from '../sync/record.ts';
import { stateRowId } from '../sync/row-keys.ts';
import type { CarriedOut } from './carry-out.ts';
import type { Descriptions } from './plan-input.ts';

/** What people call the things that a run writes. */
export interface Naming {
  /** What the other system calls a ticket: "call". */
  ticketNoun: string;
  nameOf(side: Side, change: Pick<FieldChange, 'field' | 'row'>): string;
}

export type Written = Pick<CarriedOut, 'outcomes' | 'written'>;

export const nothingToWrite = 'Both sides agree; nothing to write.';

/** Fields named for each side; of more only how many. With names of 40 characters a sentence has at most 350. */
const maxNamed = 3;
const maxNameLength = 40;

/** A mapped field is called as in Azure DevOps, whichever way it goes: the readers of the list work there. */
export function namingOf(
  mapping: Pick<MappingSettings, 'fields'>,
  descriptions: Descriptions,
  ticketNoun: string,
): Naming {
  const called = (side: Side, field: string) =>
    descriptions[side].fields.find(({ id }) => id === field)?.name ?? field;
  return {
    ticketNoun,
    nameOf: (side, { field, row }) => {
      if (row === stateRowId) return 'state';
      const mapped = mapping.fields.find(({ id }) => id === row);
      return mapped === undefined ? called(side, field) : called('workItem', mapped.workItemField);
    },
  };
}

/**
 * What a run wrote, in a sentence: "Title and state went to the call, 1 comment to the work item." Undefined when it
 * wrote nothing. `entered` are comments that people wrote in the panel, which go to the ticket.
 */
export function tellWritten(carried: Written, entered: number, naming: Naming): string | undefined {
  const clauses = (['ticket', 'workItem'] as const).flatMap((side) => {
    const things = thingsWritten(carried, side, side === 'ticket' ? entered : 0, naming);
    return things.length === 0 ? [] : [{ things: inWords(things), to: `to the ${nounOf(side, naming)}` }];
  });
  const [first, second] = clauses;
  if (first === undefined) return undefined;
  const more = second === undefined ? '' : `, ${second.things} ${second.to}`;
  return capital(`${first.things} went ${first.to}${more}.`);
}

const nounOf = (side: Side, { ticketNoun }: Naming) => (side === 'workItem' ? 'work item' : ticketNoun);

function thingsWritten(
  { outcomes, written }: Written,
  side: Side,
  entered: number,
  naming: Naming,
): string[] {
  const counts = { comment: entered, attachment: 0, link: 0 };
  const refused = new Set<string>();
  for (const { command, outcome, refusedRows = [] } of outcomes) {
    if (!('side' in command) || command.side !== side) continue;
    for (const row of refusedRows) refused.add(row);
    if (outcome !== 'done') continue;
    if (command.kind === 'addComment') counts.comment += 1;
    if (command.kind === 'addAttachment') counts.attachment += 1;
    if (command.kind === 'addHyperlink') counts.link += 1;
  }
  const fields = new Set(
    written
      .filter((update) => update.side === side)
      .flatMap(({ changes }) => changes.filter(({ row }) => !refused.has(row)))
      .map((change) => plain(naming.nameOf(side, change))),
  );
  return [
    ...named([...fields]),
    ...Object.entries(counts)
      .filter(([, count]) => count > 0)
      .map(([noun, count]) => `${count} ${count === 1 ? noun : `${noun}s`}`),
  ];
}

function named(fields: readonly string[]): string[] {
  if (fields.length <= maxNamed + 1) return [...fields];
  return [...fields.slice(0, maxNamed), `${fields.length - maxNamed} other fields`];
}

/** "Assigned To" within a sentence; names with other capitals ("SLA", "iPhone") stay as they are. */
function plain(name: string): string {
  const words = name.replace(/\s+/g, ' ').trim();
  const short = words.length > maxNameLength ? `${words.slice(0, maxNameLength - 1).trimEnd()}…` : words;
  return short.toWellFormed().replace(/\b\p{Lu}\p{Ll}+\b/gu, (word) => word.toLowerCase());
}

function inWords(things: readonly string[]): string {
  const last = things.at(-1) ?? '';
  return things.length < 2 ? last : `${things.slice(0, -1).join(', ')} and ${last}`;
}

const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

/** Why a run did not come to its end, and what it wrote all the same. */
export function withReason(reason: string, written: string | undefined): string {
  if (written === undefined) return reason;
  return `${/[.!?…]\s*$/.test(reason) ? reason.trimEnd() : `${reason.trimEnd()}.`} ${written}`;
}
