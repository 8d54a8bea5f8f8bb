import { effectsOf, readRelations } from '../../../backend/connectors/alemba/relations.ts';

const behaviour = (type: unknown, scope: unknown = 2) => ({ type, scope });

/** The guide's own example: the relation stands at another input than its target. */
const guide = {
  methods: ['POST'],
  inputs: [
    {
      property: 'Partition',
      required: true,
      relations: [{ source: 'Template', target: 'IpkStatus', behaviors: [behaviour(16), behaviour(17)] }],
    },
  ],
};
const template = (isSet: boolean) => new Map([['Template', isSet]]);

describe('relations of action metadata', () => {
  test('a template makes its targets read-only, and none makes them required', () => {
    const relations = readRelations(guide);
    const [withOne, without] = [effectsOf(relations, template(true)), effectsOf(relations, template(false))];
    expect([...withOne.readOnly]).toEqual([['IpkStatus', 'Template']]);
    expect([...withOne.required]).toEqual([]);
    expect([...without.readOnly]).toEqual([]);
    expect([...without.required]).toEqual(['IpkStatus']);
  });

  test('nothing follows from what is not known', () => {
    const { readOnly, required } = effectsOf(readRelations(guide), new Map());
    expect([readOnly.size, required.size]).toEqual([0, 0]);
  });

  test('required-if-set and read-only-if-null are the other way round', () => {
    const relation = { source: 'Template', target: 'Type', behaviors: [behaviour(14, 1), behaviour(18)] };
    const relations = readRelations({ properties: [{ name: 'Type', relations: [relation] }] });
    expect([...effectsOf(relations, template(true)).required]).toEqual(['Type']);
    expect([...effectsOf(relations, template(false)).readOnly.keys()]).toEqual(['Type']);
  });

  test('what only screens hold, what is not known and what is malformed say nothing', () => {
    const relations = (value: unknown) => readRelations({ inputs: [{ property: 'X', relations: value }] });
    const odd = [behaviour(16, 0), { type: 16 }, behaviour(11), behaviour(99), behaviour('16'), null];
    expect(relations([{ source: 'A', target: 'B', behaviors: odd }])).toEqual([]);
    expect(relations([null, 'x', { source: 1, target: 'B', behaviors: [behaviour(16)] }])).toEqual([]);
    expect(
      relations([
        { source: 'A', target: 'B' },
        { source: 'A', behaviors: 'x' },
      ]),
    ).toEqual([]);
    expect(relations({})).toEqual([]);
    expect(readRelations({})).toEqual([]);
  });
});
