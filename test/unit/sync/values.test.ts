import type { Rule, Transform } from '../../../backend/contract/mapping.ts';
import { convert, cutAtWord } from '../../../backend/sync/convert.ts';
import { evaluateRule } from '../../../backend/sync/criteria.ts';
import type { FieldDescription, FieldValue } from '../../../backend/sync/record.ts';
import { type StateQuestion, wantedState } from '../../../backend/sync/state-map.ts';
import {
  checkTemplate,
  fieldsOfTemplate,
  renderTemplate,
  type TemplateScope,
} from '../../../backend/sync/templates.ts';
import { applyTransform } from '../../../backend/sync/transform.ts';
import { mappingOf, rich, words } from './world.ts';

const to = (type: FieldDescription['type'], more: Partial<FieldDescription> = {}): FieldDescription => ({
  id: 'f',
  name: 'Field',
  type,
  required: false,
  readOnly: false,
  ...more,
});
const priorities = [
  { id: '1', name: 'High' },
  { id: '2', name: 'Low' },
];

describe('conversion by the receiving field', () => {
  test.each<[string, FieldValue, FieldDescription, FieldValue]>([
    ['rich to one line', rich('<p>a</p><p><b>b</b></p>'), to('string'), 'a b'],
    ['text to rich', 'a < b', to('rich'), rich('<p>a &lt; b</p>')],
    ['text to number', ' 4,5 ', to('number'), 4.5],
    ['choice id to number', { kind: 'choice', id: '2', name: '2 - High' }, to('integer'), 2],
    ['yes', 'Yes', to('boolean'), true],
    [
      'choice by name before a foreign id',
      { kind: 'choice', id: '2', name: 'High' },
      to('choice', { choices: priorities }),
      { kind: 'choice', id: '1', name: 'High' },
    ],
    ['choice by id', '2', to('choice', { choices: priorities }), { kind: 'choice', id: '2', name: 'Low' }],
    ['words', 'a; b, a', to('words'), words('a', 'b')],
    ['empty to number', '', to('number'), null],
    ['null stays null', null, to('rich'), null],
  ])('%s', (_name, value, target, expected) => {
    expect(convert(value, target)).toMatchObject({ ok: expected });
  });

  test.each<[string, FieldValue, FieldDescription, string]>([
    ['no number', 'soon', to('number'), '"soon" is not a number'],
    ['thousands', '1,234,567', to('number'), 'is not a number'],
    ['a fraction', 1.5, to('integer'), 'not a whole number'],
    ['no such choice', 'Medium', to('choice', { choices: priorities }), 'no choice "Medium"'],
    ['too long', rich(`<p>${'a'.repeat(100)}</p>`), to('rich', { maxLength: 50 }), 'the field holds 50'],
  ])('unmappable: %s', (_name, value, target, reason) => {
    expect(convert(value, target)).toEqual({ unmappable: expect.stringContaining(reason) });
  });

  test('titles are cut at a word, visibly, never through a pair of surrogates', () => {
    expect(cutAtWord('The printer is on fire', 15)).toBe('The printer is…');
    expect(cutAtWord(`aaa${'😀'.repeat(5)}`, 7)).toBe('aaa😀…');
    expect(convert('The printer is on fire', to('string', { maxLength: 15 }))).toMatchObject({ cut: true });
  });
});

const scope: TemplateScope = {
  source: { side: 'workItem', system: 'Azure DevOps', title: 'T', status: 'New', fields: {} },
  workItem: {
    side: 'workItem',
    system: 'Azure DevOps',
    title: 'T',
    status: 'New',
    fields: {
      'System.Title': '<b>',
      Body: rich('<p>x <i>y</i></p>'),
      Due: { kind: 'instant', at: '2026-05-01T22:30:00Z' },
    },
  },
  link: { id: '7' },
};
const apply = (transform: Transform, value: FieldValue, target?: FieldDescription) =>
  applyTransform({ transform, value, to: target, scope });

describe('transforms', () => {
  test('table: by id, by name, and what has no row', () => {
    const table = (otherwise: 'leave' | 'copy' | { value: string }): Transform => ({
      kind: 'table',
      rows: [{ from: 'High', to: '1' }],
      otherwise,
    });
    const choice = to('choice', { choices: priorities });
    expect(apply(table('leave'), { kind: 'choice', id: 'x', name: 'HIGH' }, choice)).toMatchObject({
      ok: { id: '1' },
    });
    expect(apply(table('leave'), 'Odd', choice)).toEqual({ unmappable: 'The table has no row for "Odd"' });
    expect(apply(table('copy'), 'Low', choice)).toMatchObject({ ok: { id: '2' } });
    expect(apply(table({ value: '2' }), 'Odd', choice)).toMatchObject({ ok: { id: '2' } });
    expect(apply(table('leave'), null, choice)).toEqual({ ok: null });
  });

  test('a day keeps its date through zones and back', () => {
    for (const zone of ['UTC', 'Pacific/Auckland', 'America/Los_Angeles']) {
      const date: Transform = { kind: 'date', zone, timeOfDay: '12:00' };
      const made = apply(date, { kind: 'day', on: '2026-03-29' }, to('instant'));
      if (!('ok' in made)) throw new Error('made');
      expect(apply(date, made.ok, to('day'))).toEqual({ ok: { kind: 'day', on: '2026-03-29' } });
    }
    const odd: Transform = { kind: 'date', zone: 'Mars/Base', timeOfDay: '12:00' };
    expect(apply(odd, { kind: 'day', on: '2026-03-29' }, to('instant'))).toEqual({
      unmappable: 'There is no time zone "Mars/Base"',
    });
  });

  test('identity: table first, the rule for unknown people goes along', () => {
    const identity: Transform = {
      kind: 'identity',
      table: [{ from: 'ann@example.com', to: 'amercato' }],
      onUnknown: { person: 'desk' },
    };
    const ann = { kind: 'principal' as const, id: '1', email: 'Ann@example.com' };
    expect(apply(identity, ann, to('principal'))).toMatchObject({
      ok: { id: 'amercato' },
      onUnknownPerson: { id: 'desk' },
    });
    const bob = { kind: 'principal' as const, id: '2', email: 'bob@example.com' };
    expect(apply(identity, bob, to('principal'))).toMatchObject({ ok: bob, onUnknownPerson: { id: 'desk' } });
  });
});

describe('templates', () => {
  test('plain output is plain, rich output is escaped unless it is rich itself', () => {
    const template = "{{ workItem.fields['System.Title'] }} {{ workItem.fields.Body }}";
    expect(renderTemplate(template, false, scope)).toEqual({ ok: '<b> x y', unknownVariables: [] });
    expect(renderTemplate(template, true, scope)).toEqual({
      ok: '&lt;b&gt; <p>x <em>y</em></p>',
      unknownVariables: [],
    });
  });

  test('an unread field is unknown, a name that nothing stands for is reported', () => {
    expect(renderTemplate('{{ workItem.fields.Gone }}', false, scope)).toEqual({ unknownField: 'Gone' });
    expect(renderTemplate('{{ ticket.fields.x }}', false, scope)).toEqual({ unknownField: 'x' });
    expect(renderTemplate('a{{ foo.bar }}', false, scope)).toEqual({
      ok: 'a',
      unknownVariables: ['foo.bar'],
    });
  });

  test('no clock, no randomness, no files, no machine zone', () => {
    expect(renderTemplate("{{ 'now' | date: '%Y' }}{{ 'today' | date: '%Y' }}", false, scope)).toMatchObject({
      ok: '',
    });
    expect(renderTemplate("{{ workItem.fields.Due | date: '%Y-%m-%d %H:%M' }}", false, scope)).toMatchObject({
      ok: '2026-05-01 22:30',
    });
    expect(
      renderTemplate("{{ workItem.fields.Due | date: '%d %H:%M', 'Europe/Berlin' }}", false, scope),
    ).toMatchObject({ ok: '02 00:30' });
    for (const template of [
      "{% include 'x' %}",
      "{% render 'x' %}",
      "{% layout 'x' %}",
      '{{ "a" | sample }}',
    ]) {
      expect(checkTemplate(template, false)).toBeDefined();
    }
  });

  test('limits hold', () => {
    const loop = '{% for a in (1..100000) %}{% for b in (1..100000) %}xxxxxxxxxx{% endfor %}{% endfor %}';
    expect(renderTemplate(loop, false, scope)).toHaveProperty('failed');
  });

  test('problems say where; fields used are known', () => {
    expect(checkTemplate('a\n  {{ x | nope }}', false)).toMatchObject({
      line: 2,
      problem: expect.stringContaining('nope'),
    });
    expect(checkTemplate('{{ x }}', true)).toBeUndefined();
    const used = fieldsOfTemplate(
      "{{ source.fields['A.B'] }}{% if ticket.fields.c %}1{% endif %}",
      'workItem',
    );
    expect(used).toEqual({ workItem: ['A.B'], ticket: ['c'] });
  });
});

describe('criteria', () => {
  const fields = {
    State: { kind: 'choice' as const, id: '5', name: 'Needs service desk' },
    Area: 'Fabrikam\\Web\\Login',
    Tags: words('Escalate', 'p1'),
    Empty: null,
    Due: { kind: 'instant' as const, at: '2026-05-01T10:00:00Z' },
    Effort: 8,
  };
  const is = (field: string, operator: string, value?: unknown) =>
    evaluateRule({ kind: 'condition', field, operator, value } as Rule, { fields });

  test.each([
    ['State', 'equals', 'needs service desk', true],
    ['State', 'equals', '5', true],
    ['State', 'in', ['4', '5'], true],
    ['State', 'notIn', ['4', '5'], false],
    ['State', 'notEquals', '5', false],
    ['Area', 'under', 'fabrikam\\web', true],
    ['Area', 'under', 'Fabrikam\\We', false],
    ['Area', 'startsWith', 'fab', true],
    ['Tags', 'equals', 'escalate', true],
    ['Tags', 'contains', 'scal', true],
    ['Tags', 'notContains', 'p2', true],
    ['Empty', 'isEmpty', undefined, true],
    ['State', 'isNotEmpty', undefined, true],
    ['Due', 'greaterThan', '2026-04-30', true],
    ['Due', 'lessThan', '2026-05-01T10:00:00Z', false],
    ['Due', 'equals', '2026-05-01T12:00:00+02:00', true],
    ['Effort', 'greaterThan', 7, true],
    ['Effort', 'lessThan', 'many', false],
    ['Unread', 'isEmpty', undefined, 'unknown'],
    ['Unread', 'notEquals', 'x', 'unknown'],
  ])('%s %s %s is %s', (field, operator, value, expected) => {
    expect(is(field, operator, value)).toBe(expected);
  });

  test('three-valued logic', () => {
    const yes: Rule = { kind: 'condition', field: 'Effort', operator: 'equals', value: 8 };
    const no: Rule = { kind: 'condition', field: 'Effort', operator: 'equals', value: 9 };
    const unread: Rule = { kind: 'condition', field: 'Unread', operator: 'equals', value: 9 };
    const judge = (kind: 'all' | 'any', ...rules: Rule[]) => evaluateRule({ kind, rules }, { fields });
    expect(judge('all', yes, unread)).toBe('unknown');
    expect(judge('all', no, unread)).toBe(false);
    expect(judge('any', yes, unread)).toBe(true);
    expect(judge('any', no, unread)).toBe('unknown');
    expect([judge('all'), judge('any')]).toEqual([true, false]);
  });
});

describe('state map', () => {
  const map = mappingOf().states;
  const ask = (
    from: StateQuestion['from'],
    mine: string,
    other?: string,
    more: Partial<StateQuestion> = {},
  ) =>
    wantedState({
      map,
      from,
      mine: { id: mine },
      other: other === undefined ? undefined : { id: other },
      ...more,
    });

  test('first row wins, unless the other side is already where a row leads', () => {
    expect(ask('workItem', 'Active', '1')).toEqual({ kind: 'write', id: '2' });
    expect(ask('workItem', 'Active', '3')).toEqual({ kind: 'leave' });
    expect(ask('ticket', '2', 'Committed')).toEqual({ kind: 'leave' });
    expect(ask('ticket', '2', 'New')).toEqual({ kind: 'write', id: 'Active' });
  });

  test('one-way rows count in their direction only', () => {
    const rows = [{ workItemState: 'New', ticketStatus: '1', direction: 'in' as const }];
    expect(ask('workItem', 'New', '2', { map: { ...map, rows } })).toEqual({ kind: 'unmapped' });
    expect(ask('ticket', '1', 'Active', { map: { ...map, rows } })).toEqual({ kind: 'write', id: 'New' });
  });

  test('by category when there is no row', () => {
    const byCategory = { ...map, rows: [], unmapped: 'byCategory' as const };
    const choices = {
      ticket: [
        { id: '7', name: 'Fixed', category: 'resolved' as const },
        { id: '8', name: 'Shut', category: 'completed' as const },
      ],
    };
    const mine = { id: 'Closed', category: 'completed' as const };
    const wanted = (other?: string) =>
      wantedState({
        map: byCategory,
        from: 'workItem',
        mine,
        other: other ? { id: other } : undefined,
        choices,
      });
    expect(wanted('7')).toEqual({ kind: 'write', id: '8', name: 'Shut' });
    expect(wanted('8')).toEqual({ kind: 'leave' });
    expect(ask('workItem', 'Odd', '7', { map: byCategory, choices })).toEqual({ kind: 'unmapped' });
  });
});
