import { type RouteName, routes } from '../../backend/contract/routes.ts';
import type { ApiInput } from '../support/rig.ts';
import { createWorkItem, idle, inAgreement, linkPair, openScene, type Scene } from '../support/scene.ts';
import { editWorkItem, type Pair, readCall } from '../support/two-sides.ts';

interface Problem {
  code: string;
  title: string;
  action: string;
  requestId: string;
  needs?: string;
  fields?: { field: string; problem: string; remedy: string }[];
}

let scene: Scene;
let pair: Pair;
let linkId: string;
let hidden: number;

beforeAll(async () => {
  scene = await openScene();
  pair = await linkPair(scene);
  linkId = (await inAgreement(scene, pair.workItemId)).linkId;
  const lab = {
    do: 'create',
    as: 'admin',
    project: 'Research Lab',
    type: 'Bug',
    fields: { 'System.Title': 'x' },
  };
  hidden = (await scene.rig.control<{ id: number }>('azure', 'POST', '/act', lab)).id;
  await foreignTenant();
});
afterAll(() => scene?.close());

/** Another organisation on the same backend, with a record of every kind. */
const foreign = {
  connectionId: 'foreign-connection',
  mappingId: 'foreign-mapping',
  linkId: '',
  deliveryId: '',
  attemptId: '',
  backfillId: '',
};

async function foreignTenant(): Promise<void> {
  const one = async (sql: string, values: unknown[] = []): Promise<string> =>
    String((await scene.rows<{ id: number | string }>(sql, values))[0]?.id);
  const tenant = await one(
    `insert into tenant (organization, url) values ('contoso', 'https://dev.azure.com/contoso') returning tenant as id`,
  );
  await scene.rows(
    `insert into connection (tenant, id, kind, name, retry, budget, hook_id)
     select $1, 'foreign-connection', 'alemba', 'Theirs', retry, budget, 'foreign-hook' from connection where id = $2`,
    [tenant, scene.connectionId],
  );
  await scene.rows(
    `insert into mapping (tenant, id, connection, project, position, version, settings, updated_by)
     select $1, 'foreign-mapping', 'foreign-connection', project, 1, 1, settings, 'they' from mapping where id = $2`,
    [tenant, scene.mappingId],
  );
  foreign.linkId = await one(
    `insert into link (tenant, mapping, connection, project, work_item_id, ticket_id, ticket_key, ticket_url, origin)
     values ($1, 'foreign-mapping', 'foreign-connection', 'Fabrikam', $2, '77', '77', 'http://x/77', 'linked') returning id`,
    [tenant, String(pair.workItemId)],
  );
  foreign.deliveryId = await one(
    `insert into inbox (tenant, dedupe, source, connection, what, body) values ($1, 'd', 'azureDevOps', 'foreign-connection', 'updated', '{}') returning id`,
    [tenant],
  );
  foreign.attemptId = await one(
    `insert into attempt (tenant, lane_key, connection, cause, outcome, summary, duration_ms, attempts)
     values ($1, 'link:1', 'foreign-connection', 'hook', 'done', 'theirs', 1, 1) returning id`,
    [tenant],
  );
  foreign.backfillId = await one(
    `insert into backfill (tenant, mapping, side, status) values ($1, 'foreign-mapping', 'workItem', 'paused') returning id`,
    [tenant],
  );
}

const settingsTables = ['connection', 'secret', 'mapping', 'mapping_version', 'link', 'subscription'];

/** What admins and people have made, as it stands in the store; times of use left out. */
const stored = async (): Promise<string> => {
  const parts: string[][] = [];
  for (const table of settingsTables) {
    const rows = await scene.rows<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) as row from ${table} t`,
    );
    const kept = rows.map(({ row }) => {
      const {
        cursor: _c,
        swept_at: _s,
        hook_received_at: _h,
        checked_at: _k,
        received_at: _r,
        ...rest
      } = row;
      return JSON.stringify(rest);
    });
    parts.push(kept.sort());
  }
  return JSON.stringify(parts);
};

const expectProblem = (answer: { status: number; body: unknown }, status: number, code: string): Problem => {
  const problem = answer.body as Problem;
  expect({ status: answer.status, code: problem.code }).toEqual({ status, code });
  expect(problem.title.length).toBeGreaterThan(5);
  expect(problem.action.length).toBeGreaterThan(5);
  expect(problem.requestId.length).toBeGreaterThan(5);
  return problem;
};

describe('malformed settings and calls name the field and the remedy, and change nothing', () => {
  const project = () => ({ projectId: scene.projectId });
  const connection = (change: Record<string, unknown>) => ({
    kind: 'alemba',
    name: 'Another one',
    settings: { address: scene.rig.alemba.baseUrl, clientId: 'x', username: 'integration', partition: '1' },
    secrets: { password: 'sandbox' },
    ...change,
  });
  const settingsOf = async () => {
    const params = { projectId: scene.projectId, mappingId: scene.mappingId };
    const found = await scene.rig.api('readMapping', { params });
    const { id: _, version: _v, position: _p, updatedAt: _a, updatedBy: _b, ...settings } = found;
    return settings;
  };
  const mapping = async (change: Record<string, unknown>) => ({
    ...(await settingsOf()),
    name: 'New',
    ...change,
  });
  const row = async (change: Record<string, unknown>) => {
    const { fields } = await settingsOf();
    return mapping({ fields: [{ ...fields[0], ...change }] });
  };

  const cases: {
    name: string;
    route: RouteName;
    input: () => Promise<ApiInput> | ApiInput;
    field: RegExp;
  }[] = [
    {
      name: 'a connection of an unknown kind',
      route: 'createConnection',
      input: () => ({ params: project(), body: connection({ kind: 'no-such-system' }) }),
      field: /kind/,
    },
    {
      name: 'a connection without a name',
      route: 'createConnection',
      input: () => ({ params: project(), body: connection({ name: '   ' }) }),
      field: /name/,
    },
    {
      name: 'an address that is none',
      route: 'createConnection',
      input: () => ({
        params: project(),
        body: connection({ settings: { address: 'not an address', clientId: 'x', username: 'u' } }),
      }),
      field: /settings\.address/,
    },
    {
      name: 'an address in the cloud’s own network',
      route: 'createConnection',
      input: () => ({
        params: project(),
        body: connection({
          settings: { address: 'https://169.254.169.254/x', clientId: 'x', username: 'u' },
        }),
      }),
      field: /settings\.address/,
    },
    {
      name: 'a setting that does not exist',
      route: 'createConnection',
      input: () => ({
        params: project(),
        body: connection({ settings: { ...connection({}).settings, colour: 'red' } }),
      }),
      field: /settings\.colour/,
    },
    {
      name: 'a missing password',
      route: 'createConnection',
      input: () => ({ params: project(), body: connection({ secrets: {} }) }),
      field: /secrets\.password/,
    },
    {
      name: 'waits that are none',
      route: 'createConnection',
      input: () => ({
        params: project(),
        body: connection({ retry: { maxAttempts: 0, firstDelaySeconds: -1 } }),
      }),
      field: /retry/,
    },
    {
      name: 'a fixed wait of more than a day',
      route: 'createConnection',
      input: () => ({ params: project(), body: connection({ retry: { fixedDelaySeconds: 86_401 } }) }),
      field: /retry\.fixedDelaySeconds/,
    },
    {
      name: 'a mapping of a connection that is not there',
      route: 'createMapping',
      input: async () => ({ params: project(), body: await mapping({ connectionId: 'nowhere' }) }),
      field: /connectionId/,
    },
    {
      name: 'a mapping of another tenant’s connection',
      route: 'createMapping',
      input: async () => ({ params: project(), body: await mapping({ connectionId: 'foreign-connection' }) }),
      field: /connectionId/,
    },
    {
      name: 'a row with a field that does not exist',
      route: 'createMapping',
      input: async () => ({ params: project(), body: await row({ ticketField: 'NoSuchColumn' }) }),
      field: /fields/,
    },
    {
      name: 'a template that does not end',
      route: 'createMapping',
      input: async () => ({
        params: project(),
        body: await row({
          direction: 'out',
          out: { kind: 'template', template: '{{ workItem.title', rich: false },
        }),
      }),
      field: /fields.*template|fields/,
    },
    {
      name: 'an operator that is none',
      route: 'createMapping',
      input: async () => ({
        params: project(),
        body: await mapping({
          createTicket: {
            mode: 'automatic',
            rule: { kind: 'condition', field: 'System.Title', operator: 'resembles', value: 'x' },
          },
        }),
      }),
      field: /createTicket/,
    },
    {
      name: 'a state that the type does not have',
      route: 'createMapping',
      input: async () => ({
        params: project(),
        body: await mapping({
          states: {
            enabled: true,
            rows: [{ workItemState: 'Paused', ticketStatus: '1', direction: 'both' }],
          },
        }),
      }),
      field: /states/,
    },
    {
      name: 'a work item that is no number',
      route: 'readPanel',
      input: () => ({ params: { workItemId: '1 or 1=1' } }),
      field: /workItemId/,
    },
    {
      name: 'a requestKey that is too short',
      route: 'createTicket',
      input: () => ({
        params: { workItemId: String(pair.workItemId) },
        body: { mappingId: scene.mappingId, requestKey: 'x' },
      }),
      field: /requestKey/,
    },
    {
      name: 'a ticket field that does not exist',
      route: 'createTicket',
      input: () => ({
        params: { workItemId: String(pair.workItemId) },
        body: { mappingId: scene.mappingId, requestKey: 'long-enough', values: { NoSuchColumn: 'x' } },
      }),
      field: /NoSuchColumn|values/,
    },
    {
      name: 'a conflict that is none',
      route: 'resolveConflict',
      input: () => ({
        params: { workItemId: String(pair.workItemId), linkId },
        body: { choices: [{ row: 'title', keep: 'workItem' }] },
      }),
      field: /title/,
    },
    {
      name: 'a page that is too long',
      route: 'listAttempts',
      input: () => ({ params: project(), query: { limit: 100_000 } }),
      field: /limit/,
    },
  ];

  test.each(cases)('$name', async ({ route, input, field }) => {
    await idle(scene);
    const before = await stored();
    const problem = expectProblem(await scene.rig.ask(route, await input()), 400, 'invalidRequest');
    const named = problem.fields ?? [];
    expect(named.map((one) => one.field).join()).toMatch(field);
    for (const one of named) {
      expect(one.problem.length).toBeGreaterThan(3);
      expect(one.remedy.length).toBeGreaterThan(3);
    }
    expect(await stored()).toBe(before);
  });

  test('a mapping that somebody else changed meanwhile is not overwritten', async () => {
    const params = { projectId: scene.projectId, mappingId: scene.mappingId };
    const settings = await settingsOf();
    const answer = await scene.rig.ask('updateMapping', { params, body: { baseVersion: 99, settings } });
    expectProblem(answer, 409, 'conflict');
  });

  test('a ticket that is not there cannot be linked', async () => {
    const answer = await scene.rig.ask('linkTicket', {
      params: { workItemId: String(pair.workItemId) },
      body: { mappingId: scene.mappingId, ticketId: '999999' },
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(503);
    expect((answer.body as Problem).action.length).toBeGreaterThan(5);
  });

  test('after all of it the product works as before', async () => {
    await editWorkItem(scene.rig, pair.workItemId, { 'System.Title': 'Untouched' });
    await scene.rig.api('syncLink', { params: { workItemId: String(pair.workItemId), linkId } });
    expect((await readCall(scene.rig, pair.callRef)).subject).toBe('Untouched');
  });
});

describe('every route', () => {
  const all = (Object.entries(routes) as [RouteName, (typeof routes)[RouteName]][]).filter(
    ([, route]) => route.guard !== 'open',
  );
  /** Ids that exist and may be used, unless said otherwise. */
  const params = (change: Record<string, string> = {}): Record<string, string> => ({
    projectId: scene.projectId,
    workItemId: String(pair.workItemId),
    connectionId: scene.connectionId,
    mappingId: scene.mappingId,
    linkId,
    deliveryId: '1',
    attemptId: '1',
    backfillId: '1',
    attachmentId: '1',
    subscriptionId: '00000000-0000-4000-8000-000000000000',
    ...change,
  });

  test('without a session is 401', async () => {
    for (const [name] of all)
      expectProblem(await scene.rig.ask(name, { params: params() }, null), 401, 'signInRequired');
  });

  test('for another project is 404', async () => {
    const { projects } = await scene.rig.control<{ projects: { id: string; name: string }[] }>(
      'azure',
      'GET',
      '/state',
    );
    const other = projects.find(({ name }) => name === 'Research Lab')?.id ?? '';
    for (const [name, route] of all) {
      if (!route.path.includes(':projectId')) continue;
      for (const projectId of [other, crypto.randomUUID()]) {
        expectProblem(await scene.rig.ask(name, { params: params({ projectId }) }), 404, 'notFound');
      }
    }
  });

  test('for a work item that the user may not see is 404, as for one that does not exist', async () => {
    for (const [name, route] of all) {
      if (!route.path.includes(':workItemId')) continue;
      const answers = await Promise.all(
        [hidden, 999_999].map((id) =>
          scene.rig.ask(name, { params: params({ workItemId: String(id) }) }, 'contributor'),
        ),
      );
      for (const answer of answers) expectProblem(answer, 404, 'notFound');
      const [seen, unseen] = answers.map(({ body }) => ({ ...(body as Problem), requestId: '' }));
      expect(seen).toEqual(unseen);
    }
  });

  test('that changes something is 403 for readers, with the right that is missing', async () => {
    for (const [name, route] of all) {
      if (route.guard === 'workItemRead' || route.guard === 'member') continue;
      const problem = expectProblem(
        await scene.rig.ask(name, { params: params() }, 'reader'),
        403,
        'notAllowed',
      );
      expect(problem.needs).toBeDefined();
    }
  });

  test('of administrators is 403 for contributors', async () => {
    for (const [name, route] of all) {
      if (route.guard !== 'projectAdmin' && route.guard !== 'tenantAdmin') continue;
      expectProblem(await scene.rig.ask(name, { params: params() }, 'contributor'), 403, 'notAllowed');
    }
  });

  test('gives strangers and guests no session', async () => {
    for (const user of ['stranger', 'guest']) {
      await expect(scene.rig.ask('readPanel', { params: params() }, user)).rejects.toThrow('No session');
    }
  });

  test('with an id of another organisation answers as for one that does not exist', async () => {
    const valid: Partial<Record<RouteName, ApiInput>> = {
      deleteConnection: { query: { confirmLinks: 0 } },
      deleteMapping: { query: { confirmLinks: 0 } },
      startBackfill: { body: { from: 'workItem' } },
      previewBackfill: { query: { from: 'workItem' } },
      commentOnTicket: { body: { requestKey: 'foreign-comment', text: 'x' } },
      resolveConflict: { body: { choices: [{ row: 'title', keep: 'workItem' }] } },
    };
    const before = await stored();
    for (const [name, route] of all) {
      for (const [id, value] of Object.entries(foreign)) {
        if (!route.path.includes(`:${id}`)) continue;
        const random = /^\d+$/.test(value) ? '987654321' : 'no-such-thing';
        const [theirs, nobodys] = await Promise.all(
          [value, random].map((one) =>
            scene.rig.ask(name, { params: params({ [id]: one }), ...valid[name] }),
          ),
        );
        const strip = (answer: { status: number; body: unknown } | undefined) => ({
          status: answer?.status,
          body: JSON.stringify({ ...(answer?.body as Problem), requestId: '' }).replaceAll(random, value),
        });
        expect({ name, ...strip(theirs) }).toEqual({ name, ...strip(nobodys) });
        expect(theirs?.status).toBeGreaterThanOrEqual(400);
      }
    }
    expect(await stored()).toBe(before);
  });

  test('lists nothing of another organisation', async () => {
    for (const [name, route] of all) {
      if (route.method !== 'GET' || /:(?!projectId|workItemId)/.test(route.path)) continue;
      const query: ApiInput['query'] =
        name === 'suggestMapping' ? { connectionId: scene.connectionId, workItemType: 'Bug' } : {};
      const answer = await scene.rig.ask(name, { params: params(), query });
      expect(JSON.stringify(answer.body)).not.toMatch(/foreign-|contoso|theirs/i);
    }
  });
});

test('a work item of nobody’s mapping still has a panel', async () => {
  const id = await createWorkItem(scene, { 'System.Title': 'Story' }, { type: 'User Story' });
  const panel = await scene.rig.api('readPanel', { params: { workItemId: String(id) } }, 'reader');
  expect(panel).toMatchObject({ tickets: [], may: { change: false, administer: false } });
});
