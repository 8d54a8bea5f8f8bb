import { type MappingSettings, mappingSettings } from '../../../backend/contract/mapping.ts';
import type { Command } from '../../../backend/sync/command.ts';
import type { Base, LinkState, Pair } from '../../../backend/sync/link-state.ts';
import { findMarks } from '../../../backend/sync/mark.ts';
import { plan } from '../../../backend/sync/plan.ts';
import type { CommandOutcome, Plan, PlanInput } from '../../../backend/sync/plan-input.ts';
import type {
  Attachment,
  Comment,
  FieldDescription,
  FieldValue,
  Reading,
  Side,
  Snapshot,
} from '../../../backend/sync/record.ts';
import { settle } from '../../../backend/sync/settle.ts';

/** Two records in memory, and an engine that reads, plans, carries out and settles, as badly as it is told to. */

export const statusField = { workItem: 'State', ticket: 'status' } as const;
export const systemName = { workItem: 'Azure DevOps', ticket: 'Alemba' } as const;

const states = {
  workItem: [
    { id: 'New', name: 'New', category: 'proposed' as const },
    { id: 'Active', name: 'Active', category: 'inProgress' as const },
    { id: 'Committed', name: 'Committed', category: 'inProgress' as const },
    { id: 'Closed', name: 'Closed', category: 'completed' as const },
  ],
  ticket: [
    { id: '1', name: 'Open', category: 'proposed' as const },
    { id: '2', name: 'Working', category: 'inProgress' as const },
    { id: '3', name: 'Waiting', category: 'inProgress' as const },
    { id: '4', name: 'Done', category: 'completed' as const },
  ],
};

const described = (id: string, type: FieldDescription['type'], more: Partial<FieldDescription> = {}) => ({
  id,
  name: id,
  type,
  required: false,
  readOnly: false,
  ...more,
});

export const fields: PlanInput['fields'] = {
  workItem: {
    Title: described('Title', 'string', { maxLength: 255, required: true }),
    Body: described('Body', 'rich'),
    Tags: described('Tags', 'words'),
    Effort: described('Effort', 'number'),
    State: described('State', 'status', { choices: states.workItem }),
    Reference: described('Reference', 'string'),
    Note: described('Note', 'string'),
  },
  ticket: {
    subject: described('subject', 'string', { maxLength: 30, required: true }),
    details: described('details', 'rich'),
    labels: described('labels', 'words'),
    points: described('points', 'integer'),
    status: described('status', 'status', { choices: states.ticket }),
    summary: described('summary', 'string'),
  },
};

/** The same mapping read from either side; only the fields' names differ. */
export const mappingOf = (more: Record<string, unknown> = {}): MappingSettings =>
  mappingSettings.parse({
    name: 'Bugs',
    connectionId: 'c1',
    project: 'Fabrikam',
    workItemTypes: ['Bug'],
    createTicket: { mode: 'automatic' },
    createWorkItem: { mode: 'automatic' },
    fields: [
      { id: 'title', workItemField: 'Title', ticketField: 'subject', direction: 'both' },
      { id: 'body', workItemField: 'Body', ticketField: 'details', direction: 'both' },
      { id: 'tags', workItemField: 'Tags', ticketField: 'labels', direction: 'both' },
    ],
    states: {
      enabled: true,
      rows: [
        { workItemState: 'New', ticketStatus: '1' },
        { workItemState: 'Active', ticketStatus: '2' },
        { workItemState: 'Active', ticketStatus: '3' },
        { workItemState: 'Committed', ticketStatus: '2' },
        { workItemState: 'Closed', ticketStatus: '4' },
      ],
    },
    comments: { out: true, in: true },
    attachments: { out: true, in: true },
    response: { workItem: [], ticket: [] },
    hyperlink: false,
    onDeleted: { workItem: 'note', ticket: 'note' },
    ...more,
  });

export interface SideWorld {
  fields: Record<string, FieldValue>;
  status: string;
  comments: Comment[];
  attachments: Attachment[];
  revision: number;
  updatedAt: number;
  own: boolean;
  hyperlinks: string[];
  gone?: 'deleted' | 'notVisible';
  next: number;
  /** How the system stores what is written into it. */
  normalise: (field: string, value: FieldValue) => FieldValue;
  /** Whether a write is answered with the values as stored. */
  tells: boolean;
}

export interface World {
  workItem: SideWorld;
  ticket: SideWorld;
  base: Base | undefined;
  pairs: Pair[];
  origin: LinkState['origin'];
  resolutions: Record<string, Side>;
  responded: boolean;
  mapping: MappingSettings;
  clock: number;
}

const asIs = (_field: string, value: FieldValue) => value;

const side = (values: Record<string, FieldValue>, status: string): SideWorld => ({
  fields: values,
  status,
  comments: [],
  attachments: [],
  revision: 1,
  updatedAt: 1,
  own: false,
  hyperlinks: [],
  next: 1,
  normalise: asIs,
  tells: true,
});

export const rich = (text: string, format: 'html' | 'markdown' | 'text' = 'html') => ({
  kind: 'rich' as const,
  format,
  text,
});
export const words = (...list: string[]) => ({ kind: 'words' as const, words: list });

export const startWorld = (mapping: MappingSettings = mappingOf()): World => ({
  workItem: side(
    {
      Title: 'Printer',
      Body: rich('<p>It smokes</p>'),
      Tags: words('a'),
      Effort: 1,
      Reference: null,
      Note: null,
    },
    'New',
  ),
  ticket: side(
    { subject: 'Printer', details: rich('<p>It smokes</p>'), labels: words('a'), points: 1, summary: null },
    '1',
  ),
  base: undefined,
  pairs: [],
  origin: 'linked',
  resolutions: {},
  responded: true,
  mapping,
  clock: 1,
});

const iso = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

export function snapshotOf(world: World, which: Side): Snapshot {
  const mine = world[which];
  const status = states[which].find((state) => state.id === mine.status);
  if (status === undefined) throw new Error(`No state ${mine.status}`);
  const key = which === 'workItem' ? '12' : '10061';
  return {
    side: which,
    ref: { id: key, key, url: `https://${which}.example/${key}`, type: 'Bug', project: 'Fabrikam' },
    revision: String(mine.revision),
    title: String(mine.fields[which === 'workItem' ? 'Title' : 'subject']),
    status,
    updatedAt: iso(mine.updatedAt),
    own: mine.own,
    fields: { ...mine.fields, [statusField[which]]: { kind: 'choice', id: status.id, name: status.name } },
    comments: [...mine.comments],
    attachments: [...mine.attachments],
    hyperlinks: [...mine.hyperlinks],
    deleted: false,
  };
}

export const readingOf = (world: World, which: Side): Reading => {
  const { gone } = world[which];
  return gone === undefined
    ? { state: 'present', snapshot: snapshotOf(world, which) }
    : { state: 'missing', how: gone };
};

export const inputOf = (world: World): PlanInput => ({
  link: {
    id: '7',
    base: world.base,
    pairs: [...world.pairs],
    origin: world.origin,
    resolutions: { ...world.resolutions },
    responded: world.responded,
  },
  workItem: readingOf(world, 'workItem'),
  ticket: readingOf(world, 'ticket'),
  mapping: world.mapping,
  fields,
  statusField,
  systemName,
  can: { ticketComments: true, ticketAttachments: true, ticketAttachmentsMaxBytes: 10_000_000 },
});

function touch(world: World, which: Side, own: boolean): void {
  world.clock += 1;
  world[which].revision += 1;
  world[which].updatedAt = world.clock;
  world[which].own = own;
}

/** A person's edit. */
export function edit(world: World, which: Side, field: string, value: FieldValue): void {
  world[which].fields[field] = world[which].normalise(field, value);
  touch(world, which, false);
}

export function setState(world: World, which: Side, status: string): void {
  world[which].status = status;
  touch(world, which, false);
}

export function comment(world: World, which: Side, text: string, more: Partial<Comment> = {}): string {
  touch(world, which, false);
  return addComment(world, which, { body: rich(text), visibility: 'public', system: false, ...more });
}

function addComment(
  world: World,
  which: Side,
  made: Pick<Comment, 'body' | 'visibility' | 'system'> & Partial<Comment>,
): string {
  const mine = world[which];
  const id = `${which}-c${mine.next++}`;
  const author = { kind: 'principal' as const, id: 'p1', name: 'Jessica Mercato' };
  mine.comments.push({ id, at: iso(world.clock), author, marks: findMarks(made.body.text), ...made });
  return id;
}

export function attach(world: World, which: Side, name: string, more: Partial<Attachment> = {}): string {
  touch(world, which, false);
  const id = `${which}-a${world[which].next++}`;
  world[which].attachments.push({ id, name, sizeBytes: 10, at: iso(world.clock), marks: [], ...more });
  return id;
}

/** Carries out one command as the systems would. */
export function carryOut(world: World, command: Command): CommandOutcome {
  switch (command.kind) {
    case 'update': {
      const mine = world[command.side];
      if (command.revision !== String(mine.revision)) return { command, outcome: 'failed' };
      for (const { field, value } of command.changes) {
        if (field === statusField[command.side]) mine.status = (value as { id: string }).id;
        else mine.fields[field] = mine.normalise(field, value);
      }
      touch(world, command.side, true);
      const observed = mine.tells ? snapshotOf(world, command.side).fields : undefined;
      return { command, outcome: 'done', revision: String(mine.revision), observed };
    }
    case 'addComment': {
      touch(world, command.side, true);
      const { body, visibility } = command;
      const revision = String(world[command.side].revision);
      return {
        command,
        outcome: 'done',
        revision,
        createdId: addComment(world, command.side, { body, visibility, system: false }),
      };
    }
    case 'addAttachment': {
      touch(world, command.side, true);
      const id = `${command.side}-a${world[command.side].next++}`;
      const { name, sizeBytes } = command.attachment;
      world[command.side].attachments.push({
        id,
        name,
        sizeBytes,
        at: iso(world.clock),
        marks: [command.mark],
      });
      return { command, outcome: 'done', revision: String(world[command.side].revision), createdId: id };
    }
    case 'addHyperlink':
      world[command.side].hyperlinks.push(command.url);
      return { command, outcome: 'done' };
    default:
      return { command, outcome: 'done' };
  }
}

/** What befalls a command: carried out, refused, or carried out and the process died before it knew. */
export type Fate = 'done' | 'failed' | 'crash';

const pairFor = (command: Command, createdId: string): Pair | undefined => {
  if (command.kind !== 'addComment' && command.kind !== 'addAttachment') return undefined;
  const kind = command.kind === 'addComment' ? 'comment' : 'attachment';
  return command.side === 'ticket'
    ? { kind, workItemSideId: command.sourceId, ticketSideId: createdId }
    : { kind, workItemSideId: createdId, ticketSideId: command.sourceId };
};

/** One run of the lane. Fates beyond the list are `done`. Returns the plan. */
export function sync(world: World, fates: readonly Fate[] = [], meanwhile?: () => void): Plan {
  const input = inputOf(world);
  const planned = plan(input);
  meanwhile?.();
  const outcomes: CommandOutcome[] = [];
  for (const [index, command] of planned.commands.entries()) {
    const fate = fates[index] ?? 'done';
    const outcome: CommandOutcome =
      fate === 'failed' ? { command, outcome: 'failed' } : carryOut(world, command);
    if (fate === 'crash') return planned;
    outcomes.push(outcome);
    const pair = outcome.createdId === undefined ? undefined : pairFor(command, outcome.createdId);
    if (pair !== undefined) world.pairs.push(pair);
  }
  world.pairs.push(...planned.pairs);
  const settled = settle({ input, plan: planned, outcomes, bookmarks: {} });
  world.base = settled.base;
  world.responded = settled.responded;
  for (const row of settled.usedResolutions) delete world.resolutions[row];
  return planned;
}

/** A world whose sides have agreed once. */
export function agreedWorld(mapping: MappingSettings = mappingOf()): World {
  const world = startWorld(mapping);
  sync(world);
  return world;
}
