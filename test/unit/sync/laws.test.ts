import fc from 'fast-check';
import { agree, canonical } from '../../../backend/sync/canonical.ts';
import { convert, cutAtWord } from '../../../backend/sync/convert.ts';
import { toText } from '../../../backend/sync/markup/index.ts';
import { plan } from '../../../backend/sync/plan.ts';
import type { FieldValue, Side } from '../../../backend/sync/record.ts';
import {
  agreedWorld,
  attach,
  comment,
  edit,
  type Fate,
  fields,
  inputOf,
  mappingOf,
  rich,
  setState,
  sync,
  type World,
  words,
} from './world.ts';

const fieldNames = { workItem: ['Title', 'Body', 'Tags'], ticket: ['subject', 'details', 'labels'] } as const;
const statuses = {
  workItem: ['New', 'Active', 'Committed', 'Closed'],
  ticket: ['1', '2', '3', '4'],
} as const;

const side = fc.constantFrom<Side>('workItem', 'ticket');
const word = fc.constantFrom(
  'printer',
  'smoke',
  'toner',
  'a<b',
  'x & y',
  'Ünï',
  '1. not a list',
  '*stars*',
  'on fire',
);
const phrase = fc.array(word, { minLength: 1, maxLength: 8 }).map((list) => list.join(' '));
const html = fc
  .array(
    fc.tuple(fc.constantFrom('p', 'b', 'li', 'h2', 'pre'), phrase).map(([tag, text]) => {
      const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
      return tag === 'li'
        ? `<ul><li>${escaped}</li></ul>`
        : tag === 'b'
          ? `<p><b>${escaped}</b></p>`
          : `<${tag}>${escaped}</${tag}>`;
    }),
    { maxLength: 3 },
  )
  .map((parts) => rich(parts.join('')));
const tags = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'C', 'd e'), { maxLength: 3 })
  .map((list) => words(...list));

type Act =
  | { act: 'edit'; side: Side; index: 0 | 1 | 2; value: FieldValue }
  | { act: 'state'; side: Side; index: number }
  | { act: 'comment'; side: Side; text: string }
  | { act: 'attach'; side: Side; name: string }
  | { act: 'sync'; fates: readonly Fate[]; race: boolean };

const anEdit = fc.oneof(
  fc.record({ act: fc.constant('edit' as const), side, index: fc.constant(0 as const), value: phrase }),
  fc.record({ act: fc.constant('edit' as const), side, index: fc.constant(1 as const), value: html }),
  fc.record({ act: fc.constant('edit' as const), side, index: fc.constant(2 as const), value: tags }),
  fc.record({ act: fc.constant('state' as const), side, index: fc.nat(3) }),
);
const anAddition = fc.oneof(
  fc.record({ act: fc.constant('comment' as const), side, text: phrase }),
  fc.record({ act: fc.constant('attach' as const), side, name: fc.constantFrom('a.png', 'b.log', 'c.txt') }),
);
const aSync = fc.record({
  act: fc.constant('sync' as const),
  fates: fc.array(fc.constantFrom<Fate>('done', 'failed', 'crash'), { maxLength: 4 }),
  race: fc.boolean(),
});
const acts: fc.Arbitrary<readonly Act[]> = fc.array(fc.oneof(anEdit, anAddition, aSync), { maxLength: 25 });

function perform(world: World, act: Act): void {
  switch (act.act) {
    case 'edit':
      edit(world, act.side, fieldNames[act.side][act.index], act.value);
      return;
    case 'state':
      setState(world, act.side, statuses[act.side][act.index] as string);
      return;
    case 'comment':
      comment(world, act.side, `<p>${act.text.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</p>`);
      return;
    case 'attach':
      // Sizes differ, or two files of one name would rightly be taken for the same file on both sides.
      attach(world, act.side, act.name, { sizeBytes: 1000 + world.clock });
      return;
    case 'sync':
      sync(world, act.fates, act.race ? () => edit(world, 'ticket', 'points', world.clock) : undefined);
  }
}

/** A ticket system that keeps plain text only, cuts titles, and shouts labels. */
const lossy = (field: string, value: FieldValue): FieldValue => {
  if (value === null) return null;
  if (field === 'details' && typeof value === 'object' && value.kind === 'rich') {
    return { kind: 'rich', format: 'text', text: toText(value).text };
  }
  if (field === 'subject') return cutAtWord(String(value), 20).toUpperCase();
  if (field === 'labels' && typeof value === 'object' && value.kind === 'words') {
    return { kind: 'words', words: value.words.map((each) => each.toUpperCase()).toSorted() };
  }
  return value;
};

type Policy = 'workItemWins' | 'ticketWins' | 'newestWins';
const policy = fc.constantFrom<Policy>('workItemWins', 'ticketWins', 'newestWins');

interface Setup {
  policy: Policy;
  isLossy: boolean;
  tells: boolean;
}
const setups: fc.Arbitrary<Setup> = fc.record({ policy, isLossy: fc.boolean(), tells: fc.boolean() });

function worldOf(setup: Setup): World {
  const world = agreedWorld(mappingOf({ conflict: setup.policy }));
  if (setup.isLossy) world.ticket.normalise = lossy;
  world.ticket.tells = setup.tells;
  world.workItem.tells = setup.tells;
  return world;
}

/** Runs until there is nothing to do; fails when that never happens. */
function calmDown(world: World, limit = 4): void {
  for (let run = 0; run < limit; run += 1) if (sync(world).commands.length === 0) return;
  expect(plan(inputOf(world)).commands).toEqual([]);
}

const isPersons = (entry: { marks: readonly string[] }) => entry.marks.length === 0;

/** Either side is what the other would make of it, in the form in which it keeps it. */
function expectAgreement(world: World): void {
  for (const index of [0, 1, 2] as const) {
    const [mine, theirs] = [fieldNames.workItem[index], fieldNames.ticket[index]];
    const [from, to] = [fields.workItem[mine], fields.ticket[theirs]];
    const [left, right] = [
      world.workItem.fields[mine] as FieldValue,
      world.ticket.fields[theirs] as FieldValue,
    ];
    const out = convert(left, to);
    const back = convert(right, from);
    const sent =
      'ok' in out && agree(canonical(world.ticket.normalise(theirs, out.ok), to), canonical(right, to));
    const taken = 'ok' in back && agree(canonical(back.ok, from), canonical(left, from));
    if (!sent && !taken) throw new Error(`${mine}: ${JSON.stringify(left)} is not ${JSON.stringify(right)}`);
  }
  const pairs = ['New 1', 'Active 2', 'Active 3', 'Committed 2', 'Closed 4'];
  expect(pairs).toContain(`${world.workItem.status} ${world.ticket.status}`);
  for (const [here, there] of [
    [world.workItem, world.ticket],
    [world.ticket, world.workItem],
  ] as const) {
    expect(there.comments.filter((entry) => !isPersons(entry))).toHaveLength(
      here.comments.filter(isPersons).length,
    );
    expect(there.attachments.filter((entry) => !isPersons(entry))).toHaveLength(
      here.attachments.filter(isPersons).length,
    );
  }
}

describe('laws of the planner', () => {
  test('1: both sides at base plan nothing', () => {
    fc.assert(
      fc.property(setups, acts, (setup, list) => {
        const world = worldOf(setup);
        for (const act of list) perform(world, act);
        calmDown(world);
        const again = plan(inputOf(world));
        expect(again.commands).toEqual([]);
        expect(again.conflicts).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('2: after all commands succeed the next plan is empty', () => {
    fc.assert(
      fc.property(setups, fc.array(fc.oneof(anEdit, anAddition), { maxLength: 12 }), (setup, list) => {
        const world = worldOf(setup);
        for (const act of list) perform(world, act);
        sync(world);
        expect(plan(inputOf(world)).commands).toEqual([]);
        expectAgreement(world);
      }),
      { numRuns: 300 },
    );
  });

  test('3: edits to different fields on both sides both survive', () => {
    fc.assert(
      fc.property(policy, phrase, tags, html, (conflict, title, labels, body) => {
        const world = agreedWorld(mappingOf({ conflict }));
        edit(world, 'workItem', 'Title', title.slice(0, 30));
        edit(world, 'ticket', 'labels', labels);
        edit(world, 'ticket', 'details', body);
        sync(world);
        expect(canonical(world.ticket.fields.subject as FieldValue)).toBe(canonical(title.slice(0, 30)));
        expect(canonical(world.workItem.fields.Tags as FieldValue)).toBe(canonical(labels));
        expect(canonical(world.workItem.fields.Body as FieldValue)).toBe(canonical(body));
      }),
    );
  });

  test('4: "ask" never writes a contested field', () => {
    fc.assert(
      fc.property(acts, (list) => {
        const world = agreedWorld(mappingOf({ conflict: 'ask' }));
        for (const act of list) {
          const { conflicts, commands } = plan(inputOf(world));
          const contested = new Set(conflicts.map((conflict) => conflict.row));
          const written = commands.flatMap((command) => (command.kind === 'update' ? command.changes : []));
          expect(written.filter((change) => contested.has(change.row))).toEqual([]);
          perform(world, act);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('4: "ask" leaves both values as they are, whatever else is edited', () => {
    const elsewhere = fc.array(
      fc.record({ act: fc.constant('edit' as const), side, index: fc.constant(2 as const), value: tags }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(elsewhere, fc.array(aSync, { minLength: 1, maxLength: 4 }), (edits, syncs) => {
        const world = agreedWorld(mappingOf({ conflict: 'ask' }));
        edit(world, 'workItem', 'Title', 'mine');
        edit(world, 'ticket', 'subject', 'theirs');
        for (const act of [...edits, ...syncs]) perform(world, act);
        expect([world.workItem.fields.Title, world.ticket.fields.subject]).toEqual(['mine', 'theirs']);
        expect(plan(inputOf(world)).conflicts.map((conflict) => conflict.row)).toContain('title');
      }),
    );
  });

  test('4: a person’s choice ends a conflict', () => {
    fc.assert(
      fc.property(side, (keep) => {
        const world = agreedWorld(mappingOf({ conflict: 'ask' }));
        edit(world, 'workItem', 'Title', 'mine');
        edit(world, 'ticket', 'subject', 'theirs');
        expect(sync(world).conflicts).toHaveLength(1);
        world.resolutions = { title: keep };
        sync(world, ['failed']);
        expect(world.resolutions).toEqual({ title: keep });
        sync(world);
        expect(world.resolutions).toEqual({});
        const kept = keep === 'workItem' ? 'mine' : 'theirs';
        expect([world.workItem.fields.Title, world.ticket.fields.subject]).toEqual([kept, kept]);
      }),
    );
  });

  test('5: the same input gives the same plan', () => {
    fc.assert(
      fc.property(setups, acts, (setup, list) => {
        const world = worldOf(setup);
        for (const act of list) perform(world, act);
        const input = inputOf(world);
        const copy = JSON.parse(JSON.stringify(input)) as typeof input;
        const first = plan(input);
        expect(plan(copy)).toEqual(first);
        expect(input).toEqual(copy);
      }),
    );
  });

  test('6: what was not read is left alone and is not taken for empty', () => {
    fc.assert(
      fc.property(fc.array(anEdit, { maxLength: 8 }), side, fc.nat(2), (list, which, index) => {
        const world = agreedWorld();
        for (const act of list) perform(world, act as Act);
        const input = inputOf(world);
        const reading = input[which];
        if (reading.state !== 'present') throw new Error('present');
        const hidden = fieldNames[which][index as 0 | 1 | 2];
        const { [hidden]: _unread, ...rest } = reading.snapshot.fields;
        const planned = plan({
          ...input,
          [which]: { state: 'present', snapshot: { ...reading.snapshot, fields: rest } },
        });
        const row = ['title', 'body', 'tags'][index] as string;
        const changes = planned.commands.flatMap((command) =>
          command.kind === 'update' ? command.changes : [],
        );
        expect(changes.map((change) => change.row)).not.toContain(row);
        expect(planned.settlements.map((each) => each.row)).not.toContain(row);
        expect(plan({ ...input, [which]: { state: 'unknown' } }).commands).toEqual([]);
      }),
    );
  });

  test('7: swapping the sides swaps the commands', () => {
    const swapped = { workItem: 'ticket', ticket: 'workItem' } as const;
    // One name for both sides, so that only the side can make a difference.
    const neutral = (world: World) => {
      const changes = plan(inputOf(world)).commands.flatMap((command) =>
        command.kind === 'update'
          ? command.changes.map(({ row, value }) => ({ side: command.side, row, value: canonical(value) }))
          : [],
      );
      return changes
        .filter((change) => change.row !== 'state')
        .toSorted((a, b) => a.row.localeCompare(b.row));
    };
    const short = phrase.map((text) => text.slice(0, 30).trim());
    const edits = fc.array(
      fc.oneof(
        fc.record({ act: fc.constant('edit' as const), side, index: fc.constant(0 as const), value: short }),
        fc.record({ act: fc.constant('edit' as const), side, index: fc.constant(1 as const), value: html }),
        fc.record({ act: fc.constant('edit' as const), side, index: fc.constant(2 as const), value: tags }),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(policy, edits, (conflict, list) => {
        const opposite = { workItemWins: 'ticketWins', ticketWins: 'workItemWins', newestWins: 'newestWins' }[
          conflict
        ];
        const one = agreedWorld(mappingOf({ conflict }));
        const other = agreedWorld(mappingOf({ conflict: opposite }));
        for (const act of list) {
          perform(one, act);
          perform(other, { ...act, side: swapped[act.side] });
        }
        expect(neutral(other).map((change) => ({ ...change, side: swapped[change.side] }))).toEqual(
          neutral(one),
        );
      }),
    );
  });

  test('8: a missing record never deletes or empties the other', () => {
    const onDeleted = fc.constantFrom('note', 'close', 'unlink', 'ignore');
    fc.assert(
      fc.property(
        acts,
        side,
        onDeleted,
        fc.constantFrom('deleted' as const, 'notVisible' as const),
        (list, which, what, how) => {
          const world = agreedWorld(mappingOf({ onDeleted: { workItem: what, ticket: what } }));
          for (const act of list) perform(world, act);
          calmDown(world);
          world[which].gone = how;
          const before = { ...world[which === 'workItem' ? 'ticket' : 'workItem'].fields };
          const first = sync(world);
          expect(first.commands.length).toBeLessThanOrEqual(1);
          expect(sync(world).commands).toEqual([]);
          expect(world[which === 'workItem' ? 'ticket' : 'workItem'].fields).toEqual(before);
          const changes = first.commands.flatMap((command) =>
            command.kind === 'update' ? command.changes : [],
          );
          expect(changes.every((change) => change.row === 'state')).toBe(true);
        },
      ),
    );
  });
});

describe('convergence', () => {
  test('any interleaving of edits, hints, failures and crashes ends in agreement, and nothing arrives twice', () => {
    fc.assert(
      fc.property(setups, acts, (setup, list) => {
        const world = worldOf(setup);
        for (const act of list) perform(world, act);
        calmDown(world);
        expectAgreement(world);
      }),
      { numRuns: 500 },
    );
  });

  test('a crash between write and settle doubles nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(anEdit, anAddition), { minLength: 1, maxLength: 10 }),
        fc.nat(6),
        (list, at) => {
          const world = agreedWorld();
          for (const act of list) perform(world, act as Act);
          const fates: Fate[] = [...Array<Fate>(at).fill('done'), 'crash'];
          // Not even the pairs of what was done are known, as if the process had died before any of it was stored.
          const pairs = [...world.pairs];
          sync(world, fates);
          world.pairs = pairs;
          calmDown(world);
          expectAgreement(world);
        },
      ),
      { numRuns: 300 },
    );
  });
});
