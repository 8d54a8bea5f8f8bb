import type { Import, SourceFile } from '../../support/source-code.ts';

/** What a room may import. The longest `room` that a file's path begins with is the one that holds for it. */
export interface Rule {
  /** Beginning of the path: a folder with `/`, or a file. */
  room: string;
  /** Beginnings of paths of this project; the room itself is always allowed. */
  may: readonly string[];
  /** Types only: they leave nothing behind, so the rooms stay apart when the program runs. */
  mayTypes?: readonly string[];
  /** Never, although `may` has a shorter beginning of it. */
  not?: readonly string[];
  /** Names of packages. Undefined: any. */
  packages?: readonly string[];
  /** Names of packages that only another room may use. */
  notPackages?: readonly string[];
  /** Default true. */
  node?: boolean;
}

const port = ['backend/connectors/connector.ts', 'backend/connectors/transport.ts'];
/** How the sender of a hook proves itself. */
const hookSecret = 'backend/connectors/hook-secret.ts';
/** How long an attempt may take, and what outlasts one. */
const attempt = 'backend/connectors/attempt.ts';
/** What a client needs beside the port: attempts, failures with the answer that caused them, the header Retry-After. */
const clientParts = [
  ...port,
  attempt,
  hookSecret,
  'backend/connectors/remote-failure.ts',
  'backend/connectors/retry-after.ts',
];
const core = ['backend/contract/', 'backend/sync/'];
const sdk = 'azure-devops-extension-sdk';

export const rules: readonly Rule[] = [
  { room: 'backend/contract/', may: [], packages: ['zod'], node: false },
  // Pure: libraries that turn text into text, no I/O.
  {
    room: 'backend/sync/',
    may: ['backend/contract/'],
    packages: ['html-to-text', 'liquidjs', 'luxon', 'marked', 'sanitize-html', 'turndown', 'zod'],
    node: false,
  },
  { room: 'backend/connectors/', may: core, not: ['backend/connectors/alemba/'] },
  { room: 'backend/connectors/registry.ts', may: ['backend/connectors/'] },
  { room: 'backend/connectors/alemba/', may: [...core, ...clientParts] },
  { room: 'backend/azure-devops/', may: [...core, ...clientParts] },
  { room: 'backend/store/', may: core, mayTypes: ['backend/lanes/lane.ts'] },
  { room: 'backend/lanes/', may: [...core, 'backend/store/'], mayTypes: port },
  {
    room: 'backend/engine/',
    may: [...core, 'backend/store/', 'backend/lanes/', 'backend/connectors/request-trace.ts', attempt],
    mayTypes: port,
  },
  {
    room: 'backend/intake/',
    may: [...core, 'backend/store/', 'backend/lanes/', 'backend/security/', hookSecret],
    mayTypes: port,
  },
  {
    room: 'backend/http/',
    may: [
      ...core,
      'backend/engine/',
      'backend/store/',
      'backend/lanes/',
      'backend/security/',
      'backend/observability/',
      // The same guard for addresses that an admin types and for those that are connected to.
      'backend/connectors/address-guard.ts',
    ],
    mayTypes: [...port, 'backend/config.ts', 'backend/compose/'],
  },
  { room: 'backend/security/', may: [] },
  { room: 'backend/observability/', may: ['backend/security/'] },
  { room: 'backend/config', may: ['backend/config', 'backend/security/'] },
  { room: 'backend/compose/', may: ['backend/'] },
  { room: 'backend/main.ts', may: ['backend/compose/', 'backend/config.ts'] },
  {
    room: 'backend/backup.ts',
    may: ['backend/config.ts', 'backend/security/', 'backend/store/'],
  },
  // The pages carry what they import: zod stays behind (webpack.config.js), so the contract gives types alone.
  {
    room: 'src/',
    may: ['src/'],
    mayTypes: ['backend/contract/'],
    notPackages: [sdk],
    node: false,
  },
  { room: 'src/host/', may: ['src/'], mayTypes: ['backend/contract/'], node: false },
  // It stands in for real systems: with the backend's own clients it would only agree with their mistakes. The
  // contract is what any caller of the API may read.
  { room: 'test/sandbox/', may: ['test/sandbox/', 'backend/contract/'] },
];

const startsWithOne = (path: string, beginnings: readonly string[] = []) =>
  beginnings.some((beginning) => path.startsWith(beginning));

/** `file:line` and what is wrong there, for imports of files to which one of `among` applies. */
export function layoutProblems(imports: readonly Import[], among: readonly Rule[]): string[] {
  return imports.flatMap((one) => {
    const rule = ruleOf(one.file);
    if (rule === undefined || !among.includes(rule)) return [];
    const problem = one.target === undefined ? packageProblem(one, rule) : pathProblem(one, one.target, rule);
    return problem === undefined ? [] : [`${one.file}:${one.line} ${problem}`];
  });
}

const ruleOf = (file: string): Rule | undefined =>
  rules.filter((rule) => file.startsWith(rule.room)).toSorted((a, b) => b.room.length - a.room.length)[0];

function pathProblem(one: Import, target: string, rule: Rule): string | undefined {
  if (/^backend\/connectors\/[^/]+\//.test(one.file)) {
    const own = one.file.split('/').slice(0, 3).join('/');
    if (target.startsWith(`${own}/`)) return undefined;
  } else if (target.startsWith(rule.room)) {
    return startsWithOne(target, rule.not) ? `must not import ${target}` : undefined;
  }
  if (startsWithOne(target, rule.may) && !startsWithOne(target, rule.not)) return undefined;
  if (startsWithOne(target, rule.mayTypes)) {
    return one.typeOnly ? undefined : `may import only types of ${target}`;
  }
  return `must not import ${target}`;
}

function packageProblem({ specifier }: Import, rule: Rule): string | undefined {
  if (specifier.startsWith('node:')) {
    return rule.node === false ? `must not use ${specifier}` : undefined;
  }
  const isOneOf = (names: readonly string[]) =>
    names.some((name) => specifier === name || specifier.startsWith(`${name}/`));
  if (rule.packages !== undefined && !isOneOf(rule.packages)) return `must not use ${specifier}`;
  if (rule.notPackages !== undefined && isOneOf(rule.notPackages)) return `must not use ${specifier}`;
  return undefined;
}

const vendors: readonly { name: string; words: RegExp; homes: readonly string[] }[] = [
  {
    name: 'Azure DevOps',
    words: /\b(System|WEF)\.[A-Z][A-Za-z]+|\bMicrosoft\.VSTS\./,
    homes: [
      'backend/azure-devops/',
      // The form of Azure DevOps is asked for fields by their names.
      'src/host/',
    ],
  },
  {
    name: 'Alemba',
    words:
      /alemba|\b(Call(Status|State)|Ipk(Status|Stream)|Physical[Ss]tatus|CustomString\d+|LastActionDate|LastHistoryOrder|AssignedOfficer|ActionHistoryId|ClosureReason)\b/i,
    homes: ['backend/connectors/alemba/', 'backend/connectors/registry.ts'],
  },
];

/** Words for people that give an example of what somebody may type. */
const examples: readonly { file: string; text: string }[] = [
  { file: 'src/text-settings.ts', text: 'such as “Alemba Production”' },
];

/** `file:line` and the word, for every name or text of a vendor outside its folder; the sandbox plays vendors. */
export function vendorProblems(sources: readonly SourceFile[]): string[] {
  return sources
    .filter(({ file }) => !file.startsWith('test/'))
    .flatMap(({ file, words }) =>
      vendors
        .filter(({ homes }) => !startsWithOne(file, homes))
        .flatMap(({ name, words: pattern }) =>
          words
            .filter(({ text }) => pattern.test(text))
            .filter(({ text }) => !examples.some((one) => one.file === file && text.includes(one.text)))
            .map(({ line, text }) => `${file}:${line} says "${pattern.exec(text)?.[0]}", a word of ${name}`),
        ),
    );
}
