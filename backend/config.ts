import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { connectorsFrom } from './config/connectors.ts';
import { loadOrMakeSandboxKey, readMasterKeys } from './config/master-keys.ts';
import { type OrganizationSetting, organizationList } from './config/organizations.ts';
import type { MasterKey } from './security/master-key.ts';

export type { OrganizationSetting } from './config/organizations.ts';

/** Everything that the operator decides, checked. Made once at start; nothing else reads the environment. */
export interface Config {
  host: string;
  port: number;
  /** Where browsers and hooks reach the backend, without a slash at its end. */
  publicUrl: string;
  dataDir: string;
  /** Absent: the backend runs its own PostgreSQL in `dataDir`. */
  databaseUrl: string | undefined;
  embeddedPostgresBinaries: string | undefined;
  /** The first seals, all open. */
  masterKeys: readonly MasterKey[];
  addresses: { allowPrivate: readonly string[]; allowHttp: boolean };
  appToken: { keys: readonly string[]; issuer: string; audience: string | undefined };
  cors: { origins: readonly string[]; allowNull: boolean };
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Addresses or ranges of proxies whose X-Forwarded-* are believed; false believes none. */
  trustProxy: false | readonly string[];
  organizations: readonly OrganizationSetting[];
  limits: { bodyBytes: number; hookBytes: number };
  /** Kinds of service desk that can be added; undefined: all. Connections that are there work without. */
  connectors: readonly string[] | undefined;
  /** Lanes worked on at once by this process. */
  workers: number;
  sandbox: boolean;
}

export interface ConfigFinding {
  variable: string;
  problem: string;
  remedy: string;
}

/** All findings at once, in its message too. Holds no values: they may be secrets. */
export class ConfigError extends Error {
  readonly findings: readonly ConfigFinding[];

  constructor(findings: readonly ConfigFinding[]) {
    const lines = findings.map((finding) => `  ${finding.variable}: ${finding.problem}. ${finding.remedy}`);
    super(`The configuration cannot be used:\n${lines.join('\n')}`);
    this.name = 'ConfigError';
    this.findings = findings;
  }
}

const words = (text: string) =>
  text
    .split(/[,\n]/)
    .map((word) => word.trim())
    .filter(Boolean);

/** A check whose message carries the problem and, after `|`, the remedy. */
const checked = (schema: z.ZodString, accept: (text: string) => boolean, message: string) =>
  schema.refine(accept, message);

const list = (accept: (word: string) => boolean, message: string) =>
  z
    .string()
    .default('')
    .transform(words)
    .refine((found) => found.every(accept), message);

const flag = z
  .string()
  .default('false')
  .refine((text) => /^(true|false|1|0|yes|no)$/i.test(text), 'is neither true nor false|Write true or false')
  .transform((text) => /^(true|1|yes)$/i.test(text));

const number = (min: number, max: number, fallback: number) =>
  z
    .string()
    .default(String(fallback))
    .refine(
      (text) => /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max,
      `is not a whole number from ${min} to ${max}|Write one, or leave it out for ${fallback}`,
    )
    .transform(Number);

const isCidr = (text: string) => ipaddr.isValidCIDR(text);
const isOrigin = (text: string) =>
  URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text);
const isWebUrl = (text: string) =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && !new URL(text).username;
/** libpq's form has no host before a socket's folder, which the URL standard does not allow. */
const isDatabaseUrl = (text: string) => /^postgres(ql)?:\/\/\S+$/.test(text);

const schema = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: number(0, 65_535, 7080),
  PUBLIC_URL: checked(
    z.string(),
    isWebUrl,
    'is not an address|Write the https:// address under which browsers and hooks reach the backend',
  ).optional(),
  DATA_DIR: z.string().default('.tandem'),
  DATABASE_URL: checked(
    z.string(),
    isDatabaseUrl,
    'is not an address of PostgreSQL|Write postgres://user:password@host:5432/database, or leave it out for the built-in one',
  ).optional(),
  EMBEDDED_PG_BIN: z.string().optional(),
  MASTER_KEY: z.string().optional(),
  MASTER_KEY_FILE: z.string().optional(),
  ALLOW_PRIVATE_ADDRESSES: list(
    isCidr,
    'has an entry that is not a range|Write ranges like 10.1.0.0/16, separated by commas',
  ),
  ALLOW_HTTP_ADDRESSES: flag,
  APP_TOKEN_KEYS: list(
    (key) => key.length >= 32,
    'has a key shorter than 32 characters|Copy the whole certificate of the extension from its publisher page',
  ),
  APP_TOKEN_ISSUER: z.string().default('app.vstoken.visualstudio.com'),
  APP_TOKEN_AUDIENCE: z.string().optional(),
  EXTENSION_PUBLISHER: checked(
    z.string(),
    (text) => /^[A-Za-z0-9][A-Za-z0-9-]*$/.test(text),
    'is not the id of a publisher|Write the id as in the address of the publisher page',
  ).default('tandem-sync'),
  CORS_ORIGINS: list(
    isOrigin,
    'has an entry that is not an origin|Write origins like https://publisher.gallerycdn.vsassets.io, without a path or slash at the end',
  ),
  ALLOW_NULL_ORIGIN: flag,
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
      error: 'is not a level|Write one of trace, debug, info, warn, error, silent',
    })
    .default('info'),
  TRUST_PROXY: list(
    (entry) => isCidr(entry) || isIP(entry) > 0,
    'has an entry that is not an address or range|Write the addresses of your proxies; believing everyone lets callers forge theirs',
  ),
  ORGANIZATIONS: z.string().optional(),
  CONNECTORS: z.string().optional(),
  BODY_LIMIT_BYTES: number(1024, 16 * 1024 * 1024, 1024 * 1024),
  // Azure DevOps sends up to 2 MB (Microsoft: service-hooks/troubleshoot).
  HOOK_BODY_LIMIT_BYTES: number(2_000_000, 16 * 1024 * 1024, 2_621_440),
  WORKERS: number(1, 512, 32),
});

type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigOptions {
  sandbox?: boolean;
  /** Every kind of connector that this program has; without it CONNECTORS is taken as it is. */
  connectorKinds?: readonly string[];
}

/**
 * Reads the environment. Throws `ConfigError` with all problems. Only in the sandbox is a missing master key made (and
 * kept in DATA_DIR), and only there may PUBLIC_URL be left out.
 */
export const loadConfig = (environment: Environment, options: ConfigOptions = {}): Config => {
  const sandbox = options.sandbox ?? false;
  const findings: ConfigFinding[] = [];
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value?.trim()));
  const parsed = schema.safeParse(given);
  if (!parsed.success) findings.push(...parsed.error.issues.map(toFinding));
  // Without the rest, what can be told of keys and organisations is told all the same.
  const report = (variable: string, problem: string, remedy: string) =>
    findings.push({ variable, problem, remedy });
  const dataDir = resolve(given.DATA_DIR ?? '.tandem');
  const masterKeys = masterKeysFrom(given, dataDir, sandbox, report);
  const organizations = organizationsFrom(given.ORGANIZATIONS, report);
  const connectors = connectorsFrom(words(given.CONNECTORS ?? ''), options.connectorKinds, report);
  if (!given.PUBLIC_URL && !sandbox) {
    report(
      'PUBLIC_URL',
      'is missing',
      'Write the https:// address under which browsers and hooks reach the backend',
    );
  }
  const asksForTokens = organizations.some((organization) => organization.requiresAppToken);
  if (asksForTokens && !sandbox && words(given.APP_TOKEN_KEYS ?? '').length === 0) {
    report('APP_TOKEN_KEYS', 'is missing', 'Copy the certificate of the extension from its publisher page');
  }
  if (asksForTokens && !sandbox && !given.APP_TOKEN_AUDIENCE) {
    report(
      'APP_TOKEN_AUDIENCE',
      'is missing',
      'Write the id (GUID) of the extension, which its tokens carry as aud',
    );
  }
  if (!parsed.success || findings.length > 0) throw new ConfigError(findings);
  return assemble(parsed.data, { dataDir, masterKeys, organizations, connectors, sandbox });
};

type Report = (variable: string, problem: string, remedy: string) => void;

const assemble = (
  found: z.output<typeof schema>,
  rest: Pick<Config, 'dataDir' | 'masterKeys' | 'organizations' | 'connectors' | 'sandbox'>,
): Config => ({
  ...rest,
  host: found.HOST,
  port: found.PORT,
  publicUrl: (found.PUBLIC_URL ?? `http://${found.HOST}:${found.PORT}`).replace(/\/+$/, ''),
  databaseUrl: found.DATABASE_URL,
  embeddedPostgresBinaries: found.EMBEDDED_PG_BIN,
  addresses: { allowPrivate: found.ALLOW_PRIVATE_ADDRESSES, allowHttp: found.ALLOW_HTTP_ADDRESSES },
  appToken: {
    keys: found.APP_TOKEN_KEYS,
    issuer: found.APP_TOKEN_ISSUER,
    audience: found.APP_TOKEN_AUDIENCE,
  },
  cors: {
    origins: found.CORS_ORIGINS.length > 0 ? found.CORS_ORIGINS : galleryOrigins(found.EXTENSION_PUBLISHER),
    allowNull: found.ALLOW_NULL_ORIGIN,
  },
  logLevel: found.LOG_LEVEL,
  trustProxy: found.TRUST_PROXY.length > 0 ? found.TRUST_PROXY : false,
  limits: { bodyBytes: found.BODY_LIMIT_BYTES, hookBytes: found.HOOK_BODY_LIMIT_BYTES },
  workers: found.WORKERS,
});

/** The two hosts from which the Marketplace serves an extension's files. */
const galleryOrigins = (publisher: string) => [
  `https://${publisher.toLowerCase()}.gallerycdn.vsassets.io`,
  `https://${publisher.toLowerCase()}.gallery.vsassets.io`,
];

const toFinding = (issue: z.core.$ZodIssue): ConfigFinding => {
  const [problem = '', remedy = 'See the table of settings in the README'] = issue.message.split('|');
  return { variable: issue.path.join('.'), problem, remedy };
};

const masterKeysFrom = (
  given: Environment,
  dataDir: string,
  sandbox: boolean,
  report: Report,
): readonly MasterKey[] => {
  const remedy = 'Make one with: openssl rand -base64 32';
  const text = given.MASTER_KEY ?? textOfFile('MASTER_KEY_FILE', given.MASTER_KEY_FILE, report);
  if (given.MASTER_KEY && given.MASTER_KEY_FILE) {
    report('MASTER_KEY', 'is given twice', 'Set either MASTER_KEY or MASTER_KEY_FILE');
  }
  if (text === undefined) {
    if (sandbox && !given.MASTER_KEY_FILE) return loadOrMakeSandboxKey(dataDir);
    if (!given.MASTER_KEY_FILE) report('MASTER_KEY', 'is missing', remedy);
    return [];
  }
  const variable = given.MASTER_KEY ? 'MASTER_KEY' : 'MASTER_KEY_FILE';
  const { keys, problems } = readMasterKeys(words(text));
  for (const problem of problems) report(variable, problem, remedy);
  return keys;
};

const organizationsFrom = (setting: string | undefined, report: Report): readonly OrganizationSetting[] => {
  if (!setting) return [];
  const inline = /^\s*[[{]/.test(setting);
  const text = inline ? setting : textOfFile('ORGANIZATIONS', setting, report);
  if (text === undefined) return [];
  const { organizations, problems } = organizationList(text);
  for (const problem of problems) {
    report('ORGANIZATIONS', problem, 'See "Registering an organisation" in the README');
  }
  return organizations;
};

const textOfFile = (variable: string, path: string | undefined, report: Report): string | undefined => {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    report(
      variable,
      `names a file that cannot be read (${code})`,
      'Correct the path or the rights of the file',
    );
    return undefined;
  }
};

/** What may be logged at start: every decision, no secret. */
export const summarizeConfig = (config: Config): Record<string, unknown> => ({
  listen: `${config.host}:${config.port}`,
  publicUrl: config.publicUrl,
  dataDir: config.dataDir,
  database: config.databaseUrl
    ? `postgres at ${config.databaseUrl.replace(/^\w+:\/\/([^@/]*@)?([^/?]*).*$/, '$2') || 'a socket'}`
    : 'built-in',
  masterKeyIds: config.masterKeys.map((key) => key.id),
  allowPrivateAddresses: config.addresses.allowPrivate,
  allowHttpAddresses: config.addresses.allowHttp,
  appTokenKeys: config.appToken.keys.length,
  appTokenIssuer: config.appToken.issuer,
  appTokenAudience: config.appToken.audience ?? 'none',
  corsOrigins: config.cors.origins,
  allowNullOrigin: config.cors.allowNull,
  logLevel: config.logLevel,
  trustProxy: config.trustProxy,
  organizations: config.organizations.map(({ name, url, auth }) => ({ name, url, auth: auth.kind })),
  connectors: config.connectors ?? 'all',
  limits: config.limits,
  workers: config.workers,
  sandbox: config.sandbox,
});
