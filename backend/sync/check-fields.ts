import type { FieldMapping, MappingSettings, Transform } from '../contract/mapping.ts';
import type { MappingProblem } from '../contract/mappings.ts';
import { checkBarred } from './check-barred.ts';
import { mayCreate } from './match.ts';
import { type FieldDescription, otherSide, type Side } from './record.ts';
import { effectiveRows, fieldOf, flowsFrom, isComposedFrom, sides, transformFrom } from './row-keys.ts';
import { fieldsById, type SideDescriptions } from './side-description.ts';
import { checkTemplate, fieldsOfTemplate } from './templates.ts';

export const sideName: Readonly<Record<Side, string>> = { workItem: 'work item', ticket: 'ticket' };

type Fields = Readonly<Record<Side, Readonly<Record<string, FieldDescription>>>>;

const pathOf = (row: FieldMapping, part: string): string => `fields[${row.id}].${part}`;

const fieldPart: Readonly<Record<Side, string>> = { workItem: 'workItemField', ticket: 'ticketField' };

function checkTransform(
  row: FieldMapping,
  from: Side,
  transform: Transform,
  fields: Fields,
): MappingProblem[] {
  const to = otherSide(from);
  const part = pathOf(row, from === 'workItem' ? 'out' : 'in');
  const target = fields[to][fieldOf(row, to)];
  const problems: MappingProblem[] = [];
  const add = (severity: MappingProblem['severity'], problem: string, remedy: string) =>
    problems.push({ field: part, severity, problem, remedy });
  if (transform.kind === 'template') {
    const problem = checkTemplate(transform.template, transform.rich);
    if (problem !== undefined) {
      add(
        'error',
        `${problem.problem} (line ${problem.line}, column ${problem.column})`,
        'Correct the template.',
      );
    } else {
      const named = fieldsOfTemplate(transform.template, from);
      for (const side of sides) {
        for (const field of named[side].filter((name) => fields[side][name] === undefined)) {
          add(
            'error',
            `The ${sideName[side]} has no field ${field}`,
            'Name a field that exists, or leave it out.',
          );
        }
      }
    }
    if (transform.rich && target !== undefined && target.type !== 'rich') {
      add(
        'warning',
        `${target.name} holds plain text, so formatting gets lost`,
        'Switch formatted text off.',
      );
    }
  }
  if (transform.kind === 'table' && target?.choices !== undefined && target.choices.length > 0) {
    for (const entry of transform.rows) {
      const known = target.choices.some(
        ({ id, name }) => id === entry.to || name.toLowerCase() === entry.to.toLowerCase(),
      );
      if (known || entry.to === '') continue;
      add('error', `${target.name} has no choice "${entry.to}"`, 'Choose one of its values.');
    }
  }
  if (transform.kind === 'identity' && target !== undefined && target.type !== 'principal') {
    add('warning', `${target.name} does not hold a person`, 'Choose a field for people, or copy the name.');
  }
  return problems;
}

const textTypes = new Set(['string', 'rich', 'url', 'tree']);

function checkTypes(row: FieldMapping, from: Side, fields: Fields): MappingProblem[] {
  const to = otherSide(from);
  const source = fields[from][fieldOf(row, from)];
  const target = fields[to][fieldOf(row, to)];
  if (source === undefined || target === undefined || transformFrom(row, from).kind !== 'copy') return [];
  const field = pathOf(row, fieldPart[to]);
  const warn = (problem: string, remedy: string): MappingProblem[] => [
    { field, severity: 'warning', problem, remedy },
  ];
  const isNumber = target.type === 'integer' || target.type === 'number';
  if (isNumber && textTypes.has(source.type)) {
    return warn(
      `${source.name} may hold text that is no number for ${target.name}`,
      'Use a table or a template.',
    );
  }
  if (target.type === 'boolean' && source.type !== 'boolean') {
    return warn(`${source.name} may hold more than yes and no`, 'Use a table.');
  }
  if ((target.type === 'day' || target.type === 'instant') && source.type !== target.type) {
    return warn(
      `${source.name} and ${target.name} differ in day and time`,
      'Use a date conversion with a zone.',
    );
  }
  if (source.type === 'rich' && target.type === 'string') {
    return warn(`${target.name} holds one line of plain text`, 'Map to a field for formatted text.');
  }
  if (target.type === 'choice' && target.choices !== undefined && source.choices !== undefined) {
    const names = new Set(target.choices.flatMap(({ id, name }) => [id.toLowerCase(), name.toLowerCase()]));
    const lost = source.choices.filter(
      ({ id, name }) => !names.has(id.toLowerCase()) && !names.has(name.toLowerCase()),
    );
    if (lost.length > 0) {
      const list = lost.slice(0, 5).map((choice) => choice.name);
      return warn(`${target.name} has no choice for ${list.join(', ')}`, 'Use a table of values.');
    }
  }
  if (target.maxLength !== undefined && textTypes.has(target.type) && textTypes.has(source.type)) {
    const longest = source.maxLength ?? Number.POSITIVE_INFINITY;
    if (longest > target.maxLength) {
      const what = target.type === 'rich' ? 'is not sent' : 'is shortened';
      return warn(
        `Text beyond ${target.maxLength} characters ${what}`,
        'Keep the text short, or map another field.',
      );
    }
  }
  return [];
}

function checkRow(row: FieldMapping, fields: Fields, settings: MappingSettings): MappingProblem[] {
  const problems: MappingProblem[] = [];
  for (const side of sides) {
    const id = fieldOf(row, side);
    const field = pathOf(row, fieldPart[side]);
    const known = fields[side][id];
    const isRead = flowsFrom(row, side) && !isComposedFrom(row, side);
    const isWritten = flowsFrom(row, otherSide(side));
    if (known === undefined && (isRead || isWritten)) {
      const problem = `The ${sideName[side]} has no field ${id}`;
      problems.push({ field, severity: 'error', problem, remedy: 'Choose a field that exists.' });
    } else if (known?.readOnly && isWritten) {
      const problem = `${known.name} cannot be written`;
      problems.push({
        field,
        severity: 'error',
        problem,
        remedy: 'Turn the direction round, or choose another field.',
      });
    } else if (isWritten && known !== undefined) {
      problems.push(...checkBarred(known, field, mayCreate(settings.createTicket)));
    }
  }
  for (const side of sides.filter((name) => flowsFrom(row, name))) {
    problems.push(
      ...checkTransform(row, side, transformFrom(row, side), fields),
      ...checkTypes(row, side, fields),
    );
  }
  if (row.direction === 'both' && sides.some((side) => isComposedFrom(row, side))) {
    const problem = 'A constant or a template flows one way only';
    const remedy = 'Choose one direction for this row.';
    problems.push({ field: pathOf(row, 'direction'), severity: 'error', problem, remedy });
  }
  return problems;
}

/** Rows that write the same field, now or at the create, and ids that are used twice. */
function checkTwice(settings: MappingSettings, fields: Fields): MappingProblem[] {
  const problems: MappingProblem[] = [];
  const ids = new Set<string>();
  for (const row of settings.fields) {
    if (ids.has(row.id)) {
      const remedy = 'Delete the row and add it again.';
      problems.push({
        field: pathOf(row, 'id'),
        severity: 'error',
        problem: 'Two rows have this id',
        remedy,
      });
    }
    ids.add(row.id);
  }
  const rows = [...effectiveRows(settings), ...settings.fields.filter((row) => row.when === 'create')];
  for (const side of sides) {
    const writers = new Map<string, FieldMapping>();
    for (const row of rows.filter((each) => flowsFrom(each, otherSide(side)))) {
      const id = fieldOf(row, side);
      const first = writers.get(id);
      if (first === undefined) writers.set(id, row);
      // A row for the create and one for afterwards may share a field.
      else if (first.when === row.when) {
        const name = fields[side][id]?.name ?? id;
        const problem = `Two rows write ${name} of the ${sideName[side]}`;
        const remedy = 'Keep one of them, or write both values with one template.';
        problems.push({ field: pathOf(row, fieldPart[side]), severity: 'error', problem, remedy });
      }
    }
    const status = settings.states.enabled ? writers.get(statusFieldOf(fields, side) ?? '') : undefined;
    if (status !== undefined) {
      const problem = 'The state map and this row write the same field';
      problems.push({
        field: pathOf(status, fieldPart[side]),
        severity: 'error',
        problem,
        remedy: 'Remove the row.',
      });
    }
  }
  return problems;
}

const statusFieldOf = (fields: Fields, side: Side): string | undefined =>
  Object.values(fields[side]).find((field) => field.type === 'status')?.id;

/** Problems of the field mappings. */
export function checkFields(settings: MappingSettings, sidesDescribed: SideDescriptions): MappingProblem[] {
  const fields = { workItem: fieldsById(sidesDescribed.workItem), ticket: fieldsById(sidesDescribed.ticket) };
  return [
    ...settings.fields.flatMap((row) => checkRow(row, fields, settings)),
    ...checkTwice(settings, fields),
  ];
}
