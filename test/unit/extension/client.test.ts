import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { routes } from '../../../backend/contract/routes.ts';

/** What webpack puts in place of the contract's schemas. */
Object.assign(globalThis, { __ROUTES__: routes });

type Handler = (call: { method: string; url: string; authorization: string | undefined; body: unknown }) => {
  status: number;
  body: string;
};

let server: Server;
let handler: Handler;
let calls: { method: string; url: string; authorization: string | undefined }[];

beforeAll(async () => {
  server = createServer((request, response) => {
    let raw = '';
    request.on('data', (chunk) => {
      raw += chunk;
    });
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      calls.push({ method, url, authorization: headers.authorization });
      const call = {
        method,
        url,
        authorization: headers.authorization,
        body: raw ? JSON.parse(raw) : undefined,
      };
      const answer = handler(call);
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

beforeEach(() => {
  calls = [];
});

const json = (body: unknown, status = 200) => ({ status, body: JSON.stringify(body) });
const problem = (code: string, status: number) =>
  json({ code, title: 'Title', action: 'Action', requestId: 'r1' }, status);

async function newClient() {
  const { createClient } = await import('../../../src/api/client.ts');
  return createClient({
    backendUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    organization: 'fabrikam',
    hostId: 'host-1',
    projectId: 'project-1',
    appToken: async () => undefined,
    accessToken: async () => 'access',
  });
}

let sessions = 0;
const session = (livesMs = 900_000) => {
  sessions++;
  return json({ token: `token-${sessions}`, expiresAt: new Date(Date.now() + livesMs).toISOString() });
};
const opened = () => calls.filter(({ url }) => url === '/api/session').length;

describe('the typed client', () => {
  test('opens one session for concurrent calls and fills path and query', async () => {
    handler = ({ url }) => (url === '/api/session' ? session() : json({ version: 1 }));
    const { api } = await newClient();
    await Promise.all([
      api.readPanel({ workItemId: '7', after: 3, waitSeconds: 25 }),
      api.searchTickets({ workItemId: '7', mappingId: 'a b', text: 'x&y' }),
    ]);
    expect(opened()).toBe(1);
    expect(
      calls
        .map(({ url }) => url)
        .slice(1)
        .sort(),
    ).toEqual([
      '/api/work-items/7/panel?after=3&waitSeconds=25',
      '/api/work-items/7/ticket-search?mappingId=a+b&text=x%26y',
    ]);
  });

  test('renews a refused session once, shared by all calls that were refused', async () => {
    let refused = '';
    handler = ({ url, authorization }) => {
      if (url === '/api/session') return session();
      refused ||= authorization ?? '';
      return authorization === refused ? problem('signInRequired', 401) : json({ version: 2 });
    };
    const { api } = await newClient();
    const answers = await Promise.all([
      api.readPanel({ workItemId: '1' }),
      api.readPanel({ workItemId: '2' }),
    ]);
    expect(answers).toEqual([{ version: 2 }, { version: 2 }]);
    expect(opened()).toBe(2);
  });

  test('gives up when a fresh session is refused too', async () => {
    handler = ({ url }) => (url === '/api/session' ? session() : problem('signInRequired', 401));
    const { api } = await newClient();
    await expect(api.readPanel({ workItemId: '1' })).rejects.toMatchObject({ code: 'signInRequired' });
    expect(opened()).toBe(2);
  });

  test('renews before the session ends, and asks again after opening failed', async () => {
    let fail = true;
    handler = ({ url }) => {
      if (url !== '/api/session') return json({ version: 1 });
      return fail ? problem('tokenRefused', 401) : session(10_000);
    };
    const { api } = await newClient();
    await expect(api.readPanel({ workItemId: '1' })).rejects.toMatchObject({ code: 'tokenRefused' });
    fail = false;
    await api.readPanel({ workItemId: '1' });
    await api.readPanel({ workItemId: '1' });
    expect(opened()).toBe(3);
  });

  test('names what answered when it was not the backend', async () => {
    const answers: [number, string, string][] = [
      [200, '<html>sign in</html>', 'malformed'],
      [200, '', 'malformed'],
      [404, 'not here', 'malformed'],
      [502, 'bad gateway', 'unreachable'],
    ];
    for (const [status, body, code] of answers) {
      handler = ({ url }) => (url === '/api/session' ? session() : { status, body });
      const { api } = await newClient();
      await expect(api.readPanel({ workItemId: '1' })).rejects.toMatchObject({ code });
    }
  });

  test('tells being given up from being unreachable', async () => {
    const abort = new AbortController();
    handler = ({ url }) => (url === '/api/session' ? session() : json({ version: 1 }));
    const { api } = await newClient();
    abort.abort();
    await expect(api.readPanel({ workItemId: '1' }, { signal: abort.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    const { createClient } = await import('../../../src/api/client.ts');
    const nowhere = createClient({
      // Port 9 is "discard": nothing listens there.
      backendUrl: 'http://127.0.0.1:9',
      organization: 'o',
      hostId: 'h',
      projectId: 'p',
      appToken: async () => undefined,
      accessToken: async () => 'a',
    });
    await expect(nowhere.api.readPanel({ workItemId: '1' })).rejects.toMatchObject({ code: 'unreachable' });
  });
});
