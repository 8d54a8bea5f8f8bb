import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import type { RouteShape } from '../../backend/contract/route.ts';
import { type RouteName, routes } from '../../backend/contract/routes.ts';
import { type AskAsUser, createAccessChecker, type Standing } from '../../backend/http/access.ts';
import type { Handlers } from '../../backend/http/handlers.ts';
import { ProblemError } from '../../backend/http/problem.ts';
import { createServer, type HttpServer, type ServerOptions } from '../../backend/http/server.ts';
import { createSessions } from '../../backend/http/session.ts';
import { createHealth } from '../../backend/observability/health.ts';
import { createLog } from '../../backend/observability/log.ts';
import { createMetrics } from '../../backend/observability/metrics.ts';
import { createAppTokenVerifier } from '../../backend/security/app-token.ts';
import { createRedactor } from '../../backend/security/redaction.ts';
import { createSessionTokens, type Session } from '../../backend/security/session-token.ts';
import { Failure } from '../../backend/sync/failure.ts';

const masterKeys = [{ id: 'm', key: randomBytes(32) }];
const tokens = createSessionTokens(masterKeys);
const certificate = 'certificate-of-the-extension-as-the-publisher-page-shows-it';
const audience = '9f0d5f9e-4d3b-4c1a-8f2e-7a6b5c4d3e2f';
const issuer = 'app.vstoken.visualstudio.com';
const galleryOrigin = 'https://tandem.gallerycdn.vsassets.io';

const noRights = { changeWorkItems: false, administerProject: false, administerTenant: false };
const allRights = { changeWorkItems: true, administerProject: true, administerTenant: true };

const sessionOf = (rights: Session['rights'], more: Partial<Session> = {}) =>
  tokens.issue({
    tenant: 1,
    generation: 1,
    organization: 'contoso',
    user: { id: 'ada', name: 'Ada' },
    project: { id: 'fabrikam', name: 'Fabrikam' },
    rights,
    accessToken: 'canary-user-token',
    ...more,
  }).token;

/** What Azure DevOps would say; tests change it. */
let standing: Standing | Failure;
let asked: string[];
const workItemAccess: Record<string, 'none' | 'read' | 'write'> = { 1: 'none', 2: 'read', 3: 'write' };
const ask: AskAsUser = {
  async standing(organization, accessToken, projectId) {
    asked.push(`${organization.url} ${accessToken} ${projectId}`);
    if (standing instanceof Failure) throw standing;
    return standing;
  },
  async workItemAccess(_session, id) {
    asked.push(`work item ${id}`);
    return workItemAccess[id] ?? 'none';
  },
  rights: async (session) => session.rights,
};

const handled: {
  name: string;
  input: { params: unknown; query: unknown; body: unknown; session: Session };
}[] = [];
let answerWith: (name: string, input: { signal: AbortSignal }) => unknown = () => ({});
const handlers = new Proxy({} as Handlers, {
  get:
    (_target, name: string) => async (input: (typeof handled)[number]['input'] & { signal: AbortSignal }) => {
      handled.push({ name, input });
      return answerWith(name, input);
    },
});

const logLines: string[] = [];
const bound: string[] = [];
/** Of every tenant; undefined when it is not served any more. */
let generation: number;

const start = async (more: Partial<ServerOptions> = {}) => {
  const redactor = createRedactor();
  const log = createLog({
    level: 'debug',
    redactor,
    destination: { write: (line) => void logLines.push(line) },
  });
  const sessions = createSessions({
    tokens,
    verifyAppToken: createAppTokenVerifier({ keys: [certificate], issuer, audience }),
    organizations: {
      find: async (name) =>
        ({
          contoso: {
            tenant: 1,
            name: 'contoso',
            url: 'https://dev.azure.com/contoso',
            hostId: 'host-1',
            requiresAppToken: true,
            sessionGeneration: generation,
          },
          server: {
            tenant: 2,
            name: 'server',
            url: 'https://tfs/Default',
            requiresAppToken: false,
            sessionGeneration: generation,
          },
        })[name.toLowerCase()],
      bindHost: async (tenant, hostId) => void bound.push(`${tenant} ${hostId}`),
    },
    generationOf: async () => generation,
    ask,
    log,
  });
  const server = await createServer({
    config: {
      host: '127.0.0.1',
      port: 0,
      publicUrl: 'https://tandem.example.com',
      cors: { origins: [galleryOrigin], allowNull: false },
      trustProxy: false,
      limits: { bodyBytes: 64 * 1024, hookBytes: 2_621_440 },
    },
    handlers,
    sessions,
    access: createAccessChecker(ask),
    health: createHealth(),
    metrics: createMetrics(),
    log,
    mountHooks: (scope) => {
      scope.post('/echo/:hookId', async (request) => {
        if (request.headers['x-break'] === 'store') throw new Error('canary: the store is down');
        return { bytes: Buffer.isBuffer(request.body) ? request.body.length : -1 };
      });
    },
    rates: { sessions: 10_000, administration: 10_000 },
    ...more,
  });
  const url = await server.listen();
  return { server, url };
};

let server: HttpServer;
let url: string;
beforeAll(async () => {
  ({ server, url } = await start());
});
afterAll(() => server.close());
beforeEach(() => {
  handled.length = 0;
  logLines.length = 0;
  bound.length = 0;
  asked = [];
  generation = 1;
  answerWith = () => ({});
  standing = {
    hostId: 'host-1',
    user: { id: 'ada', name: 'Ada' },
    project: { id: 'fabrikam', name: 'Fabrikam' },
    rights: noRights,
  };
});

type Asking = { method?: string; token?: string; body?: unknown; headers?: Record<string, string> };

const call = async (path: string, { method = 'GET', token, body, headers = {} }: Asking = {}, to = url) => {
  const isBytes = typeof body === 'string' || body instanceof Uint8Array;
  const response = await fetch(to + path, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body: isBytes ? (body as string) : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = text.startsWith('{') ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
};

const guarded = (Object.entries(routes) as [RouteName, RouteShape][]).filter(
  ([name]) => name !== 'openSession',
);

const pathOf = (route: RouteShape, values: Record<string, string>) =>
  route.path.replace(/:(\w+)/g, (_whole, name: string) => encodeURIComponent(values[name] ?? 'x1'));

const own = { projectId: 'fabrikam', workItemId: '3' };
const without = ({ requestId: _id, ...rest }: Record<string, unknown>) => rest;

describe('downloads', () => {
  test('a file that breaks off midway does not look like a whole one', async () => {
    async function* half() {
      yield Buffer.alloc(100_000, 1);
      throw new Error('canary: the service desk hung up');
    }
    const broken = await start({
      openDownload: async () => ({ name: 'half.bin', content: Readable.from(half()) }),
    });
    try {
      const answer = await fetch(`${broken.url}/api/downloads/token`);
      expect(answer.status).toBe(200);
      await expect(answer.arrayBuffer()).rejects.toThrow();
    } finally {
      await broken.server.close();
    }
  });
});

describe('sessions of an organisation that was switched off or is not served any more', () => {
  test.each(guarded)('%s refuses them', async (_name, route) => {
    const token = sessionOf(allRights);
    generation = 2;
    const asking = { method: route.method, token, body: route.body ? {} : undefined };
    const refused = await call(pathOf(route, own), asking);
    expect([refused.status, refused.json.code]).toEqual([401, 'signInRequired']);
    expect(handled).toHaveLength(0);
  });

  test('a read that waited through it gives nothing away', async () => {
    const token = sessionOf(allRights);
    answerWith = () => {
      generation = 2;
      return { secret: 'canary' };
    };
    const { status, text } = await call('/api/projects/fabrikam/connections', { token });
    expect([status, text.includes('canary')]).toEqual([401, false]);
  });

  test('what was changed is answered all the same: a caller would do it twice', async () => {
    const token = sessionOf(allRights);
    answerWith = () => {
      generation = 2;
      return { enabled: false };
    };
    const body = { enabled: false };
    const path = pathOf(routes.switchTenant, own);
    const answer = await call(path, { method: routes.switchTenant.method, token, body });
    expect([answer.status, answer.json]).toEqual([200, { enabled: false }]);
  });

  test('a session that is opened afterwards is good', async () => {
    generation = 2;
    const { json } = await call('/api/session', {
      method: 'POST',
      body: { organization: 'server', hostId: 'host-1', projectId: 'fabrikam', accessToken: 'user' },
    });
    const answer = await call('/api/projects/fabrikam/connections', { token: json.token });
    expect(answer.status).not.toBe(401);
  });
});

describe('every route asks for its guard', () => {
  const expired = createSessionTokens(masterKeys, () => Date.now() - 16 * 60 * 1000);
  const forgedTokens: [string, string | undefined][] = [
    ['no session', undefined],
    ['an empty one', ''],
    ['an invented one', 't1.m.AAAA'],
    [
      'one of another backend',
      createSessionTokens([{ id: 'm', key: randomBytes(32) }]).issue({
        ...(tokens.read(sessionOf(allRights)) as Session),
      }).token,
    ],
    ['an ended one', expired.issue(tokens.read(sessionOf(allRights)) as Session).token],
  ];

  test.each(guarded)('%s', async (name, route) => {
    const { method } = route;
    const body = route.body ? {} : undefined;
    const path = pathOf(route, own);
    for (const [, token] of forgedTokens) {
      const refused = await call(path, { method, token, body });
      expect([refused.status, refused.json.code]).toEqual([401, 'signInRequired']);
    }
    // A session in the address or in a cookie is none.
    const token = sessionOf(allRights);
    expect(
      (await call(`${path}?token=${token}`, { method, body, headers: { cookie: `token=${token}` } })).status,
    ).toBe(401);
    expect(handled).toHaveLength(0);

    const reader = await call(path, { method, body, token: sessionOf(noRights) });
    const administers = route.guard === 'projectAdmin' || route.guard === 'tenantAdmin';
    if (administers) {
      expect([reader.status, reader.json.code]).toEqual([403, 'notAllowed']);
      expect(reader.json.needs).toBeTruthy();
      expect(handled).toHaveLength(0);
    } else expect([200, 400]).toContain(reader.status);
    if (route.guard === 'tenantAdmin') {
      const token = sessionOf({ ...allRights, administerTenant: false });
      expect((await call(path, { method, body, token })).status).toBe(403);
    }

    // With all rights the guard lets through; what is left is the input, which is empty here.
    const admin = await call(path, { method, body, token: sessionOf(allRights) });
    expect([200, 400]).toContain(admin.status);
    if (admin.status === 200) expect(handled.at(-1)?.name).toBe(name);
    else expect(admin.json.fields.length).toBeGreaterThan(0);
  });

  test.each(guarded.filter(([, route]) => route.path.includes(':projectId')))(
    '%s shows the same for a project of another tenant as for one that does not exist',
    async (_name, route) => {
      const token = sessionOf(allRights);
      const body = route.body ? {} : undefined;
      const answers = await Promise.all(
        ['other-project', 'does-not-exist', 'FABRIKAM2'].map((projectId) =>
          call(pathOf(route, { ...own, projectId }), { method: route.method, body, token }),
        ),
      );
      for (const { status, json } of answers) {
        expect(status).toBe(404);
        expect(without(json)).toEqual(without(answers[0]?.json));
      }
      expect(handled).toHaveLength(0);
    },
  );

  test.each(guarded.filter(([, route]) => route.path.includes(':workItemId')))(
    '%s hides work items that the user may not read, and names the right to change one',
    async (_name, route) => {
      const token = sessionOf(noRights);
      const body = route.body ? {} : undefined;
      const on = (workItemId: string) =>
        call(pathOf(route, { workItemId }), { method: route.method, body, token });
      const [hidden, missing, readable] = [await on('1'), await on('999'), await on('2')];
      expect(hidden.status).toBe(404);
      expect(without(hidden.json)).toEqual(without(missing.json));
      if (route.guard === 'workItemWrite') {
        expect([readable.status, readable.json.code]).toEqual([403, 'notAllowed']);
        expect(readable.json.needs).toMatch(/work items/);
      } else expect([200, 400]).toContain(readable.status);
      for (const number of ['0', '-1', '1e3', '3/../1', "3' or 1=1", '3?x', '٣', '99999999999', '3\u0000']) {
        expect((await on(number)).status).toBe(400);
      }
    },
  );

  test('Azure DevOps is asked once per session and work item', async () => {
    const token = sessionOf(noRights);
    for (let i = 0; i < 5; i++) await call('/api/work-items/2/panel', { token });
    await call('/api/work-items/2/panel', {
      token: sessionOf(noRights, { user: { id: 'eve', name: 'Eve' } }),
    });
    expect(asked).toEqual(['work item 2', 'work item 2']);
  });
});

describe('opening a session', () => {
  const appToken = (claims: object = {}) =>
    new SignJWT({ nameid: 'ada', ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setNotBefore('-10s')
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(certificate));
  const input = async () => ({
    organization: 'Contoso',
    hostId: 'HOST-1',
    projectId: 'fabrikam',
    accessToken: 'canary-user-token',
    appToken: await appToken(),
  });
  const open = (body: unknown) => call('/api/session', { method: 'POST', body });

  test('gives a session that the other routes accept', async () => {
    const opened = await open(await input());
    expect(opened.status).toBe(200);
    expect(opened.json).toMatchObject({ user: { id: 'ada' }, project: { id: 'fabrikam' }, rights: noRights });
    expect(Date.parse(opened.json.expiresAt) - Date.now()).toBeLessThanOrEqual(15 * 60 * 1000);
    expect((await call('/api/work-items/3/panel', { token: opened.json.token })).status).toBe(200);
    expect(handled[0]?.input.session).toMatchObject({ tenant: 1, accessToken: 'canary-user-token' });
    expect(asked[0]).toBe('https://dev.azure.com/contoso canary-user-token fabrikam');
  });

  test('an organisation that is not registered is told so, and nothing is asked', async () => {
    const opened = await open({ ...(await input()), organization: 'https://evil.example.com' });
    expect([opened.status, opened.json.code]).toEqual([403, 'organizationUnknown']);
    expect(asked).toEqual([]);
  });

  test('a wrong app token or host is refused before the user token is used', async () => {
    const forged = await open({ ...(await input()), appToken: 'a.b.c' });
    expect([forged.status, forged.json.code]).toEqual([401, 'tokenRefused']);
    const { appToken: _left, ...missing } = await input();
    expect((await open(missing)).json.code).toBe('tokenRefused');
    const elsewhere = await open({ ...(await input()), hostId: 'host-2' });
    expect(elsewhere.json.code).toBe('organizationUnknown');
    expect(asked).toEqual([]);
  });

  test('another organisation that answers is refused', async () => {
    standing = { ...(standing as Standing), hostId: 'host-9' };
    expect((await open(await input())).json.code).toBe('organizationUnknown');
  });

  test('a user without the project, a refused token, an unreachable Azure DevOps', async () => {
    standing = { ...(standing as Standing), project: undefined };
    expect((await open(await input())).json).toMatchObject({ code: 'notAllowed', needs: expect.any(String) });
    standing = new Failure({ kind: 'unauthorized', message: 'no' });
    expect((await open(await input())).json.code).toBe('tokenRefused');
    standing = new Failure({ kind: 'unavailable', message: 'dev.azure.com could not be reached' });
    const failed = await open(await input());
    expect([failed.status, failed.json.failure]).toEqual([502, 'unavailable']);
  });

  test('a server needs no app token; the first session binds its host', async () => {
    standing = { ...(standing as Standing), hostId: 'collection-1' };
    const body = { organization: 'server', hostId: 'collection-1', projectId: 'p', accessToken: 't' };
    expect((await open(body)).status).toBe(200);
    expect(bound).toEqual(['2 collection-1']);
  });

  test('another id of the same user is logged, not refused', async () => {
    const body = { ...(await input()), appToken: await appToken({ nameid: 'ada-2' }) };
    expect((await open(body)).status).toBe(200);
    expect(logLines.join('')).toContain('session.user_differed');
  });

  test('tokens are in no log', async () => {
    await open(await input());
    await open({ ...(await input()), organization: 'x' });
    expect(logLines.length).toBeGreaterThan(0);
    expect(logLines.join('')).not.toMatch(/canary|eyJ|t1\.m\./);
  });
});

describe('input', () => {
  const admin = sessionOf(allRights);
  const settings = '/api/projects/fabrikam/mapping-order';
  const put = (body: unknown, headers?: Record<string, string>) =>
    call(settings, { method: 'PUT', token: admin, body, headers });

  test('handlers get what the contract says, converted', async () => {
    await call('/api/work-items/3/panel?after=7&waitSeconds=1', { token: admin });
    expect(handled[0]?.input).toMatchObject({
      params: { workItemId: '3' },
      query: { after: 7, waitSeconds: 1 },
    });
  });

  test('all wrong fields are named with a remedy', async () => {
    const answer = await call('/api/work-items/3/tickets', {
      method: 'POST',
      token: admin,
      body: { requestKey: 'x' },
    });
    expect(answer.json.fields.map((field: { field: string }) => field.field)).toEqual([
      'body.mappingId',
      'body.requestKey',
    ]);
    for (const field of answer.json.fields) expect(field.problem && field.remedy).toBeTruthy();
    expect(answer.json.requestId).toBe(answer.headers.get('x-request-id'));
  });

  const malformed: [string, string | Uint8Array][] = [
    ['nothing', ''],
    ['broken', '{"mappingIds":['],
    ['a text', '"x"'],
    ['null', 'null'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['with a NUL', '{"mappingIds":["a\\u0000"]}'],
    ['with a raw NUL', '{"mappingIds":["a\u0000"]}'],
    ['__proto__', '{"mappingIds":[],"__proto__":{"a":1}}'],
    ['constructor.prototype', '{"mappingIds":[],"constructor":{"prototype":{"a":1}}}'],
    ['200,000 deep', `${'['.repeat(20_000)}${']'.repeat(20_000)}`],
    ['a huge number', '{"mappingIds":[1e400]}'],
    ['two documents', '{}{}'],
  ];
  test.each(malformed)('a body that is %s is 400', async (_name, body) => {
    const answer = await put(body);
    expect([answer.status, answer.json.code]).toEqual([400, 'invalidRequest']);
    expect(({} as { a?: number }).a).toBeUndefined();
  });

  test('other content types, packed bodies and large ones are refused', async () => {
    expect((await put('a=1', { 'content-type': 'text/plain' })).status).toBe(400);
    expect((await put('a=1', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(400);
    expect((await put(Buffer.from([31, 139, 8, 0]), { 'content-encoding': 'gzip' })).status).toBe(400);
    const large = await put({ mappingIds: ['x'.repeat(70_000)] });
    expect([large.status, large.json.code]).toEqual([413, 'tooLarge']);
  });

  test('malformed bodies and queries never lead to 5xx', async () => {
    const json = fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(json, fc.constantFrom(...guarded), fc.string(), async (body, [, route], query) => {
        const hasBody = route.method !== 'GET';
        const path = `${pathOf(route, own)}?limit=${encodeURIComponent(query)}&${encodeURIComponent(query)}=1`;
        const answer = await call(path, { method: route.method, token: admin, ...(hasBody && { body }) });
        expect(answer.status).toBeLessThan(500);
      }),
      { numRuns: 500, seed: 7 },
    );
  });

  test.each([
    '/api/%zz',
    '/api/projects/%00/overview',
    '/nowhere',
    '/api',
    '/..%2f..%2fetc/passwd',
    `/api/work-items/${'9'.repeat(400)}/panel`,
  ])('the address %s is a problem of the catalogue', async (path) => {
    const answer = await call(path, { token: admin });
    expect([400, 404]).toContain(answer.status);
    expect(answer.json).toMatchObject({ code: expect.any(String), requestId: expect.any(String) });
  });
});

describe('failures', () => {
  const token = sessionOf(allRights);
  const panel = () => call('/api/work-items/3/panel', { token });

  test('problems of handlers come from the catalogue', async () => {
    answerWith = () => {
      throw new ProblemError('alreadyLinked', { needs: 'nothing' });
    };
    expect(await panel()).toMatchObject({ status: 409, json: { code: 'alreadyLinked', needs: 'nothing' } });
  });

  test('failures of remote systems say which kind, what they said and what helps', async () => {
    answerWith = () => {
      const fields = [{ field: 'Priority', problem: 'must be set' }];
      throw new Failure({ kind: 'rejected', message: 'The call was refused', fields });
    };
    const { status, json } = await panel();
    expect(status).toBe(502);
    expect(json).toMatchObject({ code: 'remoteFailed', failure: 'rejected', title: 'The call was refused' });
    expect(json.fields[0]).toMatchObject({ field: 'Priority', problem: 'must be set' });
  });

  test('anything else is internal, without a word of it outside and with its stack in the log', async () => {
    answerWith = () => {
      throw new Error('canary-inside');
    };
    const { status, json, text } = await panel();
    expect([status, json.code]).toEqual([500, 'internal']);
    expect(text).not.toMatch(/canary|\bat \//);
    expect(logLines.join('')).toMatch(/canary-inside.*http\.failed/);
    expect(logLines.join('')).toContain(json.requestId);
  });

  test('a store that is down is 503', async () => {
    answerWith = () => {
      throw Object.assign(new Error('terminating connection'), { code: '57P01' });
    };
    expect(await panel()).toMatchObject({ status: 503, json: { code: 'storeUnavailable' } });
  });

  test('answers that break the contract are not sent when they are checked', async () => {
    const strict = await start({ checkResponses: true });
    answerWith = () => ({ version: 'x' });
    const answer = await call('/api/work-items/3/panel', { token }, strict.url);
    expect(answer.status).toBe(500);
    expect(logLines.join('')).toContain('breaks the contract');
    await strict.server.close();
  });
});

describe('browsers', () => {
  test('only the listed origins get CORS headers', async () => {
    const headersFor = async (origin: string) =>
      (await call('/health/live', { headers: { origin } })).headers;
    expect((await headersFor(galleryOrigin)).get('access-control-allow-origin')).toBe(galleryOrigin);
    const others = [
      'null',
      'https://evil.example.com',
      `${galleryOrigin}.evil.example.com`,
      `https://evil${galleryOrigin.slice(8)}`,
      `https://sub.${galleryOrigin.slice(8)}`,
      galleryOrigin.replace('https', 'http'),
      `${galleryOrigin}:8443`,
    ];
    for (const origin of others) {
      const headers = await headersFor(origin);
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('vary')).toMatch(/origin/i);
    }
    expect((await headersFor(galleryOrigin)).get('access-control-allow-credentials')).toBeNull();
  });

  test('null is an origin only when the operator says so', async () => {
    const { server: open, url: at } = await start({
      config: {
        host: '127.0.0.1',
        port: 0,
        publicUrl: 'http://127.0.0.1',
        cors: { origins: [galleryOrigin], allowNull: true },
        trustProxy: false,
        limits: { bodyBytes: 1024, hookBytes: 2_621_440 },
      },
    });
    const { headers } = await call('/health/live', { headers: { origin: 'null' } }, at);
    expect(headers.get('access-control-allow-origin')).toBe('null');
    expect(headers.get('strict-transport-security')).toBeNull();
    await open.close();
  });

  test('preflights are answered without a session', async () => {
    const answer = await call('/api/work-items/3/tickets', {
      method: 'OPTIONS',
      headers: {
        origin: galleryOrigin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toContain('authorization');
  });

  test('answers carry protective headers and no banner', async () => {
    const { headers } = await call('/api/work-items/3/panel', { token: sessionOf(noRights) });
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('strict-transport-security')).toContain('max-age');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('server')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
    const nowhere = await call('/nowhere');
    expect([nowhere.status, nowhere.headers.get('x-content-type-options')]).toEqual([404, 'nosniff']);
  });

  test('answers to hooks are spared what only browsers read', async () => {
    const { headers } = await call('/hooks/azure-devops/nobody', {
      method: 'POST',
      body: '{}',
      headers: { origin: galleryOrigin },
    });
    expect(headers.get('content-security-policy')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('hooks', () => {
  const post = (path: string, body?: string | Uint8Array, headers: Record<string, string> = {}) =>
    call(path, { method: 'POST', body, headers });

  test('bodies arrive as bytes, whatever they claim to be', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0x7b]);
    for (const type of [
      'application/json',
      'text/plain',
      'application/xml',
      'nonsense',
      'application/json; charset=x',
    ]) {
      expect((await post('/hooks/echo/a', bytes, { 'content-type': type })).json).toEqual({ bytes: 3 });
    }
    expect((await post('/hooks/echo/a')).json).toEqual({ bytes: 0 });
  });

  test.each([
    '/hooks',
    '/hooks/',
    '/hooks/unknown',
    '/hooks/echo',
    '/hooks/echo/a/b',
    '/hooks/%zz',
    '/hooks/echo/%00%zz',
    '/hooks?x',
  ])('%s is 401, never 404', async (path) => {
    for (const method of ['POST', 'GET', 'PUT', 'DELETE']) {
      expect((await call(path, { method })).status).toBe(401);
    }
  });

  test('2 MB are taken, more than the cap is 413, our own faults are 503', async () => {
    expect((await post('/hooks/echo/a', Buffer.alloc(2_100_000, 32))).json).toEqual({ bytes: 2_100_000 });
    expect((await post('/hooks/echo/a', Buffer.alloc(2_700_000, 32))).status).toBe(413);
    const broken = await post('/hooks/echo/a', '{}', { 'x-break': 'store' });
    expect(broken.status).toBe(503);
    expect(broken.text).not.toContain('canary');
  });
});

describe('running it', () => {
  test('live, ready with reasons, metrics for this machine only', async () => {
    const health = createHealth({ timeoutMs: 50 });
    const { server: watched, url: at } = await start({ health });
    expect((await call('/health/live', {}, at)).status).toBe(200);
    expect(await call('/health/ready', {}, at)).toMatchObject({
      status: 200,
      json: { ready: true, reasons: [] },
    });
    health.watch('store', () => 'is not reachable');
    health.watch('lanes', () => new Promise(() => {}));
    health.watch('disk', async () => {
      throw Object.assign(new Error('canary'), { code: 'EIO' });
    });
    const ready = await call('/health/ready', {}, at);
    expect(ready.status).toBe(503);
    expect(ready.json.reasons).toEqual([
      { part: 'store', reason: 'is not reachable' },
      { part: 'lanes', reason: 'did not answer within 50 ms' },
      { part: 'disk', reason: 'failed (EIO)' },
    ]);
    expect((await call('/metrics', {}, at)).text).toContain('tandem_http_requests_total');
    expect((await call('/metrics', { headers: { 'x-forwarded-for': '1.2.3.4' } }, at)).status).toBe(404);
    await watched.close();
  });

  test('the OpenAPI document is a valid one', async () => {
    const { json } = await call('/api/openapi.json');
    const { valid, errors } = await new Validator().validate(json);
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  test('the OpenAPI document has every route', async () => {
    const { json } = await call('/api/openapi.json');
    expect(json.openapi).toBe('3.1.0');
    const operations = Object.values(
      json.paths as Record<string, Record<string, { operationId: string }>>,
    ).flatMap((path) => Object.values(path).map((operation) => operation.operationId));
    expect(operations.sort()).toEqual([...Object.keys(routes), 'download'].sort());
    expect(json.paths['/api/work-items/{workItemId}/panel'].get.parameters).toContainEqual(
      expect.objectContaining({ name: 'workItemId', in: 'path', required: true }),
    );
  });

  test('too many sessions or changes in a minute are 429 with the time to wait', async () => {
    const { server: strict, url: at } = await start({ rates: { sessions: 3, administration: 2 } });
    const open = () => call('/api/session', { method: 'POST', body: {} }, at);
    const statuses = [await open(), await open(), await open(), await open()].map((answer) => answer.status);
    expect(statuses).toEqual([400, 400, 400, 429]);
    const token = sessionOf(allRights);
    const look = () => call('/api/projects/fabrikam/overview', { token }, at);
    expect([(await look()).status, (await look()).status]).toEqual([200, 200]);
    const limited = await look();
    expect([limited.status, limited.json.code]).toEqual([429, 'tooManyRequests']);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    // Somebody else is not held up.
    const other = sessionOf(allRights, { tenant: 2 });
    expect((await call('/api/projects/fabrikam/overview', { token: other }, at)).status).toBe(200);
    await strict.close();
  });

  test('closing ends what waits and is quick', async () => {
    const { server: closing, url: at } = await start();
    let waiting: (() => void) | undefined;
    const entered = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    answerWith = (_name, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve({ version: 1 }));
        waiting?.();
      });
    const asking = call('/api/work-items/3/panel', { token: sessionOf(noRights) }, at);
    await entered;
    const startedAt = performance.now();
    await closing.close();
    expect((await asking).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    await expect(call('/health/live', {}, at)).rejects.toThrow();
  });

  test('a caller who hangs up ends the waiting', async () => {
    const aborted = new Promise<void>((resolve) => {
      answerWith = (_name, { signal }) =>
        new Promise((done) => {
          signal.addEventListener('abort', () => {
            resolve();
            done({});
          });
          hangUp.abort();
        });
    });
    const hangUp = new AbortController();
    const asking = fetch(`${url}/api/work-items/3/panel`, {
      headers: { authorization: `Bearer ${sessionOf(noRights)}` },
      signal: hangUp.signal,
    });
    await expect(asking).rejects.toThrow();
    await aborted;
  });

  test('broken HTTP is refused without harm to others', async () => {
    const port = Number(new URL(url).port);
    const raw = (text: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.end(text));
        let answer = '';
        socket.on('data', (chunk) => {
          answer += chunk;
        });
        socket.on('error', () => resolve(answer));
        socket.on('close', () => resolve(answer));
      });
    const both =
      'POST /hooks/echo/a HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n';
    const texts = [
      '\u0000\u0001\r\n\r\n',
      both,
      'GET / HTTP/9.9\r\n\r\n',
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
    ];
    for (const text of texts) expect(await raw(text)).toMatch(/^(HTTP\/1\.1 4\d\d|$)/);
    expect((await call('/health/live')).status).toBe(200);
  });
});
