import { findStatePath } from '../../../backend/azure-devops/state-path.ts';

const transitions = {
  '': ['New'],
  New: ['Active', 'Removed'],
  Active: ['New', 'Resolved'],
  Resolved: ['Active', 'Closed'],
  Closed: ['Active'],
  Removed: ['New'],
};

test.each([
  ['New', 'Resolved', ['Active', 'Resolved']],
  ['New', 'Closed', ['Active', 'Resolved', 'Closed']],
  ['closed', 'NEW', ['Active', 'New']],
  ['Removed', 'Resolved', ['New', 'Active', 'Resolved']],
])('from %s to %s over the shortest way', (from, to, path) => {
  expect(findStatePath(transitions, from, to)).toEqual(path);
});

test.each([
  ['Removed', 'Closed', 'more than three steps'],
  ['New', 'Sideways', 'no such state'],
  ['Nowhere', 'New', 'nothing leads on'],
])('from %s to %s there is no way: %s', (from, to) => {
  expect(findStatePath(transitions, from, to)).toBeUndefined();
});

test('a direct step that was refused is not repeated, a way around it may be', () => {
  expect(findStatePath({ New: ['Closed'], Closed: [] }, 'New', 'Closed')).toBeUndefined();
  expect(findStatePath({ New: ['Closed', 'Active'], Active: ['Closed'] }, 'New', 'Closed')).toEqual([
    'Active',
    'Closed',
  ]);
});
