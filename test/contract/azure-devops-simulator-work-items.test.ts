import { type AzureDevOpsSimulator, startAzureDevOps } from '../sandbox/azure-devops/server.ts';
import { call, set } from './azure-devops-call.ts';

let simulator: AzureDevOpsSimulator;
beforeAll(async () => {
  simulator = await startAzureDevOps();
});
afterAll(() => simulator.close());

const create = (type: string, ...operations: unknown[]) =>
  call(simulator, 'POST', `/Fabrikam/_apis/wit/workitems/$${encodeURIComponent(type)}`, { body: operations });
const update = (id: number, ...operations: unknown[]) =>
  call(simulator, 'PATCH', `/_apis/wit/workitems/${id}`, { body: operations });
const read = async (id: number, query = '') =>
  (await call(simulator, 'GET', `/_apis/wit/workitems/${id}${query}`)).body;
const newBug = async (...operations: unknown[]) =>
  (await create('Bug', set('System.Title', 'A bug'), ...operations)).body;

describe('writing', () => {
  test('a new item gets id, revision, dates, people, defaults and links', async () => {
    const { status, body } = await create(
      'User Story',
      set('System.Title', 'As a user'),
      set('System.Tags', 'b; a;B'),
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: expect.any(Number),
      rev: 1,
      fields: {
        'System.TeamProject': 'Fabrikam',
        'System.WorkItemType': 'User Story',
        'System.State': 'New',
        'System.Reason': 'New',
        'System.AreaPath': 'Fabrikam',
        'System.Tags': 'a; b',
        'System.CommentCount': 0,
        'Microsoft.VSTS.Common.Priority': 2,
        'System.CreatedBy': {
          displayName: 'Noor Haddad',
          uniqueName: 'noor.haddad@fabrikam.example',
          descriptor: expect.stringMatching(/^aad\./),
        },
      },
      _links: { html: { href: expect.stringContaining(`/_workitems/edit/${body.id}`) } },
    });
    expect(body.fields['System.Id']).toBeUndefined();
    expect((await read(body.id, '?$expand=all')).fields['System.Id']).toBe(body.id);
  });

  test('validateOnly leaves nothing behind', async () => {
    const before = simulator.store.workItems.size;
    const answer = await call(simulator, 'POST', '/Fabrikam/_apis/wit/workitems/$Bug?validateOnly=true', {
      body: [set('System.Title', 'x')],
    });
    expect([answer.status, simulator.store.workItems.size]).toEqual([200, before]);
    const bug = await newBug();
    const patch = await call(simulator, 'PATCH', `/_apis/wit/workitems/${bug.id}?validateOnly=true`, {
      body: [set('System.Title', 'y')],
    });
    expect(patch.body).toMatchObject({ rev: 1, fields: { 'System.Title': 'y' } });
    expect((await read(bug.id)).fields['System.Title']).toBe('A bug');
  });

  test('a stale test of the revision is 412 and changes nothing; a race inside the service is 409', async () => {
    const bug = await newBug();
    await update(bug.id, set('System.Title', 'First'));
    const stale = await update(bug.id, { op: 'test', path: '/rev', value: 1 }, set('System.Title', 'Second'));
    expect([stale.status, stale.body.typeKey, stale.body.message]).toEqual([
      412,
      'TestPatchOperationFailedException',
      expect.stringContaining('VS403351'),
    ]);
    expect((await read(bug.id)).fields['System.Title']).toBe('First');
    await fetch(`${simulator.url}/_sandbox/toggles`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{"conflictStyle":"revisionMismatch"}',
    });
    const race = await update(bug.id, { op: 'test', path: '/rev', value: 1 }, set('System.Title', 'Second'));
    expect([race.status, race.body.typeKey, race.body.message]).toEqual([
      409,
      'WorkItemRevisionMismatchException',
      expect.stringContaining('TF26071'),
    ]);
    await fetch(`${simulator.url}/_sandbox/toggles`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: '{"conflictStyle":"testFailed"}',
    });
    expect(
      (await update(bug.id, { op: 'test', path: '/rev', value: 2 }, set('System.Title', 'Third'))).body.rev,
    ).toBe(3);
  });

  test('a patch that changes nothing keeps the revision', async () => {
    const bug = await newBug();
    expect((await update(bug.id, set('System.Title', 'A bug'))).body.rev).toBe(1);
  });

  test('add joins tags, replace overwrites, remove clears', async () => {
    const bug = await newBug(set('System.Tags', 'one'));
    expect((await update(bug.id, set('System.Tags', 'two'))).body.fields['System.Tags']).toBe('one; two');
    expect(
      (await update(bug.id, { op: 'replace', path: '/fields/System.Tags', value: 'three' })).body.fields[
        'System.Tags'
      ],
    ).toBe('three');
    expect(
      (await update(bug.id, { op: 'remove', path: '/fields/System.Tags' })).body.fields['System.Tags'],
    ).toBeUndefined();
  });

  test('only the JSON patch content type is taken', async () => {
    const answer = await call(simulator, 'PATCH', '/_apis/wit/workitems/1', {
      body: [set('System.Title', 'x')],
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.status, answer.body.typeKey]).toEqual([400, 'VssRequestContentTypeNotSupportedException']);
  });

  test('bypassing rules and silence need a permission', async () => {
    const path = '/_apis/wit/workitems/1?suppressNotifications=true';
    const body = [set('System.Title', 'Silent')];
    expect((await call(simulator, 'PATCH', path, { body })).status).toBe(403);
    expect((await call(simulator, 'PATCH', path, { body, as: 'service' })).status).toBe(200);
  });
});

describe('rules', () => {
  test('a bug goes New, Active, Resolved, Closed; the reason, dates and people follow', async () => {
    const bug = await newBug();
    const active = await update(bug.id, set('System.State', 'Active'));
    expect(active.body.fields).toMatchObject({
      'System.Reason': 'Approved',
      'Microsoft.VSTS.Common.ActivatedBy': { displayName: 'Noor Haddad' },
    });
    const resolved = await update(bug.id, set('System.State', 'Resolved'), set('System.Reason', 'Duplicate'));
    expect(resolved.body.fields).toMatchObject({
      'System.Reason': 'Duplicate',
      'Microsoft.VSTS.Common.ResolvedReason': 'Duplicate',
    });
    const closed = await update(bug.id, set('System.State', 'Closed'));
    expect(closed.body.fields).toMatchObject({
      'System.Reason': 'Verified',
      'Microsoft.VSTS.Common.ClosedDate': expect.any(String),
    });
    const reopened = await update(bug.id, set('System.State', 'Active'));
    expect(reopened.body.fields['Microsoft.VSTS.Common.ClosedDate']).toBeUndefined();
  });

  test.each([
    ['an unknown state', [set('System.State', 'Nonsense')], 'System.State'],
    [
      'a move the process does not have',
      [set('System.State', 'Active'), set('System.Reason', 'Because')],
      'System.Reason',
    ],
    ['an empty title', [{ op: 'remove', path: '/fields/System.Title' }], 'System.Title'],
    ['a title of 256 characters', [set('System.Title', 'x'.repeat(256))], 'System.Title'],
    [
      'a value that is not in the list',
      [set('Microsoft.VSTS.Common.Severity', '9 - Whatever')],
      'Microsoft.VSTS.Common.Severity',
    ],
    ['a read-only field', [set('System.ChangedDate', '2020-01-01T00:00:00Z')], 'System.ChangedDate'],
  ])('%s is refused by field', async (_name, operations, field) => {
    const bug = await newBug();
    const answer = await update(bug.id, ...operations);
    expect([answer.status, answer.body.typeKey]).toEqual([400, 'RuleValidationException']);
    expect(answer.body.message).toContain('TF401320: Rule Error for field');
    expect(answer.body.customProperties.RuleValidationErrors[0].fieldReferenceName).toBe(field);
    expect((await read(bug.id)).rev).toBe(1);
  });

  test('a resolved bug cannot go back to New', async () => {
    const bug = await newBug();
    await update(bug.id, set('System.State', 'Resolved'));
    expect((await update(bug.id, set('System.State', 'New'))).body.typeKey).toBe('RuleValidationException');
  });

  test.each([
    ['area', set('System.AreaPath', 'Fabrikam\\Nowhere'), 'TF401347'],
    ['identity', set('System.AssignedTo', 'nobody@nowhere.example'), 'unknown identity'],
    ['field', set('Custom.Nothing', 'x'), 'TF51535'],
  ])('an unknown %s is 400', async (_name, operation, text) => {
    const answer = await update(1, operation);
    expect([answer.status, answer.body.message]).toEqual([400, expect.stringContaining(text)]);
  });

  test('people are taken as mail, name with mail, or object', async () => {
    const { id, displayName, uniqueName } = simulator.users.byKey('developer');
    for (const value of [uniqueName, `${displayName} <${uniqueName}>`, { id }, { uniqueName }]) {
      const bug = await newBug(set('System.AssignedTo', value));
      expect(bug.fields['System.AssignedTo'].id).toBe(id);
    }
  });

  test('one million characters fit, more do not', async () => {
    const bug = await newBug(set('Microsoft.VSTS.TCM.ReproSteps', 'x'.repeat(1_048_576)));
    expect(bug.rev).toBe(1);
    expect((await update(bug.id, set('System.Description', 'x'.repeat(1_048_577)))).status).toBe(400);
  });

  test('an item may change its type', async () => {
    const bug = await newBug();
    const task = await update(bug.id, set('System.WorkItemType', 'Task'));
    expect(task.body.fields).toMatchObject({ 'System.WorkItemType': 'Task', 'System.State': 'New' });
  });
});

describe('reading', () => {
  test('a batch takes 200 ids, leaves out what is missing when asked, and not both fields and $expand', async () => {
    const batch = (body: object) => call(simulator, 'POST', '/_apis/wit/workitemsbatch', { body });
    const fields = ['System.Id', 'System.Title'];
    const omit = await batch({ ids: [1, 99_999, 2], fields, errorPolicy: 'omit' });
    expect(omit.body.value.map((entry: { id: number } | null) => entry?.id)).toEqual([1, undefined, 2]);
    expect(Object.keys(omit.body.value[0].fields)).toEqual(fields);
    expect((await batch({ ids: [1, 99_999] })).status).toBe(404);
    expect((await batch({ ids: [1], fields, $expand: 'relations' })).body.typeKey).toBe(
      'ConflictingParametersException',
    );
    expect((await batch({ ids: Array.from({ length: 201 }, (_, index) => index + 1) })).status).toBe(400);
  });

  test('updates tell old and new values; a link from the other side is an update without a revision', async () => {
    const parent = await newBug();
    const child = await newBug();
    await update(parent.id, set('System.Title', 'Renamed'));
    await update(child.id, {
      op: 'add',
      path: '/relations/-',
      value: { rel: 'System.LinkTypes.Hierarchy-Reverse', url: parent.url },
    });
    const updates = (await call(simulator, 'GET', `/_apis/wit/workItems/${parent.id}/updates`)).body.value;
    expect(updates.map((entry: { id: number; rev: number }) => [entry.id, entry.rev])).toEqual([
      [1, 1],
      [2, 2],
      [3, 2],
    ]);
    expect(updates[1].fields['System.Title']).toEqual({ oldValue: 'A bug', newValue: 'Renamed' });
    expect(updates[2].relations.added[0].rel).toBe('System.LinkTypes.Hierarchy-Forward');
    expect((await read(child.id)).fields['System.Parent']).toBe(parent.id);
    const revision = await call(simulator, 'GET', `/_apis/wit/workItems/${parent.id}/revisions/1`);
    expect(revision.body.fields['System.Title']).toBe('A bug');
  });

  test('relations are removed by their index', async () => {
    const bug = await newBug();
    const link = (url: string) => ({
      op: 'add',
      path: '/relations/-',
      value: { rel: 'Hyperlink', url, attributes: { comment: 'ticket' } },
    });
    await update(bug.id, link('https://itsm.example/1'), link('https://itsm.example/2'));
    expect((await update(bug.id, link('https://itsm.example/1'))).body.typeKey).toBe(
      'RelationAlreadyExistsException',
    );
    await update(bug.id, { op: 'remove', path: '/relations/0' });
    const { relations } = await read(bug.id, '?$expand=relations');
    expect(relations).toMatchObject([
      { rel: 'Hyperlink', url: 'https://itsm.example/2', attributes: { comment: 'ticket' } },
    ]);
    expect((await read(bug.id)).relations).toBeUndefined();
  });

  test('a deleted item is gone from the API until it is restored', async () => {
    const bug = await newBug();
    expect((await call(simulator, 'DELETE', `/Fabrikam/_apis/wit/workitems/${bug.id}`)).body).toMatchObject({
      id: bug.id,
      deletedBy: 'Noor Haddad <noor.haddad@fabrikam.example>',
    });
    expect((await call(simulator, 'GET', `/_apis/wit/workitems/${bug.id}`)).status).toBe(404);
    expect((await call(simulator, 'GET', `/Fabrikam/_apis/wit/recyclebin/${bug.id}`)).body.resource.rev).toBe(
      2,
    );
    await call(simulator, 'PATCH', `/Fabrikam/_apis/wit/recyclebin/${bug.id}`, {
      body: { isDeleted: false },
    });
    expect((await read(bug.id)).rev).toBe(3);
  });
});

describe('comments', () => {
  const comments = '7.1-preview.4';
  const add = (id: number, text: string, query = '') =>
    call(simulator, 'POST', `/Fabrikam/_apis/wit/workItems/${id}/comments?api-version=${comments}${query}`, {
      body: { text },
    });

  test('a comment makes a revision, counts, and can be changed and deleted by its author', async () => {
    const bug = await newBug();
    const comment = (await add(bug.id, '<p>Hello</p>')).body;
    expect(comment).toMatchObject({
      workItemId: bug.id,
      version: 1,
      text: '<p>Hello</p>',
      format: 'html',
      createdBy: { displayName: 'Noor Haddad' },
    });
    const item = await read(bug.id);
    expect([item.rev, item.fields['System.CommentCount'], item.commentVersionRef.commentId]).toEqual([
      2,
      1,
      comment.id,
    ]);
    const path = `/Fabrikam/_apis/wit/workItems/${bug.id}/comments/${comment.id}?api-version=${comments}`;
    expect(
      (await call(simulator, 'PATCH', path, { body: { text: 'Changed' }, as: 'developer' })).status,
    ).toBe(403);
    expect((await call(simulator, 'PATCH', path, { body: { text: 'Changed' } })).body.version).toBe(2);
    expect((await call(simulator, 'DELETE', path)).status).toBe(204);
    expect((await call(simulator, 'GET', path)).status).toBe(404);
    expect((await read(bug.id)).fields['System.CommentCount']).toBe(0);
  });

  test('Markdown is kept as typed and shown rendered; Server takes HTML only', async () => {
    const bug = await newBug();
    const comment = (await add(bug.id, '**bold**', '&format=markdown')).body;
    expect(comment).toMatchObject({
      text: '**bold**',
      format: 'markdown',
      renderedText: '<p><strong>bold</strong></p>\n',
    });
    const server = await startAzureDevOps({ flavor: 'server-2022' });
    const refused = await call(
      server,
      'POST',
      '/Fabrikam/_apis/wit/workItems/1/comments?api-version=7.0-preview.3&format=markdown',
      { body: { text: 'x' } },
    );
    expect(refused.status).toBe(400);
    await server.close();
  });

  test('System.History makes the same comment, and lists are paged newest first', async () => {
    const bug = await newBug();
    await update(bug.id, set('System.History', 'one'));
    await add(bug.id, 'two');
    await add(bug.id, 'three');
    const list = async (query: string) =>
      (
        await call(
          simulator,
          'GET',
          `/Fabrikam/_apis/wit/workItems/${bug.id}/comments?api-version=${comments}${query}`,
        )
      ).body;
    const first = await list('&$top=2');
    expect(first).toMatchObject({ totalCount: 3, count: 2, comments: [{ text: 'three' }, { text: 'two' }] });
    const second = await list(`&$top=2&continuationToken=${first.continuationToken}`);
    expect([second.comments.map((entry: { text: string }) => entry.text), second.continuationToken]).toEqual([
      ['one'],
      undefined,
    ]);
  });
});
