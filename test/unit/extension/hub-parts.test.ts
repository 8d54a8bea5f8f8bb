import type { ConnectionDescription } from '../../../backend/contract/connections.ts';
import type { FieldMapping, MappingSettings } from '../../../backend/contract/mapping.ts';
import { barredFor, type Described } from '../../../src/settings-hub/mappings/described.ts';
import { rowWarnings, unfilled } from '../../../src/settings-hub/mappings/row-warnings.ts';
import { settingsDifference } from '../../../src/settings-hub/mappings/settings-difference.ts';
import { completionsAt } from '../../../src/settings-hub/mappings/template-completion.ts';
import { sandboxMapping } from '../../sandbox/seed-mapping.ts';

type Field = ConnectionDescription['fields'][number];

const field = (id: string, more: Partial<Field> = {}): Field => ({
  id,
  name: id.replace(/.*\./, ''),
  type: 'string',
  required: false,
  readOnly: false,
  ...more,
});

function described(workItem: Field[], ticket: Field[]): Described {
  const side = (fields: Field[]) => ({
    data: {
      types: [],
      fields,
      statuses: [],
      roles: { status: 'state', title: 'title', description: 'description' },
    },
  });
  return { workItem: side(workItem), ticket: side(ticket) };
}

const row = (more: Partial<FieldMapping> = {}): FieldMapping => ({
  id: 'one',
  workItemField: 'System.Title',
  ticketField: 'Subject',
  direction: 'out',
  when: 'always',
  out: { kind: 'copy' },
  in: { kind: 'copy' },
  ...more,
});

const settings = () => sandboxMapping('c') as MappingSettings;

describe('what differs between versions', () => {
  test('nothing, when nothing was changed', () => {
    expect(settingsDifference(settings(), settings())).toEqual([]);
  });

  test('a value is told with its path, and an absent one as absent', () => {
    const { referenceField: _gone, ...rest } = settings();
    const before = { ...rest, name: 'Old' } as MappingSettings;
    const after = { ...settings(), name: 'New', referenceField: 'Custom.Ticket' };
    expect(settingsDifference(before, after)).toEqual(
      expect.arrayContaining([
        { path: ['name'], before: 'Old', after: 'New' },
        { path: ['referenceField'], before: undefined, after: 'Custom.Ticket' },
      ]),
    );
  });

  test('rows are told apart by id, so that a removed first row does not change all the others', () => {
    const before = { ...settings(), fields: [row({ id: 'a' }), row({ id: 'b' }), row({ id: 'c' })] };
    const after = { ...before, fields: before.fields.slice(1) };
    const found = settingsDifference(before, after);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ path: ['fields', 'a'], after: undefined });
  });

  test('another order of the same rows is a difference', () => {
    const before = { ...settings(), fields: [row({ id: 'a' }), row({ id: 'b' })] };
    const after = { ...before, fields: before.fields.toReversed() };
    expect(settingsDifference(before, after)).toEqual([{ path: ['fields'], before: 'a, b', after: 'b, a' }]);
  });
});

describe('completing a template', () => {
  const descriptions = described([field('System.Title'), field('System.Tags')], [field('Subject')]);
  const at = (text: string) => completionsAt(text, text.length, descriptions);

  test('offers nothing outside of braces and behind a filter', () => {
    expect(at('Plain text')).toBeUndefined();
    expect(at('{{ workItem.title }} and')).toBeUndefined();
    expect(at('{{ workItem.title | up')).toBeUndefined();
  });

  test('finds a field by what people call it, and writes names with dots so that Liquid can read them', () => {
    expect(at('{{ tags')?.list).toEqual([{ insert: 'workItem.fields["System.Tags"]', name: 'Tags' }]);
    expect(at('{{ subj')?.list).toEqual([{ insert: 'ticket.fields.Subject', name: 'Subject' }]);
  });

  test('replaces what was typed of the name', () => {
    expect(at('Bug: {{ tit')?.from).toBe('Bug: {{ '.length);
  });
});

describe('warnings beside a row', () => {
  test.each<[string, Partial<Field>, Partial<Field>, RegExp | undefined]>([
    ['a longer text', { maxLength: 255 }, { maxLength: 100 }, /shortened/],
    ['a text without limit', {}, { maxLength: 100 }, /holds 100/],
    ['a shorter text', { maxLength: 50 }, { maxLength: 100 }, undefined],
    ['a read-only field', {}, { readOnly: true }, /cannot be written/],
    ['a field of the template', {}, { barredBy: 'template' }, /template keeps Subject/],
    ['a field that the type lacks', {}, { barredBy: 'type' }, /this type do not take Subject/],
    ['a list', {}, { type: 'choice', choices: [{ id: '1', name: 'One' }] }, /use a table/],
    ['a person', {}, { type: 'principal' }, /as a person/],
    ['a time', {}, { type: 'instant' }, /as a date/],
    ['the same type', {}, {}, undefined],
  ])('%s', (_name, from, to, warning) => {
    const descriptions = described([field('System.Title', from)], [field('Subject', to)]);
    const found = rowWarnings(row(), 'out', descriptions).join(' ');
    if (warning) expect(found).toMatch(warning);
    else expect(found).toBe('');
  });

  test('required fields that no row fills are named, the title and the state excepted', () => {
    const needed = ['Reason', 'title', 'state'].map((id) => field(id, { required: true }));
    const descriptions = described([], [...needed, field('Subject', { required: true })]);
    const names = unfilled({ ...settings(), fields: [row()] }, 'out', descriptions).map(({ id }) => id);
    expect(names).toEqual(['Reason']);
  });
});

describe('what a template keeps', () => {
  const ticket = described([], [field('A', { barredBy: 'template' }), field('B', { barredBy: 'type' })])
    .ticket.data as ConnectionDescription;
  test.each([
    ['automatic', ['template', 'type']],
    ['manual', ['template', 'type']],
    ['linkOnly', [undefined, 'type']],
    ['never', [undefined, 'type']],
  ] as const)('with tickets created %s', (mode, expected) => {
    const createTicket = { ...settings().createTicket, mode };
    expect(barredFor({ createTicket }, ticket).fields.map(({ barredBy }) => barredBy)).toEqual(expected);
  });
});
