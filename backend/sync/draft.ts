import type { Command, Conflict, FieldChange, Note } from './command.ts';
import { plainText } from './convert.ts';
import type { Pair } from './link-state.ts';
import type { Plan, PlanInput, RowSettlement } from './plan-input.ts';
import type { FieldDescription, FieldValue, Side, Snapshot } from './record.ts';
import type { TemplateRecord, TemplateScope } from './templates.ts';

/** A plan in the making. Lives within one call of `plan`. */
export interface Draft {
  input: PlanInput;
  snapshot: Readonly<Record<Side, Snapshot>>;
  /** Values as they will be once the changes so far are written, for composed rows. */
  fields: Record<Side, Record<string, FieldValue>>;
  changes: Record<Side, FieldChange[]>;
  /** What follows the updates. */
  later: Command[];
  conflicts: Conflict[];
  notes: Note[];
  settlements: RowSettlement[];
  seen: Record<Side, { comments: string[]; attachments: string[] }>;
  pairs: Pair[];
}

export const emptyPlan: Plan = {
  commands: [],
  conflicts: [],
  notes: [],
  settlements: [],
  seen: { workItem: { comments: [], attachments: [] }, ticket: { comments: [], attachments: [] } },
  pairs: [],
};

export const startDraft = (input: PlanInput, snapshot: Readonly<Record<Side, Snapshot>>): Draft => ({
  input,
  snapshot,
  fields: { workItem: { ...snapshot.workItem.fields }, ticket: { ...snapshot.ticket.fields } },
  changes: { workItem: [], ticket: [] },
  later: [],
  conflicts: [],
  notes: [],
  settlements: [],
  seen: { workItem: { comments: [], attachments: [] }, ticket: { comments: [], attachments: [] } },
  pairs: [],
});

/** A pair is recognised from either side. */
const withoutTwins = (pairs: readonly Pair[]): readonly Pair[] => {
  const keys = new Set<string>();
  return pairs.filter(({ kind, workItemSideId, ticketSideId }) => {
    const key = JSON.stringify([kind, workItemSideId, ticketSideId]);
    return keys.has(key) ? false : keys.add(key) !== undefined;
  });
};

/** Updates first: a comment moves the record's revision, and the update was planned on the one that was read. */
export function finishDraft(draft: Draft): Plan {
  const updates: Command[] = [];
  for (const side of ['workItem', 'ticket'] as const) {
    const changes = draft.changes[side];
    if (changes.length === 0) continue;
    updates.push({ kind: 'update', side, revision: draft.snapshot[side].revision, changes });
  }
  const { conflicts, notes, settlements, seen } = draft;
  const pairs = withoutTwins(draft.pairs);
  return { commands: [...updates, ...draft.later], conflicts, notes, settlements, seen, pairs };
}

const longestShown = 200;

/** A value as a note shows it. */
export function shown(value: FieldValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = plainText(value);
  return text.length > longestShown ? `${text.slice(0, longestShown - 1)}…` : text;
}

export const describeField = (input: Pick<PlanInput, 'fields'>, side: Side, field: string) =>
  Object.hasOwn(input.fields[side], field) ? (input.fields[side][field] as FieldDescription) : undefined;

export const readField = (
  fields: Readonly<Record<string, FieldValue>>,
  field: string,
): FieldValue | undefined => (Object.hasOwn(fields, field) ? fields[field] : undefined);

const templateRecord = (
  snapshot: Snapshot,
  fields: Readonly<Record<string, FieldValue>>,
  system: string,
): TemplateRecord => ({
  side: snapshot.side,
  system,
  ref: snapshot.ref,
  title: snapshot.title,
  status: snapshot.status.name,
  fields,
});

export function templateScope(draft: Draft, from: Side): TemplateScope {
  const record = (side: Side) =>
    templateRecord(draft.snapshot[side], draft.fields[side], draft.input.systemName[side]);
  const records = { workItem: record('workItem'), ticket: record('ticket') };
  return { ...records, source: records[from], link: { id: draft.input.link.id } };
}

export { templateRecord };
