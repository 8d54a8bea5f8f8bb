import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadConfig, summarizeConfig } from '../../../backend/config.ts';

const goodKey = 'q83vXjk2Wm0ZtLrN7yTgHbPcA4sUeFoD1iQ9xVnRk5w=';
const otherKey = '8f1d0c6b3a9274e5d6f7b8a190c3e2d4f5061728394a5b6c7d8e9fa0b1c2d3e4';
const base = { PUBLIC_URL: 'https://tandem.example.com/', MASTER_KEY: goodKey };

const findingsOf = (environment: Record<string, string>, options?: Parameters<typeof loadConfig>[1]) => {
  try {
    loadConfig(environment, options);
  } catch (error) {
    if (error instanceof ConfigError) return error.findings;
    throw error;
  }
  return [];
};

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-config-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a small environment is enough, the rest has defaults', () => {
  const config = loadConfig({ ...base, DATA_DIR: directory, EXTENSION_PUBLISHER: 'Contoso' });
  expect(config.publicUrl).toBe('https://tandem.example.com');
  expect(config.addresses).toEqual({ allowPrivate: [], allowHttp: false });
  expect(config.cors).toEqual({
    origins: ['https://contoso.gallerycdn.vsassets.io', 'https://contoso.gallery.vsassets.io'],
    allowNull: false,
  });
  expect(config.masterKeys).toHaveLength(1);
  expect(config.trustProxy).toBe(false);
});

test('all problems are told at once, with a remedy and without the values', () => {
  const findings = findingsOf({
    PORT: 'eighty',
    PUBLIC_URL: 'ftp://x',
    DATABASE_URL: 'mysql://root:hunter2@db/x',
    MASTER_KEY: 'hunter2hunter2',
    ALLOW_PRIVATE_ADDRESSES: '10.0.0.1',
    ALLOW_HTTP_ADDRESSES: 'maybe',
    APP_TOKEN_KEYS: 'hunter2',
    CORS_ORIGINS: 'https://a.example.com/path',
    LOG_LEVEL: 'loud',
    TRUST_PROXY: 'true',
    ORGANIZATIONS: '[{"name":"contoso","url":"https://dev.azure.com/contoso","auth":{"kind":"hunter2"}}]',
    WORKERS: '0',
    HOOK_BODY_LIMIT_BYTES: '1000',
  });
  expect(new Set(findings.map((finding) => finding.variable))).toEqual(
    new Set(
      'PORT PUBLIC_URL DATABASE_URL MASTER_KEY ALLOW_PRIVATE_ADDRESSES ALLOW_HTTP_ADDRESSES APP_TOKEN_KEYS CORS_ORIGINS LOG_LEVEL TRUST_PROXY ORGANIZATIONS WORKERS HOOK_BODY_LIMIT_BYTES'.split(
        ' ',
      ),
    ),
  );
  for (const { problem, remedy } of findings) expect(problem && remedy).toBeTruthy();
  expect(JSON.stringify(findings)).not.toContain('hunter2');
});

test('public address and master key are needed outside of the sandbox', () => {
  expect(findingsOf({}).map((finding) => finding.variable)).toEqual(['MASTER_KEY', 'PUBLIC_URL']);
});

test.each([
  ['too short', Buffer.from('q83vXjk2').toString('base64')],
  ['31 bytes', Buffer.from(Array.from({ length: 31 }, (_, i) => (i * 37) % 251)).toString('base64')],
  ['all zero', Buffer.alloc(32).toString('base64')],
  ['all zero in hex', '0'.repeat(64)],
  ['one byte repeated', Buffer.alloc(32, 0xab).toString('base64')],
  ['two bytes repeated', 'a5c3'.repeat(16)],
  ['counting', Buffer.from(Array.from({ length: 32 }, (_, i) => i + 40)).toString('base64')],
  ['changeme', Buffer.from('changemechangemechangemechangeme').toString('base64')],
  ['an example in clear', 'changeme'],
  ['a readable sentence with "secret"', Buffer.from('my very own secret for tandem 12').toString('base64')],
])('a weak master key is refused: %s', (_name, key) => {
  expect(findingsOf({ ...base, MASTER_KEY: key }).map((finding) => finding.variable)).toEqual(['MASTER_KEY']);
});

test('several keys rotate: the first is current, names stay', () => {
  const single = loadConfig({ ...base, DATA_DIR: directory });
  const rotated = loadConfig({ ...base, DATA_DIR: directory, MASTER_KEY: `new:${otherKey}\n${goodKey}` });
  expect(rotated.masterKeys.map((key) => key.id)).toEqual(['new', single.masterKeys[0]?.id]);
  expect(findingsOf({ ...base, MASTER_KEY: `a:${goodKey},a:${otherKey}` })).toHaveLength(1);
});

test('a key file is read, a missing one is named', () => {
  const path = join(directory, 'key');
  writeFileSync(path, `${goodKey}\n`);
  const { PUBLIC_URL } = base;
  expect(loadConfig({ PUBLIC_URL, MASTER_KEY_FILE: path }).masterKeys).toHaveLength(1);
  expect(findingsOf({ PUBLIC_URL, MASTER_KEY_FILE: join(directory, 'none') })).toMatchObject([
    { variable: 'MASTER_KEY_FILE', problem: expect.stringContaining('ENOENT') },
  ]);
  expect(findingsOf({ ...base, MASTER_KEY_FILE: path })).toHaveLength(1);
});

test('the sandbox makes a key once, readable by its user only', () => {
  const dataDir = join(directory, 'data');
  const first = loadConfig({ DATA_DIR: dataDir }, { sandbox: true });
  const second = loadConfig({ DATA_DIR: dataDir }, { sandbox: true });
  expect(second.masterKeys).toEqual(first.masterKeys);
  expect(statSync(join(dataDir, 'master.key')).mode & 0o777).toBe(0o600);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
});

test('organisations come from JSON or a file; the cloud needs app tokens, a server does not', () => {
  const organizations = [
    { name: 'contoso', url: 'https://dev.azure.com/contoso/', auth: { kind: 'pat' } },
    {
      name: 'Default',
      url: 'https://tfs.example.com/Default',
      auth: { kind: 'entra', tenantId: 't', clientId: 'c' },
    },
  ];
  const path = join(directory, 'organizations.json');
  writeFileSync(path, JSON.stringify(organizations));
  const tokens = { APP_TOKEN_KEYS: 'k'.repeat(40), APP_TOKEN_AUDIENCE: 'a' };
  for (const ORGANIZATIONS of [JSON.stringify(organizations), path]) {
    const config = loadConfig({ ...base, ...tokens, ORGANIZATIONS });
    expect(config.organizations).toMatchObject([
      { url: 'https://dev.azure.com/contoso', requiresAppToken: true },
      { url: 'https://tfs.example.com/Default', requiresAppToken: false },
    ]);
  }
  expect(findingsOf({ ...base, ORGANIZATIONS: path }).map((finding) => finding.variable)).toEqual([
    'APP_TOKEN_KEYS',
    'APP_TOKEN_AUDIENCE',
  ]);
});

test('all connectors are offered, or those that are listed; an unknown one is named with the known ones', () => {
  const connectorKinds = ['alemba', 'alvao', 'aha'];
  const offered = (CONNECTORS: string) => loadConfig({ ...base, CONNECTORS }, { connectorKinds }).connectors;
  expect(loadConfig(base, { connectorKinds }).connectors).toBeUndefined();
  expect(offered(' , ')).toBeUndefined();
  expect(offered('Alemba, aha')).toEqual(['alemba', 'aha']);
  expect(offered('none')).toEqual([]);
  const refused = (CONNECTORS: string) => findingsOf({ ...base, CONNECTORS }, { connectorKinds });
  expect(refused('alemba,servicenow,jira')).toEqual([
    {
      variable: 'CONNECTORS',
      problem: expect.stringContaining('"servicenow", "jira"'),
      remedy: expect.stringContaining('alemba, alvao, aha'),
    },
  ]);
  expect(refused('none,alemba')).toHaveLength(1);
  expect(JSON.stringify(refused('pAsS:w0rd+/='))).not.toContain('w0rd');
});

test('the summary holds no secret', () => {
  const config = loadConfig({
    ...base,
    DATABASE_URL: 'postgres://app:canary-1@db.example.com:5432/tandem',
    APP_TOKEN_KEYS: `canary-2-${'x'.repeat(40)}`,
    APP_TOKEN_AUDIENCE: 'audience',
    ORGANIZATIONS: '{"name":"c","url":"https://dev.azure.com/c","auth":{"kind":"pat","pat":"canary-3"}}',
  });
  const summary = JSON.stringify(summarizeConfig(config));
  expect(summary).not.toContain('canary');
  expect(summary).not.toContain(goodKey.slice(0, 12));
  expect(summary).toContain('db.example.com');
});
