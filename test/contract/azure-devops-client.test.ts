import { restVersions } from '../../backend/azure-devops/index.ts';
import type { Failure } from '../../backend/sync/failure.ts';
import type { FieldValue } from '../../backend/sync/record.ts';
import { type AzureDevOpsHarness, openAzureDevOps } from './azure-devops-harness.ts';
import { createRecord, failureOf, newMark, wantsAll, wantsFields } from './conformance/system.ts';

let side: AzureDevOpsHarness;
const open = async (options: Parameters<typeof openAzureDevOps>[0] = {}) => {
  await side?.close();
  side = await openAzureDevOps(options);
};
beforeEach(async () => {
  side = await openAzureDevOps();
});
afterEach(() => side.close());

const html = (text: string) => ({ kind: 'rich', format: 'html', text }) as const;
const choice = (id: string) => ({ kind: 'choice', id }) as const;
const read = (id: string) => side.system.read(id, wantsAll([]));
const revisionOf = async (id: string) => (await read(id)).snapshot.revision;
const write = async (id: string, fields: Record<string, FieldValue>, revision?: string) =>
  side.system.update(
    id,
    Object.entries(fields).map(([field, value]) => ({ field, value, row: field })),
    { revision: revision ?? (await revisionOf(id)) },
  );
const stored = (id: string) => side.simulator.store.workItems.get(Number(id));

describe('versions', () => {
  test.each([
    ['services', '7.1', true],
    ['server-2022.1', '7.1', false],
    ['server-2022', '7.0', false],
    ['server-2020', '6.0', false],
    ['server-2019', '5.0', false],
  ] as const)('finds and keeps the version of %s', async (flavor, version, isServices) => {
    await open({ flavor });
    expect(await side.system.server()).toEqual({
      version,
      isServices,
      instanceId: side.simulator.organizationId,
    });
    side.forgetRequests();
    await createRecord(side);
    expect(side.requests().all.filter((route) => route === 'projects.list')).toEqual([]);
  });

  test.each(['server-2019', 'server-2020', 'server-2022', 'server-2022.1'] as const)(
    'comments, states and files work on %s',
    async (flavor) => {
      await open({ flavor });
      const id = await createRecord(side);
      const mark = newMark();
      const comment = { body: html('<p>Hello</p>'), visibility: 'public', mark } as const;
      const added = await side.system.addComment(id, comment);
      const second = newMark();
      const moved = await side.system.update(
        id,
        [{ field: 'System.State', value: choice('Active'), row: 'state' }],
        { revision: await revisionOf(id), comment: { ...comment, mark: second } },
      );
      const { snapshot } = await read(id);
      expect(snapshot.comments?.map(({ id: commentId, marks }) => [commentId, marks])).toEqual([
        [added.id, [mark]],
        [moved.commentId, [second]],
      ]);
      expect(snapshot.status).toEqual({ id: 'Active', name: 'Active', category: 'inProgress' });
      const file = {
        name: 'a.txt',
        contentType: 'text/plain',
        mark: newMark(),
        open: async () => (await import('node:stream')).Readable.from([Buffer.from('abc')]),
      };
      const { id: fileId } = await side.system.addAttachment(id, file);
      expect((await side.system.listAttachments(id)).map((attachment) => attachment.id)).toEqual([fileId]);
      expect((await side.system.test()).filter((check) => check.outcome === 'failed')).toEqual([]);
    },
  );

  test('a pinned version is not looked for', async () => {
    const system = side.connect({ apiVersion: '7.0' });
    side.forgetRequests();
    expect((await system.server()).version).toBe('7.0');
    expect(side.requests().all).toEqual(['connectionData.read']);
    expect(restVersions).toContain('7.0');
  });
});

describe('sign-in', () => {
  test('an Entra application gets a token, renews it before its end, and once when it is refused', async () => {
    const { users, clock, url, tenantId } = side.simulator;
    const service = users.byKey('service');
    const auth = { kind: 'entra', tenantId, clientId: service.clientId ?? '' } as const;
    const now = () => new Date(clock.nowMs());
    const system = side.connect({ auth, entraUrl: url, now }, { clientSecret: service.clientSecret ?? '' });
    side.simulator.faults.set({
      id: 'count',
      fault: { kind: 'slow', delayMs: 1 },
      match: { path: '/oauth2/' },
    });
    expect(await Promise.all([system.whoAmI(), system.whoAmI()])).toMatchObject([
      { id: service.id },
      { id: service.id },
    ]);
    clock.advance(3_400_000);
    await system.projects();
    side.simulator.faults.set({
      id: 'refused',
      fault: { kind: 'status', status: 401 },
      match: { path: '/projects' },
      remaining: 1,
    });
    expect((await system.projects()).map((project) => project.name)).toContain('Fabrikam');
    const tokens = side.simulator.ledger.entries(
      (entry) => entry.kind === 'request' && entry.path.includes('/oauth2/'),
    );
    expect(tokens).toHaveLength(3);
  });

  test('a wrong client secret is unauthorized and quotes no secret', async () => {
    const { url, tenantId, users } = side.simulator;
    const auth = { kind: 'entra', tenantId, clientId: users.byKey('service').clientId ?? '' } as const;
    const system = side.connect({ auth, entraUrl: url }, { clientSecret: 'not-the-secret' });
    const { kind, error } = await failureOf(system.whoAmI());
    expect(kind).toBe('unauthorized');
    expect((error as Failure).message).not.toContain('not-the-secret');
    const checks = await system.test();
    expect(checks.find((check) => check.outcome === 'failed')?.code).toBe('credentials');
  });

  test('a token with too few scopes fails in the check that needs them', async () => {
    const { users, clock } = side.simulator;
    const { token } = users.addPat(users.byKey('service'), ['vso.work', 'vso.project'], clock.nowMs() + 1e9);
    const checks = await side.connect({}, { pat: token }).test();
    expect(checks.find((check) => check.outcome === 'failed')).toMatchObject({
      code: 'rights',
      remedy: expect.stringContaining('scope'),
    });
  });

  test('an expired token is unauthorized', async () => {
    side.simulator.clock.advance(400 * 86_400_000);
    expect((await failureOf(side.system.whoAmI())).kind).toBe('unauthorized');
  });
});

describe('reading', () => {
  test('200 readings at once are one request, and 201 are two', async () => {
    const ids = [...side.simulator.store.workItems.keys()].map(String);
    const all = Array.from({ length: 200 }, (_, index) => ids[index % ids.length] as string);
    await read(ids[0] as string);
    side.forgetRequests();
    await Promise.all([...all, ids[0] as string].map((id) => side.system.read(id, wantsFields([]))));
    expect(side.requests().reads).toBe(2);
  });

  test('readings that come while others are under way wait and go together', async () => {
    const ids = [...side.simulator.store.workItems.keys()].map(String);
    await read(ids[0] as string);
    side.forgetRequests();
    const asked = Promise.withResolvers<void>();
    const fault = { kind: 'held', until: asked.promise } as const;
    side.simulator.faults.set({ id: 'held', fault, match: side.paths.read });
    const readings: Promise<unknown>[] = [];
    for (const id of ids) {
      readings.push(side.system.read(id, wantsFields([])));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    asked.resolve();
    await Promise.all(readings);
    expect(side.requests().reads).toBe(3);
  });

  test('a work item tells its fields by kind, and what is empty', async () => {
    const item = await side.simulator.act({
      as: 'contributor',
      do: 'create',
      type: 'Bug',
      fields: {
        'System.Title': 'Kinds',
        'System.Tags': 'b; a',
        'System.AssignedTo': 'tomasz.wojcik@fabrikam.example',
        'Microsoft.VSTS.Common.Severity': '1 - Critical',
        'Microsoft.VSTS.Common.Priority': 1,
        'Microsoft.VSTS.TCM.ReproSteps': '<div>x</div>',
      },
    });
    const { snapshot } = await read(String(item.id));
    const developer = side.simulator.users.byKey('developer');
    expect(snapshot.fields).toMatchObject({
      'System.Title': 'Kinds',
      'System.Tags': { kind: 'words', words: ['a', 'b'] },
      'System.State': { kind: 'choice', id: 'New' },
      'System.AssignedTo': { kind: 'principal', id: developer.id, email: developer.uniqueName },
      'System.AreaPath': 'Fabrikam',
      'System.CreatedDate': { kind: 'instant' },
      'Microsoft.VSTS.Common.Severity': { kind: 'choice', id: '1 - Critical' },
      'Microsoft.VSTS.Common.Priority': 1,
      'Microsoft.VSTS.TCM.ReproSteps': { kind: 'rich', format: 'html', text: '<div>x</div>' },
      'Custom.TicketNumber': null,
      'System.Description': null,
    });
    expect(snapshot).toMatchObject({
      own: false,
      priority: '1',
      assignee: { name: developer.displayName },
      status: { category: 'proposed' },
      ref: {
        key: String(item.id),
        type: 'Bug',
        project: 'Fabrikam',
        url: `${side.simulator.organizationUrl}/Fabrikam/_workitems/edit/${item.id}`,
      },
    });
  });

  test('what was deleted is read from the recycle bin, and again when it is restored', async () => {
    const id = await createRecord(side);
    await read(id);
    await side.simulator.act({ do: 'delete', id: Number(id) });
    expect((await read(id)).snapshot).toMatchObject({ deleted: true, title: 'Cannot sign in' });
    expect(await side.system.whyMissing(id)).toBe('deleted');
    expect(await side.system.whyMissing('99999999')).toBe('notVisible');
    await side.simulator.act({ do: 'restore', id: Number(id) });
    expect((await read(id)).snapshot.deleted).toBe(false);
  });

  test('comments that were not wanted stay ahead of the bookmark', async () => {
    const id = await createRecord(side);
    const first = await side.system.read(id, { comments: 'ifChanged', attachments: false, fields: [] });
    await side.other.comment(id, 'Missed?', 'public');
    const wants = { attachments: false, fields: [], bookmark: first.bookmark } as const;
    const without = await side.system.read(id, { ...wants, comments: false });
    const later = await side.system.read(id, { ...wants, comments: 'ifChanged', bookmark: without.bookmark });
    expect(later.snapshot.comments).toHaveLength(1);
  });

  test('an edited comment is noticed, too', async () => {
    const id = await createRecord(side);
    const added = await side.system.addComment(id, {
      body: html('<p>One</p>'),
      visibility: 'public',
      mark: newMark(),
    });
    const wants = { comments: 'ifChanged', attachments: false, fields: [] } as const;
    const { bookmark } = await side.system.read(id, wants);
    const { organizationUrl, users } = side.simulator;
    const edited = await fetch(
      `${organizationUrl}/Fabrikam/_apis/wit/workItems/${id}/comments/${added.id}?api-version=7.1-preview.4`,
      {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${users.byKey('admin').accessToken}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ text: '<p>Two</p>' }),
      },
    );
    expect(edited.status).toBe(200);
    const { snapshot } = await side.system.read(id, { ...wants, bookmark });
    expect(snapshot.comments?.[0]?.body.text).toContain('Two');
  });
});

describe('writing', () => {
  test('both answers to a lost race are stale', async () => {
    for (const style of ['testFailed', 'revisionMismatch'] as const) {
      const id = await createRecord(side);
      const before = await revisionOf(id);
      await side.other.changeTitle(id, 'Theirs');
      await fetch(`${side.simulator.url}/_sandbox/toggles`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ conflictStyle: style }),
      });
      expect((await failureOf(write(id, { 'System.Title': 'Ours' }, before))).kind).toBe('stale');
    }
  });

  test('values of every kind, and nothing', async () => {
    const id = await createRecord(side);
    const developer = side.simulator.users.byKey('developer');
    const result = await write(id, {
      'System.Tags': { kind: 'words', words: ['One', 'two; three'] },
      'System.AssignedTo': { kind: 'principal', id: developer.id, login: developer.uniqueName },
      'Microsoft.VSTS.Common.Priority': '1',
      'Microsoft.VSTS.Scheduling.StoryPoints': 3.5,
      'System.AreaPath': 'Fabrikam\\Web',
      'System.Description': { kind: 'rich', format: 'markdown', text: '**bold** words' },
    });
    expect(result.refused).toBeUndefined();
    expect(result.observed).toMatchObject({
      'System.Tags': { kind: 'words', words: ['One', 'two three'] },
      'System.AssignedTo': { kind: 'principal', id: developer.id },
      'Microsoft.VSTS.Common.Priority': 1,
      'Microsoft.VSTS.Scheduling.StoryPoints': 3.5,
      'System.AreaPath': 'Fabrikam\\Web',
      'System.Description': { kind: 'rich', format: 'html', text: expect.stringContaining('<strong>bold') },
    });
    const emptied = await write(id, {
      'System.Tags': { kind: 'words', words: ['two three'] },
      'System.AssignedTo': null,
      'System.Description': null,
      'Microsoft.VSTS.Scheduling.StoryPoints': null,
    });
    expect(emptied.observed).toEqual({
      'System.Tags': { kind: 'words', words: ['two three'] },
      'System.AssignedTo': null,
      'System.Description': null,
      'Microsoft.VSTS.Scheduling.StoryPoints': null,
    });
  });

  test('a field in Markdown stays in Markdown', async () => {
    const id = await createRecord(side);
    const { organizationUrl, users } = side.simulator;
    const changed = await fetch(`${organizationUrl}/_apis/wit/workitems/${id}?api-version=7.1`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${users.byKey('contributor').accessToken}`,
        'content-type': 'application/json-patch+json',
      },
      body: JSON.stringify([
        { op: 'add', path: '/fields/System.Description', value: '*hello*' },
        { op: 'add', path: '/multilineFieldsFormat/System.Description', value: 'Markdown' },
      ]),
    });
    expect(changed.status).toBe(200);
    const { snapshot } = await read(id);
    expect(snapshot.fields['System.Description']).toEqual({
      kind: 'rich',
      format: 'markdown',
      text: '*hello*',
    });
    const { observed } = await write(id, { 'System.Description': html('<p>some <strong>bold</strong></p>') });
    expect(observed?.['System.Description']).toEqual({
      kind: 'rich',
      format: 'markdown',
      text: 'some **bold**',
    });
  });

  test('comments in Markdown, and as HTML where Markdown is not known', async () => {
    for (const flavor of ['services', 'server-2022', 'server-2022.1'] as const) {
      await open({ flavor });
      const id = await createRecord(side);
      const mark = newMark();
      const body = { kind: 'rich', format: 'markdown', text: 'a **b**' } as const;
      const added = await side.system.addComment(id, { body, visibility: 'public', mark });
      const comment = stored(id)?.comments.find((candidate) => String(candidate.id) === added.id);
      const format = flavor === 'services' ? 'markdown' : 'html';
      expect(comment?.versions[0]).toMatchObject({ format });
      const [listed] = await side.system.listComments(id);
      expect(listed).toMatchObject({ marks: [mark], body: { format: 'html' } });
      expect(listed?.body.text).toContain('<strong>b</strong>');
    }
  });

  test('a service that does not take the parameter for Markdown gets HTML', async () => {
    const id = await createRecord(side);
    side.faults.set({
      id: 'format',
      fault: { kind: 'status', status: 400, body: { message: 'The value is not valid for format.' } },
      match: { method: 'POST', path: '/comments\\?format=markdown' },
    });
    const mark = newMark();
    const body = { kind: 'rich', format: 'markdown', text: 'a **b**' } as const;
    await side.system.addComment(id, { body, visibility: 'public', mark });
    const [comment] = stored(id)?.comments ?? [];
    expect(comment?.versions[0]).toMatchObject({
      format: 'html',
      text: expect.stringContaining('<strong>b</strong>'),
    });
  });

  test('a refused field and area, each by its reference name', async () => {
    const id = await createRecord(side);
    const problemsOf = async (fields: Record<string, FieldValue>) => {
      const { kind, error } = await failureOf(write(id, fields));
      return [kind, (error as Failure).details.fields?.map((problem) => problem.field)];
    };
    expect(await problemsOf({ 'System.AreaPath': 'Fabrikam\\Nowhere' })).toEqual([
      'rejected',
      ['System.AreaPath'],
    ]);
    expect(await problemsOf({ 'System.IterationPath': 'Fabrikam\\Nowhere' })).toEqual([
      'rejected',
      ['System.IterationPath'],
    ]);
    expect(await problemsOf({ 'System.Title': 'x'.repeat(300) })).toEqual(['rejected', ['System.Title']]);
    expect(await problemsOf({ 'Custom.Nothing': 'x' })).toEqual(['rejected', ['Custom.Nothing']]);
    expect(
      await problemsOf({ 'System.AssignedTo': { kind: 'principal', id: 'x', login: 'no@where.example' } }),
    ).toEqual(['rejected', ['System.AssignedTo']]);
  });

  describe('states', () => {
    /** Resolved to New is no transition of a user story; over Active it is one step more. */
    const resolved = async () => {
      const id = await createRecord(side);
      await write(id, { 'System.State': choice('Resolved') });
      return id;
    };

    test('one that cannot be reached is rejected by default', async () => {
      const id = await resolved();
      const { kind, error } = await failureOf(write(id, { 'System.State': choice('New') }));
      expect(kind).toBe('rejected');
      expect((error as Failure).details.fields?.map((problem) => problem.field)).toEqual(['System.State']);
    });

    test('where allowed, it is reached over others, with everything else in the last step', async () => {
      const id = await resolved();
      const system = side.connect({ allowStatePath: true });
      const { revision } = (await system.read(id, wantsFields([]))).snapshot;
      const mark = newMark();
      const result = await system.update(
        id,
        [
          { field: 'System.State', value: choice('New'), row: 'state' },
          { field: 'System.Title', value: 'Back again', row: 'title' },
        ],
        { revision, comment: { body: html('<p>Back</p>'), visibility: 'public', mark } },
      );
      expect(result.revision).toBe(String(Number(revision) + 2));
      const { snapshot } = await read(id);
      expect(snapshot).toMatchObject({ title: 'Back again', status: { id: 'New' } });
      expect(snapshot.comments?.map((comment) => comment.marks)).toEqual([[mark]]);
      const states = stored(id)
        ?.revisions.slice(-3)
        .map((revision) => revision.fields['System.State']);
      expect(states).toEqual(['Resolved', 'Active', 'New']);
    });

    test('a new work item gets its state after it was created, once', async () => {
      const before = side.countCreated();
      const record = side.newRecord('Born active');
      const created = await side.system.create({
        ...record,
        fields: { ...record.fields, 'System.State': choice('Active') },
        mark: newMark(),
      });
      expect(created).toMatchObject({ observed: { 'System.State': { id: 'Active' } } });
      expect(created.refused).toBeUndefined();
      expect(side.countCreated()).toBe(before + 1);
      expect((await read(created.ref.id)).snapshot.revision).toBe(created.revision);
    });

    test('a state that does not exist leaves the work item as created and says so', async () => {
      const record = side.newRecord('Odd state');
      const created = await side.system.create({
        ...record,
        fields: { ...record.fields, 'System.State': choice('Sideways') },
        mark: newMark(),
      });
      expect(created.refused).toMatchObject([{ field: 'System.State' }]);
    });
  });

  test('an answer that is lost after an update is no doubt, and after a comment with it is one', async () => {
    const id = await createRecord(side);
    const revision = await revisionOf(id);
    const lose = () =>
      side.faults.set({
        id: 'lost',
        fault: { kind: 'afterEffect', how: 'reset' },
        match: side.paths.update,
        remaining: 1,
      });
    lose();
    expect((await failureOf(write(id, { 'System.Title': 'Once' }, revision))).kind).toBe('unavailable');
    const title = { field: 'System.Title', value: 'Twice', row: 'r' } as const;
    const comment = { body: html('<p>x</p>'), visibility: 'public', mark: newMark() } as const;
    const next = await revisionOf(id);
    lose();
    expect((await failureOf(side.system.update(id, [title], { revision: next, comment }))).kind).toBe(
      'ambiguous',
    );
  });
});

describe('relations', () => {
  const link = { url: 'https://itsm.example/call/1?a=b', comment: 'Alemba: 10056' };
  const relationsOf = (id: string) => stored(id)?.revisions.at(-1)?.relations ?? [];

  test('a hyperlink is added once', async () => {
    const id = await createRecord(side);
    await side.system.addHyperlink(id, link);
    await side.system.addHyperlink(id, link);
    expect(relationsOf(id).filter((relation) => relation.url === link.url)).toHaveLength(1);
    expect((await read(id)).snapshot.hyperlinks).toContain(link.url);
  });

  test('files and links that race with others arrive once each', async () => {
    const id = await createRecord(side);
    const { Readable } = await import('node:stream');
    const file = (name: string, mark: string) => ({
      name,
      contentType: 'text/plain',
      sizeBytes: 3,
      mark,
      open: async () => Readable.from([Buffer.from('abc')]),
    });
    const mark = newMark();
    await Promise.all([
      ...['a', 'b', 'c'].map((name) => side.system.addAttachment(id, file(`${name}.txt`, newMark()))),
      side.system.addHyperlink(id, link),
      side.other.changeTitle(id, 'In between'),
    ]);
    await side.system.addAttachment(id, file('again.txt', mark));
    await side.another().addAttachment(id, file('again.txt', mark));
    const names = (await side.system.listAttachments(id)).map((attachment) => attachment.name);
    expect(names.toSorted()).toEqual(['a.txt', 'again.txt', 'b.txt', 'c.txt']);
    expect(side.simulator.ledger.effects('attachment.uploaded')).toHaveLength(4);
  });

  test('what is too large is rejected with the words of the system', async () => {
    await open({ maxAttachmentBytes: 1000 });
    const id = await createRecord(side);
    const { Readable } = await import('node:stream');
    const attempt = side.system.addAttachment(id, {
      name: 'big.bin',
      contentType: 'x/y',
      sizeBytes: 2000,
      mark: newMark(),
      open: async () => Readable.from([Buffer.alloc(2000)]),
    });
    const { kind, error } = await failureOf(attempt);
    expect(kind).toBe('rejected');
    expect((error as Failure).message).toContain('TF237082');
  });
});

describe('finding', () => {
  test('by mark only among own creations, by counterpart and exactly', async () => {
    const mark = newMark();
    const counterpart = { id: '1', key: 'IN-1', url: 'https://itsm.example/call/1' };
    const created = await side.system.create({ ...side.newRecord('Marked'), mark, counterpart });
    const since = new Date(Date.now() + 60_000);
    expect((await side.system.findByMark(mark, { since, project: 'Fabrikam' })).map((ref) => ref.id)).toEqual(
      [created.ref.id],
    );
    expect(await side.system.findByMark(mark, { since: new Date(Date.now() + 3_600_000) })).toEqual([]);
    expect((await read(created.ref.id)).snapshot.hyperlinks).toEqual([counterpart.url]);
  });

  test('a copy of the mark that somebody else made is not found', async () => {
    const mark = newMark();
    const created = await side.system.create({ ...side.newRecord('Marked'), mark });
    const copied = await side.simulator.act({
      do: 'create',
      type: 'Task',
      fields: { 'System.Title': 'Copy' },
    });
    const relations = stored(created.ref.id)?.revisions.at(-1)?.relations ?? [];
    copied.revisions.at(-1)?.relations.push(...relations);
    const found = await side.system.findByMark(mark, { since: new Date() });
    expect(found.map((ref) => ref.id)).toEqual([created.ref.id]);
  });

  test('by the reference field, exactly', async () => {
    const id = await createRecord(side);
    await write(id, { 'Custom.TicketNumber': "IN-1's" });
    const found = (value: string) =>
      side.system.findByReference('Custom.TicketNumber', value, { project: 'Fabrikam', type: 'User Story' });
    expect((await found("IN-1's")).map((ref) => ref.id)).toEqual([id]);
    expect(await found("in-1's")).toEqual([]);
    expect(await side.system.findByReference("x] = 'a' OR [y", 'z', {})).toEqual([]);
  });

  test.each(['#%', 'AB#%', ' % '])('by a number written as %j', async (pattern) => {
    const id = await createRecord(side);
    expect((await side.system.findByKey(pattern.replace('%', id)))?.id).toBe(id);
  });

  test('the search keeps to project and type, and takes quotes as text', async () => {
    const id = await createRecord(side, "Let's test 'quotes'");
    const search = (text: string, more = {}) => side.system.search(text, { limit: 5, ...more });
    expect((await search("'quotes'")).map((card) => card.ref.id)).toEqual([id]);
    expect((await search("Let's", { type: 'User Story', project: 'Fabrikam' }))[0]).toMatchObject({
      title: "Let's test 'quotes'",
      status: { name: 'New', category: 'proposed' },
    });
    expect(await search("Let's", { type: 'Bug' })).toEqual([]);
    expect((await search(id)).map((card) => card.ref.id)).toContain(id);
  });
});

describe('changes', () => {
  test('tell deleted and restored work items, and own ones', async () => {
    const start = await side.system.changes(undefined, {});
    const id = await createRecord(side);
    const own = await side.system.changes(start.cursor, {});
    expect(own.hints).toEqual([
      { recordId: id, revision: '1', own: true, what: 'created', dedupeKey: `${id}/1` },
    ]);
    await side.simulator.act({ do: 'delete', id: Number(id) });
    const deleted = await side.system.changes(own.cursor, { project: 'Fabrikam' });
    expect(deleted.hints).toMatchObject([{ recordId: id, what: 'deleted', own: false }]);
    await side.simulator.act({ do: 'restore', id: Number(id) });
    const restored = await side.system.changes(deleted.cursor, {});
    expect(restored.hints).toMatchObject([{ recordId: id, what: 'updated' }]);
  });

  test('an empty organisation still gives a cursor that misses nothing', async () => {
    const quiet = await side.system.changes(undefined, {});
    const again = await side.system.changes(quiet.cursor, {});
    expect([again.hints, again.more]).toEqual([[], false]);
    const id = await createRecord(side);
    expect((await side.system.changes(again.cursor, {})).hints.map((hint) => hint.recordId)).toEqual([id]);
  });
});

describe('limits', () => {
  test('a pause that is asked for with a success is passed on', async () => {
    side.simulator.faults.set({
      id: 't',
      fault: { kind: 'throttle', status: 200, retryAfter: '7' },
      match: { path: '/projects' },
    });
    const { kind } = await failureOf(side.connect({ apiVersion: '7.1' }).projects());
    expect(kind).toBe('none');
    expect(side.pauses).toContain(7000);
  });

  test('a used-up budget is noticed before the refusal, and the refusal is throttled', async () => {
    const { rateLimit } = side.simulator;
    await side.system.projects();
    rateLimit.settings = { ...rateLimit.settings, enabled: true, limit: 1, refuseFactor: 3 };
    const outcomes: string[] = [];
    for (let count = 0; count < 20; count++) {
      const { kind } = await failureOf(side.connect().projects());
      outcomes.push(kind);
    }
    expect(side.pauses.some((delayMs) => delayMs > 0)).toBe(true);
    expect(outcomes).toContain('throttled');
  });
});
