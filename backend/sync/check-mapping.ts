import type { Capabilities } from '../contract/connector-manifest.ts';
import type { MappingSettings, Rule } from '../contract/mapping.ts';
import type { MappingProblem } from '../contract/mappings.ts';
import { checkBarred } from './check-barred.ts';
import { checkFields, sideName } from './check-fields.ts';
import { fieldsOfRule } from './criteria.ts';
import { mayCreate, triggerOf } from './match.ts';
import { otherSide, type Side } from './record.ts';
import { fieldOf, flowsFrom, sides } from './row-keys.ts';
import { fieldsById, type SideDescription, type SideDescriptions } from './side-description.ts';

const triggerPart: Readonly<Record<Side, string>> = { workItem: 'createTicket', ticket: 'createWorkItem' };

const hasStatus = (description: SideDescription, wanted: string): boolean =>
  description.statuses.some(
    ({ id, name }) =>
      id.toLowerCase() === wanted.toLowerCase() || name?.toLowerCase() === wanted.toLowerCase(),
  );

function checkStates(settings: MappingSettings, described: SideDescriptions): MappingProblem[] {
  const problems: MappingProblem[] = [];
  if (!settings.states.enabled) return problems;
  const unknown = (field: string, side: Side, state: string) => {
    const problem = `The ${sideName[side]} has no state "${state}"`;
    problems.push({ field, severity: 'error', problem, remedy: 'Choose a state that exists.' });
  };
  settings.states.rows.forEach((row, index) => {
    const path = `states.rows[${index}]`;
    if (!hasStatus(described.workItem, row.workItemState)) {
      unknown(`${path}.workItemState`, 'workItem', row.workItemState);
    }
    if (!hasStatus(described.ticket, row.ticketStatus))
      unknown(`${path}.ticketStatus`, 'ticket', row.ticketStatus);
  });
  if (settings.states.unmapped === 'byCategory') return problems;
  for (const side of sides) {
    const rows = settings.states.rows.filter((row) => flowsFrom(row, side));
    if (rows.length === 0) continue;
    const named = new Set(
      rows.map((row) => (side === 'workItem' ? row.workItemState : row.ticketStatus).toLowerCase()),
    );
    const open = described[side].statuses.filter(
      ({ id, name }) => !named.has(id.toLowerCase()) && !named.has((name ?? id).toLowerCase()),
    );
    if (open.length === 0) continue;
    const list = open.slice(0, 6).map((status) => status.name ?? status.id);
    const problem = `These states of the ${sideName[side]} lead nowhere: ${list.join(', ')}`;
    const remedy = 'Add rows for them, or let states without a row follow their category.';
    problems.push({ field: 'states.rows', severity: 'warning', problem, remedy });
  }
  return problems;
}

function checkRule(
  rule: Rule | undefined,
  path: string,
  described: SideDescription,
  side: Side,
): MappingProblem[] {
  const fields = fieldsById(described);
  return [...new Set(fieldsOfRule(rule))]
    .filter((field) => fields[field] === undefined)
    .map((field) => ({
      field: path,
      severity: 'error' as const,
      problem: `The ${sideName[side]} has no field ${field}`,
      remedy: 'Choose a field that exists.',
    }));
}

function checkTriggers(settings: MappingSettings, described: SideDescriptions): MappingProblem[] {
  const problems = [
    ...checkRule(settings.ticketScope, 'ticketScope', described.ticket, 'ticket'),
    ...sides.flatMap((side) =>
      checkRule(settings.updateWhen[side], `updateWhen.${side}`, described[side], side),
    ),
  ];
  for (const side of sides) {
    const trigger = triggerOf(settings, side);
    const path = triggerPart[side];
    problems.push(...checkRule(trigger.rule, `${path}.rule`, described[side], side));
    for (const state of trigger.onStates.filter((each) => !hasStatus(described[side], each))) {
      const problem = `The ${sideName[side]} has no state "${state}"`;
      problems.push({
        field: `${path}.onStates`,
        severity: 'error',
        problem,
        remedy: 'Choose a state that exists.',
      });
    }
    if (trigger.mode === 'never') continue;
    if (trigger.mode === 'linkOnly') {
      if (!namesCounterpart(settings, side)) {
        const problem = `No field of the ${sideName[side]} names its counterpart`;
        const remedy = 'Choose the field that holds the number, or let counterparts be created.';
        problems.push({ field: `${path}.mode`, severity: 'error', problem, remedy });
      }
      continue;
    }
    if (trigger.mode === 'automatic' && trigger.rule === undefined && trigger.onStates.length === 0) {
      if (!trigger.isDefault) {
        const problem = `Every ${sideName[side]} of this kind gets a counterpart`;
        const remedy = 'Add a condition, unless this is meant.';
        problems.push({ field: path, severity: 'warning', problem, remedy });
      }
    }
    problems.push(...checkRequired(settings, described, otherSide(side)));
  }
  return problems;
}

/** Whether records of `side` have a field for the number of their counterpart; see `existingKeyOf`. */
const namesCounterpart = (settings: MappingSettings, side: Side): boolean =>
  side === 'workItem'
    ? settings.referenceField !== undefined
    : settings.response.ticket.some((row) => row.value === 'id' || row.value === 'key');

/** Fields that a new record of `side` needs and that no row fills. */
function checkRequired(settings: MappingSettings, described: SideDescriptions, side: Side): MappingProblem[] {
  const { roles, fields } = described[side];
  const filled = new Set(
    settings.fields.filter((row) => flowsFrom(row, otherSide(side))).map((row) => fieldOf(row, side)),
  );
  return fields
    .filter(
      (field) => field.required && !field.readOnly && field.id !== roles.status && field.id !== roles.title,
    )
    .filter((field) => !filled.has(field.id))
    .map((field) => ({
      field: 'fields',
      severity: 'error' as const,
      problem: `A new ${sideName[side]} needs ${field.name}`,
      remedy: 'Add a row that fills it, for example with a constant.',
    }));
}

function checkReferences(settings: MappingSettings, described: SideDescriptions): MappingProblem[] {
  const problems: MappingProblem[] = [];
  const known = { workItem: fieldsById(described.workItem), ticket: fieldsById(described.ticket) };
  const checkField = (path: string, side: Side, id: string) => {
    const field = known[side][id];
    if (field === undefined) {
      const problem = `The ${sideName[side]} has no field ${id}`;
      problems.push({ field: path, severity: 'error', problem, remedy: 'Choose a field that exists.' });
    } else if (field.readOnly) {
      const problem = `${field.name} cannot be written`;
      problems.push({ field: path, severity: 'error', problem, remedy: 'Choose another field.' });
    } else {
      // Written into a ticket that is there: what a template does at the create is no matter.
      problems.push(...checkBarred(field, path, false));
    }
  };
  if (settings.referenceField !== undefined)
    checkField('referenceField', 'workItem', settings.referenceField);
  for (const side of sides) {
    settings.response[side].forEach((row, index) => {
      checkField(`response.${side}[${index}].field`, side, row.field);
    });
  }
  const names = namesCounterpart(settings, 'ticket');
  if (mayCreate(settings.createWorkItem) && !names) {
    const problem = 'The ticket is not told the number of its work item';
    const remedy = 'Add a row that writes the number, so that it is found again from the ticket system.';
    problems.push({ field: 'response.ticket', severity: 'warning', problem, remedy });
  }
  const { closeStates, onDeleted } = settings;
  for (const side of sides) {
    const state = closeStates[side];
    if (state !== undefined && !hasStatus(described[side], state)) {
      const problem = `The ${sideName[side]} has no state "${state}"`;
      problems.push({
        field: `closeStates.${side}`,
        severity: 'error',
        problem,
        remedy: 'Choose a state that exists.',
      });
    }
    const canClose = described[side].statuses.some((status) => status.category === 'completed');
    if (onDeleted[otherSide(side)] === 'close' && state === undefined && !canClose) {
      const problem = `It is not known which state closes a ${sideName[side]}`;
      problems.push({
        field: `closeStates.${side}`,
        severity: 'error',
        problem,
        remedy: 'Choose the state.',
      });
    }
  }
  return problems;
}

function checkCapabilities(settings: MappingSettings, can: Capabilities): MappingProblem[] {
  const problems: MappingProblem[] = [];
  const add = (field: string, severity: MappingProblem['severity'], problem: string, remedy: string) =>
    problems.push({ field, severity, problem, remedy });
  const off = 'Switch it off.';
  if (mayCreate(settings.createTicket) && !can.create) {
    add(
      'createTicket.mode',
      'error',
      'This system cannot create tickets',
      'Create work items from tickets instead.',
    );
  }
  const { comments, attachments } = settings;
  if (settings.onDeleted.ticket === 'close' && !can.tellsDeleted) {
    add(
      'onDeleted.ticket',
      'warning',
      'This system does not tell a deleted ticket from one that may not be seen',
      'The work item gets a note instead of being closed; choose that, or end the link.',
    );
  }
  if (comments.out && !can.commentsWrite) add('comments.out', 'error', 'This system takes no comments', off);
  if (comments.in && !can.commentsRead)
    add('comments.in', 'error', 'Comments of this system cannot be read', off);
  if (comments.out && comments.outVisibility === 'public' && can.commentVisibility === 'internalOnly') {
    add('comments.outVisibility', 'error', 'This system takes internal comments only', 'Choose internal.');
  }
  if (comments.out && comments.outVisibility === 'internal' && can.commentVisibility === 'publicOnly') {
    add(
      'comments.outVisibility',
      'error',
      'In this system the caller sees every comment',
      'Choose public, or none.',
    );
  }
  if (attachments.out && !can.attachmentsWrite)
    add('attachments.out', 'error', 'This system takes no files', off);
  if (attachments.in && !can.attachmentsRead) {
    add('attachments.in', 'error', 'Files of this system cannot be read', off);
  }
  if (attachments.out && can.attachmentsWrite && attachments.maxBytes > can.attachmentsMaxBytes) {
    const mebibytes = Math.floor(can.attachmentsMaxBytes / 1024 / 1024);
    const remedy = 'Lower the limit to say so.';
    add('attachments.maxBytes', 'warning', `This system takes files up to ${mebibytes} MiB`, remedy);
  }
  if (settings.ticketTemplate && !can.templates) {
    add('ticketTemplate', 'error', 'This system has no templates', 'Leave it empty.');
  }
  return problems;
}

function checkKinds(settings: MappingSettings, described: SideDescriptions): MappingProblem[] {
  const problems: MappingProblem[] = [];
  const has = (list: readonly { id: string; name: string }[], wanted: string) =>
    list.length === 0 ||
    list.some(({ id, name }) => id === wanted || name.toLowerCase() === wanted.toLowerCase());
  const remedy = 'Choose one that exists.';
  settings.workItemTypes.forEach((type, index) => {
    if (has(described.workItem.types, type)) return;
    const problem = `The project has no work item type "${type}"`;
    problems.push({ field: `workItemTypes[${index}]`, severity: 'error', problem, remedy });
  });
  const { ticketType, ticketTemplate } = settings;
  if (ticketType && !has(described.ticket.types, ticketType)) {
    problems.push({
      field: 'ticketType',
      severity: 'error',
      problem: `There is no ticket type "${ticketType}"`,
      remedy,
    });
  }
  if (ticketTemplate && !has(described.ticket.templates ?? [], ticketTemplate)) {
    const problem = `There is no template "${ticketTemplate}"`;
    problems.push({ field: 'ticketTemplate', severity: 'error', problem, remedy });
  }
  return problems;
}

/** Everything that would go wrong with a mapping, as far as the two systems' descriptions and abilities tell. */
export function checkMapping(
  settings: MappingSettings,
  described: SideDescriptions,
  capabilities: Capabilities,
): MappingProblem[] {
  const problems = [
    ...checkKinds(settings, described),
    ...checkTriggers(settings, described),
    ...checkFields(settings, described),
    ...checkStates(settings, described),
    ...checkReferences(settings, described),
    ...checkCapabilities(settings, capabilities),
  ];
  const keys = new Set<string>();
  return problems.filter(({ field, problem }) => {
    const key = `${field}\n${problem}`;
    return keys.has(key) ? false : keys.add(key) !== undefined;
  });
}
