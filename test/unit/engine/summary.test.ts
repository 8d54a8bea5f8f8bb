import type { Descriptions } from '../../../backend/engine/plan-input.ts';
import { namingOf, tellWritten, type Written, withReason } from '../../../backend/engine/summary.ts';
import type { Command } from '../../../backend/sync/command.ts';
import type { Side } from '../../../backend/sync/record.ts';

const description = (names: Record<string, string>) => ({
  types: [],
  statuses: [],
  roles: { status: 's', title: 't', description: 'd' },
  fields: Object.entries(names).map(([id, name]) => ({
    id,
    name,
    type: 'string' as const,
    required: false,
    readOnly: false,
  })),
});
const descriptions = {
  workItem: description({
    t: 'Title',
    who: 'Assigned To',
    sla: 'SLA Class',
    p: 'Priority',
    e: 'Effort',
    r: 'Risk',
  }),
  ticket: description({ Subject: 'Summary', Reference: 'Reference' }),
} as Descriptions;
const field = (id: string, workItemField: string, ticketField: string) => ({
  id,
  workItemField,
  ticketField,
  direction: 'both' as const,
  when: 'always' as const,
  out: { kind: 'copy' as const },
  in: { kind: 'copy' as const },
});
const fields = [
  field('title', 't', 'Subject'),
  field('who', 'who', 'Owner'),
  field('sla', 'sla', 'Sla'),
  field('p', 'p', 'Priority'),
  field('e', 'e', 'Effort'),
  field('r', 'r', 'Risk'),
  field('unknown', 'Custom.X', 'X'),
];
const naming = namingOf({ fields }, descriptions, 'call');

const nothing: Written = { outcomes: [], written: [] };
const update = (side: Side, rows: string[], refusedRows: string[] = []): Written => {
  const changes = rows.map((row) => ({ row, field: row === 'response' ? 'Reference' : row, value: null }));
  const command = { kind: 'update', side, revision: '1', changes } as unknown as Command;
  return {
    outcomes: [{ command, outcome: 'done', refusedRows }],
    written: [{ side, changes: changes as never }],
  };
};
const single = (
  kind: 'addComment' | 'addAttachment' | 'addHyperlink',
  side: Side,
  outcome = 'done',
): Written => ({
  outcomes: [{ command: { kind, side } as unknown as Command, outcome: outcome as 'done' }],
  written: [],
});
const both = (...parts: Written[]): Written => ({
  outcomes: parts.flatMap(({ outcomes }) => outcomes),
  written: parts.flatMap(({ written }) => written),
});

test.each<[string | undefined, Written, number?]>([
  [undefined, nothing],
  ['Title went to the call.', update('ticket', ['title'])],
  ['Title and state went to the call.', update('ticket', ['title', 'state'])],
  [
    'Title and state went to the call, 1 comment to the work item.',
    both(update('ticket', ['title', 'state']), single('addComment', 'workItem')),
  ],
  ['Assigned to and SLA class went to the work item.', update('workItem', ['who', 'sla'])],
  [
    '2 comments, 1 attachment and 1 link went to the work item.',
    both(
      single('addComment', 'workItem'),
      single('addComment', 'workItem'),
      single('addAttachment', 'workItem'),
      single('addHyperlink', 'workItem'),
    ),
  ],
  ['Reference went to the call.', update('ticket', ['response'])],
  ['Custom.X went to the call.', update('ticket', ['unknown'])],
  ['1 comment went to the call.', nothing, 1],
  ['Title, priority, effort and risk went to the call.', update('ticket', ['title', 'p', 'e', 'r'])],
  [
    'Title, priority, effort and 2 other fields went to the call.',
    update('ticket', ['title', 'p', 'e', 'r', 'who']),
  ],
  ['Title went to the call.', update('ticket', ['title', 'p'], ['p'])],
  [undefined, both(single('addComment', 'ticket', 'failed'), single('addAttachment', 'ticket', 'notTried'))],
])('%s', (sentence, carried, entered = 0) => {
  expect(tellWritten(carried, entered, naming)).toBe(sentence);
});

test('whatever fields are called, the sentence stays short', () => {
  const long = {
    ...descriptions,
    workItem: description(
      Object.fromEntries(fields.map((one) => [one.workItemField, `${one.id} ${'x'.repeat(300)}`])),
    ),
  } as Descriptions;
  const all = fields.map(({ id }) => id);
  const told = tellWritten(
    both(update('ticket', all), update('workItem', all), single('addAttachment', 'workItem')),
    9,
    namingOf({ fields }, long, 'call'),
  );
  expect(told?.length).toBeLessThan(400);
});

test('a reason comes first, as a sentence', () => {
  expect(withReason('Priority: must be 1 to 4', 'Title went to the call.')).toBe(
    'Priority: must be 1 to 4. Title went to the call.',
  );
  expect(withReason('It is gone.', 'Title went to the call.')).toBe('It is gone. Title went to the call.');
  expect(withReason('It is gone', undefined)).toBe('It is gone');
});
