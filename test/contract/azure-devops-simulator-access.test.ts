import { jwtVerify } from 'jose';
import { type AzureDevOpsSimulator, startAzureDevOps } from '../sandbox/azure-devops/server.ts';
import { call, pat } from './azure-devops-call.ts';

let simulator: AzureDevOpsSimulator;
beforeAll(async () => {
  simulator = await startAzureDevOps();
});
afterAll(() => simulator.close());

describe('who may call', () => {
  test('a personal access token works, a wrong or expired one is 401', async () => {
    const user = simulator.users.byKey('contributor');
    const good = user.pats[0]?.token ?? '';
    const path = '/_apis/projects';
    expect(
      (await call(simulator, 'GET', path, { as: null, headers: { authorization: pat(good) } })).status,
    ).toBe(200);
    const wrong = await call(simulator, 'GET', path, {
      as: null,
      headers: { authorization: pat('nonsense') },
    });
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('Basic'),
    ]);
    const old = simulator.users.addPat(user, ['full'], simulator.clock.nowMs() - 1);
    const expired = await call(simulator, 'GET', path, {
      as: null,
      headers: { authorization: pat(old.token) },
    });
    expect(expired.status).toBe(401);
    expect(expired.text).toContain('expired');
  });

  test('an unknown bearer or nobody gets the sign-in page with 203, a browser 302, a careful client 401', async () => {
    const path = '/_apis/projects';
    for (const headers of [{ authorization: 'Bearer nonsense' }, {}] as Record<string, string>[]) {
      const answer = await call(simulator, 'GET', path, { as: null, headers });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        203,
        expect.stringContaining('text/html'),
      ]);
    }
    const browser = await call(simulator, 'GET', path, { as: null, headers: { accept: 'text/html' } });
    expect([browser.status, browser.headers.get('location')]).toEqual([
      302,
      expect.stringContaining('_signin'),
    ]);
    const careful = await call(simulator, 'GET', path, {
      as: null,
      headers: { 'x-tfs-fedauthredirect': 'Suppress' },
    });
    expect(careful.status).toBe(401);
  });

  test('an app token is not accepted by the API', async () => {
    const token = await simulator.issueAppToken(simulator.users.byKey('contributor').id);
    const answer = await call(simulator, 'GET', '/_apis/connectionData?api-version=7.1-preview', {
      as: null,
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(203);
  });

  test('scopes of a token limit it', async () => {
    const user = simulator.users.byKey('contributor');
    const readOnly = simulator.users.addPat(user, ['vso.work'], simulator.clock.nowMs() + 60_000);
    const headers = { authorization: pat(readOnly.token) };
    expect((await call(simulator, 'GET', '/_apis/wit/workitems/1', { as: null, headers })).status).toBe(200);
    const write = await call(simulator, 'PATCH', '/_apis/wit/workitems/1', {
      as: null,
      headers,
      body: [{ op: 'add', path: '/fields/System.Title', value: 'x' }],
    });
    expect(write.status).toBe(401);
  });

  test('the service identity signs in at the token endpoint; its token ends', async () => {
    const service = simulator.users.byKey('service');
    const ask = (secret: string) =>
      fetch(`${simulator.url}/${simulator.tenantId}/oauth2/v2.0/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: service.clientId ?? '',
          client_secret: secret,
          scope: '499b84ac-1321-427f-aa17-267ca6975798/.default',
        }),
      });
    expect((await ask('wrong')).status).toBe(401);
    const given = (await (await ask(service.clientSecret ?? '')).json()) as {
      access_token: string;
      expires_in: number;
    };
    const headers = { authorization: `Bearer ${given.access_token}` };
    expect((await call(simulator, 'GET', '/_apis/projects', { as: null, headers })).status).toBe(200);
    await simulator.clock.advance(given.expires_in * 1000 + 1);
    expect((await call(simulator, 'GET', '/_apis/projects', { as: null, headers })).status).toBe(203);
  });

  test('connectionData names the caller and the organisation; the app token names the same user', async () => {
    const user = simulator.users.byKey('reader');
    const answer = await call(simulator, 'GET', '/_apis/connectionData?api-version=7.1-preview', {
      as: 'reader',
    });
    expect(answer.body.authenticatedUser).toMatchObject({
      id: user.id,
      subjectDescriptor: user.descriptor,
      providerDisplayName: user.displayName,
    });
    expect(answer.body.instanceId).toBe(simulator.organizationId);
    const key = new TextEncoder().encode(simulator.appTokenSecret);
    const { payload } = await jwtVerify(await simulator.issueAppToken(user.id), key, {
      issuer: 'app.vstoken.visualstudio.com',
      audience: simulator.appTokenAudience,
      algorithms: ['HS256'],
      currentDate: new Date(simulator.clock.nowMs()),
    });
    expect(payload).toMatchObject({ nameid: user.id, tid: simulator.tenantId });
  });
});

describe('who may see and do what', () => {
  test('without a project everything below it is 404; outside the organisation it is 401', async () => {
    expect((await call(simulator, 'GET', '/Fabrikam/_apis/wit/workitems/1', { as: 'guest' })).status).toBe(
      404,
    );
    expect((await call(simulator, 'GET', '/_apis/wit/workitems/1', { as: 'guest' })).body.typeKey).toBe(
      'WorkItemUnauthorizedAccessException',
    );
    expect((await call(simulator, 'GET', '/_apis/projects', { as: 'guest' })).body.count).toBe(0);
    const stranger = await call(simulator, 'GET', '/_apis/projects', { as: 'stranger' });
    expect([stranger.status, stranger.body.message]).toEqual([401, expect.stringContaining('TF400813')]);
  });

  test('a reader may read and not write', async () => {
    expect((await call(simulator, 'GET', '/Fabrikam/_apis/wit/workitems/1', { as: 'reader' })).status).toBe(
      200,
    );
    const write = await call(simulator, 'PATCH', '/_apis/wit/workitems/1', {
      as: 'reader',
      body: [{ op: 'add', path: '/fields/System.Title', value: 'x' }],
    });
    expect(write.status).toBe(403);
  });

  test('permission bits differ by user', async () => {
    const project = simulator.store.project('Fabrikam');
    const token = encodeURIComponent(`$PROJECT:vstfs:///Classification/TeamProject/${project?.id}`);
    const bits = async (as: string) =>
      (
        await call(
          simulator,
          'GET',
          `/_apis/permissions/52d39943-cb85-4d7f-8fa8-c6baac873819/2?tokens=${token}`,
          { as },
        )
      ).body.value;
    expect([await bits('admin'), await bits('contributor'), await bits('guest')]).toEqual([
      [true],
      [false],
      [false],
    ]);
    const evaluations = [
      {
        securityNamespaceId: 'cb594ebe-87dd-4fc9-ac2c-6a10a4c92046',
        token: `PublisherSecurity/${project?.id}`,
        permissions: 7,
      },
    ];
    const batch = async (as: string) =>
      (
        await call(simulator, 'POST', '/_apis/security/permissionevaluationbatch', {
          as,
          body: { evaluations },
        })
      ).body.evaluations[0].value;
    expect([await batch('service'), await batch('contributor')]).toEqual([true, false]);
  });

  test('a browser on another origin may call with a bearer token', async () => {
    const preflight = await fetch(`${simulator.organizationUrl}/_apis/projects`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://publisher.gallerycdn.vsassets.io',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    });
    expect([
      preflight.status,
      preflight.headers.get('access-control-allow-origin'),
      preflight.headers.get('access-control-allow-headers'),
    ]).toEqual([200, '*', 'authorization']);
  });
});

describe('API versions', () => {
  const at = (version: string, method = 'GET', path = '/_apis/wit/workitems/1') =>
    call(
      simulator,
      method,
      `${path}?api-version=${version}`,
      method === 'GET' ? {} : { body: { text: 'x' } },
    );

  test.each([
    ['7.3', 400, 'VssVersionOutOfRangeException'],
    ['7.2', 400, 'VssInvalidPreviewVersionException'],
    ['7.2-preview.4', 400, 'VssVersionOutOfRangeException'],
    ['rubbish', 400, 'VssInvalidApiResourceVersionException'],
  ])('%s is %i %s', async (version, status, typeKey) => {
    const answer = await at(version);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({
      $id: '1',
      innerException: null,
      message: expect.any(String),
      typeName: expect.any(String),
      typeKey,
      errorCode: 0,
      eventId: 3000,
    });
  });

  test('5.0 to 7.2-preview.3 are fine; a read may leave the version out, a write may not', async () => {
    for (const version of ['5.0', '6.0', '7.0', '7.1', '7.2-preview.3', 'none'])
      expect((await at(version)).status).toBe(200);
    const write = await at('none', 'POST', '/Fabrikam/_apis/wit/workItems/1/comments');
    expect([write.status, write.body.typeKey]).toEqual([400, 'VssVersionNotSpecifiedException']);
  });

  test('comments and connectionData are preview only', async () => {
    expect((await at('7.1', 'GET', '/_apis/connectionData')).body.typeKey).toBe(
      'VssInvalidPreviewVersionException',
    );
    expect((await at('7.1', 'POST', '/Fabrikam/_apis/wit/workItems/1/comments')).body.typeKey).toBe(
      'VssInvalidPreviewVersionException',
    );
  });

  test('each Server refuses what came after it; 2019 has no comments API', async () => {
    for (const [flavor, max, next] of [
      ['server-2019', '5.0', '6.0'],
      ['server-2020', '6.0', '7.0'],
      ['server-2022', '7.0', '7.1'],
      ['server-2022.1', '7.1', '7.2-preview'],
    ] as const) {
      const server = await startAzureDevOps({ flavor });
      expect(server.organizationUrl).toMatch(/\/tfs\/DefaultCollection$/);
      expect((await call(server, 'GET', `/_apis/projects?api-version=${max}`)).status).toBe(200);
      expect((await call(server, 'GET', `/_apis/projects?api-version=${next}`)).body.typeKey).toBe(
        'VssVersionOutOfRangeException',
      );
      const comment = await call(
        server,
        'POST',
        `/Fabrikam/_apis/wit/workItems/1/comments?api-version=${max}-preview.3`,
        { body: { text: 'x' } },
      );
      expect(comment.status).toBe(flavor === 'server-2019' ? 405 : 200);
      expect((await call(server, 'GET', '/_apis/projects?api-version=none', { as: null })).status).toBe(401);
      await server.close();
    }
  });
});

describe('throttling', () => {
  test('first headers, then Retry-After on a 200, then 429 TF400733', async () => {
    Object.assign(simulator.rateLimit.settings, { enabled: true, limit: 2 });
    const seen = [];
    for (let index = 0; index < 14; index += 1)
      seen.push(await call(simulator, 'GET', '/_apis/wit/workitems/1', { as: 'developer' }));
    simulator.rateLimit.clear();
    expect(seen[0]?.headers.get('x-ratelimit-limit')).toBeNull();
    const delayed = seen.find(
      (answer) => answer.status === 200 && answer.headers.get('retry-after') !== null,
    );
    expect(delayed?.headers.get('x-ratelimit-resource')).toBe('Core');
    expect([seen.at(-1)?.status, seen.at(-1)?.body.message]).toEqual([
      429,
      expect.stringContaining('TF400733'),
    ]);
    expect((await call(simulator, 'GET', '/_apis/wit/workitems/1', { as: 'developer' })).status).toBe(200);
  });
});
