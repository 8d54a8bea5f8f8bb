import { type AzureDevOpsSimulator, startAzureDevOps } from '../sandbox/azure-devops/server.ts';
import { call, type Json } from './azure-devops-call.ts';

let simulator: AzureDevOpsSimulator;
beforeAll(async () => {
  simulator = await startAzureDevOps({ maxAttachmentBytes: 100_000 });
});
afterAll(() => simulator.close());

describe('WIQL', () => {
  const query = (where: string, options = '') =>
    call(simulator, 'POST', `/Fabrikam/_apis/wit/wiql?api-version=7.1${options}`, {
      body: { query: `SELECT [System.Id] FROM WorkItems WHERE ${where}` },
    });
  const ids = async (where: string, options = '') =>
    (await query(where, options)).body.workItems?.map((entry: { id: number }) => entry.id);

  test.each([
    ["[System.WorkItemType] = 'Task'", [2, 3, 10, 12]],
    ["[System.WorkItemType] IN ('Issue', 'User Story')", [1, 8, 9]],
    ["[System.Title] CONTAINS 'portal'", [1]],
    ["[System.AreaPath] UNDER 'Fabrikam\\Operations' AND [System.State] <> 'Closed'", [5, 8, 10, 11]],
    ["[System.Tags] CONTAINS 'support'", [4, 5]],
    ['[System.AssignedTo] = @Me', [1, 5, 11]],
    ["[System.AssignedTo] = ''", [3, 7, 9, 10]],
    ['[System.TeamProject] = @project AND ([System.Id] < 2 OR [System.Id] >= 12)', [1, 12]],
    ["NOT [System.State] IN ('New', 'Active')", [6, 12]],
    ["EVER [System.State] = 'New' AND [System.WorkItemType] = 'Task'", [2, 3, 10, 12]],
    ['[System.CreatedDate] >= @today - 1 AND [System.Id] = 4', [4]],
    ["[System.Title] = 'it''s'", []],
    [
      "[System.WorkItemType] = 'Bug' ORDER BY [System.Title] DESC",
      [7, 11, 4, 6, 5].sort((a, b) => title(b).localeCompare(title(a))),
    ],
  ])('%s', async (where, expected) => {
    expect(await ids(where)).toEqual(expected);
  });

  function title(id: number): string {
    return (
      ({ 4: 'Password', 5: 'VPN', 6: 'Export', 7: 'Search', 11: 'Printer' } as Record<number, string>)[id] ??
      ''
    );
  }

  test('$top cuts; a time needs timePrecision', async () => {
    expect(await ids('[System.Id] > 0', '&$top=2')).toEqual([1, 2]);
    const at = new Date(simulator.clock.nowMs() + 1000).toISOString();
    expect((await query(`[System.ChangedDate] > '${at}'`)).body.typeKey).toBe('QueryException');
    expect(await ids(`[System.ChangedDate] > '${at}'`, '&timePrecision=true')).toEqual([]);
  });

  test.each(["[Nope.Field] = 'x'", '[System.Id] =', "[System.Id] LIKE 'x'", "[System.Title] = 'open"])(
    '%s is a syntax error',
    async (where) => {
      const answer = await query(where);
      expect([answer.status, answer.body.message]).toEqual([400, expect.stringContaining('TF51005')]);
    },
  );

  test('a user sees own projects only', async () => {
    const answer = await call(simulator, 'POST', '/_apis/wit/wiql', {
      as: 'guest',
      body: { query: 'SELECT [System.Id] FROM WorkItems' },
    });
    expect(answer.body.workItems).toEqual([]);
  });
});

describe('reporting of revisions', () => {
  const report = async (query: string) =>
    (await call(simulator, 'GET', `/Fabrikam/_apis/wit/reporting/workitemrevisions?api-version=7.1${query}`))
      .body;

  test('pages through everything once and then waits at the end', async () => {
    const seen: string[] = [];
    let token = '';
    for (let isLast = false; !isLast; ) {
      const page: Json = await report(`&$maxPageSize=4&continuationToken=${encodeURIComponent(token)}`);
      seen.push(...page.values.map((entry: { id: number; rev: number }) => `${entry.id}/${entry.rev}`));
      token = page.continuationToken;
      isLast = page.isLastBatch;
    }
    const all = [...simulator.store.workItems.values()].flatMap((item) =>
      item.revisions.map((revision) => `${item.id}/${revision.rev}`),
    );
    expect([...seen].sort()).toEqual([...all].sort());
    expect(await report(`&continuationToken=${encodeURIComponent(token)}`)).toMatchObject({
      values: [],
      isLastBatch: true,
      continuationToken: expect.stringContaining(`${token.split(';')[0]};`),
    });
    await simulator.act({ do: 'update', id: 3, fields: { 'System.Title': 'Later' } });
    const later = await report(`&continuationToken=${encodeURIComponent(token)}&fields=System.Title`);
    expect(later.values).toEqual([{ id: 3, rev: 2, fields: { 'System.Title': 'Later' } }]);
  });

  test('deleted items appear when asked for', async () => {
    const { id } = await simulator.act({
      do: 'create',
      type: 'Bug',
      fields: { 'System.Title': 'Short life' },
    });
    await simulator.act({ do: 'delete', id });
    const has = async (query: string) =>
      (await report(query)).values.filter((entry: { id: number }) => entry.id === id);
    expect(await has('')).toEqual([]);
    expect(await has('&includeDeleted=true&includeLatestOnly=true')).toMatchObject([
      { rev: 2, isDeleted: true },
    ]);
  });
});

describe('attachments', () => {
  const send = (method: string, path: string, raw: Buffer, headers: Record<string, string> = {}) =>
    call(simulator, method, path, {
      raw: new Uint8Array(raw),
      headers: { 'content-type': 'application/octet-stream', ...headers },
    });
  const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251));
  const fetchBytes = async (url: string) => {
    const headers = { authorization: `Bearer ${simulator.users.byKey('contributor').accessToken}` };
    return Buffer.from(await (await fetch(url, { headers })).arrayBuffer());
  };

  test('one upload, a relation, and the same bytes back', async () => {
    const uploaded = await send(
      'POST',
      '/Fabrikam/_apis/wit/attachments?fileName=Bericht%20%C3%A4.pdf',
      content,
    );
    expect(uploaded.status).toBe(201);
    const relation = {
      op: 'add',
      path: '/relations/-',
      value: { rel: 'AttachedFile', url: uploaded.body.url, attributes: { comment: 'c' } },
    };
    const item = await call(simulator, 'PATCH', '/_apis/wit/workitems/1', { body: [relation] });
    const [attached] = item.body.relations.filter((entry: { rel: string }) => entry.rel === 'AttachedFile');
    expect(attached.attributes).toMatchObject({
      name: 'Bericht ä.pdf',
      resourceSize: content.length,
      comment: 'c',
    });
    expect((await fetchBytes(attached.url)).equals(content)).toBe(true);
  });

  test('chunks have to follow each other', async () => {
    const registered = await send(
      'POST',
      '/Fabrikam/_apis/wit/attachments?fileName=large.zip&uploadType=Chunked',
      Buffer.alloc(0),
    );
    const path = `/Fabrikam/_apis/wit/attachments/${registered.body.id}?fileName=large.zip`;
    const chunk = (first: number, last: number) =>
      send('PUT', path, content.subarray(first, last + 1), {
        'content-range': `bytes ${first}-${last}/${content.length}`,
      });
    expect((await chunk(0, 29_999)).status).toBe(201);
    expect((await chunk(40_000, 49_999)).body.typeKey).toBe('WorkItemAttachmentIncorrectOffsetException');
    expect((await call(simulator, 'GET', path)).status).toBe(404);
    expect((await chunk(30_000, 49_999)).status).toBe(201);
    expect((await fetchBytes(registered.body.url)).equals(content)).toBe(true);
  });

  test('too large is refused and kept nowhere', async () => {
    const before = simulator.store.attachments.size;
    const answer = await send('POST', '/Fabrikam/_apis/wit/attachments?fileName=x', Buffer.alloc(100_001));
    expect([answer.status, answer.body.typeKey]).toEqual([400, 'WorkItemAttachmentExceedsMaxSizeException']);
    expect(simulator.store.attachments.size).toBe(before);
  });

  test('a relation needs a file that exists', async () => {
    const value = {
      rel: 'AttachedFile',
      url: `${simulator.organizationUrl}/_apis/wit/attachments/00000000-0000-4000-a000-000000000000`,
    };
    const answer = await call(simulator, 'PATCH', '/_apis/wit/workitems/1', {
      body: [{ op: 'add', path: '/relations/-', value }],
    });
    expect(answer.body.typeKey).toBe('WorkItemAttachmentNotFoundException');
  });
});

describe('what a form needs to know', () => {
  test('types with states, colours and transitions; fields with values', async () => {
    const bug = (await call(simulator, 'GET', '/Fabrikam/_apis/wit/workitemtypes/Bug')).body;
    expect(bug.states[0]).toEqual({ name: 'New', color: 'b2b2b2', category: 'Proposed' });
    expect(bug.transitions.Resolved.map((entry: { to: string }) => entry.to)).toEqual([
      'Resolved',
      'Active',
      'Closed',
    ]);
    const fields = (
      await call(simulator, 'GET', '/Fabrikam/_apis/wit/workitemtypes/Bug/fields?$expand=allowedValues')
    ).body.value;
    const of = (name: string) =>
      fields.find((entry: { referenceName: string }) => entry.referenceName === name);
    expect(of('Microsoft.VSTS.Common.Severity')).toMatchObject({
      alwaysRequired: true,
      defaultValue: '3 - Medium',
      allowedValues: ['1 - Critical', '2 - High', '3 - Medium', '4 - Low'],
    });
    expect(of('Custom.TicketNumber')).toMatchObject({ name: 'Ticket Number', alwaysRequired: false });
    expect((await call(simulator, 'GET', '/Fabrikam/_apis/wit/fields/System.ChangedBy')).body).toMatchObject({
      readOnly: true,
      isIdentity: true,
    });
  });

  test('areas as a tree', async () => {
    const tree = (await call(simulator, 'GET', '/Fabrikam/_apis/wit/classificationnodes/Areas?$depth=2'))
      .body;
    expect(tree).toMatchObject({ name: 'Fabrikam', structureType: 'area', path: '\\Fabrikam\\Area' });
    expect(tree.children[0].children[0]).toMatchObject({
      name: 'Mobile',
      path: '\\Fabrikam\\Area\\Web\\Mobile',
    });
  });

  test('people by mail and by the start of their name', async () => {
    const find = async (filter: string, value: string) => {
      const url = `${simulator.identityUrl}/_apis/identities?searchFilter=${filter}&filterValue=${encodeURIComponent(value)}&api-version=7.1`;
      const headers = { authorization: `Bearer ${simulator.users.byKey('contributor').accessToken}` };
      const { value: found } = (await (await fetch(url, { headers })).json()) as {
        value: { providerDisplayName: string }[];
      };
      return found.map((entry) => entry.providerDisplayName);
    };
    expect(await find('MailAddress', 'noor.haddad@fabrikam.example')).toEqual(['Noor Haddad']);
    expect(await find('General', 'tom')).toEqual(['Tomasz Wójcik']);
    expect(await find('MailAddress', 'sam.outsider@elsewhere.example')).toEqual([]);
  });
});

describe('the sandbox page', () => {
  const control = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const response = await fetch(`${simulator.url}/_sandbox${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    return response.json();
  };

  test('acts as a user, shows what happened, switches faults, moves the clock, starts over', async () => {
    const created = await control('POST', '/act', {
      as: 'developer',
      do: 'create',
      type: 'Task',
      fields: { 'System.Title': 'By hand' },
    });
    expect(created.fields['System.CreatedBy'].displayName).toBe('Tomasz Wójcik');
    expect(await control('GET', `/ledger?effect=workItem.created&recordId=${created.id}`)).toMatchObject([
      { actor: 'developer' },
    ]);
    await control('PUT', '/faults/down', { fault: { kind: 'status', status: 503 } });
    expect((await call(simulator, 'GET', '/_apis/projects')).status).toBe(503);
    await control('DELETE', '/faults');
    const before = simulator.clock.nowMs();
    await control('POST', '/clock', { advanceMs: 3_600_000 });
    expect(simulator.clock.nowMs() - before).toBeGreaterThanOrEqual(3_600_000);
    await control('POST', '/reset');
    const state = await control('GET', '/state');
    expect([state.workItems.length, state.users.length, state.subscriptions]).toEqual([12, 7, []]);
  });
});
