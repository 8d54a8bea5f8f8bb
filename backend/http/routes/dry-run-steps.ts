import type { DryRun } from '../../contract/mappings.ts';
import type { Descriptions } from '../../engine/plan-input.ts';
import { wordsOf } from '../../engine/shown.ts';
import type { Command, Note } from '../../sync/command.ts';
import type { CreatePlan, Plan } from '../../sync/plan-input.ts';
import type { FieldValue, Reading, Side } from '../../sync/record.ts';

type Step = DryRun['steps'][number];

const longestShown = 200;

const nameOf = (descriptions: Descriptions, side: Side, field: string): string =>
  descriptions[side].fields.find((known) => known.id === field)?.name ?? field;

/** A value as people read it, cut to what a line holds. */
export function words(
  descriptions: Descriptions,
  side: Side,
  field: string,
  value: FieldValue | undefined,
): string | undefined {
  if (value === undefined) return undefined;
  const { roles, statuses } = descriptions[side];
  const isStatus = field === roles.status && typeof value === 'object' && value?.kind === 'choice';
  const status = isStatus ? statuses.find(({ id }) => id === value.id)?.name : undefined;
  const text = status ?? wordsOf(value, descriptions[side], field) ?? '';
  return text.length > longestShown ? `${text.slice(0, longestShown - 1)}…` : text;
}

/** A note as the hub shows it, with the field under its name. */
export const noteView = (note: Note, descriptions: Descriptions): DryRun['notes'][number] => ({
  code: note.code,
  side: note.side,
  field: note.field === undefined ? undefined : nameOf(descriptions, note.side, note.field),
  reason: note.reason,
});

/** The new record and each of its values, one step each. */
export function createSteps(created: CreatePlan, descriptions: Descriptions, ticketNoun: string): Step[] {
  const { side } = created;
  const templates = descriptions[side].templates ?? [];
  const template = templates.find(({ id }) => id === created.template)?.name ?? created.template;
  const type = descriptions[side].types.find(({ id }) => id === created.type)?.name ?? created.type;
  const what = side === 'workItem' ? (type ?? 'work item') : ticketNoun;
  return [
    { side, action: `Create a new ${what}${template === undefined ? '' : ` with template ${template}`}` },
    ...Object.entries(created.fields).map(([field, value]) => ({
      side,
      action: 'Set',
      field: nameOf(descriptions, side, field),
      to: words(descriptions, side, field, value),
    })),
  ];
}

/** One step per field, comment, file or link that the plan would write. */
export const planSteps = (
  plan: Plan,
  readings: Readonly<Record<Side, Reading>>,
  descriptions: Descriptions,
): Step[] => plan.commands.flatMap((command) => stepsOf(command, readings, descriptions));

function stepsOf(
  command: Command,
  readings: Readonly<Record<Side, Reading>>,
  descriptions: Descriptions,
): Step[] {
  switch (command.kind) {
    case 'update': {
      const { side } = command;
      const reading = readings[side];
      const now = reading.state === 'present' ? reading.snapshot.fields : {};
      return command.changes.map(({ field, value }) => ({
        side,
        action: value === null ? 'Clear' : 'Set',
        field: nameOf(descriptions, side, field),
        from: words(descriptions, side, field, now[field]),
        to: words(descriptions, side, field, value),
      }));
    }
    case 'addComment': {
      const how = command.side === 'ticket' ? ` (${command.visibility})` : '';
      return [{ side: command.side, action: `Add a comment${how}` }];
    }
    case 'addAttachment':
      return [{ side: command.side, action: 'Attach a file', to: command.attachment.name }];
    case 'addHyperlink':
      return [{ side: command.side, action: 'Add a link', to: command.url }];
    case 'endLink':
      return [{ side: 'workItem', action: 'End the link, because the other record is gone' }];
    case 'ignoreMissing':
      return [];
  }
}
