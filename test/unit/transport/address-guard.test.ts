import {
  type AddressGuardOptions,
  AddressRefused,
  createAddressGuard,
} from '../../../backend/connectors/address-guard.ts';
import { createTransport } from '../../../backend/connectors/http-transport.ts';
import { createMemoryBudget } from '../../../backend/connectors/request-budget.ts';
import { serveHttp, type TestServer } from './servers.ts';

/** Every host is asked on the port of a listener on loopback, which must never see a connection. */
const hostileHosts = [
  // Loopback in all its spellings.
  '127.0.0.1', '127.0.0.2', '127.1', '127.0.1', '2130706433', '0x7f.1', '0x7f000001', '0x7F.0x0.0x0.0x1',
  '017700000001', '0177.0.0.1', '0177.0x0.1', '127.0.0.1.', '127.255.255.254', '１２７.０.０.１', '①②⑦.0.0.1',
  '127。0。0。1', '%31%32%37.0.0.1', '[::1]', '[0:0:0:0:0:0:0:1]', '[::ffff:7f00:1]', '[::ffff:127.0.0.1]',
  '[::127.0.0.1]', '[0:0:0:0:0:ffff:127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]',
  '[2001:0:7f00:1::]', '[::ffff:0:127.0.0.1]',
  // This network, unspecified, broadcast.
  '0.0.0.0', '0', '0.1.2.3', '[::]', '255.255.255.255',
  // Private, shared, link-local, documentation, benchmarking, reserved, multicast.
  '10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '100.127.255.254',
  '169.254.1.1', '192.0.0.1', '192.0.2.1', '198.18.0.1', '198.19.255.255', '198.51.100.7', '203.0.113.9',
  '224.0.0.1', '239.255.255.250', '240.0.0.1', '3232235777', '0xC0A80101', '[fc00::1]', '[fd12:3456:789a::1]',
  '[fe80::1]', '[fec0::1]', '[ff02::1]', '[2001:db8::1]', '[100::1]', '[::ffff:10.0.0.1]', '[::ffff:a9fe:a9fe]',
  // Metadata services, also where their address is public or in an allowed range.
  '169.254.169.254', '0xA9FEA9FE', '2852039166', '100.100.100.200', '168.63.129.16', '192.0.0.192',
  '[fd00:ec2::254]', '169.254.170.2',
]; // biome-ignore format: a corpus is read in groups

/** Names and what their lookup gives. */
const hostileNames: Record<string, readonly string[]> = {
  localhost: ['127.0.0.1', '::1'],
  'localhost.': ['127.0.0.1'],
  'itsm.localhost': ['127.0.0.1'],
  '127.0.0.1.nip.io': ['127.0.0.1'],
  '10-0-0-7.sslip.io': ['10.0.0.7'],
  'metadata.google.internal': ['169.254.169.254'],
  'mapped.example.com': ['::ffff:127.0.0.1'],
  'mixed.example.com': ['93.184.216.34', '127.0.0.1'],
  'mixed-last.example.com': ['2606:2800:220:1::1', '93.184.216.34', '10.1.1.1'],
  'zone.example.com': ['fe80::1%eth0'],
  'nothing.example.com': [],
  'garbage.example.com': ['not-an-address'],
};

const hostileUrls = [
  'http://example.com/', 'ftp://example.com/', 'file:///etc/passwd', 'gopher://example.com:70/', 'data:text/html,x',
  'javascript:alert(1)', 'ws://example.com/', 'https://user@example.com/', 'https://user:pass@example.com/',
  'https://example.com@127.0.0.1/', 'https://127.0.0.1#@example.com/', 'https://127.0.0.1\\@example.com/',
  'https://example.com:22/', 'https://example.com:25/', 'https://example.com:5432/', 'https://example.com:6379/',
  'https://example.com:11211/', 'https://example.com:2375/', 'https://', '//example.com', '', 'https://[::1', 'https://exa mple.com',
]; // biome-ignore format: a corpus is read in groups

const refusalOf = (check: () => unknown) => {
  try {
    check();
  } catch (error) {
    return error;
  }
  return undefined;
};

const transportTo = (origin: string, guard: AddressGuardOptions) =>
  createTransport({
    guard: createAddressGuard({ allowHttp: true, ...guard }),
    origins: [origin],
    budget: createMemoryBudget({ requestsPerSecond: 10_000, concurrent: 4 }),
  });

const kindOfAsking = async (origin: string, guard: AddressGuardOptions) => {
  const transport = transportTo(origin, guard);
  try {
    await transport.send({ method: 'GET', url: `${origin}/`, route: 'test.read' });
    return 'done';
  } catch (error) {
    return (error as { kind?: string }).kind ?? String(error);
  } finally {
    await transport.close();
  }
};

describe('addresses that are not public', () => {
  let listener: TestServer;
  beforeAll(async () => {
    listener = await serveHttp((_request, response) => response.end('{}'));
  });
  afterAll(() => listener.close());
  const unresolved = async (name: string) => {
    throw new Error(`${name} must not be looked up`);
  };

  test.each(hostileHosts)('%s is refused without a connection', async (host) => {
    const kind = await kindOfAsking(`http://${host}:${listener.port}`, { resolve: unresolved });
    expect(kind).toBe('forbidden');
    expect(listener.connections()).toBe(0);
  });

  test.each(Object.keys(hostileNames))('the name %s is refused without a connection', async (name) => {
    const resolve = async (asked: string) => hostileNames[asked] ?? [];
    const kind = await kindOfAsking(`http://${name}:${listener.port}`, { resolve });
    expect(kind).toBe(name.startsWith('nothing') ? 'unavailable' : 'forbidden');
    expect(listener.connections()).toBe(0);
  });

  test.each(hostileUrls)('the address "%s" is refused as typed', (url) => {
    expect(refusalOf(() => createAddressGuard().checkUrl(url))).toBeInstanceOf(AddressRefused);
  });

  test('metadata services stay closed in allowed ranges', () => {
    const guard = createAddressGuard({ allowPrivate: ['169.254.0.0/16', 'fd00::/8', '0.0.0.0/0'] });
    for (const address of ['169.254.169.254', 'fd00:ec2::254', '168.63.129.16', '::ffff:169.254.169.254']) {
      expect(refusalOf(() => guard.checkAddress(address, 443))).toBeInstanceOf(AddressRefused);
    }
    expect(refusalOf(() => guard.checkAddress('169.254.3.4', 443))).toBeUndefined();
  });

  test('the message for the admin does not tell which address a name has', async () => {
    const guard = createAddressGuard({ resolve: async () => ['10.20.30.40'] });
    const refusal = await guard.resolve('inner.example.com', 443).catch((error: Error) => error);
    expect((refusal as Error).message).not.toContain('10.20');
  });
});

describe('addresses that may be reached', () => {
  const allowed = [
    '93.184.216.34',
    '8.8.8.8',
    '2606:2800:220:1::1',
    '172.15.0.1',
    '172.32.0.1',
    '100.128.0.1',
  ];
  test.each(allowed)('%s is public', (address) => {
    expect(refusalOf(() => createAddressGuard().checkAddress(address, 443))).toBeUndefined();
  });

  test.each(['https://itsm.example.com/api', 'https://itsm.example.com:8443/', 'https://8.8.8.8/'])(
    'the address %s is accepted as typed',
    (url) => {
      expect(createAddressGuard().checkUrl(url).href).toContain('https://');
    },
  );

  test('a range of the operator opens that range only', async () => {
    const listener = await serveHttp((_request, response) => {
      response.setHeader('content-type', 'application/json').end('{}');
    });
    const guard = { allowPrivate: ['127.0.0.0/8'], resolve: async () => ['127.0.0.1'] };
    expect(await kindOfAsking(`http://127.0.0.1:${listener.port}`, guard)).toBe('done');
    expect(await kindOfAsking(`http://named.example.com:${listener.port}`, guard)).toBe('done');
    expect(await kindOfAsking(`http://10.0.0.1:${listener.port}`, guard)).toBe('forbidden');
    expect(await kindOfAsking(`http://[::1]:${listener.port}`, guard)).toBe('forbidden');
    await listener.close();
  });

  test('the backend never connects to itself', async () => {
    const listener = await serveHttp((_request, response) => response.end('{}'));
    const guard = { allowPrivate: ['127.0.0.0/8'], ownPort: listener.port };
    expect(await kindOfAsking(`http://127.0.0.1:${listener.port}`, guard)).toBe('forbidden');
    expect(listener.connections()).toBe(0);
    await listener.close();
  });
});

describe('rebinding and leading astray', () => {
  test('a name is looked up for every connection, and the looked up address is the connected one', async () => {
    const listener = await serveHttp((_request, response) => {
      response.setHeader('connection', 'close').setHeader('content-type', 'application/json').end('{}');
    });
    const answers = [['127.0.0.9'], ['127.0.0.1'], ['10.0.0.1']];
    let lookups = 0;
    const origin = `http://rebinding.example.com:${listener.port}`;
    const transport = transportTo(origin, {
      allowPrivate: ['127.0.0.1/32'],
      resolve: async () => answers[lookups++] ?? [],
    });
    const ask = () =>
      transport.send({ method: 'GET', url: `${origin}/`, route: 'test.read' }).then(
        () => 'done',
        (error) => error.kind,
      );
    expect([await ask(), await ask(), await ask()]).toEqual(['forbidden', 'done', 'forbidden']);
    expect(lookups).toBe(3);
    expect(listener.connections()).toBe(1);
    await transport.close();
    await listener.close();
  });

  test.each([301, 302, 303, 307, 308])('a %i to another place is not followed', async (status) => {
    const inner = await serveHttp((_request, response) => response.end('{}'));
    const targets = [
      `${inner.url}/secret`,
      '//127.0.0.1/evil',
      '/loop',
      'https://evil.example.com/',
      'gopher://x',
    ];
    for (const location of targets) {
      const outer = await serveHttp((_request, response) => response.writeHead(status, { location }).end());
      const kind = await kindOfAsking(outer.url, { allowPrivate: ['127.0.0.0/8'] });
      expect(['unauthorized', 'malformed']).toContain(kind);
      expect(outer.requests).toHaveLength(1);
      await outer.close();
    }
    expect(inner.connections()).toBe(0);
    await inner.close();
  });

  test('requests to other origins than the declared are refused', async () => {
    const listener = await serveHttp((_request, response) => response.end('{}'));
    const transport = transportTo('http://127.0.0.1:59999', { allowPrivate: ['127.0.0.0/8'] });
    const urls = [
      listener.url,
      `http://u:p@127.0.0.1:59999/`,
      'https://127.0.0.1:59999/',
      '/relative',
      'http://127.0.0.1:59999@evil/',
    ];
    for (const url of urls) {
      const asking = transport.send({ method: 'GET', url, route: 'test.read' });
      await expect(asking).rejects.toMatchObject({ kind: 'forbidden' });
    }
    expect(listener.connections()).toBe(0);
    await transport.close();
    await listener.close();
  });
});
