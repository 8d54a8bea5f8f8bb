import type { Problem } from '../../contract/problem.ts';
import { ProblemError } from '../problem.ts';

export type FieldTrouble = NonNullable<Problem['fields']>[number];

export const invalid = (...fields: FieldTrouble[]): ProblemError =>
  new ProblemError('invalidRequest', { fields });

export const invalidField = (field: string, problem: string, remedy: string): ProblemError =>
  invalid({ field, problem, remedy });

/** Ids of rows are numbers in the store and texts outside; anything else names nothing. */
const isRowId = (text: string): boolean => /^[1-9]\d{0,14}$/.test(text);

/** Throws notFound for what cannot be the id of a row. */
export function rowId(text: string): string {
  if (!isRowId(text)) throw new ProblemError('notFound');
  return text;
}

/** A cursor of a list, as the last entry's id of the page before. */
export function cursorOf(before: string | undefined): string | undefined {
  if (before !== undefined && !isRowId(before)) {
    throw invalidField(
      'before',
      'This is no id of an entry',
      'Give the id of the last entry of the page before.',
    );
  }
  return before;
}

/** The number that a person confirmed is not the present one any more. */
export const countChanged = (links: number, confirmed: number): ProblemError =>
  new ProblemError('conflict', {
    title: `There are ${links} links now, ${confirmed} were confirmed`,
    action: 'Look at the number of links again and confirm it.',
    fields: [
      {
        field: 'confirmLinks',
        problem: `There are ${links} links`,
        remedy: `Confirm with ${links}, if they may end.`,
      },
    ],
  });
