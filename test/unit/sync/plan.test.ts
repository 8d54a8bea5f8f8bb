import { mappingSettings } from '../../../backend/contract/mapping.ts';
import { firstBase, planCreate } from '../../../backend/sync/create.ts';
import { fieldsUsed } from '../../../backend/sync/fields-used.ts';
import { findMarks } from '../../../backend/sync/mark.ts';
import { candidateMappings, matchRecord, matchRefusal } from '../../../backend/sync/match.ts';
import { plan } from '../../../backend/sync/plan.ts';
import { settle } from '../../../backend/sync/settle.ts';
import {
  agreedWorld,
  attach,
  carryOut,
  comment,
  edit,
  fields,
  inputOf,
  mappingOf,
  rich,
  setState,
  snapshotOf,
  startWorld,
  statusField,
  sync,
  systemName,
} from './world.ts';

const commandsOf = (world: Parameters<typeof inputOf>[0]) => plan(inputOf(world)).commands;
const kinds = (world: Parameters<typeof inputOf>[0]) => commandsOf(world).map((command) => command.kind);

describe('fields', () => {
  test('one update per side with all changes and the revision that was read', () => {
    const world = agreedWorld();
    edit(world, 'workItem', 'Title', 'New title');
    edit(world, 'workItem', 'Body', rich('<p>more</p>'));
    edit(world, 'ticket', 'labels', { kind: 'words', words: ['x'] });
    const commands = commandsOf(world);
    expect(commands).toMatchObject([
      { kind: 'update', side: 'workItem', revision: '3', changes: [{ field: 'Tags', row: 'tags' }] },
      { kind: 'update', side: 'ticket', revision: '2', changes: [{ row: 'title' }, { row: 'body' }] },
    ]);
  });

  test('linked by hand: keep leaves both, a winner writes', () => {
    const make = (onLink: string) => {
      const world = startWorld(mappingOf({ onLink }));
      world.ticket.fields.subject = 'Other';
      sync(world);
      return [world.workItem.fields.Title, world.ticket.fields.subject];
    };
    expect(make('keep')).toEqual(['Printer', 'Other']);
    expect(make('workItemWins')).toEqual(['Printer', 'Printer']);
    expect(make('ticketWins')).toEqual(['Other', 'Other']);
  });

  test('an outgoing row lets the ticket drift until the work item changes again', () => {
    const out = [{ id: 'title', workItemField: 'Title', ticketField: 'subject', direction: 'out' }];
    const world = agreedWorld(mappingOf({ fields: out, conflict: 'ask' }));
    edit(world, 'ticket', 'subject', 'Drifted');
    expect(sync(world).commands).toEqual([]);
    edit(world, 'workItem', 'Title', 'Again');
    edit(world, 'ticket', 'subject', 'Drifted more');
    expect(plan(inputOf(world)).conflicts).toEqual([]);
    sync(world);
    expect(world.ticket.fields.subject).toBe('Again');
  });

  test('separate outgoing and incoming rows over the same fields do not swap values', () => {
    const rows = [
      { id: 'a', workItemField: 'Title', ticketField: 'subject', direction: 'out' },
      { id: 'b', workItemField: 'Title', ticketField: 'subject', direction: 'in' },
    ];
    const world = agreedWorld(mappingOf({ fields: rows, conflict: 'ticketWins' }));
    edit(world, 'workItem', 'Title', 'mine');
    edit(world, 'ticket', 'subject', 'theirs');
    sync(world);
    expect([world.workItem.fields.Title, world.ticket.fields.subject]).toEqual(['theirs', 'theirs']);
    expect(commandsOf(world)).toEqual([]);
  });

  test('one field feeding two rows: a refused row holds up only itself', () => {
    const rows = [
      { id: 'one', workItemField: 'Title', ticketField: 'subject', direction: 'both' },
      { id: 'two', workItemField: 'Title', ticketField: 'summary', direction: 'out' },
    ];
    const world = agreedWorld(mappingOf({ fields: rows, conflict: 'ask' }));
    edit(world, 'workItem', 'Title', 'Changed');
    const input = inputOf(world);
    const planned = plan(input);
    const outcomes = planned.commands.map((command) => ({
      ...carryOut(world, command),
      refusedRows: ['two'],
    }));
    world.ticket.fields.summary = 'Printer';
    world.base = settle({ input, plan: planned, outcomes, bookmarks: {} }).base;
    expect(commandsOf(world)).toMatchObject([{ changes: [{ row: 'two' }] }]);
    edit(world, 'ticket', 'subject', 'From the ticket');
    expect(plan(inputOf(world)).conflicts).toEqual([]);
  });

  test('a value without a counterpart is left alone, and flows once the mapping knows it', () => {
    const table = (rows: unknown[]) =>
      mappingOf({
        fields: [
          {
            id: 'p',
            workItemField: 'Note',
            ticketField: 'summary',
            direction: 'out',
            out: { kind: 'table', rows },
          },
        ],
      });
    const world = agreedWorld(table([{ from: 'a', to: 'A' }]));
    edit(world, 'workItem', 'Note', 'b');
    expect(sync(world).notes).toMatchObject([{ code: 'fieldUnmappable', row: 'p' }]);
    world.mapping = table([{ from: 'b', to: 'B' }]);
    sync(world);
    expect(world.ticket.fields.summary).toBe('B');
  });

  test('a composed value shows what the same plan changes, and is written once', () => {
    const rows = [
      {
        id: 'sum',
        workItemField: 'Note',
        ticketField: 'summary',
        direction: 'out',
        out: { kind: 'template', template: '{{ workItem.fields.Title }}!' },
      },
      { id: 'title', workItemField: 'Title', ticketField: 'subject', direction: 'both' },
    ];
    const world = agreedWorld(mappingOf({ fields: rows }));
    edit(world, 'ticket', 'subject', 'Fire');
    sync(world);
    expect(world.ticket.fields.summary).toBe('Fire!');
    expect(commandsOf(world)).toEqual([]);
  });

  test('a new row on an old link takes both values as they are', () => {
    const world = agreedWorld();
    world.mapping = mappingOf({
      fields: [{ id: 'n', workItemField: 'Effort', ticketField: 'points', direction: 'both' }],
    });
    world.ticket.fields.points = 5;
    expect(sync(world).notes).toMatchObject([{ code: 'fieldKept', row: 'n' }]);
    edit(world, 'ticket', 'points', 6);
    sync(world);
    expect(world.workItem.fields.Effort).toBe(6);
  });

  test('an unmapped state has no opinion: the other side still speaks', () => {
    const states = {
      enabled: true,
      rows: [
        { workItemState: 'New', ticketStatus: '1' },
        { workItemState: 'Closed', ticketStatus: '4' },
      ],
    };
    const world = agreedWorld(mappingOf({ states, conflict: 'workItemWins' }));
    setState(world, 'workItem', 'Committed');
    expect(sync(world).notes).toMatchObject([{ code: 'stateUnmapped' }]);
    setState(world, 'ticket', '4');
    sync(world);
    expect(world.workItem.status).toBe('Closed');
  });

  test('states that share a counterpart do not swing', () => {
    const world = agreedWorld();
    setState(world, 'workItem', 'Active');
    sync(world);
    setState(world, 'ticket', '3');
    sync(world);
    expect(world.workItem.status).toBe('Active');
    setState(world, 'workItem', 'Committed');
    sync(world);
    setState(world, 'ticket', '2');
    sync(world);
    expect([world.workItem.status, world.ticket.status]).toEqual(['Committed', '2']);
  });
});

describe('comments', () => {
  test('carried over once, with who wrote it where, internal, and marked at the end', () => {
    const world = agreedWorld();
    comment(world, 'workItem', '<p>Toner?</p>');
    const [command] = commandsOf(world);
    if (command?.kind !== 'addComment') throw new Error('comment');
    expect(command).toMatchObject({ side: 'ticket', visibility: 'internal' });
    expect(command.body.text).toMatch(
      /^<p><em>Jessica Mercato wrote in Azure DevOps, 2026-01-01 00:00 UTC:<\/em><\/p><p>Toner\?<\/p><p><small>tandem-[0-9a-z]{12}<\/small><\/p>$/,
    );
    expect(findMarks(command.body.text)).toEqual([command.mark]);
  });

  test.each([
    ['history none', {}, 0],
    ['history all', { history: 'all' }, 2],
  ])('before the link: %s', (_name, policy, count) => {
    const world = startWorld(mappingOf({ comments: { out: true, in: true, ...policy } }));
    comment(world, 'workItem', 'a');
    comment(world, 'ticket', 'b');
    expect(kinds(world).filter((kind) => kind === 'addComment')).toHaveLength(count);
    sync(world);
    expect(commandsOf(world)).toEqual([]);
  });

  test.each([
    ['system entries stay', {}, { system: true }, 0],
    ['system entries may go', { includeSystem: true }, { system: true }, 1],
    ['internal ones stay with onlyPublic', { onlyPublic: true }, { visibility: 'internal' as const }, 0],
    ['public ones go with onlyPublic', { onlyPublic: true }, {}, 1],
    ['not in this direction', { in: false }, {}, 0],
  ])('%s', (_name, policy, made, count) => {
    const world = agreedWorld(mappingOf({ comments: { out: true, in: true, ...policy } }));
    comment(world, 'ticket', 'x', made);
    expect(kinds(world)).toHaveLength(count);
  });

  test('a person who quotes a carried-over comment is heard; Tandem’s own for another link is not', () => {
    const world = agreedWorld();
    comment(world, 'workItem', '<p>Toner?</p>');
    sync(world);
    const copy = world.ticket.comments[0]?.body.text ?? '';
    comment(world, 'ticket', `<blockquote>${copy}</blockquote><p>Yes.</p>`);
    const [command] = commandsOf(world);
    if (command?.kind !== 'addComment') throw new Error('comment');
    expect(findMarks(command.body.text)).toEqual([command.mark]);
    sync(world);
    comment(world, 'ticket', '<p>From another work item</p><p><small>tandem-0123456789ab</small></p>');
    expect(plan(inputOf(world))).toMatchObject({ commands: [], notes: [{ code: 'commentHeldBack' }] });
  });
});

describe('attachments', () => {
  test.each([
    ['type not allowed', { allowTypes: ['png'] }, 'a.log', {}, 'type'],
    ['type denied', { denyTypes: ['exe'] }, 'A.EXE', {}, 'type'],
    ['name denied', { denyNames: ['image0??.*'] }, 'Image001.png', {}, 'name'],
    ['too large', { maxBytes: 5 }, 'a.png', {}, 'tooLarge'],
  ])('%s', (_name, policy, name, made, reason) => {
    const world = agreedWorld(mappingOf({ attachments: { out: true, in: true, ...policy } }));
    attach(world, 'workItem', name, made);
    expect(plan(inputOf(world))).toMatchObject({
      commands: [],
      notes: [{ code: 'attachmentHeldBack', reason }],
    });
  });

  test('the same file on both sides is paired, not doubled', () => {
    const world = agreedWorld();
    attach(world, 'workItem', 'a.png');
    attach(world, 'ticket', 'A.png');
    expect(plan(inputOf(world))).toMatchObject({ commands: [], pairs: [{}] });
  });
});

describe('missing and restored', () => {
  const gone = (policy: string, how: 'deleted' | 'notVisible' = 'deleted') => {
    const world = agreedWorld(mappingOf({ onDeleted: { workItem: policy, ticket: policy } }));
    world.workItem.gone = how;
    return world;
  };
  test('each policy, once', () => {
    expect(commandsOf(gone('note'))).toMatchObject([
      { kind: 'addComment', side: 'ticket', visibility: 'internal' },
    ]);
    expect(commandsOf(gone('close'))).toMatchObject([
      { kind: 'update', side: 'ticket', changes: [{ value: { id: '4' } }] },
    ]);
    expect(kinds(gone('close', 'notVisible'))).toEqual(['addComment']);
    expect(commandsOf(gone('unlink', 'notVisible'))).toEqual([{ kind: 'endLink', reason: 'notVisible' }]);
    expect(commandsOf(gone('ignore'))).toEqual([{ kind: 'ignoreMissing', side: 'workItem' }]);
    const world = gone('note');
    sync(world, ['failed']);
    expect(kinds(world)).toEqual(['addComment']);
    sync(world);
    expect(kinds(world)).toEqual([]);
  });

  test('restored: edits of the meantime flow, the note has an answer, the next deletion is told again', () => {
    const world = gone('note');
    sync(world);
    edit(world, 'ticket', 'subject', 'Meanwhile');
    world.workItem.gone = undefined;
    const planned = sync(world);
    expect(planned.notes[0]).toEqual({ code: 'recordRestored', side: 'workItem' });
    expect(world.workItem.fields.Title).toBe('Meanwhile');
    expect(commandsOf(world)).toEqual([]);
    edit(world, 'workItem', 'Title', 'Later');
    sync(world);
    world.workItem.gone = 'deleted';
    expect(kinds(world)).toEqual(['addComment']);
  });

  test('restored with ignore: the link stays as it was left', () => {
    const world = agreedWorld(mappingOf({ onRestored: 'ignore' }));
    world.workItem.gone = 'deleted';
    sync(world);
    world.workItem.gone = undefined;
    edit(world, 'ticket', 'subject', 'x');
    expect(sync(world).commands).toEqual([]);
    expect(sync(world).commands).toEqual([]);
  });
});

describe('create', () => {
  const createInput = (mapping = mappingOf()) => ({
    source: snapshotOf(startWorld(mapping), 'workItem'),
    mapping,
    fields,
    statusField,
    systemName,
  });

  test('values, a person’s entries, and what is missing', () => {
    const made = planCreate({ ...createInput(), overrides: { labels: null, summary: 'typed' } });
    expect(made).toMatchObject({
      side: 'ticket',
      missing: [],
      fields: { subject: 'Printer', summary: 'typed' },
    });
    expect(made.fields).not.toHaveProperty('labels');
    const empty = planCreate(createInput(mappingOf({ fields: [] })));
    expect(empty.missing).toEqual(['subject']);
    expect(planCreate({ ...createInput(mappingOf({ fields: [] })), titleField: 'subject' }).missing).toEqual(
      [],
    );
  });

  test('after a create the first plan brings the state, the response and the hyperlink, and nothing else', () => {
    const mapping = mappingOf({
      hyperlink: true,
      referenceField: 'Reference',
      response: {
        workItem: [{ field: 'Note', value: 'status' }],
        ticket: [{ field: 'summary', value: 'key' }],
      },
    });
    const world = startWorld(mapping);
    world.workItem.status = 'Active';
    const create = { ...createInput(mapping), source: snapshotOf(world, 'workItem') };
    const planned = planCreate(create);
    Object.assign(world.ticket.fields, planned.fields, { subject: 'PRINTER' });
    world.base = firstBase({ create, plan: planned, created: { revision: '1' } });
    world.origin = 'createdTicket';
    world.responded = false;
    const first = sync(world);
    expect(first.commands).toMatchObject([
      {
        side: 'workItem',
        changes: [
          { field: 'Note', value: 'Open' },
          { field: 'Reference', value: '10061' },
        ],
      },
      { side: 'ticket', changes: [{ field: 'status', value: { id: '2' } }] },
      { kind: 'addHyperlink', url: 'https://ticket.example/10061', comment: 'Alemba 10061' },
    ]);
    expect([world.responded, commandsOf(world)]).toEqual([true, []]);
    expect(world.workItem.fields.Title).toBe('Printer');
  });

  test('what the create refused is asked for again; what only the new record knows comes back', () => {
    const mapping = mappingOf({
      states: { enabled: false, rows: [] },
      fields: [
        { id: 'title', workItemField: 'Title', ticketField: 'subject', direction: 'both' },
        { id: 'points', workItemField: 'Effort', ticketField: 'points', direction: 'in' },
      ],
    });
    const world = startWorld(mapping);
    const create = { ...createInput(mapping), source: snapshotOf(world, 'workItem') };
    world.ticket.fields.subject = null;
    world.ticket.fields.points = 9;
    world.origin = 'createdTicket';
    const created = { revision: '1', observed: { subject: null }, refused: [{ field: 'subject' }] };
    world.base = firstBase({ create, plan: planCreate(create), created });
    sync(world);
    expect([world.ticket.fields.subject, world.workItem.fields.Effort]).toEqual(['Printer', 9]);
  });
});

describe('match', () => {
  const mapping = (id: string, more: Record<string, unknown>) => ({
    ...mappingSettings.parse({ ...mappingOf(), ...more }),
    id,
    version: 1,
    position: 1,
    updatedAt: '',
    updatedBy: '',
  });
  const when = (field: string, value: string) => ({
    createTicket: { mode: 'automatic', rule: { kind: 'condition', field, operator: 'equals', value } },
  });
  const snapshot = snapshotOf(startWorld(), 'workItem');

  test('first rule in order, then the default; unknown never triggers', () => {
    const fallback = mapping('d', { createTicket: { mode: 'automatic', isDefault: true } });
    const hit = mapping('a', when('Title', 'printer'));
    const miss = mapping('b', when('Title', 'x'));
    const unread = mapping('c', when('Nowhere', 'x'));
    expect(matchRecord(snapshot, [fallback, miss, hit])).toEqual({ mappingId: 'a' });
    expect(matchRecord(snapshot, [fallback, miss])).toEqual({ mappingId: 'd' });
    expect(matchRecord(snapshot, [unread, fallback])).toBeUndefined();
    expect(matchRefusal(snapshot, unread)).toBe('unknown');
  });

  test('project, type, state, scope and mode', () => {
    const refusal = (more: Record<string, unknown>) => matchRefusal(snapshot, mapping('a', more));
    expect(refusal({ project: 'Other' })).toBe('otherProject');
    expect(refusal({ workItemTypes: ['Task'] })).toBe('otherType');
    expect(refusal({ enabled: false })).toBe('disabled');
    expect(refusal({ createTicket: { mode: 'manual' } })).toBe('notAutomatic');
    expect(refusal({ createTicket: { mode: 'automatic', onStates: ['Closed'] } })).toBe('otherState');
    expect(refusal({ createTicket: { mode: 'automatic', onStates: ['new'] } })).toBeUndefined();
    const ticket = snapshotOf(startWorld(), 'ticket');
    const always = { mode: 'automatic' };
    const scope = { kind: 'condition', field: 'subject', operator: 'contains', value: 'scanner' };
    expect(matchRefusal(ticket, mapping('a', { ticketScope: scope }))).toBe('outOfScope');
    const typed = { ...ticket, ref: { ...ticket.ref, type: '149' } };
    expect(matchRefusal(typed, mapping('a', { ticketType: '150', createWorkItem: always }))).toBe(
      'otherType',
    );
    expect(matchRefusal(typed, mapping('a', { ticketType: '149', createWorkItem: always }))).toBeUndefined();
    expect(
      candidateMappings(snapshot, [
        mapping('m', { createTicket: { mode: 'manual' } }),
        mapping('n', { createTicket: { mode: 'never' } }),
      ]),
    ).toHaveLength(1);
  });

  test('a number in the reference field is looked up', () => {
    const world = startWorld();
    world.workItem.fields.Reference = ' 10061 ';
    const found = matchRecord(snapshotOf(world, 'workItem'), [mapping('a', { referenceField: 'Reference' })]);
    expect(found).toEqual({ mappingId: 'a', existingKey: '10061' });
  });

  test('fields that have to be read', () => {
    const settings = mapping('a', {
      ...when('Area', 'x'),
      referenceField: 'Reference',
      fields: [
        {
          id: 't',
          workItemField: 'Note',
          ticketField: 'summary',
          direction: 'out',
          out: { kind: 'template', template: '{{ ticket.fields.queue }}{{ source.fields.Severity }}' },
        },
      ],
    });
    const used = fieldsUsed(settings, statusField);
    expect(used.workItem.toSorted()).toEqual(['Area', 'Note', 'Reference', 'Severity', 'State']);
    expect(used.ticket.toSorted()).toEqual(['queue', 'status', 'summary']);
  });
});
