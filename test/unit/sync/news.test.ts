import { hasNews } from '../../../backend/sync/news.ts';
import { agreedWorld, edit, inputOf, mappingOf, setState, snapshotOf } from './world.ts';

const newsOf = (world: ReturnType<typeof agreedWorld>) => {
  const input = inputOf(world);
  if (input.link.base === undefined) throw new Error('The world never agreed.');
  return hasNews('workItem', snapshotOf(world, 'workItem'), input.link.base.workItem, input);
};

test('a record that did not change has none', () => {
  expect(newsOf(agreedWorld())).toBe(false);
});

test('a mapped field and a state have, a field that no row sends has not', () => {
  const titled = agreedWorld();
  edit(titled, 'workItem', 'Title', 'Another title');
  expect(newsOf(titled)).toBe(true);

  const moved = agreedWorld();
  setState(moved, 'workItem', 'Active');
  expect(newsOf(moved)).toBe(true);

  const elsewhere = agreedWorld();
  edit(elsewhere, 'workItem', 'RemainingWork', 'Unmapped');
  expect(newsOf(elsewhere)).toBe(false);
});

test('states that only come in are no reason to lock the ticket', () => {
  const mapping = mappingOf();
  const rows = mapping.states.rows.map((row) => ({ ...row, direction: 'in' as const }));
  const world = agreedWorld({ ...mapping, states: { ...mapping.states, rows, unmapped: 'leave' } });
  setState(world, 'workItem', 'Active');
  expect(newsOf(world)).toBe(false);
});
