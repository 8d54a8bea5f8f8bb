import { explainRefusal, withReferenceNames } from '../../../backend/azure-devops/refusal.ts';
import { RemoteFailure } from '../../../backend/connectors/remote-failure.ts';
import { Failure, type FailureKind } from '../../../backend/sync/failure.ts';

const remote = (kind: FailureKind, status: number, body: unknown) =>
  new RemoteFailure(
    { kind, status, message: String((body as { message?: string } | undefined)?.message ?? 'x') },
    { status, headers: {}, json: body, text: '' },
  );
const kindOf = (error: unknown) => (error as Failure).details;

test.each([
  ['rejected', 400, { typeKey: 'WorkItemRevisionMismatchException', message: '' }],
  ['rejected', 400, { message: 'TF26071: This work item has been changed by someone else' }],
  ['stale', 409, { message: 'whatever' }],
  ['stale', 412, { typeKey: 'TestPatchOperationFailedException', message: 'VS403351: ...' }],
  ['unavailable', 500, { message: 'TF26071: ...' }],
] as const)('a lost race that shows as %s %d is stale', (kind, status, body) => {
  expect(kindOf(explainRefusal(remote(kind, status, body), false)).kind).toBe('stale');
});

test('a blocked request is throttled whatever its status says', () => {
  const body = { message: 'TF400733: The request has been canceled' };
  expect(kindOf(explainRefusal(remote('forbidden', 403, body), false)).kind).toBe('throttled');
});

test('broken rules name each field once', () => {
  const body = {
    message: 'TF401320: Rule Error for field Title. Error code: Required, InvalidEmpty.',
    typeKey: 'RuleValidationException',
    customProperties: {
      RuleValidationErrors: [
        { fieldReferenceName: 'System.Title', errorMessage: 'TF401320: Title' },
        { fieldReferenceName: 'Custom.Size', fieldStatusFlags: 'required, invalidEmpty' },
      ],
    },
  };
  expect(kindOf(explainRefusal(remote('rejected', 400, body), true))).toMatchObject({
    kind: 'rejected',
    fields: [
      { field: 'System.Title', problem: 'TF401320: Title' },
      { field: 'Custom.Size', problem: 'required, invalidEmpty' },
    ],
  });
});

test.each([
  ['TF401320: Rule Error for field Severity. Error code: Required, HasValues, InvalidEmpty.', 'Severity'],
  ["TF401347: Invalid tree name given for work item -1, field 'System.AreaPath'.", 'System.AreaPath'],
  [
    "TF401347: Invalid tree name given for work item 7, field 'System.IterationPath'.",
    'System.IterationPath',
  ],
  ['TF51011: The specified area path does not exist.', 'System.AreaPath'],
  ['TF51011: The specified iteration path does not exist.', 'System.IterationPath'],
  ['TF51535: Cannot find field Custom.Nope.', 'Custom.Nope'],
  ["The identity value 'x' for field 'Assigned To' is an unknown identity.", 'Assigned To'],
])('%s is about %s', (message, field) => {
  expect(kindOf(explainRefusal(remote('rejected', 400, { message }), false)).fields).toEqual([
    { field, problem: message },
  ]);
});

test('names for people become reference names', () => {
  const fields = new Map([
    ['System.AssignedTo', { name: 'Assigned To', referenceName: 'System.AssignedTo' }],
  ]);
  const failure = new Failure({
    kind: 'rejected',
    message: 'x',
    fields: [
      { field: 'assigned to', problem: 'p' },
      { field: 'System.AssignedTo', problem: 'q' },
      { field: 'Unknown', problem: 'r' },
    ],
  });
  expect(kindOf(withReferenceNames(failure, fields)).fields?.map(({ field }) => field)).toEqual([
    'System.AssignedTo',
    'System.AssignedTo',
    'Unknown',
  ]);
});

test('a missing right is named', () => {
  const body = { message: 'TF237111: The current user does not have permissions to save work items' };
  for (const [kind, status] of [
    ['forbidden', 403],
    ['rejected', 400],
  ] as const) {
    expect(kindOf(explainRefusal(remote(kind, status, body), false))).toMatchObject({
      kind: 'forbidden',
      missingRight: 'Edit work items in this node',
    });
  }
});

test.each([
  ['unavailable', 500, true, 'ambiguous'],
  ['unavailable', 500, false, 'unavailable'],
  ['unavailable', 503, true, 'unavailable'],
  ['malformed', 200, true, 'ambiguous'],
  ['malformed', 200, false, 'malformed'],
] as const)('%s with %d, to be done once: %p, is %s', (kind, status, unsafe, expected) => {
  expect(kindOf(explainRefusal(remote(kind, status, undefined), unsafe)).kind).toBe(expected);
});

test('what is no failure passes through', () => {
  const error = new TypeError('a bug');
  expect(explainRefusal(error, true)).toBe(error);
});
