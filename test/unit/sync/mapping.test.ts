import { type Capabilities, capabilities } from '../../../backend/contract/connector-manifest.ts';
import { checkMapping } from '../../../backend/sync/check-mapping.ts';
import { describeMapping } from '../../../backend/sync/describe-mapping.ts';
import type { FieldDescription } from '../../../backend/sync/record.ts';
import type { SideDescription } from '../../../backend/sync/side-description.ts';
import { suggestMapping } from '../../../backend/sync/suggest-mapping.ts';
import { fields, mappingOf } from './world.ts';

const side = (
  name: 'workItem' | 'ticket',
  roles: SideDescription['roles'],
  more: FieldDescription[] = [],
): SideDescription => ({
  types: name === 'workItem' ? [{ id: 'Bug', name: 'Bug' }] : [],
  fields: [...Object.values(fields[name]), ...more],
  statuses: (fields[name][roles.status]?.choices ?? []).map((choice) => ({
    ...choice,
    category: choice.category ?? 'unknown',
  })),
  roles,
});
const priority = (id: string, names: string[]): FieldDescription => ({
  id,
  name: id,
  type: 'choice',
  required: false,
  readOnly: false,
  choices: names.map((name, index) => ({ id: `${id}${index}`, name })),
});
const person = (id: string): FieldDescription => ({
  id,
  name: id,
  type: 'principal',
  required: false,
  readOnly: false,
});

const described = {
  workItem: side(
    'workItem',
    { status: 'State', title: 'Title', description: 'Body', priority: 'Priority', assignee: 'Assigned' },
    [
      priority('Priority', ['1', '2', '3', '4']),
      person('Assigned'),
      { id: 'Created', name: 'Created', type: 'instant', required: false, readOnly: true },
    ],
  ),
  ticket: side(
    'ticket',
    { status: 'status', title: 'subject', description: 'details', priority: 'urgency', assignee: 'analyst' },
    [
      priority('urgency', ['P1', 'P2', 'P3']),
      person('analyst'),
      { id: 'service', name: 'Service', type: 'string', required: true, readOnly: false },
    ],
  ),
};
const can: Capabilities = capabilities.parse({
  create: true,
  transition: 'action',
  commentsRead: true,
  commentsWrite: true,
  commentVisibility: 'both',
  attachmentsRead: true,
  attachmentsWrite: true,
  attachmentsMaxBytes: 60 * 1024 * 1024,
  concurrency: 'lock',
  changeFeed: 'timestamp',
  webhook: 'admin',
  richText: 'html',
  priorities: true,
  assignee: true,
  templates: true,
  tellsDeleted: true,
});

const service = {
  id: 'service',
  workItemField: 'Note',
  ticketField: 'service',
  direction: 'out',
  out: { kind: 'constant', value: 'IT' },
};
const base = {
  createWorkItem: { mode: 'never' },
  createTicket: { mode: 'automatic', onStates: ['New'] },
};
const problemsOf = (more: Record<string, unknown>, limits: Partial<Capabilities> = {}) => {
  const extra = (more.fields as unknown[] | undefined) ?? [];
  const settings = mappingOf({ ...base, ...more, fields: [service, ...extra] });
  return checkMapping(settings, described, { ...can, ...limits });
};

describe('checking a mapping', () => {
  test('a sound one has no problems', () => {
    expect(problemsOf({})).toEqual([]);
  });

  test('a mapping that only links needs the field that names the counterpart', () => {
    const linkOnly = { createTicket: { mode: 'linkOnly' } };
    expect(problemsOf(linkOnly)).toMatchObject([{ field: 'createTicket.mode', severity: 'error' }]);
    expect(problemsOf({ ...linkOnly, referenceField: 'Note' })).toEqual([]);
  });

  test('closing for a deleted ticket is warned of where the system does not tell deleted ones', () => {
    const closing = {
      onDeleted: { workItem: 'note', ticket: 'close' },
      closeStates: { workItem: described.workItem.statuses[0]?.id },
    };
    expect(problemsOf(closing)).toEqual([]);
    expect(problemsOf(closing, { tellsDeleted: false })).toMatchObject([
      { field: 'onDeleted.ticket', severity: 'warning' },
    ]);
  });

  const row = (
    workItemField: string,
    ticketField: string,
    direction: string,
    more: Record<string, unknown> = {},
  ) => ({
    fields: [{ id: 'r', workItemField, ticketField, direction, ...more }],
  });
  test.each([
    ['unknown field', row('Nope', 'summary', 'out'), 'fields[r].workItemField', 'no field Nope'],
    ['read-only target', row('Created', 'summary', 'both'), 'fields[r].workItemField', 'cannot be written'],
    [
      'template',
      row('Effort', 'summary', 'out', { out: { kind: 'template', template: '{{ a | nope }}' } }),
      'fields[r].out',
      'nope',
    ],
    [
      'field in a template',
      row('Effort', 'summary', 'out', { out: { kind: 'template', template: '{{ source.fields.Zzz }}' } }),
      'fields[r].out',
      'no field Zzz',
    ],
    [
      'template both ways',
      row('Effort', 'summary', 'both', { out: { kind: 'template', template: 'x' } }),
      'fields[r].direction',
      'one way',
    ],
    [
      'table to nowhere',
      row('Effort', 'urgency', 'out', { out: { kind: 'table', rows: [{ from: '1', to: 'P9' }] } }),
      'fields[r].out',
      'no choice "P9"',
    ],
    ['text to number', row('Reference', 'points', 'out'), 'fields[r].ticketField', 'no number'],
    ['long to short', row('Title', 'subject', 'out'), 'fields[r].ticketField', 'shortened'],
    [
      'choices without counterpart',
      row('Priority', 'urgency', 'out'),
      'fields[r].ticketField',
      'no choice for 1',
    ],
    ['two writers', row('Effort', 'service', 'out'), 'fields[r].ticketField', 'Two rows write Service'],
    ['status by row', row('Effort', 'status', 'out'), 'fields[r].ticketField', 'state map'],
    [
      'unknown state',
      { states: { enabled: true, rows: [{ workItemState: 'Nope', ticketStatus: '1' }] } },
      'states.rows[0].workItemState',
      '"Nope"',
    ],
    [
      'states that lead nowhere',
      { states: { enabled: true, rows: [{ workItemState: 'New', ticketStatus: '1' }] } },
      'states.rows',
      'Active',
    ],
    ['type', { workItemTypes: ['Epic'] }, 'workItemTypes[0]', 'Epic'],
    [
      'trigger state',
      { createTicket: { mode: 'automatic', onStates: ['Nope'] } },
      'createTicket.onStates',
      'Nope',
    ],
    ['everything triggers', { createTicket: { mode: 'automatic' } }, 'createTicket', 'Every work item'],
    ['reference field', { referenceField: 'Nope' }, 'referenceField', 'no field Nope'],
    [
      'number does not come back',
      {
        createWorkItem: { mode: 'manual' },
        fields: [{ id: 't', workItemField: 'Title', ticketField: 'subject', direction: 'in' }],
      },
      'response.ticket',
      'not told the number',
    ],
    ['close state', { closeStates: { ticket: '99' } }, 'closeStates.ticket', '"99"'],
  ])('%s', (_name, more, field, problem) => {
    expect(problemsOf(more)).toContainEqual(
      expect.objectContaining({ field, problem: expect.stringContaining(problem) }),
    );
  });

  test('required fields of the new record', () => {
    const found = checkMapping(mappingOf(base), described, can);
    expect(found).toContainEqual(
      expect.objectContaining({ severity: 'error', problem: 'A new ticket needs Service' }),
    );
  });

  describe('a field that is kept from being written', () => {
    const barred = (barredBy: 'template' | 'type', direction: string, mode = 'automatic') => {
      const kept = described.ticket.fields.map((field) =>
        field.id === 'summary' ? { ...field, barredBy } : field,
      );
      const settings = mappingOf({
        ...base,
        createTicket: { mode, onStates: ['New'] },
        referenceField: 'Note',
        fields: [service, ...row('Effort', 'summary', direction).fields],
      });
      return checkMapping(
        settings,
        { ...described, ticket: { ...described.ticket, fields: kept } },
        can,
      ).filter(({ field }) => field === 'fields[r].ticketField');
    };
    test.each(['out', 'both'])('by the template is warned of in a row that goes %s', (direction) => {
      expect(barred('template', direction)).toEqual([
        {
          field: 'fields[r].ticketField',
          severity: 'warning',
          problem: expect.stringMatching(/^The template keeps .* from being written in a new ticket$/),
          remedy: expect.stringContaining('create tickets without the template'),
        },
      ]);
    });
    test.each(['linkOnly', 'never'])('by the template is no matter with %s', (mode) => {
      expect(barred('template', 'out', mode)).toEqual([]);
    });
    test.each(['automatic', 'never'])('by the type is warned of with %s', (mode) => {
      expect(barred('type', 'out', mode)).toMatchObject([
        { severity: 'warning', problem: expect.stringContaining('of this type do not take') },
      ]);
    });
    test('may be read', () => {
      expect(barred('template', 'in')).toEqual([]);
      expect(barred('type', 'in')).toEqual([]);
    });
    test('by the type is warned of where the number of the work item goes, too', () => {
      const ticket = {
        ...described.ticket,
        fields: described.ticket.fields.map((field) => ({ ...field, barredBy: 'type' as const })),
      };
      const settings = mappingOf({
        ...base,
        response: { workItem: [], ticket: [{ field: 'summary', value: 'key' }] },
      });
      expect(checkMapping(settings, { ...described, ticket }, can)).toContainEqual(
        expect.objectContaining({ field: 'response.ticket[0].field', severity: 'warning' }),
      );
    });
  });

  test.each([
    [
      'comments.outVisibility',
      { comments: { out: true, in: true, outVisibility: 'public' } },
      { commentVisibility: 'internalOnly' as const },
    ],
    ['comments.outVisibility', {}, { commentVisibility: 'publicOnly' as const }],
    ['comments.out', {}, { commentsWrite: false }],
    ['attachments.in', {}, { attachmentsRead: false }],
    ['attachments.maxBytes', {}, { attachmentsMaxBytes: 1024 }],
    ['createTicket.mode', {}, { create: false }],
    ['ticketTemplate', { ticketTemplate: 'x' }, { templates: false }],
  ])('ability: %s', (field, more, limits) => {
    expect(problemsOf(more, limits)).toContainEqual(expect.objectContaining({ field }));
  });
});

describe('describing and suggesting', () => {
  const names = { connection: 'Alemba Production', ticketNoun: 'call' };
  test('one sentence', () => {
    const settings = mappingOf({
      createTicket: { mode: 'automatic', onStates: ['Needs service desk'] },
      createWorkItem: { mode: 'manual' },
      ticketTemplate: 'Software fault',
      attachments: { out: false, in: false },
    });
    expect(describeMapping(settings, names)).toBe(
      'Bugs in Fabrikam that enter Needs service desk create a call with template Software fault in Alemba Production; states both ways; comments internal.',
    );
    const quiet = mappingOf({
      ...base,
      enabled: false,
      createTicket: { mode: 'manual' },
      comments: { out: false, in: true },
    });
    expect(describeMapping(quiet, names)).toBe(
      'Off: Bugs in Fabrikam are paired by hand with calls in Alemba Production; states both ways; comments inbound; attachments both ways.',
    );
  });

  test('a suggestion has the rows that both sides have, every state leads somewhere, and only the admin’s part is missing', () => {
    const settings = suggestMapping({
      connectionId: 'c',
      connectionName: 'Alemba',
      project: 'Fabrikam',
      workItemType: 'Bug',
      described,
      capabilities: can,
    });
    expect(settings.fields.map((row) => [row.id, row.direction])).toEqual([
      ['title', 'both'],
      ['description', 'both'],
      ['priority', 'both'],
      ['assignee', 'both'],
    ]);
    expect(settings.fields[2]?.out).toMatchObject({
      rows: [{ to: 'urgency0' }, { to: 'urgency1' }, { to: 'urgency2' }, { to: 'urgency2' }],
    });
    const problems = checkMapping(settings, described, can);
    expect(problems.map((each) => each.problem)).toEqual([
      'A new ticket needs Service',
      'Text beyond 30 characters is shortened',
    ]);
  });
});
